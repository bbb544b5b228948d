"""The sample press: who publishes where, and what its servers answer on each of the three days.

The texts are data beside this module: `sources.tsv` (addresses, formats, encodings), `news/*.tsv` (articles, each with
the day on which it is first served; a later row for the same path replaces it), `archive.txt` (a reference list, one
paragraph a day) and `feeds.yaml`. An answer is a function of a path and a day; the network is not known here.
The column `role` of the news is for readers of the table and never served: topic, near (it must not match), wire, copy,
edit, correction, link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from aggregator.demo.formats import DATES, FORMATS, Channel, Entry, rfc822

HERE = Path(__file__).parent
DAYS = (1, 2, 3)
RUN_AT: Mapping[int, datetime] = {day: datetime(2023, 10, 11 + day, 14, tzinfo=UTC) for day in DAYS}
"""When each day's run takes place: late evening in East Asia, after everything of that day was printed."""

_TO_PRESS = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One address of the press: a row of `sources.tsv`.

    `codec` is how its bytes are written and `label` what they claim. `query` is what it adds to its links. `validators`
    says which of ETag and Last-Modified it sends: both, etag, modified or none.
    """

    id: str
    path: str
    format: str
    codec: str
    label: str
    type: str
    dates: str
    zone: str
    language: str
    home: str
    query: str
    validators: str
    gzip: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One article as served from a day on: a row of `news/*.tsv`. `published` is local time, without a zone."""

    feeds: tuple[str, ...]
    day: int
    published: datetime
    path: str
    role: str
    title: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server of the press answers. `gzip`: it compresses for whoever can read that."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False


_CLOSED = """<!doctype html>
<html lang="ko"><head><meta charset="euc-kr"><title>달내신문 - 점검 안내</title></head>
<body><h1>서버를 옮기고 있습니다</h1>
<p>10월 14일 저녁부터 15일 아침까지 누리집을 쉽니다. 독자 여러분의 양해를 바랍니다.</p></body></html>
"""

MOVED: Mapping[str, str] = {"/chaoxi/rss.php": "/chaoxi/feed/"}
_MOVED = Answer(status=301, headers={"Location": MOVED["/chaoxi/rss.php"]})
_BUSY = Answer(
    status=503, body="服务器繁忙".encode("gb18030"), headers={"Content-Type": "text/html", "Retry-After": "3600"}
)
_GONE = Answer(
    status=410, body="配信を終了しました".encode("cp932"), headers={"Content-Type": "text/html; charset=Shift_JIS"}
)
_NOTICE = Answer(body=_CLOSED.encode("cp949"), headers={"Content-Type": "text/html"})
_NOT_FOUND = Answer(status=404, body=b"Not found\n", headers={"Content-Type": "text/plain"})

TROUBLE: Mapping[tuple[str, int], Answer] = {
    ("/chaoxi/rss.php", 2): _MOVED,
    ("/chaoxi/rss.php", 3): _MOVED,
    ("/dalnae/rss.xml", 3): _NOTICE,
    ("/shinonome/sports.rdf", 3): _GONE,
    ("/yunting/rss.xml", 2): _BUSY,
}


def answer(path: str, day: int) -> Answer:
    """What a GET of `path` is answered on `day` (1 to 3), before conditions and compression."""
    trouble = TROUBLE.get((path, day))
    if trouble is not None:
        return trouble
    feed = next((feed for feed in feeds() if feed.path == MOVED.get(path, path)), None)
    return _served(feed, day) if feed else _NOT_FOUND


def shown(feed: Feed, day: int) -> tuple[News, ...]:
    """The articles of `feed` on `day`, each in its newest version, the newest first."""
    latest = {row.path: row for row in news() if feed.id in row.feeds and row.day <= day}
    return tuple(sorted(latest.values(), key=lambda row: row.published, reverse=True))


def render(base: str) -> str:
    """The feeds.yaml of the sample press, its server being at `base` (`http://127.0.0.1:8000`).

    Whoever asks for rest there has a host name of its own: of one host all sources would rest.
    """
    elsewhere = base.replace("127.0.0.1", "localhost")
    return (HERE / "feeds.yaml").read_text("utf-8").replace("{base}", base).replace("{elsewhere}", elsewhere)


def wrote(text: str) -> bool:
    """Whether this is the feeds.yaml of a sample press, as `render` left it."""
    served = re.search(r"http://127\.0\.0\.1:[0-9]+", text)
    return served is not None and text == render(served[0])


@cache
def feeds() -> tuple[Feed, ...]:
    """Every address of the press, in the order of the table."""
    return tuple(Feed(**row) for row in _rows(HERE / "sources.tsv"))


@cache
def news() -> tuple[News, ...]:
    """Every article of the press in every version, earlier versions first."""
    rows = (row for path in sorted((HERE / "news").glob("*.tsv")) for row in _rows(path))
    return tuple(sorted((_news(row) for row in rows), key=lambda row: row.day))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    header, *lines = path.read_text("utf-8").split("\n")[:-1]
    return (dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines)


def _news(row: Mapping[str, str]) -> News:
    return News(
        feeds=tuple(row["feeds"].split()),
        day=int(row["day"]),
        published=datetime.fromisoformat(row["published"]),
        path=row["path"],
        role=row["role"],
        title=row["title"],
        summary=row["summary"],
    )


# --- answers ----------------------------------------------------------------------------------------------------------


def _served(feed: Feed, day: int) -> Answer:
    changed = _changed(feed, day)
    body = _text(feed, day, changed).encode(feed.codec)
    validators = {
        "etag": {"ETag": f'"{sha256(body).hexdigest()[:16]}"'},
        "modified": {"Last-Modified": rfc822(changed)},
    }
    validators["both"] = validators["etag"] | validators["modified"]
    headers = {"Content-Type": feed.type} | validators.get(feed.validators, {})
    return Answer(body=body, headers=MappingProxyType(headers), gzip=feed.gzip == "yes")


def _changed(feed: Feed, day: int) -> datetime:
    """When the newest of what is shown went to press: shortly before the run of its day."""
    last = day if feed.format == "references" else max(row.day for row in shown(feed, day))
    return RUN_AT[last] - _TO_PRESS


def _text(feed: Feed, day: int, changed: datetime) -> str:
    if feed.format == "references":
        return _reference_list(feed, day)
    channel = Channel(title=feed.title, home=feed.home, language=feed.language, label=feed.label, changed=changed)
    return FORMATS[feed.format](channel, [_entry(feed, row) for row in shown(feed, day)])


def _reference_list(feed: Feed, day: int) -> str:
    paragraphs = (HERE / "archive.txt").read_text("utf-8").strip().split("\n\n")
    return f"{feed.title}\n\n參考新聞連結:\n" + "\n".join(reversed(paragraphs[:day])) + "\n"


def _entry(feed: Feed, row: News) -> Entry:
    zone, write = ZoneInfo(feed.zone), DATES[feed.dates]
    published = row.published.replace(tzinfo=zone)
    first = min(other.day for other in news() if (other.feeds, other.path) == (row.feeds, row.path))
    updated = published if row.day == first else (RUN_AT[row.day] - _TO_PRESS).astimezone(zone)
    guid = feed.home + row.path
    link = f"{guid}{'&' if '?' in guid else '?'}{feed.query}" if feed.query else guid
    return Entry(
        title=row.title, link=link, guid=guid, summary=row.summary, date=write(published), updated=write(updated)
    )
