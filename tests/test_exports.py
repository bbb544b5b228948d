"""Lists that leave the database: right, and inert wherever they go."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from aggregator import exports, outlets, references
from aggregator.model import Pingback

NOW = datetime(2023, 10, 14, 6, 0, tzinfo=UTC)
PRESS = outlets.directory().find
ROW = Pingback(
    article=1, story=None, topic="t", date=date(2023, 10, 14), outlet="BBC", title="中国が「多数の」脱北者を強制送還", url="https://bbc.example/a?b=1&c=2",
    language="ja", excerpt="[…] 中国が「多数の」脱北者を […]", published_at=NOW, found_at=NOW, text="1", event="1",
)  # fmt: skip
HOSTILE = replace(ROW, title='=HYPERLINK("x") <b>[x](y)</b> *z* | \u202e', url="https://x.example/(a)", outlet="@<i>")


def test_the_text_reads_back_as_the_reference_list_that_it_is() -> None:
    (reference,) = references.read(exports.written([ROW], "text"))
    assert (reference.date, reference.outlet, reference.headline) == (ROW.date, ROW.outlet, ROW.title)
    assert reference.url == ROW.url


def test_the_list_is_printed_as_on_the_archive_page() -> None:
    assert exports.lines([ROW]) == "2023/10/14 BBC 中国が「多数の」脱北者を強制送還\n"
    assert exports.lines([replace(ROW, outlet="")]) == "2023/10/14 中国が「多数の」脱北者を強制送還\n"
    assert exports.lines([replace(ROW, date=None)]).startswith("           BBC")


def test_html_is_a_fragment_that_is_well_formed_and_escaped() -> None:
    tree = ET.fromstring(exports.written([ROW, HOSTILE], "html"))
    assert [one.get("lang") for one in tree] == ["ja", "ja"]
    assert tree[1].find("a/bdi").text == HOSTILE.title  # type: ignore[union-attr]
    assert tree[0].find("time").get("datetime") == "2023-10-14"  # type: ignore[union-attr]


def test_html_links_to_the_web_only() -> None:
    assert "javascript" not in exports.written([replace(ROW, url="javascript:alert(1)")], "html")


def test_markdown_shows_what_was_printed() -> None:
    written = exports.written([HOSTILE], "markdown")
    assert r"\<b\>\[x\](y)\</b\> \*z\* \|" in written
    assert "(https://x.example/%28a%29)" in written


@pytest.mark.parametrize("start", [*list("=+-@\t\r"), "＝", "＠"])
def test_no_cell_of_a_csv_begins_a_formula(start: str) -> None:
    written = exports.written([replace(ROW, title=f"{start}SUM(1)")], "csv")
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["title"] == f"'{start}SUM(1)"


def test_json_is_as_stored() -> None:
    (row,) = json.loads(exports.written([HOSTILE], "json"))
    assert row["title"] == HOSTILE.title


def test_json_feed_and_atom_name_each_article_by_its_address() -> None:
    feed = json.loads("".join(exports.feed([ROW], "jsonfeed", "Topic", "topic")))
    assert (feed["version"], feed["items"][0]["id"]) == ("https://jsonfeed.org/version/1.1", ROW.url)
    atom = ET.fromstring("".join(exports.feed([ROW], "atom", "Topic", "topic")))
    names = {"a": "http://www.w3.org/2005/Atom"}
    assert atom.findtext("a:entry/a:id", namespaces=names) == ROW.url
    assert atom.findtext("a:updated", namespaces=names) == "2023-10-14T06:00:00Z"


def test_a_feed_is_told_apart_by_the_id_of_its_topic_and_what_was_asked_of_it() -> None:
    found = {"".join(exports.feed([], "atom", "One topic", name)) for name in ("north", "north?language=ko")}
    ids = {ET.fromstring(one).findtext("{http://www.w3.org/2005/Atom}id") for one in found}
    assert ids == {"urn:pingbacks:north", "urn:pingbacks:north%3Flanguage%3Dko"}


@pytest.mark.parametrize("rows", [[], [ROW], [ROW, HOSTILE, replace(ROW, title="a\u2028b\nc")]], ids=len)
def test_json_is_written_piece_by_piece_as_in_one_go(rows: list[Pingback]) -> None:
    for form in ("json", "jsonfeed"):
        written = "".join(exports.feed(rows, form, "Topic", "topic"))
        assert written.strip() == json.dumps(json.loads(written), ensure_ascii=False, indent=2)


@pytest.mark.parametrize("form", ["csv", "json", "jsonfeed"])
def test_millions_of_articles_are_never_held_all_at_once(form: str) -> None:
    given = 0

    def articles() -> Iterator[Pingback]:
        nonlocal given
        for given in range(1, 100):  # noqa: B007 - how many were asked for
            yield ROW

    for number, _ in enumerate(exports.feed(articles(), form, "Articles", "articles")):
        assert given <= number + 1


def test_an_event_stands_once_as_whoever_was_first_told_it() -> None:
    wire = replace(ROW, published_at=NOW - timedelta(hours=1), outlet="wire")
    other = replace(ROW, event="2")
    assert exports.once([other, ROW, wire]) == (other, wire)


def test_headlines_are_dressed_for_reading() -> None:
    (bare,) = exports.dressed([replace(ROW, title=ROW.title + "｜朝日新聞")], PRESS)
    assert bare.title == ROW.title
    (quoted,) = exports.dressed([ROW], PRESS, quotes=True)
    assert quoted.title == "「中国が『多数の』脱北者を強制送還」"


def test_a_digest_says_what_is_new_since_when() -> None:
    assert exports.digest("Topic *", [ROW], NOW, "markdown").startswith(
        "## Topic \\*: 1 new since 2023/10/14 06:00 UTC\n\n- 2023"
    )
    assert exports.digest("Topic <", [ROW], None, "html").startswith("<h2>Topic &lt;: 1 new</h2>\n<ol")
