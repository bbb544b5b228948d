"""What feeds.yaml may say: its keys, and how the text of each value is read.

A value is read from the text as written, by the type that its key wants. YAML's own types are not asked, so
`language: no` is Norwegian, `id: 010` no octal number and `every: 12:30` a mistake instead of 750 seconds. Booleans are
`true` and `false` alone. Knows nothing of YAML.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aggregator import charsets
from aggregator.errors import QueryError, UsageError
from aggregator.model import Kind, Stories
from aggregator.text import plain

# --- the keys ---------------------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """One key: where it stands (`[]`: in each item, `ID`: under each id), its type (in TYPES) and its meaning."""

    name: str
    type: str
    meaning: str
    required: bool = False


_FETCH = (
    Key("fetch.every", "duration", "How long to wait between two polls, 32d at most."),
    Key("fetch.contact", "contact", "Where a publisher reaches you; goes into the User-Agent."),
    Key("fetch.allow_private", "boolean", "Whether loopback and private addresses may be polled."),
    Key("fetch.timeout", "timeout", "How long one source may take, everything included; 1h at most."),
    Key("fetch.pause", "timeout", "How long a host is left alone between two requests; 1h at most."),
    Key("fetch.max_bytes", "size", "How large one document may be, decoded."),
    Key(
        "fetch.visit",
        "boolean",
        "Whether article pages are visited for what the source leaves out: date, summary, author.",
    ),
)

KEYS: tuple[Key, ...] = (
    Key("fetch", "mapping", "Defaults of all sources."),
    Key("outlets", "mapping", "Press organisations and editions, by id."),
    Key("sources", "list of mappings", "Addresses that are polled."),
    Key("topics", "mapping", "What is watched, by id."),
    Key("stories", "mapping", "How articles about one event are found."),
    Key("alerts", "mapping", "Where alerts go, beside the terminal."),
    *_FETCH,
    Key("outlets.ID.name", "text", "The name as printed at home.", required=True),
    Key("outlets.ID.aliases", "list of texts", "The other names it goes by, in whatever script."),
    Key("outlets.ID.country", "country", "Where it is at home."),
    Key("outlets.ID.homepage", "page", "Its front page; articles on the same host are its own."),
    Key("sources[].id", "slug", "What the source is called in commands and in the database.", required=True),
    Key("sources[].url", "address", "The address that is polled.", required=True),
    Key("sources[].kind", "kind", "What stands at that address; feed unless said."),
    Key("sources[].options", "options", "What the kind of a plugin wants to know."),
    Key("sources[].outlet", "slug", "Whose source it is: an id under outlets."),
    Key("sources[].language", "language", "The language to expect: a hint, not a verdict."),
    Key("sources[].zone", "zone", "The zone of dates that name no offset."),
    Key("sources[].encoding", "encoding", "The encoding of the document, only where the server lies."),
    Key("sources[].select", "selectors", "How to read a list page; only where kind is page."),
    Key("sources[].enabled", "boolean", "false: the source is kept but not polled."),
    *(key._replace(name=key.name.replace("fetch", "sources[]")) for key in _FETCH),
    Key("sources[].select.item", "selector", "One item of the list.", required=True),
    Key("sources[].select.link", "selector", "The link to the article, within the item; a unless said."),
    Key("sources[].select.title", "selector", "The headline, within the item; the text of the link unless said."),
    Key("sources[].select.date", "selector", "The date, within the item."),
    Key("sources[].select.summary", "selector", "The summary, within the item."),
    Key("topics.ID.name", "text", "The name to show; the id unless said."),
    Key("topics.ID.pages", "list of URLs", "Pages of yours: a link to one of them is a mention."),
    Key("topics.ID.terms", "queries", "By language (any: all of them), queries of which a mention needs one."),
    Key("topics.ID.exclude", "queries", "By language, queries that no mention may match."),
    Key("stories.method", "method", "Which method finds them: concepts unless said; others come in packages."),
    Key("stories.names", "list of files", "Tables of names beside the built-in ones: places, people, organisations."),
    Key("alerts.command", "command", "A program that gets alerts on its standard input: mail."),
    Key("alerts.webhook", "URL", "An address to which alerts are posted as JSON: a chat."),
)


def _sections() -> dict[str, dict[str, Key]]:
    sections: dict[str, dict[str, Key]] = {}
    for key in KEYS:
        section, _, name = key.name.rpartition(".")
        sections.setdefault(section, {})[name] = key
    return sections


SECTIONS: Mapping[str, Mapping[str, Key]] = _sections()  # the keys of each section, by name

# --- scalars: text -> value; None where it is not what TYPES says, ValueError where there is more to say --------------

_TIME_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_WAIT = timedelta(hours=1)
_SIZE_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_KINDS = {str(kind): kind for kind in Kind}
WEB = ("http", "https")  # the schemes of the kinds that are built in
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_AMOUNT = re.compile(r"([0-9]{1,6}) ?([A-Za-z]{1,3})")
_MAILBOX = re.compile(r"(mailto:)?[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+", re.ASCII)
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*", re.IGNORECASE | re.ASCII)

# ISO 639-1, the two-letter languages of BCP 47.
_TWO_LETTERS = re.compile(
    "a[abefkmnrsvyz]|b[aegimnors]|c[aehorsuvy]|d[aevz]|e[elnostu]|f[afijory]|g[adlnuv]|h[aeiortuyz]|i[adegikostu]|j[av]|"
    "k[agijklmnorsuvwy]|l[abginotuv]|m[ghiklnrsty]|n[abdeglnorvy]|o[cjmrs]|p[ailst]|qu|r[mnouw]|s[acdeghiklmnoqrstuvw]|"
    "t[aeghiklnorstwy]|u[gkrz]|v[eio]|w[ao]|xh|y[io]|z[ahu]"
)
# What is written for a language. Kanuri (kr) and Twi (tw) exist, but are never meant here.
_COUNTRIES = {"cn": "zh-Hans", "hk": "zh-Hant", "jp": "ja", "kr": "ko", "tw": "zh-Hant"}
_LONG_CODES = {"chi": "zh", "eng": "en", "jpn": "ja", "kor": "ko", "zho": "zh"}


def _amount(text: str, units: Mapping[str, int]) -> int | None:
    match = _AMOUNT.fullmatch(text)
    return int(match[1]) * units.get(match[2], 0) or None if match else None


def _duration(text: str) -> timedelta | None:
    seconds = _amount(text, _TIME_UNITS)
    return timedelta(seconds=seconds) if seconds else None


def _timeout(text: str) -> timedelta | None:
    """How long a run waits for one source: none may hold it, and its lock, for days."""
    duration = _duration(text)
    if duration and duration > _LONGEST_WAIT:
        raise ValueError("1h at most, as everything else waits for it: write 30s, 2m")
    return duration


def _size(text: str) -> int | None:
    return _amount(text.lower(), _SIZE_UNITS)


def slug(text: str) -> str | None:
    """The text where it is a readable key, else None."""
    return text if _SLUG.fullmatch(text) else None


def _country(text: str) -> str | None:
    return text if re.fullmatch("[A-Z]{2}", text) else None


def _kind(text: str) -> str:
    if built_in := _KINDS.get(text):
        return built_in
    from aggregator import kinds

    try:
        return kinds.find(text)[1].name
    except UsageError as problem:
        raise ValueError(str(problem)) from problem


def _method(text: str) -> str | None:
    if text == Stories().method or not slug(text):
        return slug(text)
    from aggregator import methods

    try:
        return methods.found(text).name
    except UsageError as problem:
        raise ValueError(str(problem)) from problem


def _address(text: str) -> str | None:
    """An address of any scheme: which ones a source may have is said by its kind."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname if parts.scheme in WEB else parts.scheme) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return None
    return text if usable and not re.search(r"[\s\x00-\x20\x7f]", text) else None


def _url(text: str) -> str | None:
    return text if _address(text) and urlsplit(text).scheme in WEB else None


def _page(text: str) -> str | None:
    if _url(text) and urlsplit(text).username is not None:
        raise ValueError("everybody is shown this address: write it without user and password")
    return _url(text)


def _contact(text: str) -> str | None:
    page = _url(text) and urlsplit(text).username is None  # every publisher reads it: no credentials
    return text if text.isascii() and (page or _MAILBOX.fullmatch(text)) else None


def _language(text: str) -> str | None:
    subtags = text.split("-")
    primary = subtags[0].lower()
    if meant := _COUNTRIES.get(primary) or _LONG_CODES.get(primary):
        raise ValueError(f"write {meant}, not {primary}")
    if not _TAG.fullmatch(text) or not (len(primary) == 3 or _TWO_LETTERS.fullmatch(primary)):
        return None
    cased = {2: str.upper, 4: str.title}  # region, script: the spelling of BCP 47, section 2.1.1
    return "-".join((primary, *(cased.get(len(subtag), str.lower)(subtag) for subtag in subtags[1:])))


def _zone(text: str) -> str | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # unknown; no relative path; a directory such as Asia
        return None


def _encoding(text: str) -> str | None:
    return text if charsets.codec(text) else None


def _selector(text: str) -> str:
    import soupsieve

    try:
        soupsieve.compile(text)
    except soupsieve.SelectorSyntaxError as problem:
        reason = str(problem).partition("\n")[0]
        raise ValueError(f"not a CSS selector: {reason}") from problem
    return _single_spaced(text)


def shown(text: str) -> str:
    """What may be quoted in a message: one line, short, without whatever may hold credentials."""
    return " ".join("…" if "@" in word or "://" in word else word for word in text.split())[:60]


def _query(text: str) -> str:
    from aggregator import topics

    try:
        topics.check(text)
    except QueryError as problem:
        message = f"column {problem.column} of the query {shown(text)}: expected {problem.expected}"
        raise ValueError(message) from problem
    return _single_spaced(text)


def _command(text: str) -> str | None:
    try:
        return text if shlex.split(text) else None
    except ValueError as problem:  # a quote that is never closed
        raise ValueError(f"not a command: {problem}".lower()) from problem


class Scalar(NamedTuple):
    """How a value is read (None: not what is wanted, ValueError: the reason), and what is wanted in words.

    `known` takes a value that was read before and found right, where that is quicker.
    """

    read: Callable[[str], Any]
    words: str
    known: Callable[[str], Any] | None = None


def _single_spaced(text: str) -> str:
    return " ".join(text.split())


_WEB_ADDRESS = "an address that begins with http:// or https:// and names a host"

SCALARS: Mapping[str, Scalar] = {
    "URL": Scalar(_url, _WEB_ADDRESS, str),
    "address": Scalar(_address, _WEB_ADDRESS, str),
    "boolean": Scalar({"true": True, "false": False}.get, "true or false"),
    "command": Scalar(_command, "a program and its arguments: mail -s Press desk@example.org"),
    "contact": Scalar(_contact, "the address of a page (https://…) or of a mailbox (desk@example.org)"),
    "country": Scalar(_country, "the two capital letters of the country: KR, JP, TW"),
    "duration": Scalar(_duration, "a number and a unit: 15m, 6h, 1d"),
    "encoding": Scalar(_encoding, "the name of a text encoding: euc-kr, shift_jis, gb18030, big5"),
    "kind": Scalar(_kind, f"one of {', '.join(_KINDS)}"),
    "language": Scalar(_language, "a language tag: ko, ja, zh-Hans, zh-Hant, en"),
    "method": Scalar(_method, "lower-case letters, digits and hyphens: concepts"),
    "query": Scalar(_query, "a query", _single_spaced),
    "page": Scalar(_page, _WEB_ADDRESS, str),
    "selector": Scalar(_selector, "a CSS selector", _single_spaced),
    "size": Scalar(_size, "a number and a unit: 10MB, 500kB, 1GiB"),
    "slug": Scalar(slug, "lower-case letters, digits and hyphens: yonhap-nk"),
    "timeout": Scalar(_timeout, "a number and a unit: 30s, 2m"),
    "text": Scalar(lambda text: plain(text) or None, "a name or a word"),
    "zone": Scalar(_zone, "a zone of the IANA list: Asia/Seoul, Asia/Tokyo, America/New_York"),
}

TYPES: Mapping[str, str] = {name: scalar.words for name, scalar in SCALARS.items()} | {
    "list of URLs": "a list of addresses: [https://example.org/a, https://example.org/b]",
    "list of mappings": "a list of mappings, each beginning with - id: …",
    "list of texts": "a list: [first, second]",
    "list of files": "a list of tables, whose paths begin where this file is: [names.tsv]",
    "mapping": "a mapping, one key: value a line",
    "options": "a mapping from names to texts: {folder: Press}",
    "queries": "a mapping from languages to lists of queries: {ko: [강제북송], en: [refugee*]}",
    "selectors": "a mapping: {item: ul.news > li, link: a, date: .date}",
}
