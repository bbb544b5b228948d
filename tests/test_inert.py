"""What the press writes is shown and never obeyed: by terminals, browsers, spreadsheets, readers of feeds and of lists.

One press that means harm is read by a real run; then every way out is looked at, and every column of the database.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest

from aggregator import articles, config, exports, kinds, opml, references
from aggregator.errors import ReadError
from aggregator.model import Document, Fetched, Item, Link, Pingback, Reading, Source, SourceState, Status
from tests.press import Press

ROOT = Path(__file__).resolve().parents[1]

# What terminals, and whoever lays out text, take for orders: C0, C1 (\x9b alone is CSI), bidi overrides and isolates.
CLEARS, TITLES, ONE_BYTE = "\x1b[2J\x1b[H", "\x1b]0;taken\x07", "\x9b31m\x90q\x9c\x84"
BIDI = "\u202e\u2066\u2067\u200f\u061c"
ORDERS = f"{CLEARS}{TITLES}{ONE_BYTE}\b\x7f\x00{BIDI}\u200b\ufeff\u2028\u2029"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>](javascript:alert(3)) `x` **y** &lt;i&gt;"
TITLE = f"북송 {MARKUP} {ORDERS}끝"


def xml(text: str) -> str:
    """Text as XML can hold it: C1 and bidi as they are, C0 not at all."""
    return escape(re.sub("[\x00-\x08\x0b-\x1f]", "", text))


RSS = f"""<rss version="2.0"><channel><title>{xml(TITLE)}</title>
<item><title>{xml(TITLE)}</title><link>http://press.example/1{xml(ORDERS)}</link><author>{xml(TITLE)}</author>
<guid isPermaLink="false">g{xml(ORDERS)}</guid><pubDate>어제{xml(ORDERS)}</pubDate><source url="x">{xml(TITLE)}</source>
<description>{xml(TITLE)}&#27;[2J&#155;31m&#x202e;{escape("<a href='http://ours.example/notice'>")}{xml(TITLE)}</description>
</item></channel></rss>"""
JSON_FEED = json.dumps({
    "version": "https://jsonfeed.org/version/1.1",
    "title": TITLE,
    "items": [
        {
            "id": f"=1+1{ORDERS}", "url": f"http://press.example/2{ORDERS}", "title": TITLE, "summary": TITLE,
            "content_html": TITLE, "authors": [{"name": TITLE}], "date_published": f"어제{ORDERS}", "language": ORDERS,
        },
        *({"id": sign, "url": f"http://press.example/{ord(sign)}", "title": f"{sign}HYPERLINK(1) 북송"}
          for sign in "=+-@＝＋－＠"),
        *({"id": scheme, "url": f"{scheme}:alert(1)", "title": f"북송 {scheme}"}
          for scheme in ("javascript", "data", "vbscript", "JaVaScRiPt", " javascript", "java\tscript")),
    ],
})  # fmt: skip
ROWS = "".join(
    f"<li><a href='/a{number}{ORDERS}'>북송 {word * 9} {escape(TITLE)}</a> <span class=date>어제{ORDERS}</span></li>"
    for number, word in enumerate("가나다라마바사아")
)
PAGE = f"<html><body><ul>{ROWS}</ul></body></html>"
SITEMAP = f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>http://press.example/3{xml(ORDERS)}</loc>
<n:news><n:publication><n:name>{xml(TITLE)}</n:name></n:publication><n:title>{xml(TITLE)}</n:title>
<n:publication_date>2023-10-12{xml(ORDERS)}</n:publication_date></n:news></url></urlset>"""
INDEX = f"""<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>http://127.0.0.1:9/{xml(ORDERS)}</loc></sitemap></sitemapindex>"""
LIST = f"2023/10/12 데{ORDERS}일리 북송 {TITLE} http://press.example/4{ORDERS}\n2023/10/13 BBC =1+1 북송{ORDERS}\n"
NAMED = r'"이름\e[2J\e]0;t\a\x9b31m\u202e\u2066 <b>=x"'


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {first}", *lines, "", ""]).encode("latin-1")


ANSWERS: dict[str, tuple[str, bytes]] = {
    "rss": ("feed", RSS.encode()),
    "json": ("feed", JSON_FEED.encode()),
    "page": ("page", PAGE.encode()),
    "sitemap": ("sitemap", SITEMAP.encode()),
    "index": ("sitemap", INDEX.encode()),
    "list": ("references", LIST.encode()),
    "broken": ("feed", b"<rss><channel><item><title>x</\x1b[2J\xc2\x9b31m></item></rss>"),
    "broken-sitemap": ("sitemap", f"<urlset><url><loc>{xml(ORDERS)}</loc></{xml(ORDERS)}>".encode()),
    "no-feed": ("feed", TITLE.encode()),
    "offers": ("feed", f"<html><link type=application/rss+xml href='/x{ORDERS}' title='{ORDERS}'>".encode()),
    "frames": ("page", f"<frameset><frame src='http://x.example/{ORDERS}'></frameset>".encode()),
}
MORE = {"page": ", select: {item: li, link: a, title: a, date: .date}"}
HEADS = {
    "reason": head("599 \x1b[2J\x9b31m"),
    "encoding": head("200 OK", "Content-Encoding: \x1b[2J\x9b31m", "Content-Length: 0"),
    "charset": head("200 OK", "Content-Type: text/xml; charset=\x1b[2J\x9b31m") + b"<rss/>",
    "moved": head("301 x", "Location: /\x1b[2J\x9b31m\xc2\x9b\xe2\x80\xae"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a run has read it all; the press is still there."""
    folder = tmp_path_factory.mktemp("inert")
    with Press(address="0.0.0.0") as press:
        for name, (_, body) in ANSWERS.items():
            press.serve(f"/{name}", body, content_type="text/html" if name in ("page", "frames", "offers") else None)
        for name, answer in HEADS.items():
            press.raw(f"/{name}", answer)
        named = [(name, kind) for name, (kind, _) in ANSWERS.items()] + [(name, "feed") for name in HEADS]
        sources = "".join(
            f"  - {{id: s-{name}, url: 'http://127.0.1.{number}:{press.port}/{name}', kind: {kind}, outlet: o"
            f"{MORE.get(name, '')}}}\n"
            for number, (name, kind) in enumerate(named, 1)
        )
        (folder / "feeds.yaml").write_text(
            f"fetch: {{allow_private: true}}\noutlets:\n  o: {{name: {NAMED}, aliases: [{NAMED}], country: KR}}\n"
            f"sources:\n{sources}topics:\n  t: {{name: {NAMED}, terms: {{any: [북송]}},"
            " pages: ['https://ours.example/notice']}\n",
            "utf-8",
        )
        offers = f"add --dry-run http://127.0.2.1:{press.port}/offers"
        text = said(folder, "run -v", "check --fetch s-index s-no-feed s-offers", offers, *COMMANDS)
        (folder / "said").write_text(text, "utf-8")
        yield folder


COMMANDS = (
    *(f"pingbacks t --format {form}" for form in ("text", "markdown", "html", "csv", "json")),
    "search 북송", "status", "digest --since 2020-01-01", "article show 1", "article show 3",
)  # fmt: skip


CALLING = """
from aggregator import pipeline
from aggregator.cli import main
pipeline.group = lambda *_, **__: 0  # to compare all names in the world takes seconds

def call(one):
    try:
        main(one)
    except SystemExit:
        pass

"""


def said(folder: Path, *commands: str, terminal: bool = False) -> str:
    """What commands print in a folder, in one process: to a terminal, or into pipes."""
    calls = "".join(f"call({command.split()!r})\nprint('# and then', flush=True)\n" for command in commands)
    code = f"{CALLING}{calls}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"}
    settings: dict[str, Any] = {"cwd": folder, "env": environment}
    if not terminal:
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run([sys.executable, "-c", code], **settings, **both, check=True).stdout.decode()
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], **settings, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        heard = b""
        with suppress(OSError):  # that is how a terminal ends
            while piece := os.read(ours, 65536):
                heard += piece
    os.close(ours)
    return heard.decode()


# --- the database -----------------------------------------------------------------------------------------------------

AS_SENT = {("sources", "etag"), ("sources", "last_modified")}  # they go back byte for byte


def test_no_text_in_the_database_is_an_order(folder: Path) -> None:
    connection = sqlite3.connect(folder / "mentions.db")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = set()
    for table in tables:
        cursor = connection.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        for row in cursor:
            found |= {
                (table, name) for name, value in zip(names, row, strict=True)
                if isinstance(value, str) and OBEYED.search(value)
            }  # fmt: skip
    titles = [title for (title,) in connection.execute("SELECT title FROM articles")]
    guids = [guid for (guid,) in connection.execute("SELECT guid FROM sightings WHERE guid IS NOT NULL")]
    schemes = {link.partition(":")[0] for (link,) in connection.execute("SELECT link FROM articles")}
    connection.close()
    assert found - AS_SENT == set()
    assert sum("끝" in title for title in titles) >= 10, "the articles are there, with what can be printed"
    assert any(guid.startswith("=1+1[2J[H]0;taken31mq") for guid in guids)
    assert schemes <= {"http", "https"}


PRESENTABLE = Item(
    title=ORDERS, link=f"http://u:p@a.example/{ORDERS}@b", guid=f"http://u:p@a.example/{ORDERS}", summary=ORDERS,
    author=ORDERS, outlet_text=f"A{ORDERS}P", dates=(("date", f"1{ORDERS}2"),),
    links=(Link(url="http://a.example/", text=ORDERS, before=f"a {ORDERS}", after=f"{ORDERS} b"),),
)  # fmt: skip


def test_whoever_read_an_item_it_is_presentable() -> None:
    """For readers of plugins, and for what a reader overlooks."""
    item = articles.presentable(PRESENTABLE)
    assert not OBEYED.search(repr(item).replace("\\x", "").replace("\\u", ""))
    assert (item.link or "").startswith("http://a.example/")
    assert (item.guid or "").startswith("http://a.example/")
    assert "u:p" not in repr(item)
    assert articles.presentable(item) == item
    assert articles.presentable(Item()) == Item()


# --- terminals --------------------------------------------------------------------------------------------------------

# What rich writes by itself: colours, and links to the web.
_RICH = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;(?:id=[0-9]+)?;(?:https?://[!-~]*)?\x1b\\")


def test_nothing_that_the_press_wrote_speaks_to_a_pipe(folder: Path) -> None:
    text = (folder / "said").read_text("utf-8").replace("\r\n", "\n")
    assert text.count("끝") > 50
    assert "its feed is" in text
    assert [line for line in text.split("\n") if OBEYED.search(line)] == []


def test_nothing_that_the_press_wrote_speaks_to_a_terminal(folder: Path) -> None:
    text = said(folder, "pingbacks t", "search 북송", "status", terminal=True)
    assert "끝" in text
    assert "\x1b]8;" in text, "it is a terminal that is spoken to"
    own = _RICH.sub("", text).replace("\r", "")
    assert OBEYED.findall(own) == []


# --- files ------------------------------------------------------------------------------------------------------------

NOW = datetime(2023, 10, 14, 6, 0, tzinfo=UTC)
ROW = Pingback(
    article=1, story=None, topic="t", date=date(2023, 10, 14), outlet=MARKUP, title=MARKUP, url="https://a.example/?a=1&b",
    language='ko" onclick="x', excerpt=MARKUP, published_at=NOW, found_at=NOW, text="1", event="1",
)  # fmt: skip
HARMFUL = [
    ("markup", {}),
    ("no date", {"date": None, "published_at": None}),
    ("no outlet", {"outlet": ""}),
    ("controls, from whoever wrote the database", {"title": TITLE, "outlet": TITLE, "excerpt": TITLE}),
    ("half a character", {"title": "\ufffe\uffff 북송"}),
    ("an address that closes a link", {"url": "https://a.example/) [x](javascript:alert(1)) <b>\\"}),
    ("a script for an address", {"url": "javascript:alert(1)"}),
    ("a million letters", {"title": MARKUP + "가" * 1_000_000}),
]
HARM = pytest.mark.parametrize("change", [row[1] for row in HARMFUL], ids=[row[0] for row in HARMFUL])


class Tags(HTMLParser):
    """The tags and attributes of HTML as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.attributes = set[str](), set[tuple[str, str | None]]()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= set(attributes)


@HARM
@pytest.mark.parametrize("since", [None, NOW], ids=["list", "digest"])
def test_html_has_no_tag_and_no_attribute_but_ours(change: dict[str, Any], since: datetime | None) -> None:
    rows = [replace(ROW, **change)]
    tags = Tags()
    tags.feed(exports.written(rows, "html") if since is None else exports.digest(MARKUP, rows, since, "html"))
    assert tags.names <= {"ol", "li", "time", "cite", "a", "bdi", "p", "h2"}
    assert {name for name, _ in tags.attributes} <= {"class", "lang", "datetime", "href", "rel"}
    assert not any(value and value.startswith("javascript") for _, value in tags.attributes)


_UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*([`*_{}\[\]<>|~])")


@HARM
def test_markdown_has_one_link_and_nothing_else(change: dict[str, Any]) -> None:
    head, excerpt = exports.written([replace(ROW, **change)], "markdown").removeprefix("- ").split("\n  > ")
    title, _, address = head.rpartition("](")
    assert _UNESCAPED.findall(title) == ["["], "the one that begins the link"
    assert not head.startswith(" "), "else it would be code"
    assert _UNESCAPED.findall(excerpt) == []
    assert re.fullmatch(r"(https://a\.example/[^()<>\\\s]*)?\)", address)


@HARM
def test_atom_is_well_formed(change: dict[str, Any]) -> None:
    feed = ET.fromstring("".join(exports.feed([replace(ROW, **change)], "atom", TITLE, "topic")))
    (link,) = feed.iter("{http://www.w3.org/2005/Atom}link")
    assert link.get("href", "").startswith("https://") or "javascript:" in ROW.url or not link.get("href")


@HARM
@pytest.mark.parametrize("form", ["json", "jsonfeed"])
def test_json_says_what_was_printed(change: dict[str, Any], form: str) -> None:
    row = replace(ROW, **change)
    found = json.loads("".join(exports.feed([row], form, TITLE, "topic")))
    (one,) = found["items"] if form == "jsonfeed" else found
    assert one["title"] == row.title


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n\0", *"＝＋－＠"], ids=lambda sign: f"{ord(sign):x}")
@pytest.mark.parametrize("field", ["title", "outlet", "excerpt", "url", "language"])
def test_no_cell_begins_a_formula(sign: str, field: str) -> None:
    written = exports.written([replace(ROW, **{field: f'{sign}HYPERLINK("x")'})], "csv")
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row[field] == f'\'{sign}HYPERLINK("x")'


def test_the_subscriptions_are_well_formed() -> None:
    read = config.parse(
        f"outlets:\n  o: {{name: {NAMED}, country: KR}}\nsources:\n"
        f"  - {{id: s, url: 'https://a.example/?a=\"<&b', outlet: o, kind: page, select: {{item: 'a[href=\"<\"]'}}}}\n"
    )
    (outline,) = ET.fromstring(opml.write(read)).iter("outline")
    assert outline.get("text") == "이름[2J]0;t31m <b>=x"
    assert quoteattr(outline.get("xmlUrl", "")) == "'https://a.example/?a=\"&lt;&amp;b'"


def test_a_reference_list_stays_a_list_of_lines(folder: Path) -> None:
    text = (folder / "said").read_text("utf-8").split("# and then\n")[3]
    lines = [line for line in text.splitlines() if not line.strip().startswith("http")]
    assert len(lines) > 10
    assert all(re.match(r"\d{4}/\d\d/\d\d | {11}", line) for line in lines), lines
    assert not any(OBEYED.search(one.headline) for one in references.read(text))


# --- plugins ----------------------------------------------------------------------------------------------------------


def test_the_notes_of_plugins_are_no_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(source: Source, _state: SourceState, _ask: Any) -> Fetched:
        if source.id == "raises":
            raise ReadError(Status.BLOCKED, ORDERS)
        return Fetched(status=Status.BLOCKED, note=ORDERS)

    def read(_document: Document, _source: Source) -> Reading:
        return Reading(items=(), note=ORDERS)

    kind = kinds.SourceKind(name="rude", read=read, fetch=fetch)
    monkeypatch.setattr(kinds, "plugins", lambda: (kinds.Plugin(name="rude", version="1", kinds=(kind,)),))
    source = Source(id="s", url="https://a.example/", kind="rude")
    state = SourceState(source="s", url=source.url)
    notes = [kinds.fetch(source, state, lambda *_: Fetched(status=Status.BUG)).note]
    notes.append(kinds.read(Document(url=source.url, body=b""), source).note)
    with pytest.raises(ReadError) as raised:
        kinds.fetch(replace(source, id="raises"), state, lambda *_: Fetched(status=Status.BUG))
    assert [note for note in (*notes, raised.value.note) if OBEYED.search(note)] == []
