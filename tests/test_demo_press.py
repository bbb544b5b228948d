"""The sample press serves what its tables say, in its formats and encodings, over real HTTP, on each of three days."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import feedparser
import pytest
from bs4 import BeautifulSoup

from aggregator import config, outlets, topics
from aggregator.demo import formats, press
from aggregator.demo.server import PressServer

BASE = "http://127.0.0.1:8000"
MENTIONED = {"topic", "wire", "copy", "edit", "correction", "link"}
FEEDS = {feed.id: feed for feed in press.feeds()}
SERVED = [
    pytest.param(feed, day, id=f"{feed.id}-day{day}")
    for feed in press.feeds()
    for day in press.DAYS
    if feed.format != "references" and (feed.path, day) not in press.TROUBLE
]

# --- documents --------------------------------------------------------------------------------------------------------


def titles_and_links(feed: press.Feed, body: bytes) -> list[tuple[str, str]]:
    """Reads a document with somebody else's parser, decoded by its true encoding."""
    text = body.decode(feed.codec)
    if feed.format == "json":
        return [(item["title"], item["url"]) for item in json.loads(text)["items"]]
    if feed.format == "page":
        links = BeautifulSoup(text, "html.parser").select("ul.news > li > a")
        return [(link.text, str(link["href"])) for link in links]
    text = re.sub(r'^<\?xml version="1.0" encoding="[^"]+"\?>\n', "", text)
    if feed.format == "sitemap":
        urls = ElementTree.fromstring(text).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}url")
        return [(url.findtext(".//{*}title", ""), url.findtext("{*}loc", "")) for url in urls]
    parsed = feedparser.parse(text.encode())
    assert not parsed.bozo, parsed.get("bozo_exception")
    return [(entry.title, entry.link) for entry in parsed.entries]


@pytest.mark.parametrize(("feed", "day"), SERVED)
def test_every_document_holds_the_articles_of_its_day(feed: press.Feed, day: int) -> None:
    read = titles_and_links(feed, press.answer(feed.path, day).body)
    rows = press.shown(feed, day)
    assert rows
    assert [title for title, _ in read] == [row.title for row in rows]
    for (_, link), row in zip(read, rows, strict=True):
        assert link.startswith(feed.home + row.path)
        assert link.endswith(feed.query)


@pytest.mark.parametrize("feed", [pytest.param(feed, id=feed.id) for feed in press.feeds() if feed.format != "json"])
def test_every_document_declares_the_label_of_its_table(feed: press.Feed) -> None:
    head = press.answer(feed.path, 1).body[:120].decode("ascii", "replace")
    assert feed.format == "references" or f'"{feed.label}"' in head


@pytest.mark.parametrize(
    ("id_", "day", "standard", "characters"),
    [
        pytest.param("dalnae", 2, "euc_kr", "똠뙇", id="CP949 syllables outside KS X 1001, labelled euc-kr"),
        pytest.param("shinonome", 1, "shift_jis", "①②③髙", id="CP932 circled digits and names, labelled Shift_JIS"),
        pytest.param("yunting", 3, "gb2312", "䗛堃珺", id="GB 18030 characters, labelled gb2312"),
        pytest.param("shiling", 3, "big5", "埗嚟鰂咗𨋢嘅", id="HKSCS characters, one beyond the BMP, labelled Big5"),
        pytest.param("yaenami", 1, "ascii", "サンゴ", id="EUC-JP from a server that says UTF-8"),
    ],
)
def test_legacy_encodings_hold_what_their_standards_do_not(id_: str, day: int, standard: str, characters: str) -> None:
    feed = FEEDS[id_]
    text = press.answer(feed.path, day).body.decode(feed.codec)
    for character in characters:
        assert character in text
        assert len(character.encode(standard, "ignore")) in (0, 8), "KS X 1001 spells such syllables in eight bytes"
    with pytest.raises(UnicodeDecodeError):
        press.answer(feed.path, day).body.decode("utf-8")


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("dotted", "2023.10.12 04:35"),
        ("gmt+9", "Thu,12 Oct 2023 4:35:5 GMT+9"),
        ("iso", "2023-10-12T04:35:05+09:00"),
        ("iso-minutes", "2023-10-12T04:35+09:00"),
        ("japanese", "2023年10月12日 04:35"),
        ("korean", "2023년 10월 12일"),
        ("none", ""),
        ("rfc822", "Thu, 12 Oct 2023 04:35:05 +0900"),
        ("rfc822-bare", "Thu, 12 Oct 2023 04:35:05"),
        ("rfc822-gmt", "Wed, 11 Oct 2023 19:35:05 GMT"),
        ("rfc822-jst", "Thu, 12 Oct 2023 04:35:05 JST"),
        ("slashed", "2023/10/12 04:35"),
        ("sql", "2023-10-12 04:35:05"),
        ("utc", "2023-10-11T19:35:05Z"),
    ],
)
def test_dates_are_printed_as_the_press_prints_them(form: str, printed: str) -> None:
    assert formats.DATES[form](datetime(2023, 10, 12, 4, 35, 5, tzinfo=ZoneInfo("Asia/Seoul"))) == printed


def test_every_date_form_and_every_format_is_in_use() -> None:
    assert {feed.dates for feed in press.feeds()} == set(formats.DATES)
    assert {feed.format for feed in press.feeds()} == set(formats.FORMATS) | {"references"}


def test_an_edited_atom_entry_keeps_its_date_and_says_when_it_was_updated() -> None:
    feed = FEEDS["amnok"]
    entry = feedparser.parse(press.answer(feed.path, 2).body).entries[-1]
    assert entry.published == "2023-10-12T08:20:00+09:00"
    assert entry.updated == "2023-10-13T22:40:00+09:00"


def test_the_reference_list_grows_from_the_top() -> None:
    lists = [press.answer(FEEDS["archive-list"].path, day).body.decode() for day in press.DAYS]
    lines = [text.partition("參考新聞連結:\n")[2].splitlines() for text in lists]
    assert [len(cited) for cited in lines] == [3, 6, 8]
    assert lines[1][-3:] == lines[0]
    assert lines[2][-6:] == lines[1]


# --- content ----------------------------------------------------------------------------------------------------------


def articles() -> dict[tuple[str, str], list[press.News]]:
    """The versions of every article, by its site and path."""
    found: dict[tuple[str, str], list[press.News]] = {}
    for row in press.news():
        found.setdefault((FEEDS[row.feeds[0]].home, row.path), []).append(row)
    return found


def test_three_days_of_news_are_a_hundred_articles_and_a_quarter_is_about_the_topic() -> None:
    versions = articles().values()
    assert 90 <= len(versions) <= 120
    assert 22 <= sum(rows[0].role in MENTIONED for rows in versions) <= 28
    assert sum(rows[0].role == "near" for rows in versions) >= 8
    assert {row.role for row in press.news()} == MENTIONED | {"near", ""}


def test_no_article_is_printed_after_the_run_that_first_sees_it() -> None:
    for row in press.news():
        for id_ in row.feeds:
            published = row.published.replace(tzinfo=ZoneInfo(FEEDS[id_].zone))
            assert published < press.RUN_AT[row.day], row.title


def test_one_headline_is_edited_and_one_place_name_corrected() -> None:
    changed = {rows[0].role: rows for rows in articles().values() if len(rows) > 1}
    assert set(changed) == {"edit", "correction"}
    before, after = changed["correction"]
    assert "남평" in before.title
    assert after.title == "[정정] " + before.title.replace("남평", "난핑")


def test_two_outlets_print_the_wire_under_their_own_addresses() -> None:
    (wire,) = (row for row in press.news() if row.role == "wire")
    copies = [row for row in press.news() if row.role == "copy"]
    text = wire.summary.removeprefix("(서울=해람통신) ")
    assert text != wire.summary
    assert len({FEEDS[row.feeds[0]].home for row in (wire, *copies)}) == 3
    for row in copies:
        assert row.published > wire.published
        assert row.summary.replace("“", '"').replace("”", '"').startswith(text)


def test_a_section_feed_repeats_an_article_with_tracking_parameters() -> None:
    main, section = (FEEDS[id_] for id_ in ("solnae", "solnae-politics"))
    links = dict(titles_and_links(main, press.answer(main.path, 1).body))
    ((title, link),) = titles_and_links(section, press.answer(section.path, 1).body)
    assert link == f"{links[title]}&utm_source=rss&utm_medium=politics"


def test_the_topic_matches_what_the_table_says_and_no_near_miss() -> None:
    topic = config.parse(press.render(BASE)).topics["forced-repatriation"]
    compiled = topics.compile({topic.id: topic})
    for row in press.news():
        links = re.findall(r'href="([^"]+)"', row.summary)
        if links:
            assert links == list(topic.pages)
        visible = re.sub(r"<[^>]+>", " ", row.summary)
        found = compiled.match(row.title, visible, FEEDS[row.feeds[0]].language)
        assert bool(found) == (row.role in MENTIONED - {"link"}), row.title


def sayings() -> str:
    """Every text of the press that somebody may read."""
    texts = [press.render(BASE), (press.HERE / "archive.txt").read_text("utf-8")]
    texts += [f"{row.title}\n{row.summary}" for row in press.news()]
    return "\n".join([*texts, *(feed.title for feed in press.feeds())])


def test_no_real_press_is_named() -> None:
    names = {name for outlet in outlets.BUILT_IN for name in (outlet.name, *outlet.aliases)}
    said = sayings()
    assert not [name for name in names if re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", said)]


def test_no_outlet_takes_the_place_of_a_real_one() -> None:
    assert not {outlet.id for outlet in outlets.BUILT_IN} & set(config.parse(press.render(BASE)).outlets)


def test_every_address_is_invented() -> None:
    served = (
        press.answer(feed.path, day).body.decode(feed.codec, "ignore") for feed in FEEDS.values() for day in (1, 3)
    )
    hosts = set(re.findall(r"https?://([^/\s\"<>,}]+)", "\n".join([press.render("{base}"), *served])))
    namespaces = {"jsonfeed.org", "purl.org", "www.google.com", "www.sitemaps.org", "www.w3.org"}
    assert {host for host in hosts - namespaces if not host.endswith(".example")} == set()


# --- feeds.yaml -------------------------------------------------------------------------------------------------------


def test_the_rendered_configuration_asks_for_everything_the_press_serves() -> None:
    loaded = config.parse(press.render(BASE))
    assert list(loaded.sources) == [feed.id for feed in press.feeds()]
    for source in loaded.sources.values():
        feed = FEEDS[source.id]
        path = re.sub(r"^http://[^/]+", "", source.url)
        assert press.answer(path, 1).status == 200
        assert press.MOVED.get(path, path) == feed.path
        assert source.zone in (None, feed.zone)
        assert source.allow_private
        if source.outlet:
            assert loaded.outlets[source.outlet].homepage == feed.home
            assert source.language == feed.language


def test_every_outlet_is_named_in_other_scripts() -> None:
    for outlet in config.parse(press.render(BASE)).outlets.values():
        assert outlet.aliases
        assert outlet.country


# --- HTTP -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[PressServer]:
    with PressServer() as running:
        yield running


def get(server: PressServer, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    """One GET over a connection of its own; header names with underscores for hyphens."""
    address = urlsplit(server.url(path))
    connection = HTTPConnection(str(address.hostname), address.port, timeout=5)
    try:
        connection.request(
            "GET", address.path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("feed", [pytest.param(feed, id=feed.id) for feed in press.feeds()])
def test_a_known_version_is_not_sent_again(server: PressServer, feed: press.Feed) -> None:
    first, body = get(server, feed.path)
    assert first.status == 200
    assert first.headers["Content-Type"] == feed.type
    assert body == press.answer(feed.path, 1).body
    again = {
        condition: str(first.headers[validator])
        for condition, validator in (("If_None_Match", "ETag"), ("If_Modified_Since", "Last-Modified"))
        if first.headers[validator]
    }
    second, rest = get(server, feed.path, **again)
    assert (second.status, rest) == ((200, body) if feed.validators == "none" else (304, b""))


@pytest.mark.parametrize(
    ("id_", "unchanged"),
    [("haeram", []), ("yaenami", [2]), ("northlight", [2]), ("jiehe", [3])],
    ids=["new every day", "no issue on day 2", "nothing to report on day 2", "nothing on day 3"],
)
def test_a_new_day_brings_news_or_304(server: PressServer, id_: str, unchanged: list[int]) -> None:
    path, seen = FEEDS[id_].path, []
    conditions: dict[str, str] = {}
    for server.day in press.DAYS:
        response, _ = get(server, path, **conditions)
        if response.status == 304:
            seen.append(server.day)
        conditions = {"If_Modified_Since": str(response.headers["Last-Modified"])}
    assert seen == unchanged


def test_the_etag_decides_where_both_are_asked(server: PressServer) -> None:
    path = FEEDS["haeram"].path
    first, _ = get(server, path)
    second, _ = get(server, path, If_None_Match='"another"', If_Modified_Since=str(first.headers["Last-Modified"]))
    assert second.status == 200


def test_compression_is_for_those_who_ask(server: PressServer) -> None:
    path = FEEDS["haeram"].path
    plain, body = get(server, path)
    packed, compressed = get(server, path, Accept_Encoding="gzip, deflate")
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed) == body


def test_a_moved_feed_points_to_its_new_address_from_the_second_day(server: PressServer) -> None:
    before, body = get(server, "/chaoxi/rss.php")
    assert (before.status, body) == (200, press.answer("/chaoxi/feed/", 1).body)
    for server.day in (2, 3):
        moved, _ = get(server, "/chaoxi/rss.php")
        assert (moved.status, moved.headers["Location"]) == (301, "/chaoxi/feed/")
        assert get(server, "/chaoxi/feed/")[0].status == 200


def test_an_overloaded_server_says_when_to_come_back_and_is_back(server: PressServer) -> None:
    path, statuses = FEEDS["yunting"].path, []
    for server.day in press.DAYS:
        response, body = get(server, path)
        statuses.append((response.status, response.headers["Retry-After"]))
    assert statuses == [(200, None), (503, "3600"), (200, None)]
    assert "三百只竹节虫安家" in body.decode("gb18030"), "what was missed on day 2 is there on day 3"


def test_a_feed_given_up_is_gone_and_a_closed_site_answers_with_a_page(server: PressServer) -> None:
    server.day = 3
    assert get(server, FEEDS["shinonome-sports"].path)[0].status == 410
    response, body = get(server, FEEDS["dalnae"].path)
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html")
    assert body.decode("cp949").startswith("<!doctype html>")


def test_an_unknown_path_is_not_found(server: PressServer) -> None:
    assert get(server, "/nowhere")[0].status == 404


def test_the_server_dates_its_answers_by_the_day_it_plays(server: PressServer) -> None:
    for server.day in press.DAYS:
        response, _ = get(server, FEEDS["shiomi"].path)
        assert parsedate_to_datetime(str(response.headers["Date"])) == press.RUN_AT[server.day]
        assert parsedate_to_datetime(str(response.headers["Last-Modified"])) <= press.RUN_AT[server.day]


def test_the_server_is_silent(server: PressServer, capfd: pytest.CaptureFixture[str]) -> None:
    get(server, FEEDS["haeram"].path)
    get(server, "/nowhere")
    assert capfd.readouterr() == ("", "")
