"""Item -> Article: what we make of what a source said. Every derived value keeps its text, and the ground."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from aggregator import dates, language, urls, zones
from aggregator.model import DAY_IN_UTC, Article, Item, Link, Outlet, Precision, Published, Source, without_login
from aggregator.text import plain

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def address(item: Item) -> str | None:
    """The canonical URL of an item, or None: then it is no article, for nothing could be linked."""
    return urls.canonical(item.link) if item.link else None


def presentable(item: Item) -> Item:
    """The item as it may be stored and shown, whoever read it: visible text, and addresses without credentials.

    So no control that a terminal obeys is in it, and no character that turns the direction (`text.plain`).
    """
    return replace(
        item,
        title=plain(item.title),
        summary=plain(item.summary),
        link=item.link and without_login(plain(item.link)),
        guid=item.guid and (without_login(plain(item.guid)) or None),
        author=item.author and (plain(item.author) or None),
        outlet_text=item.outlet_text and (plain(item.outlet_text) or None),
        dates=tuple((name, plain(text)) for name, text in item.dates),
        links=tuple(_presentable_link(link) for link in item.links),
    )


def _presentable_link(link: Link) -> Link:
    before, after = link.before, link.after
    left, right = " " * before[-1:].isspace(), " " * after[:1].isspace()
    return replace(link, text=plain(link.text), before=plain(before) + left, after=right + plain(after))


def publisher(
    item: Item, url: str, outlet: Outlet | None, home: Outlet | None, find: Callable[[str], Outlet | None]
) -> Outlet | None:
    """Who published an item: the outlet of its source, but never a portal.

    A portal (Naver, Yahoo! Japan, Google News) shows the articles of others, so the name that it prints beside the
    item decides, as far as `find` knows it. Elsewhere it is `home`, the outlet whose homepage the `url` of the item is
    under, where the source has none, or one that is known to be at home on another site.
    """
    named = find(item.outlet_text) if item.outlet_text else None
    if outlet is not None and outlet.homepage and urls.is_of_portal(outlet.homepage):
        outlet = None
    if urls.is_portal(url):
        return named or outlet
    if outlet is None:
        return home or named
    is_elsewhere = outlet.homepage is not None and not urls.same_site(outlet.homepage, url)
    return home if home and is_elsewhere else outlet


def derive(item: Item, url: str, source: Source, outlet: Outlet | None, now: datetime) -> Article:
    """The article of an item. `url` is its `address`, `outlet` its `publisher`, `now` the time of the fetch.

    A day is counted where the outlet is. The zone of the source reads dates that name no offset; without one it is
    the zone of the outlet's country.
    """
    home = zones.zone_of(outlet.country) if outlet else None
    zone = reading_zone(source, outlet)
    published, text, basis = _published(item, zone, now)
    day, basis = _day(published, zone, home or zone, basis)
    return Article(
        item=item,
        url=url,
        outlet=outlet,
        language=language.detect(f"{item.title} {item.summary}".strip(), hint=source.language or item.language),
        published=published,
        published_text=text,
        published_basis=basis,
        date=day,
        links=_links(item, url),
    )


def reading_zone(source: Source, outlet: Outlet | None) -> str | None:
    """The zone of dates that name no offset: that of the source, else that of the outlet's country."""
    return source.zone or (zones.zone_of(outlet.country) if outlet else None)


def newest(items: Iterable[Item], zone: str | None, now: datetime) -> datetime | None:
    """The newest date of a body, which tells an older copy of a feed from a newer one. Dates ahead of `now` lie."""
    found = (_published(item, zone, now)[0] for item in items)
    return max((one.value for one in found if one and one.value <= now), default=None)


def since(items: Iterable[Item], moment: datetime | None, zone: str | None, now: datetime) -> tuple[Item, ...]:
    """The items that are not older than a moment, the newest first, those without a date last."""
    dated = [(max(_instants(item, zone, now), default=None), item) for item in items]
    kept = [(at, item) for at, item in dated if at is None or moment is None or at >= moment]
    return tuple(item for _, item in sorted(kept, key=lambda one: one[0] or _LONG_AGO, reverse=True))


def _instants(item: Item, zone: str | None, now: datetime) -> Iterator[datetime]:
    yield from (found.value for _, text in item.dates if (found := dates.parse(text, zone=zone, now=now)))


def _published(item: Item, zone: str | None, now: datetime) -> tuple[Published | None, str | None, str]:
    """(instant, the text it was read from, the ground), from the first date that can be read: published ones first."""
    for element, text in item.dates:
        found = dates.parse(text, zone=zone, now=now)
        if found is not None:
            return found, text, f"{element}: {found.basis}"
    if not item.dates:
        return None, None, "the source gives no date"
    element, text = item.dates[0]
    return None, text, f"{element}: cannot be read for certain" + ("" if zone else ", and no zone is known")


def _day(published: Published | None, zone: str | None, home: str | None, basis: str) -> tuple[date | None, str]:
    """The calendar day, and the ground with a word added where the day is not that of the outlet."""
    if published is None:
        return None, basis
    if published.precision is Precision.DAY and zone:
        return published.value.astimezone(ZoneInfo(zone)).date(), basis  # the day that was printed
    if home:
        return published.value.astimezone(ZoneInfo(home)).date(), basis
    return published.value.astimezone(UTC).date(), f"{basis}{DAY_IN_UTC}"


def _links(item: Item, own: str) -> tuple[Link, ...]:
    """The links of the body by canonical URL, each once, without the article itself."""
    found: dict[str, Link] = {}
    for link in item.links:
        target = urls.canonical(link.url)
        if target and target != own:
            found.setdefault(target, replace(link, url=target))
    return tuple(found.values())
