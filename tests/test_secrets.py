"""What opens doors stays in feeds.yaml: nothing that is written, printed or shown holds credentials or tokens."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from aggregator import articles, feeds, fetch, kinds, pipeline
from aggregator.cli import main
from aggregator.model import Document, Fetched, Reading, Source, SourceState, Status, public, settings
from tests.press import Press

SECRET = "geheim"
LOGINS = ("leser:pässwörd-geheim@", "leser:p%C3%A4ss%20g%65heim@", "geheim@", "leser:geheim%40geheim@")
WANTED = "?token=geheim1&page=2"
# Whatever is looked for: the word itself, as it is escaped, and in the header that credentials become.
NEEDLES = (
    SECRET, "g%65heim",
    *(base64.b64encode(login.encode())[:-3].decode() for login in ("leser:pässwörd-geheim", "geheim:")),
)  # fmt: skip


# --- addresses --------------------------------------------------------------------------------------------------------

PUBLIC = [
    ("https://a.example/rss", "https://a.example/rss", "nothing to hide"),
    ("https://u:p@a.example/rss?page=2#x", "https://a.example/rss?page=2#x", "credentials"),
    ("https://u@a:b@a.example:8080/", "https://a.example:8080/", "credentials with an at sign"),
    ("https://a.example/@u/rss?keyword=쌀&author=b", "https://a.example/@u/rss?keyword=쌀&author=b", "words like them"),
    ("https://a.example/?monkeys=1&sort=key", "https://a.example/?monkeys=1&sort=key", "values are no names"),
    ("https://a.example/?token=", "https://a.example/?token=", "an empty one"),
]


@pytest.mark.parametrize(("url", "shown", "why"), PUBLIC, ids=[row[-1] for row in PUBLIC])
def test_what_of_an_address_is_shown(url: str, shown: str, why: str) -> None:
    assert public(url) == shown, why
    assert Source(id="s", url=url).public_url == shown


NAMES = [
    "token", "access_token", "authToken", "key", "feedkey", "apikey", "api_key", "API-Key", "auth", "sig", "signature",
    "X-Amz-Signature", "X-Amz-Credential", "AWSAccessKeyId", "password", "pass", "pw", "secret", "client_secret", "sid",
    "sessionid", "jwt", "hmac", "to%6ben",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_opens_doors_is_hidden_wherever_it_stands(name: str) -> None:
    for url in ("https://a.example/?{}=geheim", "https://a.example/?a=1&{}=geheim%3D&b=2", "https://a.example/?a;{}=geheim",
                "https://a.example/?a=1?{}=geheim", "https://a.example/#{}=geheim"):  # fmt: skip
        shown = public(url.format(name))
        assert f"{name}=hidden-" in shown
        assert SECRET not in shown
        assert public(shown) == shown


def test_addresses_that_differ_in_their_secrets_alone_differ_still() -> None:
    """Else a source with another key would be asked with the validators of the first."""
    shown = {public(f"https://a.example/?key={key}") for key in ("politics", "sports", "geheim1", "geheim2")}
    assert len(shown) == 4


# --- a run ------------------------------------------------------------------------------------------------------------


def resets(_: BaseHTTPRequestHandler, line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()


def waits(_: BaseHTTPRequestHandler, line: socket.socket) -> None:
    line.recv(1)


ARTICLES = """<rss version="2.0"><channel><title>x</title><item><title>북송 하나</title>
<link>http://leser:geheim@{host}/page?id=1</link><guid>http://leser:geheim@{host}/page?id=1</guid></item>
<item><title>북송 둘</title><link>?id=2</link><source url="http://leser:geheim@{host}/">AP</source>
<description>&lt;a href="http://leser:geheim@ours.example/notice">본문&lt;/a></description></item>
<item><title>북송 셋</title><link>#3</link></item></channel></rss>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>http://leser:geheim@{host}/child?token=geheim</loc></sitemap>
<sitemap><loc>http://geheim:geheim@child.invalid/?token=geheim</loc></sitemap></sitemapindex>"""
CITED = "2023/10/12 데일리 북송 하나\nhttp://leser:geheim@daily.example/1\n"
STATUSES = (401, 403, 404, 410, 429, 500, 503, 999)


def printed(press: Press) -> Mapping[str, str]:
    """A press in which everything goes wrong that can: name of a source -> what of feeds.yaml is its own."""
    host = f"127.0.0.1:{press.port}"
    press.serve(f"/articles{WANTED}", ARTICLES.format(host=host).encode())
    press.redirect(f"/moved{WANTED}", f"http://leser:geheim@{host}/new?sig=geheim&page=3", 301)
    press.serve("/new?sig=geheim&page=3", ARTICLES.format(host=host).encode())
    press.redirect(f"/signed{WANTED}", "/new?sig=geheim&page=3", 308)
    press.redirect(f"/circle{WANTED}", f"http://u:geheim@{host}/circle{WANTED}")
    press.redirect(f"/inside{WANTED}", "http://leser:geheim@169.254.169.254/?token=geheim")
    press.redirect(f"/nowhere{WANTED}", "http://leser:geheim@[?token=geheim")
    press.redirect("/robots.txt", "/robots?token=geheim")
    press.serve("/page?id=1", b"<title>x</title>", status=404)
    press.serve(f"/page{WANTED}", b"<title>a page</title>")
    press.serve(f"/index{WANTED}", INDEX.format(host=host).encode())
    press.serve(f"/child{WANTED}", b"", status=500)
    press.serve(f"/cites{WANTED}", CITED.encode(), content_type="text/plain; charset=utf-8")
    press.serve(f"/bug{WANTED}", ARTICLES.format(host=host).encode())
    press.serve(f"/empty{WANTED}", b"<rss version='2.0'><channel></channel></rss>")
    press.serve(f"/broken{WANTED}", b'{"version": "https://jsonfeed.org/version/1.1", "items": [')
    press.raw(f"/cut{WANTED}", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss>")
    press.raw(f"/large{WANTED}", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n<rss>")
    press.raw(f"/noise{WANTED}", b"220 mail.example.org ESMTP\r\n")
    press.route(f"/reset{WANTED}", resets)
    press.route(f"/silent{WANTED}", waits)
    for status in STATUSES:
        press.serve(f"/{status}{WANTED}", b"", status=status, headers={"Retry-After": "60"})
    more = {"index": "kind: sitemap", "page": "kind: page", "cites": "kind: references", "articles": "visit: true"}
    names = [path.partition("?")[0][1:] for path in press._routes if path.endswith(WANTED) and "child" not in path]
    hosts = {name: f"127.0.1.{number}:{press.port}" for number, name in enumerate(names, 1)}  # one rests, others do not
    addresses = {name: f"http://{{login}}{hosts[name]}/{name}{WANTED}" for name in names}
    addresses |= {
        "unknown": f"http://{{login}}press.invalid/{WANTED}",
        "secure": f"https://{{login}}{host}/{WANTED}",
        "plugin": f"http://{{login}}{host}/{WANTED}",
    }
    more["plugin"] = "kind: chatty"
    lines = {}
    for number, (name, address) in enumerate(addresses.items()):
        url = address.format(login=LOGINS[number % len(LOGINS)])
        lines[name] = f"  - {{id: s-{name}, url: '{url}', timeout: 1s, {more.get(name, 'kind: feed')}}}\n"
    return lines


def chatty(source: Source, _state: SourceState, _ask: Any) -> Fetched:
    raise RuntimeError(f"{source.url}: {source}")


def read(_document: Document, _source: Source) -> Reading:
    return Reading(items=())


class World:
    """A folder with feeds.yaml, and everything that was printed."""

    def __init__(self, folder: Path, printed: Callable[[], str]) -> None:
        self.folder, self.said, self._printed = folder, dict[str, str](), printed

    def call(self, *arguments: str, name: str = "") -> None:
        with pytest.raises(SystemExit):
            main(["-c", str(self.folder / "feeds.yaml"), "--db", str(self.folder / "mentions.db"), *arguments])
        self.said[name or " ".join(arguments)] = self._printed()

    def add(self, url: str) -> None:
        (self.folder / "feeds.yaml").write_text("fetch: {allow_private: true}\n")
        self.call("add", "-v", "--dry-run", url, name=f"add {public(url)}")

    def browse(self, *paths: str) -> None:
        datasette = pytest.importorskip("datasette.app").Datasette([self.folder / "mentions.db"])

        async def pages() -> list[Any]:
            await datasette.invoke_startup()
            return [await datasette.client.get(path, follow_redirects=True) for path in paths]

        for path, page in zip(paths, asyncio.run(pages()), strict=True):
            assert page.status_code == 200, path
            self.said[path] = page.text

    def artefacts(self) -> Iterator[tuple[str, str]]:
        yield from self.said.items()
        for path in self.folder.iterdir():
            if path.name != "feeds.yaml":
                yield path.name, path.read_bytes().decode("utf-8", "replace")

    def told(self) -> list[str]:
        """Where a secret stands, with the words around it."""
        return [
            f"{name}: {text[max(0, at - 150) : at + 50]!r}"
            for name, text in self.artefacts()
            for needle in NEEDLES
            if (at := text.find(needle)) >= 0
        ]


@pytest.fixture
def press() -> Iterator[Press]:
    with Press(address="0.0.0.0") as press:
        yield press


@pytest.fixture
def world(
    tmp_path: Path, press: Press, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> World:  # fmt: skip
    lines = printed(press)
    settings = "fetch: {allow_private: true}\n"
    topics = "topics:\n  t: {name: T, terms: {ko: [북송]}, pages: ['https://ours.example/notice']}\n"
    (tmp_path / "feeds.yaml").write_text(f"{settings}sources:\n{''.join(lines.values())}{topics}", "utf-8")
    kind = kinds.SourceKind(name="chatty", read=read, fetch=chatty)
    monkeypatch.setattr(kinds, "plugins", lambda: (kinds.Plugin(name="chatty", version="1", kinds=(kind,)),))
    real = feeds.parse

    def faulty(document: Document) -> Reading:
        if "/bug" in document.url:
            raise RuntimeError(f"cannot read {document.url}")
        return real(document)

    monkeypatch.setattr(feeds, "parse", faulty)
    monkeypatch.setattr(pipeline, "group", lambda *_, **__: 0)  # to compare all names in the world takes seconds
    caplog.set_level(logging.DEBUG)

    def said() -> str:
        out, err = capfd.readouterr()
        log = caplog.text
        caplog.clear()
        return f"{out}\n{err}\n{log}"

    return World(tmp_path, said)


def test_no_secret_is_written_printed_or_shown(world: World, press: Press) -> None:
    world.call("run", "-v")
    world.call("run", "--json", "s-404", "s-bug", "s-circle", "s-plugin", "s-moved", "s-index")
    opened = {request.path.partition("?")[0] for request in press.requests if "Authorization" in request.headers}
    assert {"/articles", "/bug", "/401"} <= opened, "the secrets are used"
    assert len([status for status in Status if status in world.said["run -v"]]) >= 17, "nearly all that can happen did"
    for form in ("csv", "json", "jsonfeed", "atom", "opml"):
        world.call("export", "--format", form)
    for form in ("text", "markdown", "html", "csv", "json"):
        world.call("pingbacks", "t", "--format", form)
    for command in ("status", "check --fetch s-articles s-bug s-404", "digest", "article show 1", "schedule"):
        world.call(*command.split())
    world.call("backup", str(world.folder / "copy.db"))
    world.browse("/mentions/sources", "/mentions/fetches.json", "/mentions/articles.csv", "/-/sources")
    for path in (f"/articles{WANTED}", f"/page{WANTED}"):
        world.add(press.url(path).replace("//", "//leser:geheim@"))
    assert world.told() == []


def test_the_same_finds_out_a_program_that_tells(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (settings, fetch):
        monkeypatch.setattr(module, "public", lambda url: url)
    monkeypatch.setattr(articles, "without_login", lambda url: url)
    world.call("run", "-v", "s-articles", "s-bug")
    world.call("export", "--format", "opml")
    places = {place.partition(":")[0] for place in world.told()}
    assert places >= {"export --format opml", "mentions.db"}
