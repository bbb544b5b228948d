"""What reads text from elsewhere holds what it promises for seeds, mutated seeds, and whatever once broke it.

`python -m tests.fuzz` does the same for as long as there is time: see tests/fuzz.py.
"""

from __future__ import annotations

import os
import random
import re

import pytest

from tests import fuzz, fuzz_seeds
from tests.fuzz_targets import TARGETS, Target

TIMES = int(os.environ.get("FUZZ", "1"))  # so many times more inputs
SLOW = {"dates": 60, "editing": 60, "feeds": 30, "intake": 12, "language": 30, "pages": 12, "references": 30}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_its_promise_for_its_seeds_and_mutated_ones(name: str) -> None:
    trial = fuzz.rehearse(TARGETS[name], TIMES * SLOW.get(name, 150), random.Random(7), fuzz_seeds.WORDS)
    assert [crash.trace for crash in trial.crashes.values()] == []


def jsonfeed(entry: bytes) -> bytes:
    return b'\n{"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "x", %s}]}' % entry


def jf2(entry: bytes) -> bytes:
    return b'\n{"children": [{"wm-target": "https://ours.example/", %s}]}' % entry


def yaml(outlet: str, source: str) -> bytes:
    return f"outlets: {{{{{outlet}}}}}\nsources: [{source}]\n".format(login=fuzz_seeds.LOGIN).encode()


# Every input that once broke a promise: target, input, why.
BROKEN: list[tuple[str, bytes, str]] = [
    ("urls", b"https://[::1/", "the server of an address whose bracket is left open"),
    ("urls", b"https://a" + b".e" * 100_000, "a host of a hundred thousand labels: minutes"),
    (
        "received",
        jf2(b'"wm-source": "https://a.example/", "summary": "%s b"' % (b"a" * 999)),
        "a summary cut at a space",
    ),
    ("editing", b"\n# \0", "a control character in a feeds.yaml of comments alone"),
    ("dates", b"2023-10-12" + b" " * 988, "white space around a date counts towards what is too long to be one"),
    ("text", "t\U000e0067\U000e007f".encode(), "two characters of a flag without its flag: one was left"),
    ("references", "2023/1/2 t\U000e0065\U000e0065".encode(), "the same at the end of a headline"),
    ("references", "2023/1/2 中央日報（\u061c)：首".encode(), "an edition of a character that is never seen"),
    ("text", "\u061c\u200c\u0628".encode(), "a joiner beside a letter that is none, and is never seen itself"),
    ("feeds", jsonfeed(rb'"url": "https://a.example/\ud800"'), "half a character in an address of a JSON Feed"),
    ("feeds", jsonfeed(rb'"id": "\ud800", "url": "https://a.example/"'), "half a character in an id of a JSON Feed"),
    ("intake", jsonfeed(rb'"url": "https://a.example/", "id": "\u0000"'), "NUL in an id of a JSON Feed"),
    ("received", jf2(rb'"wm-source": "https://a.example/\ud800"'), "half a character in the address of a webmention"),
    ("received", jf2(rb'"wm-source": "https://a.example/", "published": "\ud800"'), "and in its date"),
    ("pages", b"\n<ul><li>" + b"<a href=x>" * 4_500, "links within links, which print nothing: many seconds"),
    (
        "pages",
        rb"""
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x", "datePublished": "\ud800"}</script>""",
        "half a character in the JSON-LD of a page",
    ),
    (
        "config",
        yaml('"https{login}a.example/": {{name: A}}', "{{id: s, url: https://s.example, outlet: b}}"),
        "an address with credentials for an id, which another mistake names",
    ),
    (
        "config",
        yaml("a: {{name: A, homepage: https{login}a.example}}", "{{id: s, url: https://s.example, outlet: a}}"),
        "credentials in the homepage of an outlet, which lists show",
    ),
    ("topics", b"ko\n" + b"NOT " * 1_200 + b"a", "a query nested deeper than Python recurses"),
    ("topics", b"ko\n" + b"a NEAR/1 " * 1_200 + b"a\n\na a a", "words near words near words"),
    ("topics", b"ko\na NEAR/" + b"9" * 5_000 + b" b\n\na b", "a distance of more digits than Python reads"),
    ("topics", b"en\na NEAR/9 b\n\n" + b"a b " * 1_000, "two words near each other a thousand times: minutes"),
    (
        "language",
        b"ja\n" + "首相官邸\n".encode() * 6_000,
        "six thousand headings in Chinese characters: minutes",
    ),
    ("pages", b"\n" + b"<ul><li>" * 800 + b"<a href=/x>headline", "list items within list items: many seconds"),
]


@pytest.mark.parametrize(("name", "data", "why"), BROKEN, ids=[row[-1] for row in BROKEN])
def test_what_once_broke_a_promise_breaks_none(name: str, data: bytes, why: str) -> None:
    crash = fuzz.Trial(TARGETS[name].run, longest=5).failure(data)
    assert crash is None, crash.trace


def careless(data: bytes) -> None:
    """Reads the numbers of a text as somebody does who has not thought of long ones."""
    for number in re.findall(rb"[0-9]+", data):
        assert len(number) < 20, "a number that no table has room for"


def endless(data: bytes) -> None:
    """Takes for ever where there are two ampersands."""
    while b"&&" in data:
        pass


def test_a_fault_that_was_planted_is_found_and_its_input_made_small() -> None:
    target = Target(careless, "No number is long.", fuzz_seeds.urls)
    trial = fuzz.rehearse(target, 100, random.Random(7), fuzz_seeds.WORDS)
    (crash,) = trial.crashes.values()
    assert crash.way.startswith("AssertionError in test_fuzz.py:careless")
    assert len(crash.data) == 20
    assert "a number that no table has room for" in crash.trace


def test_what_takes_too_long_is_found() -> None:
    trial = fuzz.Trial(endless, longest=0.05)
    trial(b"a&b")
    trial(b"a&&b")
    assert [crash.data for crash in trial.crashes.values()] == [b"a&&b"]
