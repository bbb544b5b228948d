"""The documents that other feed readers are tested with, and what those expect of them.

docs/feed-suites.md says why an expectation is not met; its table is held against what is found here.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from aggregator import feeds
from aggregator.errors import ReadError
from aggregator.model import Document, Item, Reading
from aggregator.text import visible

SUITES = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "feed_suites"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "feed-suites.md"
HOST = "http://127.0.0.1:8097/"  # where feedparser's tests are served

# How feedparser's expectations name what an item has.
FIELDS = {
    "entries[0]['title']": "title",
    "entries[0].title": "title",
    "entries[0]['title_detail']['value']": "title",
    "entries[0]['link']": "link",
    "entries[0].link": "link",
    "entries[0]['id']": "guid",
    "entries[0]['guid']": "guid",
    "entries[0]['summary']": "summary",
    "entries[0]['description']": "summary",
    "entries[0]['author']": "author",
}
SHOWN = ("title", "summary")

# Lists of feeds, a web page, nothing at all, other XML, one entry alone, and a feed whose server gave up half way.
NO_FEEDS = re.compile(r"\.opml$|\.html$|/empty\.xml$|/xml_sample_|/atom_entry_1\.|\.serde\.json$|/rss_2\.0_invalid_1\.")

# Where an expectation is not met, and on which ground: a row of the page.
GROUNDS = {
    "feedparser/illformed/rss_empty_document.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_abstract_map_description.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_abstract_map_tagline.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_href_map_link.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_href_map_links.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_lastmod.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_lastmod_parsed.xml": "a feed that lists nothing",
    "feedparser/wellformed/cdf/channel_title.xml": "a feed that lists nothing",
    "feedparser/encoding/utf-32be-autodetect.xml": "UTF-32",
    "feedparser/encoding/utf-32be.xml": "UTF-32",
    "feedparser/encoding/utf-32le-autodetect.xml": "UTF-32",
    "feedparser/encoding/utf-32le.xml": "UTF-32",
    "feedparser/encoding/utf_32.xml": "UTF-32",
    "feedparser/wellformed/atom/entry_summary_base64.xml": "text with angle brackets",
    "feedparser/wellformed/atom/entry_summary_base64_2.xml": "text with angle brackets",
    "feedparser/wellformed/atom/entry_title_base64.xml": "text with angle brackets",
    "feedparser/wellformed/atom/entry_title_base64_2.xml": "text with angle brackets",
    "feedparser/wellformed/atom/entry_title_text_plain_brackets.xml": "text with angle brackets",
    "feedparser/wellformed/atom10/entry_title_text_plain_brackets.xml": "text with angle brackets",
    "feedparser/wellformed/sanitize/acceptable_element_command.xml": "text with angle brackets",
    "feed-rs/rss0/rss_0.91_encoding_1.xml": "Latin-1 without a language",
    "feed-rs/rss0/rss_0.91_encoding_2.xml": "Latin-1 without a language",
    "feed-rs/rss2/rss_2.0_encoding_1.xml": "Latin-1 without a language",
    "feed-rs/atom/atom_relative.xml": "a relative link",
    "feed-rs/rss1/rss_1.0_example_1.xml": "a relative link",
    "feedparser/wellformed/base/http_item_link_base_content_location.xml": "a relative link",
    "feed-rs/atom/atom_xml_base.xml": "an id that is an address",
    "feed-rs/rss2/rss_2.0_spec_1.xml": "an id that is an address",
    "feedparser/wellformed/base/http_entry_id_base_content_location.xml": "an id that is relative",
    "feedparser/wellformed/base/http_entry_id_base_docuri.xml": "an id that is relative",
    "feedparser/wellformed/atom/entry_author_map_author.xml": "a mail address",
    "feedparser/wellformed/atom10/entry_author_map_author.xml": "a mail address",
    "feed-rs/jsonfeed/jsonfeed_elastic_1.1.json": "a link as written",
    "feed-rs/atom/atom_entry_1.xml": "a lone entry",
    "feedparser/illformed/rss_incomplete_cdata.xml": "a feed that breaks off",
    "feedparser/wellformed/rss/entity_in_doctype.xml": "an entity of the document's own",
}

pytestmark = pytest.mark.skipif(not SUITES.is_dir(), reason="the test documents of other readers are not here")


def read(name: str, headers: str = "") -> Reading | ReadError:
    content_type = re.search(r"(?im)^content-type:\s*(.+)$", headers)
    body = (SUITES / name).read_bytes()
    try:
        return feeds.parse(Document(url=HOST + name, body=body, content_type=content_type and content_type[1].strip()))
    except ReadError as refused:
        return refused


def same(field: str, found: str | None, expected: str | None) -> bool:
    """Whether a field is what is expected, markup aside: here it is resolved, elsewhere it is kept."""
    return (found or "") == (visible(expected or "") if field in SHOWN else expected or "")


# --- feedparser -------------------------------------------------------------------------------------------------------


def stated(expectation: str) -> Iterator[tuple[str, str]]:
    """(field, value) of each `name == 'text'` of an expectation that names what an item has."""
    try:
        tree = ast.parse(expectation.strip(), mode="eval")
    except SyntaxError:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=str(value))]):
                if field := FIELDS.get(ast.unparse(left)):
                    yield field, value


@cache
def of_feedparser() -> tuple[int, frozenset[str]]:
    """How many statements were compared, and the documents that are refused or say something else."""
    compared, other = 0, set()
    with (SUITES / "feedparser_expectations.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            name = f"feedparser/{row['file']}"
            reading = read(name, row["http_headers"])
            if isinstance(reading, ReadError):
                other.add(name)
                continue
            item = reading.items[0] if reading.items else Item()
            statements = list(stated(row["expect"]))
            compared += len(statements)
            if not all(same(field, getattr(item, field), value) for field, value in statements):
                other.add(name)
    return compared, frozenset(other)


# --- feed-rs ----------------------------------------------------------------------------------------------------------


def said(entry: dict[str, object]) -> tuple[str, str]:
    """Title and link of an entry as feed-rs writes them down."""
    title, links = entry["title"] or {}, entry["links"]
    assert isinstance(title, dict)
    assert isinstance(links, list)
    addresses = [link["href"] for link in links if link["rel"] in (None, "alternate")]
    return title.get("content") or "", next(iter(addresses), "")


@cache
def of_feed_rs() -> tuple[int, frozenset[str]]:
    """How many entries were compared, and the documents that are refused or say something else."""
    compared, other = 0, set()
    for path in sorted((SUITES / "feed-rs").rglob("*.serde.json")):
        source = next(one for one in path.parent.glob(f"{path.name.removesuffix('.serde.json')}.*") if one != path)
        name = source.relative_to(SUITES).as_posix()
        reading, entries = read(name), json.loads(path.read_bytes())["entries"]
        if isinstance(reading, ReadError) or len(reading.items) != len(entries):
            other.add(name)
            continue
        compared += len(entries)
        pairs = zip(reading.items, map(said, entries), strict=True)
        if not all(same("title", item.title, title) and same("link", item.link, link) for item, (title, link) in pairs):
            other.add(name)
    return compared, frozenset(other)


# --- what is held -----------------------------------------------------------------------------------------------------


def documents() -> list[str]:
    found = (
        path
        for path in SUITES.rglob("*")
        if path.is_file() and path.suffix in (".atom", ".html", ".json", ".opml", ".rss", ".xml")
    )
    return sorted(path.relative_to(SUITES).as_posix() for path in found)


def test_every_document_is_read_or_refused() -> None:
    for name in documents():
        if not name.startswith("feedparser/"):
            assert isinstance(read(name), ReadError) == bool(NO_FEEDS.search(name)), name


def test_what_differs_is_known_with_its_ground() -> None:
    assert of_feedparser()[1] | of_feed_rs()[1] == set(GROUNDS)
    assert of_feedparser()[0] > 700
    assert of_feed_rs()[0] > 80


def test_the_page_counts_what_differs() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| `([^`|]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {ground: int(count) for ground, count, _ in rows} == Counter(GROUNDS.values())
    assert all(GROUNDS.get(example) == ground for ground, _, example in rows)
