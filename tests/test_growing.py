"""Growing the list: `add` finds what can be polled at an address, `import` takes over the list of another reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from aggregator import cli, config
from aggregator.model import Kind
from tests.press import Press

FEEDS = """# mine
fetch: {allow_private: true, timeout: 5s}
outlets:
  other: {name: 다른신문, homepage: https://other.example}  # the other
sources:
  - id: other  # works
    url: https://other.example/rss
# what is watched
topics:
  repatriation: {terms: {ko: [북송]}}
"""


def rss(*titles: str, name: str = "해람통신", date: str = "Thu, 12 Oct 2023 10:00:00 +0900") -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>https://haeram.example/view/{number}</link><pubDate>{date}</pubDate></item>"
        for number, title in enumerate(titles)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


NEWS = ("통일부 중국서 다수의 북한 주민 북송", "서울 지하철 노선 연장 계획 발표")


def sitemap(*titles: str) -> bytes:
    entries = "".join(
        f"<url><loc>https://haeram.example/view/{number}</loc>"
        + f"<news:news><news:title>{title}</news:title></news:news></url>" * bool(title)
        + "</url>" * (not title)
        for number, title in enumerate(titles)
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f"<urlset {spaces}>{entries}</urlset>".encode()


def page(head: str = "", body: str = "") -> bytes:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()


def listing(*, dated: bool = True) -> str:
    rows = "".join(
        f'<li class="row"><a href="/view/{number}">{title} {number}</a>'
        + f'<span class="when">2023.10.{12 - number} 오후 2:14</span>' * dated
        + "</li>"
        for number, title in enumerate(NEWS * 3)
    )
    return f'<ul class="news">{rows}</ul>'


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Desk:
    """A folder with a feeds.yaml, and a press in reach."""

    def __init__(self, folder: Path, press: Press, capture: pytest.CaptureFixture[str]) -> None:
        self.press, self.feeds, self._capture = press, folder / "feeds.yaml", capture
        self.feeds.write_text(FEEDS, "utf-8")

    def call(self, *arguments: str) -> Result:
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        out, err = self._capture.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    def html(self, path: str, head: str = "", body: str = "") -> str:
        self.press.serve(path, page(head, body), content_type="text/html; charset=utf-8")
        return self.press.url(path)

    def added(self) -> list[config.Source]:
        return list(config.load(self.feeds).sources.values())[1:]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    with Press() as press:
        yield Desk(tmp_path, press, capsys)


# --- what is found ----------------------------------------------------------------------------------------------------


def test_a_feed_is_added_as_it_is(desk: Desk) -> None:
    desk.press.serve("/rss/politics.xml", rss(*NEWS))
    result = desk.call("add", desk.press.url("/rss/politics.xml"))
    assert result.code == 0, result.err
    assert "2023-10-12  ko      통일부 중국서 다수의 북한 주민 북송  → repatriation" in result.out
    (source,) = desk.added()
    assert source.id == "127-0-0-1-politics"
    assert source.url == desk.press.url("/rss/politics.xml")
    assert source.language == "ko"
    assert source.allow_private, "as the defaults of the file say"
    outlet = config.load(desk.feeds).outlets[source.outlet or ""]
    assert outlet.name == "해람통신", "as the feed calls itself"


def test_everything_that_was_written_stays(desk: Desk) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    assert desk.call("add", desk.press.url("/feed"), "--id", "haeram").code == 0
    lines = desk.feeds.read_text("utf-8").splitlines()
    new = [line for line in lines if line not in FEEDS.splitlines()]
    assert [line for line in lines if line in FEEDS.splitlines()] == FEEDS.splitlines()
    assert new[0].startswith("  127-0-0-1: {name: 해람통신, homepage: ")
    assert new[1].startswith("  - id: haeram  # works 20")
    assert lines.index("# what is watched") == lines.index("    language: ko") + 1


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param('<link rel="alternate" type="application/rss+xml" href="/main.xml">', "", id="the head names it"),
        pytest.param("<LINK REL=alternate TYPE=application/atom+xml HREF=main.xml>", "", id="in capitals, unquoted"),
        pytest.param('<base href="/x/"><link rel="alternate" type="text/xml" href="../main.xml">', "", id="a base"),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" title="댓글" href="/comments.xml">'
            '<link rel="alternate" type="application/rss+xml" title="기사" href="/main.xml">',
            "",
            id="comments come first",
        ),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="/gone.xml">'
            '<link rel="alternate" type="application/rss+xml" href="/main.xml">',
            "",
            id="one that is gone comes first",
        ),
        pytest.param("", '<a href="/main.xml"><img src="rss.png" alt="icon"> RSS</a>', id="a link that says so"),
        pytest.param("", '<a href="/rss/">구독</a>', id="a link to a page that lists feeds"),
    ],
)
def test_the_feed_of_a_page_is_found(desk: Desk, head: str, body: str) -> None:
    desk.press.serve("/main.xml", rss(*NEWS))
    desk.press.serve("/comments.xml", rss("댓글 하나"))
    desk.html("/rss/", body='<p>RSS 목록 <a href="/main.xml">전체기사 RSS</a>')
    result = desk.call("add", desk.html("/", f'<meta property="og:site_name" content="해람 &amp; 통신">{head}', body))
    assert result.code == 0, result.err
    (source,) = desk.added()
    assert (source.url, source.kind) == (desk.press.url("/main.xml"), Kind.FEED)
    assert config.load(desk.feeds).outlets[source.outlet or ""].name == "해람 & 통신"


def test_of_several_feeds_the_main_one_is_added_and_the_others_are_listed(desk: Desk) -> None:
    names = ("main", "sports")
    for name in names:
        desk.press.serve(f"/{name}.xml", rss(*NEWS))
    head = "".join(
        f'<link rel=alternate type="application/rss+xml" title="{name}!" href="/{name}.xml">' for name in names
    )
    result = desk.call("add", desk.html("/", head))
    assert [source.url for source in desk.added()] == [desk.press.url("/main.xml")]
    assert f"  {desk.press.url('/sports.xml')}  sports!\n" in result.out
    assert not desk.press.asked("/sports.xml")


def test_a_json_feed_is_a_feed(desk: Desk) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "해람",
        "items": [{"url": "https://h.example/1", "title": NEWS[0]}],
    }
    desk.press.serve("/feed.json", json.dumps(feed).encode(), content_type="application/feed+json")
    head = '<link rel="alternate" type="application/feed+json" href="/feed.json">'
    assert desk.call("add", desk.html("/", head)).code == 0
    assert [source.url for source in desk.added()] == [desk.press.url("/feed.json")]


def test_a_sitemap_of_robots_txt_is_found_where_it_has_headlines(desk: Desk) -> None:
    robots = f"User-agent: *\nSitemap: {desk.press.url('/all.xml')}\nsitemap:{desk.press.url('/news-map.xml')}\n"
    desk.press.serve("/robots.txt", robots.encode(), content_type="text/plain")
    desk.press.serve("/news-map.xml", sitemap(*NEWS))
    desk.press.serve("/all.xml", sitemap("", ""))
    assert desk.call("add", desk.html("/", body=listing())).code == 0
    (source,) = desk.added()
    assert (source.url, source.kind) == (desk.press.url("/news-map.xml"), Kind.SITEMAP)


def test_a_sitemap_is_added_as_it_is(desk: Desk) -> None:
    desk.press.serve("/sitemap.xml", sitemap("", ""))
    assert desk.call("add", desk.press.url("/sitemap.xml")).code == 0
    assert [source.kind for source in desk.added()] == [Kind.SITEMAP]


def test_a_page_without_a_feed_is_a_list_with_its_selectors(desk: Desk) -> None:
    result = desk.call("add", desk.html("/politics", body=f'<a href="/">home</a>{listing()}'))
    assert result.code == 0, result.err
    (source,) = desk.added()
    assert source.kind == Kind.PAGE
    assert source.select is not None
    assert source.select.date, "else its articles would have no dates"
    assert "127-0-0-1-politics: 6 articles" in result.out


def test_a_moved_feed_is_added_at_its_new_address(desk: Desk) -> None:
    desk.press.serve("/new.xml", rss(*NEWS))
    desk.press.redirect("/old.xml", "/new.xml", 301)
    assert desk.call("add", desk.press.url("/old.xml")).code == 0
    assert [source.url for source in desk.added()] == [desk.press.url("/new.xml")]


def test_the_outlet_that_is_there_is_used(desk: Desk) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    desk.feeds.write_text(FEEDS.replace("https://other.example}", f'"{desk.press.url("/")}"}}'), "utf-8")
    assert desk.call("add", desk.press.url("/feed")).code == 0
    assert [source.outlet for source in desk.added()] == ["other"]
    assert [source.id for source in desk.added()] == ["other-2"]


def test_the_addresses_guessed_by_others_are_not_asked(desk: Desk) -> None:
    """Nobody named /feed or /sitemap.xml, so they are left in peace."""
    desk.call("add", desk.html("/", body="<p>nothing"))
    assert sorted({request.path for request in desk.press.requests}) == ["/", "/robots.txt"]


# --- what is not written ----------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    result = desk.call("add", desk.press.url("/feed"), "--dry-run")
    assert result.code == 0
    assert "  - id: 127-0-0-1  # works 20" in result.out
    assert desk.feeds.read_text("utf-8") == FEEDS


@pytest.mark.parametrize("again", ["/feed", "/feed?utm_source=x", "/feed#top", "/"])
def test_what_is_there_already_is_said(desk: Desk, again: str) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    desk.html("/", '<link rel="alternate" type="application/rss+xml" href="/feed">')
    assert desk.call("add", desk.press.url("/feed"), "--id", "haeram").code == 0
    before = desk.feeds.read_text("utf-8")
    result = desk.call("add", desk.press.url(again))
    assert (result.code, "haeram polls" in result.out) == (0, True)
    assert desk.feeds.read_text("utf-8") == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("<p>nothing to see", "/: empty: no list", id="a page without links"),
        pytest.param(
            f"<article><h1>{NEWS[0]} {NEWS[1]}</h1><time>2023-10-12</time></article>"
            '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x"}</script>',
            "/: empty: a single article",
            id="an article",
        ),
    ],
)
def test_where_nothing_is_found_it_says_what_was_looked_at(desk: Desk, body: str, said: str) -> None:
    result = desk.call("add", desk.html("/", body=body))
    assert result.code == 1
    assert said in result.err
    assert f"{desk.press.url('/robots.txt')}: not_found" in result.err
    assert desk.feeds.read_text("utf-8") == FEEDS


def test_a_feed_without_items_is_not_added(desk: Desk) -> None:
    desk.press.serve("/feed", rss())
    result = desk.call("add", desk.press.url("/feed"))
    assert result.code == 1
    assert "/feed: empty" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("haeram.example",), "did you mean https://haeram.example?"),
        (("ftp://haeram.example/",), "begins with http:// or https://"),
        (("https://haeram.example/", "--id", "Not An Id"), "--id is lower-case letters"),
        (("https://haeram.example/", "--id", "other"), "there is a source other already"),
    ],
)
def test_a_wrong_command_is_refused_before_anybody_is_asked(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = desk.call("add", *arguments)
    assert (result.code, said in result.err) == (2, True), result.err


def test_private_addresses_are_asked_only_where_the_file_says_so(desk: Desk) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    desk.feeds.write_text(FEEDS.replace("allow_private: true, ", ""), "utf-8")
    result = desk.call("add", desk.press.url("/feed"))
    assert (result.code, "refused_address" in result.err) == (1, True)
    assert not desk.press.requests


def test_credentials_go_to_their_own_site_and_are_printed_nowhere(desk: Desk) -> None:
    desk.press.serve("/feed", rss(*NEWS))
    address = desk.html("/", '<link rel="alternate" type="application/rss+xml" href="/feed">').replace(
        "//", "//me:secret@"
    )
    result = desk.call("add", address, "-v")
    assert "secret" not in result.out + result.err
    assert desk.added()[0].url == desk.press.url("/feed").replace("//", "//me:secret@")
    assert desk.press.asked("/feed")[0].headers["Authorization"].startswith("Basic ")


# --- import -----------------------------------------------------------------------------------------------------------

OPML = """<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0"><head><title>mine</title></head><body>
  <outline text="한국">
    <outline text="북한"><outline type="rss" text="해람통신 북한" xmlUrl="https://haeram.example/nk.xml" htmlUrl="https://haeram.example"/></outline>
    <outline type="rss" text="해람통신" xmlUrl="https://haeram.example/all.xml" htmlUrl="https://haeram.example"/>
  </outline>
  <outline type="rss" text="Other" xmlUrl="http://other.example/rss?utm_source=reader"/>
  <outline type="rss" text="a program" xmlUrl="|~/fetch.py"/>
</body></opml>"""


def test_a_list_is_imported_and_what_became_of_it_is_said(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_text(OPML, "utf-8")
    result = desk.call("import", "list.opml")
    assert result.code == 0
    assert result.out.endswith("feeds.yaml: 2 added, 1 already there, 1 refused\n")
    assert "|~/fetch.py: refused: not an address" in result.err
    assert [source.id for source in desk.added()] == ["haeram-nk", "haeram"]
    assert config.load(desk.feeds).outlets["haeram"].name == "해람통신"
    assert "# assumed: imported 20" in desk.feeds.read_text("utf-8")
    assert ", 한국 / 북한, 해람통신 북한\n" in desk.feeds.read_text("utf-8")
    assert desk.call("import", "list.opml").out.endswith("feeds.yaml: 0 added, 3 already there, 1 refused\n")


def test_an_exported_list_can_be_imported_into_an_empty_file(desk: Desk, tmp_path: Path) -> None:
    listed = desk.call("export", "--format", "opml").out
    (tmp_path / "list.opml").write_text(listed, "utf-8")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert desk.call("-c", "empty.yaml", "import", "list.opml").code == 0
    assert desk.call("-c", "empty.yaml", "export", "--format", "opml").out == listed
    assert [*config.load(tmp_path / "empty.yaml").sources] == ["other"]


SECRETS = """
sources:
  - {id: mine, url: "https://me:secret@one.example/rss?token=one&page=1"}
  - {id: yours, url: "https://two.example/rss?key=two", enabled: false}
"""


def test_an_exported_list_comes_back_to_its_file_and_adds_no_address_that_lacks_its_token(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "full.yaml").write_text(SECRETS)
    (tmp_path / "list.opml").write_text(desk.call("-c", "full.yaml", "export", "--format", "opml").out, "utf-8")
    assert desk.call("-c", "full.yaml", "import", "list.opml").out.endswith("0 added, 2 already there, 0 refused\n")
    assert (tmp_path / "full.yaml").read_text() == SECRETS
    (tmp_path / "other.yaml").write_text(SECRETS.replace("=one", "=three"))
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    for name, refused in (("other.yaml", 1), ("empty.yaml", 2)):
        before = (tmp_path / name).read_text()
        result = desk.call("-c", name, "import", "list.opml")
        assert f" {refused} refused\n" in result.out
        assert result.err.count("refused: its token is hidden") == refused
        assert (tmp_path / name).read_text() == before
    refused_too = desk.call("-c", "empty.yaml", "add", "https://one.example/rss?token=hidden-7692")
    assert (refused_too.code, "its token is hidden" in refused_too.err) == (2, True)


def test_what_is_switched_off_comes_back_switched_off(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text(
        "sources:\n  - {id: a, url: https://a.example/}\n  - {id: b, url: https://b.example/, enabled: false}\n"
    )
    (tmp_path / "list.opml").write_text(desk.call("-c", "some.yaml", "export", "--format", "opml").out, "utf-8")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert (
        desk.call("-c", "empty.yaml", "import", "list.opml").out == "empty.yaml: 2 added, 0 already there, 0 refused\n"
    )
    enabled = {name: one.enabled for name, one in config.load(tmp_path / "empty.yaml").sources.items()}
    assert enabled == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html/>", "no OPML: the root element is 'html'"),
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "a DOCTYPE"),
        ("<opml><body>", "not well-formed XML"),
    ],
)
def test_what_is_no_list_changes_nothing(desk: Desk, tmp_path: Path, body: str, said: str) -> None:
    (tmp_path / "list.opml").write_text(body)
    result = desk.call("import", "list.opml")
    assert (result.code, said in result.err) == (2, True), result.err
    assert desk.feeds.read_text("utf-8") == FEEDS
