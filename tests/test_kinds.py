"""Kinds of sources from plugins: the example in docs installed by pip, and others that do what plugins should not."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import config, kinds
from aggregator.errors import ConfigError, ReadError
from aggregator.model import Document, Item, Link, Reading, Reference, Source, Status
from aggregator.text import plain
from tests.press import Press

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "plugin-example"
TOPIC = "topics: {repatriation: {terms: {ko: [북송]}}}\n"
HEADER = """
import json, sys
from aggregator.errors import ReadError
from aggregator.kinds import SourceKind, hookimpl
from aggregator.model import Document, Fetched, Item, Reading, Status

def fetch(source, state, ask):
    return Fetched(status=Status.OK, document=Document(url=source.url, body=b"something"))
"""


def install(folder: Path, package: str, code: str) -> Path:
    """Puts a package of one module where pip would put it, as pip would describe it."""
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(HEADER + dedent(code))
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[aggregator]\n{module} = {module}\n")
    return folder


def registering(*calls: str) -> str:
    return f"@hookimpl\ndef register_kinds():\n    return [{', '.join(calls)}]\n"


def aggregator(*arguments: str, plugins: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Calls the program in a folder, with plugins installed beside it."""
    path = os.pathsep.join((str(plugins), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-m", "aggregator", *arguments], cwd=folder, env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def rows(folder: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(folder / "mentions.db")
    found = connection.execute(query).fetchall()
    connection.close()
    return found


# --- the example ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in docs, built and installed by pip, which asks nobody on the network for anything."""
    target = tmp_path_factory.mktemp("site-packages")
    options = ("-q", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(EXAMPLE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def letter(date: str, encoding: str, *links: tuple[str, str]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Date"] = "해람통신 <letters@haeram.example>", date
    message.set_content("글로 읽기")
    body = "".join(f'<p><a href="{address}"><b>{title}</b></a></p>' for title, address in links)
    message.add_alternative(body.encode(encoding), "text", "html", params={"charset": encoding})
    return message


@pytest.fixture
def mailbox(tmp_path: Path) -> Maildir:
    """A folder of mail, and a feeds.yaml that names it."""
    text = f"""
        outlets: {{haeram: {{name: 해람통신, country: KR}}}}
        sources:
          - {{id: letters, kind: maildir, url: "maildir:{tmp_path}/Mail", outlet: haeram,
             options: {{links: "https://haeram.example/view/"}}}}
        """
    (tmp_path / "feeds.yaml").write_text(dedent(text) + TOPIC)
    return Maildir(tmp_path / "Mail")


def test_check_says_which_plugin_adds_a_kind(example: Path, mailbox: Maildir, tmp_path: Path) -> None:
    done = aggregator("check", plugins=example, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "kind maildir: the plugin aggregator-maildir 0.1" in done.stdout.splitlines()


def test_a_run_stores_what_a_plugin_fetched_and_read(example: Path, mailbox: Maildir, tmp_path: Path) -> None:
    mailbox.add(
        letter(
            "Thu, 12 Oct 2023 09:00:00 +0900", "euc-kr",
            ("탈북민 600여 명 강제 북송", "https://haeram.example/view/1"),
            ("수신 거부", "https://haeram.example/unsubscribe"),
        )
    )  # fmt: skip
    mailbox.add(letter("Fri, 13 Oct 2023 00:30:00 +0900", "utf-8", ("서울 지하철", "https://haeram.example/view/2")))
    done = aggregator("run", "--json", plugins=example, folder=tmp_path)
    summary = json.loads(done.stdout)
    assert (summary["ok"], summary["new"], summary["mentions"], done.stderr) == (1, 2, 1, "")
    assert rows(tmp_path, "SELECT title, url, outlet, date FROM articles ORDER BY url") == [
        ("탈북민 600여 명 강제 북송", "https://haeram.example/view/1", "haeram", "2023-10-12"),
        ("서울 지하철", "https://haeram.example/view/2", "haeram", "2023-10-13"),
    ]
    assert rows(tmp_path, "SELECT kind, status FROM sources") == [("maildir", "ok")]
    again = json.loads(aggregator("run", "--all", "--json", plugins=example, folder=tmp_path).stdout)
    assert (again["unchanged"], again["new"]) == (1, 0)


def test_a_plugin_gives_statuses_of_its_own_finding(example: Path, mailbox: Maildir, tmp_path: Path) -> None:
    assert json.loads(aggregator("run", "--json", plugins=example, folder=tmp_path).stdout)["unchanged"] == 1
    (tmp_path / "Mail").rename(tmp_path / "Post")
    done = aggregator("run", "--all", plugins=example, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"letters: not_found: there is no Maildir at {tmp_path}/Mail")


def test_without_the_plugin_its_kind_is_refused_with_what_to_do(mailbox: Maildir, tmp_path: Path) -> None:
    done = aggregator("check", plugins=tmp_path, folder=tmp_path)
    assert done.returncode == 2
    assert "sources.letters.kind: no kind of that name: known are feed, page, sitemap, references" in done.stderr
    assert "installed with pip" in done.stderr


# --- plugins that fail ------------------------------------------------------------------------------------------------

# kind, what its `read` does, status, a part of the note, why
FAILING = [
    ("raises", "raise KeyError('title of ' + source.url)", "plugin", "KeyError in read_raises, line", "an exception"),
    ("leaves", "sys.exit(3)", "plugin", "SystemExit in read_leaves", "the end of the program"),
    ("unreadable", "raise ReadError('parse_error', 'line 3')", "parse_error", "line 3", "a document it cannot read"),
    ("unheard", "raise ReadError('fine', 'x')", "plugin", "ReadError in", "a status that there is not"),
    ("nothing", "return None", "plugin", "Reading is of type NoneType, not Reading", "no reading"),
    ("dicts", "return Reading(items=({'title': 'a'},))", "plugin", "items[0] is of type dict, not Item", "no items"),
    ("titleless", "return Reading(items=(Item(), Item(title=None)))", "plugin", "items[1].title", "no text"),
    ("triple", "return Reading(items=(Item(dates=(('a', 'b', 'c'),)),))", "plugin", "has 3 parts, not 2", "no pair"),
    ("halved", "return Reading(items=(Item(author='\\ud83d'),))", "plugin", "half a character", "no UTF-8"),
    ("empty", "return Reading(items=())", "empty", "", "not a single item"),
]
# the same for `fetch`
UNFETCHED = [
    ("raising", "raise OSError(source.url)", "plugin", "OSError in fetch_raising", "an exception"),
    ("bodiless", "return Fetched(status=Status.OK)", "plugin", "exactly where the status is ok", "no document"),
    ("worded", "return Fetched(status='timeout')", "plugin", "status is of type str, not Status", "no status"),
    ("textual", "return Fetched(status=Status.OK, document=Document(url='x', body='x'))", "plugin", "body", "no bytes"),
    (
        "large",
        "return Fetched(status=Status.OK, document=Document(url='x', body=bytes(2000)))",
        "too_large",
        "",
        "much",
    ),
    ("slow", "return Fetched(status=Status.TIMEOUT, note='no answer')", "timeout", "no answer", "a failure it saw"),
]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Outcomes, by kind, of one run over all that fail, and one source that does not."""
    folder, plugins = tmp_path_factory.mktemp("desk"), tmp_path_factory.mktemp("site-packages")
    code = "def read(document, source):\n    return Reading(items=(Item(title='x', link='https://x.example/1'),))\n"
    calls = ["SourceKind(name='fine', read=read, fetch=fetch, schemes=('test',))"]
    for kind, body, *_ in FAILING:
        code += f"def read_{kind}(document, source):\n    {body}\n"
        calls.append(f"SourceKind(name='{kind}', read=read_{kind}, fetch=fetch, schemes=('test',))")
    for kind, body, *_ in UNFETCHED:
        code += f"def fetch_{kind}(source, state, ask):\n    {body}\n"
        calls.append(f"SourceKind(name='{kind}', read=read, fetch=fetch_{kind}, schemes=('test',))")
    install(plugins, "failing-kinds", code + registering(*calls))
    names = ["fine", *(row[0] for row in [*FAILING, *UNFETCHED])]
    sources = [f"  - {{id: {one}, kind: {one}, url: 'test://me:secret@{one}/', max_bytes: 1kB}}\n" for one in names]
    (folder / "feeds.yaml").write_text("sources:\n" + "".join(sources))
    done = aggregator("run", "--json", plugins=plugins, folder=folder)
    written = b"".join(path.read_bytes() for path in folder.glob("mentions.db*"))
    return {"done": done, "summary": json.loads(done.stdout), "written": written}


def test_a_failing_plugin_never_ends_the_run(failed: dict[str, Any]) -> None:
    assert (failed["done"].returncode, failed["done"].stderr) == (0, "")
    assert (failed["summary"]["ok"], failed["summary"]["new"]) == (1, 1)


def test_what_a_plugin_raises_brings_no_credentials_to_light(failed: dict[str, Any]) -> None:
    assert b"test://" in failed["written"]
    assert b"secret" not in failed["written"] + failed["done"].stdout.encode()


@pytest.mark.parametrize(
    ("kind", "body", "status", "told", "why"), [*FAILING, *UNFETCHED], ids=[row[-1] for row in [*FAILING, *UNFETCHED]]
)
def test_a_failing_plugin_is_a_status_and_a_note(
    failed: dict[str, Any], kind: str, body: str, status: str, told: str, why: str
) -> None:
    (outcome,) = [one for one in failed["summary"]["failures"] if one["source"] == kind]
    assert outcome["status"] == status
    assert told in outcome["note"]
    assert status != "plugin" or outcome["note"].startswith("failing-kinds: ")


# --- asking over HTTP -------------------------------------------------------------------------------------------------

LINES = """
def read(document, source):
    return Reading(items=tuple(Item(**json.loads(line)) for line in document.body.splitlines()))

def pages(source, state, ask):
    from dataclasses import replace
    answers = [ask(replace(source, url=f"http://{source.url[6:]}/{page}"), state) for page in (1, 2)]
    body = b"\\n".join(answer.document.body for answer in answers if answer.document)
    return replace(answers[0], document=body and replace(answers[0].document, body=body) or None)
"""
HTTP = LINES + registering(
    "SourceKind(name='jsonl', read=read)", "SourceKind(name='paged', read=read, fetch=pages, schemes=('paged',))"
)


def test_the_ordinary_fetcher_asks_with_all_its_guards(tmp_path: Path) -> None:
    plugins = tmp_path / "site-packages"
    plugins.mkdir()
    install(plugins, "lines-of-json", HTTP)
    with Press() as press:
        for page in (1, 2):
            line = {"title": f"<b>{page}</b>\n", "link": f"https://x.example/{page}"}
            press.serve(f"/{page}", json.dumps(line).encode())
        (tmp_path / "feeds.yaml").write_text(f"""sources:
  - {{id: guarded, kind: jsonl, url: "{press.url("/1")}"}}
  - {{id: jsonl, kind: jsonl, url: "{press.url("/3")}", allow_private: true}}
  - {{id: paged, kind: paged, url: "paged:127.0.0.1:{press.port}", allow_private: true}}
""")
        press.serve("/3", json.dumps({"title": "3", "link": "https://x.example/3"}).encode())
        aggregator("run", plugins=plugins, folder=tmp_path)
    assert dict(rows(tmp_path, "SELECT id, status FROM sources")) == {
        "guarded": "refused_address", "jsonl": "ok", "paged": "ok"
    }  # fmt: skip
    assert rows(tmp_path, "SELECT title, url FROM articles WHERE url LIKE '%/2'") == [
        ("<b>2</b>", "https://x.example/2")
    ]


# --- plugins that cannot be used, and what feeds.yaml may say of one that can -----------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where plugins are installed for this process, and forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    kinds.plugins.cache_clear()
    yield tmp_path
    kinds.plugins.cache_clear()
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        config.parse(text)
    return str(refused.value)


READ = "def read(document, source):\n    return Reading(items=())\n"

# code, a part of what is told, why
UNUSABLE = [
    ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'", "a missing import"),
    ("sys.exit('no')", "SystemExit: no", "a module that ends the program"),
    (registering("1 / 0"), "ZeroDivisionError", "a hook that raises"),
    (registering("'jsonl'"), "register_kinds()[0] is of type str, not SourceKind", "a name for a kind"),
    ("@hookimpl\ndef register_kind():\n    return []", "unknown hook 'register_kind'", "a hook misspelt"),
    ("@hookimpl\ndef register_kinds(config):\n    return []", "config", "a hook that asks for what there is not"),
    (READ + registering("SourceKind(name='feed', read=read)"), "the kind feed is built in", "a kind built in"),
    (READ + registering("SourceKind(name='Json L', read=read)"), "lower-case letters", "a name nobody can write"),
    (READ + registering("SourceKind(name='mine', read=read, schemes=('imap',))"), "no fetch", "nobody fetches imap"),
    (READ + registering("SourceKind(name='mine', read=read, schemes=())"), "needs schemes", "no address at all"),
    (registering("SourceKind(name='mine', read='read')"), "kind.read is of type str, not Callable", "no function"),
]


@pytest.mark.parametrize(("code", "told", "why"), UNUSABLE, ids=[row[-1] for row in UNUSABLE])
def test_a_plugin_that_cannot_be_used_says_why_where_its_kind_is_wanted(
    site: Path, code: str, told: str, why: str
) -> None:
    install(site, "broken-kinds", code)
    install(site, "sound-kinds", READ + registering("SourceKind(name='sound', read=read)"))
    message = refusal("sources: [{id: a, kind: wanted, url: 'https://x.example/'}]")
    assert "references, sound (of sound-kinds);" in message
    assert "the plugin broken-kinds cannot be used: " in message
    assert told in message
    assert config.parse("sources: [{id: a, kind: sound, url: 'https://x.example/'}]").sources["a"].kind == "sound"


def test_two_plugins_that_claim_one_name_are_both_named(tmp_path: Path) -> None:
    for package in ("one-jsonl", "other-jsonl"):
        install(tmp_path, package, READ + registering("SourceKind(name='jsonl', read=read)"))
    (tmp_path / "feeds.yaml").write_text("sources: [{id: a, kind: jsonl, url: 'https://x.example/'}]")
    for command in ("check", "run"):
        done = aggregator(command, plugins=tmp_path, folder=tmp_path)
        assert done.returncode == 2
        assert "line 1: sources.a.kind: claimed by more than one plugin, one-jsonl and other-jsonl" in done.stderr


# keys of a source, a part of the message, why
WRONG = [
    ("kind: imap, url: 'https://x.example/'", "url: write an address that begins with imap: or imaps:", "http"),
    ("kind: imap, url: 'imap:// x/'", "url: write an address", "a space in an address"),
    ("kind: feed, url: 'imap://x.example/'", "url: write an address that begins with http://", "a feed in a mailbox"),
    ("kind: imap, url: 'imap://x/', options: {foldr: a}", "options.foldr: unknown option; did you mean folder", "typo"),
    ("kind: imap, url: 'imap://x/', options: {folder: [a]}", "options.folder: write a name or a word", "a list"),
    ("kind: imap, url: 'imap://x/', options: [folder]", "options: write a mapping from names to texts", "no names"),
    ("kind: feed, url: 'https://x/', options: {folder: a}", "options are for the kinds that plugins add", "a feed's"),
    ("kind: imap, url: 'imap://x/', select: {item: a}", "selectors are for list pages", "selectors"),
]  # fmt: skip
IMAP = "SourceKind(name='imap', read=read, fetch=fetch, schemes=('imap', 'imaps'), options=('folder', 'label'))"


@pytest.mark.parametrize(("keys", "told", "why"), WRONG, ids=[row[-1] for row in WRONG])
def test_a_kind_is_held_to_what_it_takes(site: Path, keys: str, told: str, why: str) -> None:
    install(site, "imap-kind", READ + registering(IMAP))
    assert told in refusal(f"sources: [{{id: a, {keys}}}]")


def test_options_reach_the_source_as_texts(site: Path) -> None:
    install(site, "imap-kind", READ + registering(IMAP))
    text = "sources: [{id: a, kind: imap, url: 'imaps://me:secret@x/', options: {folder: 010, label: no}}]"
    source = config.parse(text).sources["a"]
    assert (source.kind, source.options) == ("imap", {"folder": "010", "label": "no"})
    assert source.public_url == "imaps://x/"
    (site / "feeds.yaml").write_text(text)
    assert config.load(site / "feeds.yaml", known=True).sources["a"] == source


def test_the_kind_that_the_documentation_writes_reads_what_it_says(site: Path) -> None:
    *_, code = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "plugins.md").read_text(), re.MULTILINE | re.DOTALL
    )
    install(site, "jsonl-of-the-docs", code)
    source = config.parse("sources: [{id: a, kind: jsonl, url: 'https://x.example/'}]").sources["a"]
    line = b'{"title": "x", "url": "https://x.example/1", "date": "2023-10-12"}\n'
    reading = kinds.read(Document(url=source.url, body=line), source)
    assert reading.items == (Item(title="x", link="https://x.example/1", dates=(("date", "2023-10-12"),)),)
    with pytest.raises(ReadError, match="parse_error: not one JSON object a line"):
        kinds.read(Document(url=source.url, body=b"<html>"), source)


# --- whatever is returned ---------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.integers() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(Link, url=inner, text=inner)
        | st.builds(Item, title=inner, summary=inner, dates=inner, links=inner)
        | st.builds(Reference, date=inner, outlet=inner, headline=inner, url=inner, language=inner)
        | st.builds(Reading, items=inner, references=inner, note=inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_what_comes_back_is_a_reading_or_a_failure(value: Any) -> None:
    plugin = kinds.Plugin(name="any", version="1", kinds=(kinds.SourceKind(name="any", read=lambda _d, _s: value),))
    source = Source(id="a", url="https://x.example/", kind="any")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "plugins", lambda: (plugin,))
        try:
            reading = kinds.read(Document(url=source.url, body=b""), source)
        except ReadError as problem:
            status, texts = problem.status, []
        else:
            status, texts = Status.PLUGIN, [text for item in reading.items for text in (item.title, item.summary)]
    assert status == Status.PLUGIN
    assert all(text == plain(text) for text in texts)
