"""What is fuzzed: a function of bytes for every way in which text from elsewhere comes in.

A target returns where everything that was promised held, and raises where something did not: what is raised on purpose
(ReadError, QueryError, ConfigError, UsageError) is caught where it may be raised, and nowhere else.
"""

from __future__ import annotations

import codecs
import logging
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from aggregator import (
    config,
    dates,
    editing,
    encoding,
    feeds,
    language,
    opml,
    outlets,
    pages,
    received,
    references,
    robots,
    sitemaps,
    text,
    topics,
    urls,
)
from aggregator.bcp47 import tag as language_tag
from aggregator.charsets import codec
from aggregator.errors import ConfigError, QueryError, ReadError, UsageError
from aggregator.intake import Intake
from aggregator.knowledge import Knowledge
from aggregator.model import (
    Document,
    Fetched,
    Item,
    Kind,
    Link,
    Mention,
    Outlet,
    Poll,
    Reading,
    Selectors,
    Source,
    SourceState,
    Status,
)
from aggregator.polling import Poller
from aggregator.store import Store
from tests import fuzz_seeds

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
ADDRESS = "https://haeram.example/news/list?page=1"
SELECT = Selectors(item="li, tr, item", link="a", title="a", date=".date, td + td", summary="p")
LONGEST_QUERY = 20_000  # characters; feeds.yaml allows a tenth of that
ZONES = (None, "Asia/Seoul", "America/New_York")


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be fuzzed: what it promises in a sentence, and inputs to begin from."""

    run: Callable[[bytes], None]
    promise: str
    seeds: Callable[[], Iterable[bytes]]


# --- inputs -----------------------------------------------------------------------------------------------------------


def printed(data: bytes) -> str:
    """Bytes as text. What is no UTF-8 becomes lone surrogates, which JSON and character references bring along too."""
    return data.decode("utf-8", "surrogateescape")


def lines(data: bytes, count: int) -> list[str]:
    """So many texts: the lines of the data, and in the last what is left of it."""
    parts = printed(data).split("\n", count - 1)
    return parts + [""] * (count - len(parts))


def told(data: bytes) -> tuple[Document, str]:
    """A document and the kind of its source, by the first line: content type | encoding | language | kind."""
    head, _, body = data.partition(b"\n")
    content_type, label, tag, kind, *_ = (*head.decode("latin-1").split("|"), "", "", "", "")
    document = Document(
        url=ADDRESS,
        body=body,
        content_type=content_type or None,
        encoding=label if codec(label) else None,
        language=language_tag(tag),
    )
    return document, kind.strip()


# --- what holds for whatever was read ---------------------------------------------------------------------------------


def texts(value: object) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from texts(getattr(value, part.name))
    elif isinstance(value, Mapping):
        yield from texts([*value.items()])
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        for part in value:
            yield from texts(part)


def hold_storable(value: object) -> None:
    for one in texts(value):
        assert not re.search("[\ud800-\udfff]", one), f"a lone surrogate, which is no UTF-8: {one[:200]!a}"


def hold_shown(*shown: str | None) -> None:
    for one in shown:
        assert one is None or text.plain(one) == one, f"not as a reader sees it: {one[:200]!a}"


def hold_item(item: Item) -> None:
    hold_storable(item)
    hold_shown(item.title, item.summary, item.author, item.outlet_text)
    assert item.link is None or item.link.lower().startswith(("http://", "https://")), item.link
    assert item.language is None or language_tag(item.language) == item.language, item.language
    for link in item.links:
        hold_link(link)


def hold_link(link: Link) -> None:
    hold_shown(link.text)
    assert link.url.lower().startswith(("http://", "https://")), link.url


def hold_reading(reading: Reading) -> None:
    hold_storable((reading.references, reading.note))
    for item in reading.items:
        hold_item(item)
    assert reading.encoding is None or codecs.lookup(reading.encoding), "an encoding that Python knows"


def hold_reason(problem: ReadError) -> None:
    assert Status(problem.status).failed, "a status of the vocabulary"
    assert problem.note, "a reason"
    hold_storable(problem.note)


def reading(read: Callable[[], Reading | None]) -> Reading | None:
    """What was read, held to what every reader promises; None where it could not be."""
    try:
        found = read()
    except ReadError as problem:
        hold_reason(problem)
        return None
    if found is not None:
        hold_reading(found)
    return found


# --- readers ----------------------------------------------------------------------------------------------------------


def read_feed(data: bytes) -> None:
    document, _ = told(data)
    found = reading(lambda: feeds.parse(document))
    assert found is None or len(found.items) <= feeds.MAX_ITEMS, "no more items than allowed"


def read_page(data: bytes) -> None:
    document, _ = told(data)
    reading(lambda: pages.parse(document, None))
    reading(lambda: pages.parse(document, SELECT))
    reading(lambda: Reading(items=(pages.article(document),)))


def read_sitemap(data: bytes) -> None:
    document, _ = told(data)
    if reading(lambda: sitemaps.parse(document)):
        hold_storable(sitemaps.children(document))


def read_received(data: bytes) -> None:
    document, _ = told(data)
    reading(lambda: received.parse(document, outlets.directory()))


def read_references(data: bytes) -> None:
    found = references.read(printed(data))
    hold_shown(*(one.outlet for one in found))
    assert references.read(references.write(found)) == found, "what is written reads as what it was"


def read_robots(data: bytes) -> None:
    path, *_ = lines(data, 2)
    body = data.partition(b"\n")[2]
    fetched = Fetched(status=Status.OK, document=Document(url="https://a.example/robots.txt", body=body))
    found = robots.judged("https://a.example", fetched, NOW)
    assert robots.allows(found, urls.canonical(f"/{path}", "https://a.example") or "") in (True, False)
    assert timedelta() <= robots.delay(found) <= robots.LIFE, "a pause that can be waited for"


def read_opml(data: bytes) -> None:
    try:
        found = opml.read(data)
    except ReadError as problem:
        hold_reason(problem)
        return
    hold_storable(found)
    for one in found:
        hold_shown(one.url, one.title, one.text, one.homepage, one.language)


# --- knowledge of text ------------------------------------------------------------------------------------------------


def read_date(data: bytes) -> None:
    given = printed(data)
    for zone in ZONES:
        found = dates.parse(given, zone=zone, now=NOW)
        assert dates.parse(f" \n{given}\t ", zone=zone, now=NOW) == found, "white space around it is nothing"
        if found is not None:
            assert found.value.utcoffset() == timedelta(), "aware, in UTC"
            assert found.value.year >= 1605, "no year without newspapers"
            assert found.value <= NOW + timedelta(days=366), "not far ahead"


def read_url(data: bytes) -> None:
    given, base = lines(data, 2)
    urls.is_portal(given)
    urls.server(given)
    found = urls.canonical(given, base or None)
    if found is not None:
        assert re.fullmatch(r"https?://[!-~]+", found), f"no http(s) URL in printable ASCII: {found!a}"
        assert urls.canonical(found) == found, f"canonical is not canonical: {found!a}"
        assert urls.host(found), "a host"
        assert urls.same_site(found, found), "its own site"


BASES = frozenset({"override", "signature", "ascii", "utf-8", "escapes", "declared", "document", "detected"})


def decode(data: bytes) -> None:
    document, _ = told(data)
    label = data.partition(b"\n")[0].decode("latin-1").partition("|")[2]
    own = encoding.label(document.body)
    for override in (None, document.encoding, label):
        declared = encoding.charset(document.content_type) or own
        found = encoding.decode(document.body, declared=declared, override=override, language=document.language)
        hold_storable(found)
        assert found.basis in BASES, found.basis
        assert codecs.lookup(found.encoding), "an encoding that Python knows"
        if found.certain and found.basis != "ascii":
            assert "\ufffd" not in found.text or b"\xef\xbf\xbd" in document.body or "utf" in found.encoding


def fold(data: bytes) -> None:
    given = printed(data)
    folded = text.fold(given)
    assert text.fold(folded) == folded, f"folding again changes it: {folded!a}"
    assert text.folded(given).text == folded
    _hold_spans(text.folded(given))
    text.casefold(given)
    for shown in (text.visible(given), text.plain(given)):
        hold_storable(shown)
        hold_shown(shown)
    for link in text.links(given, ADDRESS):
        hold_link(link)
    start, end = len(given) // 3, len(given) // 2
    assert given[start:end] in text.excerpt(given, start, end), "the match stands in its excerpt"
    assert all(text.ngrams(folded, 2)), "no empty n-gram"


def _hold_spans(folded: text.Folded) -> None:
    last = 0
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert last <= start < end <= len(folded.original), f"the way back of {place} is {start}:{end}"
        last = start


def tell_language(data: bytes) -> None:
    hint, given = lines(data, 2)
    found = language.detect(given, language_tag(hint))
    assert found.tag == "und" or language_tag(found.tag) == found.tag, found.tag
    assert 0 <= found.confidence <= 1, found.confidence
    parts = language.segments(given)
    assert "".join(part for _, part in parts) == given, "the parts are the text"
    assert all(part for _, part in parts), "no part is empty"


def match_topic(data: bytes) -> None:
    tag, query, exclusion, title, summary = lines(data, 5)
    query, exclusion = query[:LONGEST_QUERY], exclusion[:LONGEST_QUERY]
    shown = {"title": text.plain(title), "summary": text.visible(summary)}
    try:
        found = topics.compile({"t": {"terms": {tag: [query]}, "exclude": {tag: [exclusion] if exclusion else []}}})
    except QueryError as problem:
        hold_column(problem)
        return
    for mention in found.match(shown["title"], shown["summary"], tag):
        hold_mention(mention, shown)


def hold_column(problem: QueryError) -> None:
    assert 1 <= problem.column <= len(problem.query) + 1, f"column {problem.column} of {problem.query!a}"


def hold_mention(mention: Mention, shown: Mapping[str, str]) -> None:
    for hit in (mention, *mention.hits):
        assert shown[hit.field][hit.start : hit.end] == hit.matched != "", "offsets point at what matched"
    assert mention.matched in mention.excerpt, "the match stands in its excerpt"


# --- feeds.yaml -------------------------------------------------------------------------------------------------------


def read_config(data: bytes) -> None:
    given = printed(data)
    whole = re.findall(rf"(?<![\w/:.])https?{fuzz_seeds.LOGIN}", given)
    secret = given.count(fuzz_seeds.SECRET) == len(whole)  # torn from its address it is none
    try:
        found = config.parse(given)
    except ConfigError as problem:
        hold_mistakes(problem, secret)
        return
    hold_storable((found.sources, found.outlets, found.topics))
    listed = opml.read(opml.write(found).encode())
    addresses = [text.plain(source.public_url) for source in found.sources.values()]
    assert [one.url for one in listed] == addresses, "a list that is written can be read"
    shown = " ".join(f"{one.url} {one.homepage}" for one in listed)
    assert not secret or fuzz_seeds.SECRET not in shown, "no credentials in the addresses of lists"


def hold_mistakes(problem: ConfigError, secret: bool) -> None:
    assert problem.mistakes, "at least one mistake"
    hold_storable(str(problem))
    assert not secret or fuzz_seeds.SECRET not in str(problem), "no credentials in messages"


def edit_config(data: bytes) -> None:
    wanted, before = lines(data, 2)
    url, name, remark, *_ = (*wanted.split("\t"), "", "")
    outlet = Outlet(id="fuzzed-outlet", name=text.plain(name) or "?", country="KR")
    source = Source(id="fuzzed-source", url=urls.canonical(url[:600]) or ADDRESS, outlet=outlet.id, language="ko")
    addition = editing.Addition(source=source, outlet=outlet, remark=remark)
    try:
        edited = editing.insert(before, [addition])
    except (ConfigError, UsageError) as problem:
        hold_storable(str(problem))
        return
    assert config.parse(edited.text) == edited.config, "reads as it was said to"
    assert source.id in edited.config.sources, "is added"
    kept = re.sub("null|~", "", before, flags=re.IGNORECASE)  # may be filled in
    following = iter(edited.text)
    assert all(character in following for character in kept), "every character that was there stays"


# --- the whole way ----------------------------------------------------------------------------------------------------

SETTINGS = config.parse(
    "outlets: {haeram: {name: 해람통신, aliases: [Haeram], country: KR, homepage: https://haeram.example}}\n"
    "sources:\n"
    + "".join(
        f"  - {{id: {kind}, url: 'https://haeram.example/{kind}', kind: {kind}, outlet: haeram}}\n" for kind in Kind
    )
    + "topics:\n  t:\n    pages: [https://ours.example/archive/]\n"
    "    terms: {any: [북송, 送還, 遣返, return*], ko: ['정부 NEAR/9 유감']}\n"
)


class _Nobody:
    """Where nobody answers: the sitemaps that an index names cannot be had."""

    def fetch(self, source: Source, state: SourceState) -> Fetched:
        return Fetched(status=Status.DNS, note="nobody answers")


class _Raising(logging.Handler):
    """A fault that is only logged is raised."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


@cache
def _knowledge() -> Knowledge:
    logging.getLogger("aggregator.intake").addHandler(_Raising())
    return Knowledge(SETTINGS)


@cache
def _empty() -> Path:
    """A database with the settings and no article."""
    path = Path(tempfile.mkdtemp(prefix="fuzz-")) / "empty.db"
    with Store(path) as store, store.transaction():
        store.configure(SETTINGS)
    return path


def take_in(data: bytes) -> None:
    document, kind = told(data)
    source = SETTINGS.sources.get(kind) or SETTINGS.sources[Kind.FEED]
    poller = Poller(_Nobody(), lambda: _knowledge().names, lambda: NOW)  # type: ignore[arg-type]  # all of it that is asked for
    found = reading(lambda: poller.read(document, source))
    if found is None:
        return
    path = _empty().with_name("mentions.db")
    shutil.copy(_empty(), path)
    with Store(path) as store:
        new = _take(store, source, document, found)
        before = _contents(path)
        assert new <= len(found.items), "no more articles than items"
        assert _take(store, source, document, found) == 0, "the same document again is nothing new"
        assert _contents(path) == before, "nor does it add a row"


def _take(store: Store, source: Source, document: Document, found: Reading) -> int:
    """Takes a document in, as a run does. Returns how many articles were new or changed."""
    state = store.states()[source.id]
    fetched = Fetched(status=Status.OK, document=document)
    poll = Poll(source=source, state=state, started_at=NOW, fetched=fetched, status=Status.OK, reading=found)
    outcome = Intake(_knowledge(), store, store.begin_run(NOW, "fuzz")).take(poll, NOW, 0.5)
    assert outcome.status is not Status.BUG, outcome.note
    return outcome.new + outcome.changed


def _contents(path: Path) -> dict[str, int]:
    """How many rows every table has, all of whose texts are UTF-8 without NUL."""
    connection = sqlite3.connect(path)
    connection.text_factory = lambda stored: _sound(stored.decode())
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stored = [name for name in tables if "_fts" not in name and name not in ("runs", "fetches")]
    counts = {name: len(connection.execute(f"SELECT * FROM [{name}]").fetchall()) for name in stored}
    connection.execute("SELECT * FROM fetches").fetchall()
    connection.close()
    return counts


def _sound(stored: str) -> str:
    assert "\0" not in stored, "no NUL in what is stored"
    return stored


TARGETS: Mapping[str, Target] = {
    "feeds": Target(read_feed, "A feed is read, or a ReadError says why not.", fuzz_seeds.feeds),
    "pages": Target(
        read_page, "A page is read as a list, by selectors and as an article, or a ReadError says why not.",
        fuzz_seeds.pages,
    ),
    "sitemaps": Target(read_sitemap, "A sitemap is read, or a ReadError says why not.", fuzz_seeds.sitemaps),
    "received": Target(
        read_received, "What a blog received is read, is no such thing, or a ReadError says why not.",
        fuzz_seeds.received,
    ),
    "references": Target(
        read_references, "Any text is a reference list, and what is written reads as what it was.",
        fuzz_seeds.references,
    ),
    "dates": Target(read_date, "Any text is a date of the age of newspapers, or none.", fuzz_seeds.dates),
    "urls": Target(read_url, "Any text has a canonical URL, whose own it is, or none.", fuzz_seeds.urls),
    "encoding": Target(decode, "Any bytes are text that can be stored, whatever the labels.", fuzz_seeds.encoding),
    "text": Target(fold, "Folding is idempotent and has a way back; visible text is only visible.", fuzz_seeds.text),
    "language": Target(
        tell_language, "Any text has a language, and parts that together are the text.", fuzz_seeds.language
    ),
    "topics": Target(
        match_topic, "A query is a QueryError in its text, or its matches stand where they are said to.",
        fuzz_seeds.topics,
    ),
    "config": Target(
        read_config, "A feeds.yaml is read, or its mistakes are told without credentials.", fuzz_seeds.config
    ),
    "robots": Target(read_robots, "Any robots.txt allows a page or not, and has a pause.", fuzz_seeds.robots),
    "editing": Target(
        edit_config, "An entry is added and every character stays, or nothing is given out.", fuzz_seeds.editing
    ),
    "opml": Target(read_opml, "A list of subscriptions is read, or a ReadError says why not.", fuzz_seeds.opml),
    "intake": Target(
        take_in, "A document of any kind is stored as sound text, and taken in again it adds nothing.",
        fuzz_seeds.everything,
    ),
}  # fmt: skip
