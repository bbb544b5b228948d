"""What was found, or stands in a list of another reader -> entries of feeds.yaml: outlet, id, language, zone, comment.

Decides by what is known: the outlets of feeds.yaml, the press names of the program, the address. A new outlet gets the
name that its site gives itself. Fetches nothing and writes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from urllib.parse import unquote, urlsplit

from aggregator import keys, language, outlets, urls, zones
from aggregator.editing import Addition
from aggregator.model import Config, Kind, Outlet, Reading, Selectors, Source, is_hidden, public, without_login
from aggregator.opml import Subscription

# Countries by the endings of hosts that hardly anybody has who is not at home there.
COUNTRIES = {"cn": "CN", "hk": "HK", "jp": "JP", "kr": "KR", "tw": "TW"}

_LONGEST = 2_000  # characters of an address
_LONGEST_NAME = 100
HIDDEN = "its token is hidden, as it was exported without: write the whole address into feeds.yaml"
_SURE = 0.6  # of a language, before it is written down


# --- what was found ---------------------------------------------------------------------------------------------------


def there_already(url: str, config: Config) -> Source | None:
    """The source that polls this address, whatever its scheme or its tracking parameters."""
    address = _address(url)
    return next((one for one in config.sources.values() if _address(one.url) == address), None)


def _address(url: str) -> str | None:
    """What no two sources may share: the canonical address; a place within a document is none of its own. Of a secret
    as much as an export shows, which tells it from others.
    """
    return urls.canonical(public(url.partition("#")[0]))


def of_source(source: Source, reading: Reading, name: str, config: Config, today: date) -> Addition:
    """The addition of a source that was read. Its id is kept, if it has one; `name` is what its site is called."""
    find = outlets.directory(config.outlets.values()).by_host
    known, new = _outlet(source.url, name, config.outlets, find)
    outlet = known or new
    settled = replace(
        source,
        id=source.id or _source_id(source, outlet, config.sources),
        outlet=outlet.id if outlet else None,
        language=_language(reading),
        zone=None if outlet and zones.zone_of(outlet.country) else zones.zone_of(_country(source.url)),
    )
    remark = f"works {today:%Y-%m}: added {today}"
    return Addition(source=settled, outlet=new, remark=remark)


def _outlet(
    url: str, name: str, own: Mapping[str, Outlet], find: Callable[[str], Outlet | None]
) -> tuple[Outlet | None, Outlet | None]:
    """The outlet of an address where feeds.yaml has it, and the one to add where it has not; a portal is none."""
    if urls.is_portal(url):
        return None, None
    found = find(url)
    if found:
        known = own.get(found.id)
        return known, None if known else found
    return None, _new_outlet(url, name, own)


def _new_outlet(url: str, name: str, taken: Collection[str]) -> Outlet:
    """An outlet that nobody knows yet."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    id_ = fresh_id([_site(url), host], {*taken, *outlets.directory().outlets})
    return Outlet(id=id_, name=name[:_LONGEST_NAME] or host, country=_country(url), homepage=f"{parts.scheme}://{host}")


def _country(url: str) -> str | None:
    return COUNTRIES.get(urls.host(url).rpartition(".")[2])


def _language(reading: Reading) -> str | None:
    """The language of the headlines taken together, where that is plain."""
    told = language.detect(" ".join(item.title for item in reading.items))
    return told.tag if told.tag != "und" and told.confidence >= _SURE else None


# --- lists of other readers -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Import:
    """What becomes of a list: what is added, what is there already, what is refused and why."""

    additions: list[Addition] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def of_subscriptions(subscriptions: Sequence[Subscription], config: Config, today: date) -> Import:
    """The additions of a list, in its order; an address that is there already, or twice, is added once."""
    done, ids, seen = Import(), set(config.sources), {_address(one.url) for one in config.sources.values()}
    whose = _Outlets(config, _names(subscriptions))
    for one in subscriptions:
        if reason := _refusal(one):
            done.refused.append((shown(one.url), reason))
        elif _address(one.url) in seen:
            done.there.append(shown(one.url))
        elif is_hidden(one.url):
            done.refused.append((shown(one.url), HIDDEN))
        else:
            addition = _of_subscription(one, *whose.of(one), ids, today)
            seen.add(_address(one.url))
            ids.add(addition.source.id)
            done.additions.append(addition)
    return done


class _Outlets:
    """Whose each subscription is: outlets that are known, and those that the list itself names by a homepage."""

    def __init__(self, config: Config, names: Mapping[str, str]) -> None:
        self._own, self._names = dict(config.outlets), names
        self._directory = outlets.directory(config.outlets.values())
        self._made: dict[str, Outlet] = {}

    def of(self, one: Subscription) -> tuple[Outlet | None, Outlet | None]:
        """The outlet, and the same again where it is new. The host of a feed alone may be anybody's."""
        home = one.homepage if one.homepage and keys.SCALARS["URL"].read(one.homepage) else None
        if not home and not self._find(one.url):
            return None, None
        url = home or one.url
        known, new = _outlet(url, self._names.get(urls.host(url), ""), self._own, self._find)
        if new:
            self._own[new.id] = self._made[urls.host(url)] = new
        return known or new, new

    def _find(self, url: str) -> Outlet | None:
        return self._directory.by_host(url) or self._made.get(urls.host(url))


def _refusal(one: Subscription) -> str:
    """Why a subscription cannot be a source; "" where it can."""
    if one.kind is None:
        return "neither feed nor page: it wants XPath or a path in JSON to be read"
    if len(one.url) > _LONGEST:
        return f"longer than {_LONGEST:,} characters, which no address of a feed is"
    if keys.SCALARS["URL"].read(one.url) is None:
        return f"not {keys.SCALARS['URL'].words}"
    return ""


def _of_subscription(
    one: Subscription, outlet: Outlet | None, new: Outlet | None, taken: Collection[str], today: date
) -> Addition:
    source = Source(
        id="",
        url=one.url.partition("#")[0],
        kind=one.kind or Kind.FEED,
        outlet=outlet.id if outlet else None,
        language=_tag(one.language),
        select=_select(one),
        enabled=one.enabled,
    )
    wanted = [one.title or one.text, *_ids(source, outlet)]
    said = (" / ".join(one.folders), _title(one, outlet))
    remark = ", ".join(filter(None, (f"assumed: imported {today}", *said)))
    return Addition(source=replace(source, id=fresh_id(wanted, taken)), outlet=new, remark=remark)


def _select(one: Subscription) -> Selectors | None:
    """The selectors of a page, where they are some."""
    try:
        parts = [value for part in fields(Selectors) if (value := getattr(one.select, part.name, None))]
        return one.select if one.kind is Kind.PAGE and all(map(keys.SCALARS["selector"].read, parts)) else None
    except ValueError:
        return None


def _names(subscriptions: Iterable[Subscription]) -> dict[str, str]:
    """What an outlet is called, by the host of its homepage: the shortest name, as the others name its sections."""
    names: dict[str, str] = {}
    for one in subscriptions:
        host, name = urls.host(one.homepage or ""), one.text or one.title
        if name and (host not in names or len(name) < len(names[host])):
            names[host] = name
    return names


def _title(one: Subscription, outlet: Outlet | None) -> str:
    """What a feed is called, where neither its id nor its outlet says it."""
    name = one.text or one.title
    return "" if keys.slug(name) or (outlet and outlet.name == name) else name


def _tag(text: str | None) -> str | None:
    """A language tag as feeds.yaml wants it, or None."""
    try:
        return keys.SCALARS["language"].read(text) if text else None
    except ValueError:
        return None


def shown(url: str) -> str:
    """An address, of whatever shape, without credentials and tokens; of one that is no address, what is enough."""
    try:
        told = public(without_login(url))
    except ValueError:  # half an IPv6 address
        told = without_login(url)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST_NAME]}…"


# --- ids --------------------------------------------------------------------------------------------------------------

_LONGEST_ID = 40
# Words of addresses that say nothing about what is found there.
_GENERIC = frozenset({
    "all", "aspx", "atom", "default", "feed", "feeds", "html", "index", "json", "list", "main", "news", "php", "rdf",
    "rss", "service", "sitemap", "sitemaps", "www", "xml",
})  # fmt: skip
_GENERIC_HOSTS = frozenset({"amp", "feed", "feeds", "m", "mobile", "news", "rss", "www"})
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})


def fresh_id(wanted: Iterable[str], taken: Collection[str]) -> str:
    """A readable id that is not taken: the first of the wanted names that gives one, else that with a number."""
    slugs = list(dict.fromkeys(slug for name in wanted if (slug := _slug(name)))) or ["source"]
    free = next((slug for slug in slugs if slug not in taken), None)
    return free or next(one for number in range(2, len(taken) + 3) if (one := f"{slugs[0]}-{number}") not in taken)


def _source_id(source: Source, outlet: Outlet | None, taken: Collection[str]) -> str:
    return fresh_id(_ids(source, outlet), taken)


def _ids(source: Source, outlet: Outlet | None) -> list[str]:
    """Names for a source, the best first: its outlet and the section that its address names."""
    base, part = outlet.id if outlet else _site(source.url), _section(source.url)
    return [f"{base}-{part}", base] if part else [base]


def _slug(text: str) -> str:
    """The text as an id; "" where it is mostly not in Latin letters, and nothing readable would remain."""
    letters = [char for char in text if char.isalpha()]
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    kept = sum(char.isascii() for char in unicodedata.normalize("NFKD", "".join(letters)))
    if 2 * kept < len(letters):
        return ""
    words = re.findall("[a-z0-9]+", ascii_text)
    while len("-".join(words)) > _LONGEST_ID and len(words) > 1:
        words.pop()
    return "-".join(words)[:_LONGEST_ID]


def _site(url: str) -> str:
    """What a host is called: `haeram` of www.haeram.co.kr; the whole of a number."""
    labels = (urlsplit(url).hostname or "").split(".")
    if labels[-1].isdigit() or len(labels) == 1:
        return "-".join(labels)
    while len(labels) > 2 and labels[0] in _GENERIC_HOSTS:
        labels.pop(0)
    labels.pop()
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        labels.pop()
    return labels[-1]


def _section(url: str) -> str:
    """The words of an address that say which part of an outlet it is: `politics` of /rss/politics.xml."""
    words = re.findall(r"[^\W\d_]+", unquote(urlsplit(url).path.lower()))
    return "-".join(word for word in words if word.isascii() and word not in _GENERIC)
