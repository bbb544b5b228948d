"""Reference lists become records, and records become a list that reads as the same records."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Outlet, Reference
from aggregator.outlets import directory
from aggregator.references import read, write

CASES = Path(__file__).parent / "cases"
SEED = Path(__file__).resolve().parents[2] / "shared" / "seed"
JOINER = "\u2060"


def unescaped(text: str) -> str:
    plain = {"\\t": "\t", "\\n": "\n"}
    return re.sub(r"\\(?:[tn]|u([0-9a-f]{4}))", lambda m: chr(int(m[1], 16)) if m[1] else plain[m[0]], text)


# What headlines are made of that want to be read as something else, and white space in between.
PIECES = [unescaped(line) for line in (CASES / "references_pieces.txt").read_text(encoding="utf-8").splitlines()]
PIECES += [" "] * (len(PIECES) // 4)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
LINES = st.lists(st.sampled_from([*PIECES, "\n", "\r\n", "\n2023/10/12 "]), max_size=30).map("".join)
ANY = st.text(st.characters(exclude_categories=()))
URLS = st.none() | st.sampled_from(
    [
        "https://example.org/a/1?idxno=5&x=%BA%CF",
        "https://example.org/2023/10/13/a_(b)",
        "http://例え.jp/脱北者?a&amp;b.",
    ]
)


def table() -> list:
    """The rows of the case table, each with its `why` as the id; `\\t`, `\\n`, `\\uXXXX` stand for the characters."""
    rows = [line.split("\t") for line in (CASES / "references.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    return [pytest.param(unescaped(text), unescaped(records), id=why) for text, records, why in rows]


def printed(references: tuple[Reference, ...]) -> str:
    """Records as the case table prints them: one a line, the language by its primary tag."""
    return "\n".join(
        "¦".join([one.date.isoformat(), one.outlet or "", one.headline, one.url or "", one.language.tag[:2]])
        for one in references
    )


@pytest.mark.parametrize(("text", "records"), table())
def test_a_list_reads_as(text, records):
    assert printed(read(text)) == records


@pytest.mark.parametrize(("text", "records"), table())
def test_what_was_read_is_written_and_read_again(text, records):
    found = read(text)
    linked = tuple(replace(one, url="https://example.org/a/1?idxno=5&x=%BA%CF") for one in found)
    for some in (found, linked, found + linked, (found + linked)[::-1], found * 2):
        assert read(write(some)) == some


def test_the_glued_excerpt_that_started_it_all():
    if not SEED.is_dir():
        pytest.skip("the page with the pingback excerpt is not beside this repository")
    page = next(SEED.glob("*.txt")).read_text(encoding="utf-8")
    found = read(page)
    assert [one.outlet for one in found] == ["中央日報", None, "産経", "BBC", "연합뉴스", "ロイター"]
    assert [one.date.day for one in found] == [12, 10, 12, 14, 13, 12]
    assert read(write(found)) == found


# --- press names ------------------------------------------------------------------------------------------------------


def test_press_names_may_be_given():
    own = Outlet(id="dawn", name="새벽신문", aliases=("Dawn Daily",))
    text = "2023/10/12 새벽신문 회담\n2023/10/13 BBC Talks"
    assert [one.outlet for one in read(text)] == [None, "BBC"]
    assert [one.outlet for one in read(text, [own])] == ["새벽신문", "BBC"]
    assert read(text, directory([own])) == read(text, [own]) == read(write(read(text, [own]), [own]), [own])


def test_a_given_name_does_not_steal_a_headline_that_was_read_with_it():
    own = [Outlet(id="dawn", name="Dawn")]
    (reference,) = read(f"2023/10/12 {JOINER}Dawn breaks", own)
    assert (reference.outlet, reference.headline) == (None, "Dawn breaks")
    assert read(write([reference], own), own) == (reference,)
    assert JOINER not in write([reference])


# --- writing ----------------------------------------------------------------------------------------------------------


def test_one_record_is_one_line():
    text = "2023.10.5 - NHK： 首相が訪韓へ https://example.org/1\n2023/10/12 Leaders shake hands"
    assert write(read(text)) == (
        "2023/10/05 NHK 首相が訪韓へ <https://example.org/1>\n2023/10/12 Leaders shake hands\n"
    )


def test_nothing_written_reads_as_nothing():
    assert write(()) == ""
    assert read(write(())) == ()


def test_only_a_headline_that_would_be_misread_has_word_joiners():
    (plain, hostile) = read(
        f"2023/10/12 BBC Talks | 24 hours – A: b [update]\n2023/10/13 BBC On 2023/{JOINER}10/20 in Seoul"
    )
    assert hostile.headline == "On 2023/10/20 in Seoul"
    assert JOINER not in write([plain])
    assert JOINER in write([hostile])


@given(HOSTILE, st.sampled_from([None, "BBC", "産経", "연합뉴스", "中央日報（日本語版）"]), URLS)
@settings(max_examples=200, deadline=None)
def test_a_hostile_headline_comes_back(headline, outlet, url):
    shielded = JOINER + JOINER.join(headline) + JOINER
    found = read(f"2023/10/12 {outlet or ''} {shielded}" + (f" <{url}>" if url else ""))
    assert all((one.outlet, one.url) == (outlet, url) for one in found)
    assert read(write(found)) == found


@given(LINES | ANY, URLS)
@settings(max_examples=200, deadline=None)
def test_whatever_was_read_comes_back_with_urls_repeated_joined_and_reversed(text, url):
    found = read(text)
    linked = tuple(replace(one, url=url) for one in found)
    assert read(write(found + linked)) == found + linked
    assert read(write((found + linked + found)[::-1])) == (found + linked + found)[::-1]


@given(LINES | ANY)
@settings(max_examples=150, deadline=None)
def test_a_record_has_a_headline_in_single_spaces(text):
    for one in read(text):
        assert isinstance(one.date, date)
        assert one.headline == " ".join(one.headline.split()) != ""
        assert one.outlet is None or directory().prefix(one.outlet)


# --- damaged and hostile text -----------------------------------------------------------------------------------------

DAMAGED = [
    "[…]",
    "[…] … […]",
    "2023/10/12",
    "2023/13/45 BBC x",
    "2023/10/12 BBC",
    "\x00",
    "[" * 5000,
    "- " * 5000,
    "<!--",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_what_holds_no_record_reads_as_nothing(text):
    assert read(text) == ()


@pytest.mark.parametrize(
    "piece",
    ["[ ", "\n", "<!--", "<a href=http://a.b>", "[a](", "(https://a", "|", "[…]\n", "[…]", "1.", "& ", "2023/10/12"],
)
def test_long_hostile_text_costs_linear_time(piece):
    text = f"2023/10/12 x{piece * (60_000 // len(piece))}y"
    start = time.perf_counter()
    read(text)
    assert time.perf_counter() - start < 5
