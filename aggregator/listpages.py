"""List pages: a section front or an archive, by the selectors of its source, or guessed.

Links that stand in the same place of a repeated block are a list, and dates and long texts tell a list of articles from
a menu. What was guessed is said as selectors for feeds.yaml. This module knows no single outlet.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from aggregator.markup import MAX_TAGS, above, absolute, attribute, date_text, inside, pieces, printed_date, seen, width
from aggregator.model import Item, Selectors

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

MAX_ITEMS = 500
MAX_LINKS = 5_000  # of a page are looked at, where the list is guessed
MAX_LISTS = 5  # are looked at closely, the ones most like headlines

_MENU = 20  # columns: links of menus are shorter, those of headlines longer
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "strong"})
_HEADING = re.compile(r"^(?:h[1-6]|strong)\b|tit|head|subject|sbj", re.IGNORECASE)
_STATE_CLASS = re.compile(r"first|last|odd|even|^on$|active|current|\d", re.IGNORECASE)
_SELECTABLE_CLASS = re.compile(r"[A-Za-z_][\w-]*")  # needs no escapes in a selector
_PLAIN_SELECTOR = re.compile(r"[A-Za-z.][\w.-]*")  # needs no quotes in YAML
_WORD = re.compile(r"\w")

Place = tuple[str, ...]  # the way from the body to a link, in tags and classes


# --- by selectors -----------------------------------------------------------------------------------------------------


def selected(soup: BeautifulSoup, select: Selectors, base: str) -> tuple[tuple[Item, ...], str]:
    """The items that selectors find, and a note of what each found where one of them found nothing."""
    blocks = [*_bounded(soup.select(select.item, limit=MAX_ITEMS))]
    items = tuple(_selected_item(block, select, base) for block in blocks)
    found = {
        f"link {select.link!r}": sum(item.link is not None for item in items),
        f"title {select.title!r}" if select.title else "title": sum(bool(item.title) for item in items),
        f"date {select.date!r}": sum(bool(item.dates) for item in items) if select.date else None,
        f"summary {select.summary!r}": sum(bool(item.summary) for item in items) if select.summary else None,
    }
    items = tuple(item for item in items if item.title and item.link)
    missed = not items or 0 in found.values()
    counts = [f"item {select.item!r}: {len(blocks)}", *(f"{name}: {n}" for name, n in found.items() if n is not None)]
    return items, f"selectors found {', '.join(counts)}" if missed else ""


def _bounded(blocks: Iterable[Tag]) -> Iterator[Tag]:
    """The blocks, as long as they hold no more than a page does: what lies in many of them is read as many times."""
    room = MAX_TAGS
    for block in blocks:
        room -= sum(1 for _ in islice(inside(block), room))
        if room <= 0:
            return
        yield block


def _selected_item(block: Tag, select: Selectors, base: str) -> Item:
    anchors = [block] if block.name == "a" else []
    anchors = [anchor for anchor in (*block.select(select.link, limit=20), *anchors) if anchor.get("href")]
    anchor = next((anchor for anchor in anchors if seen(anchor)), anchors[0] if anchors else None)
    title = block.select_one(select.title) if select.title else anchor
    date = block.select_one(select.date) if select.date else None
    summary = block.select_one(select.summary) if select.summary else None
    printed = date_text(date) if date else ""
    return Item(
        title=seen(title) or (attribute(anchor, "title") if anchor else ""),
        link=absolute(attribute(anchor, "href"), base) if anchor else None,
        summary=seen(summary),
        dates=(("select.date", printed),) if printed else (),
    )


# --- by guessing ------------------------------------------------------------------------------------------------------


def guessed(soup: BeautifulSoup, base: str) -> tuple[tuple[Item, ...], str]:
    """The list that a page seems to be, and a note of how it was found: () and "" where it seems to be none."""
    groups: defaultdict[Place, dict[str, Tag]] = defaultdict(dict)
    for anchor in soup.find_all("a", href=True, limit=MAX_LINKS):
        address = absolute(attribute(anchor, "href"), base)
        if address and any(_WORD.search(piece) for piece in pieces(anchor, 200)):
            groups[_place(anchor)].setdefault(address, anchor)
    lists = [(place, _items(anchors)) for place, anchors in groups.items() if len(anchors) >= 3]
    lists.sort(key=lambda one: _weight(*one), reverse=True)
    dated_lists = [(place, _with_dates(items, groups[place])) for place, items in lists[:MAX_LISTS]]
    if not dated_lists:
        return (), ""
    place, items = max(dated_lists, key=lambda one: _weight(*one))
    dated = sum(bool(item.dates) for item in items)
    if not dated and _mean_width(items) < _MENU:
        return (), ""
    select = _selectors(soup, base, items, groups[place])
    hint = f"to keep it so, {_as_yaml(select)}" if select else f"at {' > '.join(place[-4:])}"
    return items[:MAX_ITEMS], f"guessed: {len(items)} links, {dated} with a date; {hint}"


def _place(anchor: Tag) -> Place:
    """The way from the body to a link; classes that tell one item from the next are left out."""
    return tuple(".".join((one.name, *sorted(_classes(one)))) for one in (anchor, *above(anchor)))[::-1]


def _classes(element: Tag) -> set[str]:
    return {str(name) for name in element.get_attribute_list("class") if name and not _STATE_CLASS.search(str(name))}


def _items(anchors: Mapping[str, Tag]) -> tuple[Item, ...]:
    return tuple(Item(title=seen(_headline(anchor)), link=address) for address, anchor in anchors.items())


def _headline(anchor: Tag) -> Tag:
    """The heading within a link that holds a whole card, else the link."""
    return next((one for one in _elements(anchor) if one.name in _HEADINGS and seen(one)), anchor)


def _elements(element: Tag) -> Iterator[Tag]:
    """The elements in an element, the first of them: the block of one article has no more."""
    from bs4 import Tag

    return (one for one in islice(inside(element), 500) if isinstance(one, Tag))


def _weight(place: Place, items: tuple[Item, ...]) -> float:
    """How much a group of links is like a list of headlines: many, long but not too long, dated, in headings."""
    mean = _mean_width(items)
    length = min(mean, 40) / 40 if mean <= 80 else 0.5
    dated = sum(bool(item.dates) for item in items) / len(items)
    heading = any(_HEADING.search(step) for step in place[-3:])
    return min(len(items), 30) * length**2 * (1 + 2 * dated) * (1.5 if heading else 1)


def _mean_width(items: tuple[Item, ...]) -> float:
    return sum(min(width(item.title), 120) for item in items) / len(items)


def _with_dates(items: tuple[Item, ...], anchors: Mapping[str, Tag]) -> tuple[Item, ...]:
    """The items with the dates of their blocks."""
    blocks = _blocks(anchors)
    return tuple(
        replace(item, dates=_block_dates(block, item.title)) for item, block in zip(items, blocks, strict=True)
    )


def _blocks(anchors: Mapping[str, Tag]) -> list[Tag]:
    """The block of each link of a group: it reaches as far up as it holds no other link of the group."""
    held = Counter(id(parent) for anchor in anchors.values() for parent in above(anchor))
    own = (list(takewhile(lambda parent: held[id(parent)] == 1, above(anchor))) for anchor in anchors.values())
    return [parents[-1] if parents else anchor for parents, anchor in zip(own, anchors.values(), strict=True)]


def _block_dates(block: Tag, title: str) -> tuple[tuple[str, str], ...]:
    """The date of a block: its <time>, else the first text that looks like one and is no part of the title."""
    time = _time(block)
    if time is not None and (text := date_text(time)):
        return (("time", text),)
    printed = printed_date(seen(block, " ").replace(title, " "))
    return (("text", printed),) if printed else ()


def _time(block: Tag) -> Tag | None:
    return next((one for one in _elements(block) if one.name == "time"), None)


# --- a guess as selectors ---------------------------------------------------------------------------------------------


def _selectors(soup: BeautifulSoup, base: str, items: tuple[Item, ...], anchors: Mapping[str, Tag]) -> Selectors | None:
    """Selectors that find the same links as the guess; None where none of those that are tried does."""
    blocks, wanted = _blocks(anchors), [item.link for item in items][:MAX_ITEMS]
    headlines = [_headline(anchor) for anchor in anchors.values()]
    titled = all(headline is not anchor for headline, anchor in zip(headlines, anchors.values(), strict=True))
    title = _shared(headlines) if titled else None
    own = {id(block) for block in blocks[:MAX_ITEMS]}
    for item in islice(_item_selectors(blocks), 6):
        found = {id(block) for block in soup.select(item, limit=MAX_ITEMS)}
        if not (own <= found and len(found) < 2 * len(own)):
            continue
        for link in dict.fromkeys(("a", *_inner_selectors(list(anchors.values()), blocks))):
            select = Selectors(item=item, link=link, title=title)
            if [one.link for one in selected(soup, select, base)[0]] == wanted:
                return replace(select, date=_date_selector(items, blocks))
    return None


def _item_selectors(blocks: list[Tag]) -> Iterator[str]:
    """Selectors for blocks, the shortest first: by what they share, then by what the elements above them share too."""
    way = _shared(blocks)
    if "." in way:
        yield way
    for parents in islice(zip(*(above(block) for block in blocks), strict=False), 4):
        way = f"{_shared(list(parents))} > {way}"
        if "." in way:
            yield way
    yield way


def _inner_selectors(elements: list[Tag], blocks: list[Tag]) -> Iterator[str]:
    """Selectors for one element in each block: by what they share, then by what the elements above them share too."""
    way = _shared(elements)
    yield way
    ids = {id(block) for block in blocks}
    for parents in islice(zip(*(above(element) for element in elements), strict=False), 2):
        if any(id(parent) in ids for parent in parents):
            return
        way = f"{_shared(list(parents))} > {way}"
        yield way


def _shared(elements: list[Tag]) -> str:
    """Tag and classes that elements have in common: `li.row`."""
    names = {element.name for element in elements}
    classes = set[str].intersection(*(_classes(element) for element in elements))
    shown = sorted(name for name in classes if _SELECTABLE_CLASS.fullmatch(name))
    return ".".join((names.pop() if len(names) == 1 else "" if shown else "*", *shown))


def _date_selector(items: tuple[Item, ...], blocks: list[Tag]) -> str | None:
    """The selector of the innermost elements that show the dates; None where they share none that finds them first."""
    dated = [(item.dates[0], block) for item, block in zip(items, blocks, strict=True) if item.dates]
    if not dated:
        return None
    holders = [_holder(block, name, text) for (name, text), block in dated]
    select = _shared([holder for holder in holders if holder]) if all(holders) else ""
    found = [block.select_one(select) for _, block in dated] if select and select != "*" else []
    same = [one is holder for one, holder in zip(found, holders, strict=False)]
    return select if same and all(same) else None


def _holder(block: Tag, name: str, text: str) -> Tag | None:
    """The innermost element of a block that shows a date, or is its <time>."""
    if name == "time":
        return _time(block)
    holding = (one for one in _elements(block) if text in seen(one, " "))
    return min(holding, key=lambda one: len(seen(one)), default=None)


def _as_yaml(select: Selectors) -> str:
    given = {"item": select.item, "link": select.link, "title": select.title, "date": select.date}
    pairs = (f"{key}: {_scalar(value)}" for key, value in given.items() if value)
    return f"select: {{{', '.join(pairs)}}}"


def _scalar(value: str) -> str:
    return value if _PLAIN_SELECTOR.fullmatch(value) else json.dumps(value, ensure_ascii=False)
