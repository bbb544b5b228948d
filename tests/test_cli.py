"""The commands, as a person or cron calls them: what they print, and what they return."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import socket
from typing import Any, NamedTuple

import click
import pytest
from rich.cells import cell_len

from aggregator import __version__, cli
from tests.press import Press

ROOT = Path(__file__).resolve().parents[1]
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>
<item><title>통일부 “중국서 다수의 북한 주민 북송”</title><link>https://daily.example/1</link>
<pubDate>Thu, 12 Oct 2023 10:00:00 +0900</pubDate><description>&lt;b&gt;요약&lt;/b&gt;</description></item>
<item><title>=SUM(1+1) 서울 지하철</title><link>https://daily.example/2</link><pubDate>언젠가</pubDate></item>
</channel></rss>""".encode()


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Desk:
    """A folder to work in, with the press in reach; `call` runs a command in it."""

    def __init__(self, folder: Path, press: Press, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.press, self._capture = folder, press, capture
        self.feeds("daily")

    def feeds(self, *names: str, more: str = "") -> None:
        sources = "".join(f'  - {{id: {name}, url: "{self.press.url("/" + name)}", outlet: daily}}\n' for name in names)
        text = f"""fetch: {{allow_private: true, timeout: 5s}}
outlets:
  daily: {{name: 데일리, country: KR, homepage: https://daily.example}}
sources:
{sources}topics:
  repatriation: {{name: Repatriation, terms: {{ko: [북송]}}}}
{more}"""
        (self.folder / "feeds.yaml").write_text(text)

    def call(self, *arguments: str) -> Result:
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        out, err = self._capture.readouterr()
        return Result(int(ended.value.code or 0), out, err)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    with Press() as press:
        press.serve("/daily", RSS)
        yield Desk(tmp_path, press, capsys)


@pytest.fixture
def read(desk: Desk) -> Desk:
    """A desk that has had its first run."""
    assert desk.call("run").code == 0
    return desk


# --- run --------------------------------------------------------------------------------------------------------------


def test_a_table_of_names_that_broke_is_said_before_anybody_is_asked(desk: Desk) -> None:
    (desk.folder / "names.tsv").write_text("id\tkind\tko\nnamyang\tplace\t남양\n", "utf-8")
    desk.feeds("daily", more="stories: {names: [names.tsv]}\n")
    assert desk.call("run").code == 0
    (desk.folder / "names.tsv").write_text("id\tkind\tko\nnamyang\triver\t남양\n", "utf-8")
    asked = len(desk.press.asked("/daily"))
    refused = desk.call("run", "--all")
    assert (refused.code, "stories.names[0]" in refused.err) == (2, True)
    assert len(desk.press.asked("/daily")) == asked


def test_a_method_that_is_not_there_is_said_before_anybody_is_asked(desk: Desk) -> None:
    desk.feeds("daily", more="stories: {method: nosuch}\n")
    for command in ("check", "run"):
        refused = desk.call(command)
        assert (refused.code, "stories.method: no method 'nosuch' for stories is installed" in refused.err) == (2, True)
    assert not desk.press.asked("/daily")


def test_a_method_that_is_there_and_of_no_use_is_said_by_check(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    about = desk.folder / "press_methods-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: press-methods\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[aggregator.stories]\nembeddings = press_methods:method\n")
    monkeypatch.syspath_prepend(str(desk.folder))
    desk.feeds("daily", more="stories: {method: embeddings}\n")
    refused = desk.call("check")
    assert (refused.code, "the method 'embeddings' for stories cannot be used: ModuleNotFoundError" in refused.err) == (
        2,
        True,
    )


def test_run_says_nothing_in_cron_where_all_is_well(desk: Desk) -> None:
    assert desk.call("run") == (0, "", "")


def test_run_prints_one_object_for_scripts(desk: Desk) -> None:
    summary = json.loads(desk.call("run", "--json").out)
    assert summary == {
        "due": 1, "ok": 1, "unchanged": 0, "empty": 0, "failed": 0, "new": 2, "changed": 0, "mentions": 1,
        "exit_code": 0, "failures": [],
    }  # fmt: skip


def test_a_failing_source_is_one_line_with_what_to_do_and_no_failure_of_the_run(desk: Desk) -> None:
    desk.feeds("daily", "missing")
    code, out, err = desk.call("run")
    assert (code, out) == (0, "")
    (line,) = err.splitlines()
    assert line.startswith("missing: not_found")
    assert "address" in line


def test_run_is_strict_where_it_is_asked_to_be(desk: Desk) -> None:
    desk.feeds("daily", "missing")
    assert desk.call("run", "--strict").code == 1


def test_run_returns_1_where_every_source_failed(desk: Desk) -> None:
    desk.feeds("missing")
    assert desk.call("run").code == 1


def test_what_was_not_asked_since_its_host_wants_rest_was_due_and_has_not_failed(desk: Desk) -> None:
    desk.press.serve("/busy", status=429)
    desk.feeds("busy", "daily", "missing")
    told = json.loads(desk.call("run", "--json").out)
    assert (told["due"], told["ok"], told["failed"], told["exit_code"]) == (3, 0, 1, 0)
    desk.feeds("busy")
    assert desk.call("run", "busy").code == 1, "it is all that was due"


# arguments, a part of the error, why
WRONG = [
    (["run", "nobody"], "nobody", "a source that is not there"),
    (["run", "-c", "none.yaml"], "aggregator init", "no feeds.yaml: how to get one"),
    (["pingbacks", "nothing"], "repatriation", "a topic that is not there: which ones are"),
    (["run", "--workers", "0"], "workers", "a number out of range"),
    (["rum"], "rum", "a command that is not there"),
]


@pytest.mark.parametrize(("arguments", "told", "why"), WRONG, ids=[row[-1] for row in WRONG])
def test_wrong_use_is_2_and_a_sentence(read: Desk, arguments: list[str], told: str, why: str) -> None:
    code, _, err = read.call(*arguments)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_a_wrong_feeds_yaml_is_2_with_every_mistake_and_its_line_and_leaves_no_database(desk: Desk) -> None:
    (desk.folder / "feeds.yaml").write_text(
        "sources:\n  - {id: X Y, url: ftp://a}\ntopics:\n  t: {terms: {ko: ['(a']}}\n"
    )
    code, _, err = desk.call("run")
    assert code == 2
    assert "line 2" in err
    assert "line 4" in err
    assert not (desk.folder / "mentions.db").exists()


def test_a_second_run_is_75_while_the_first_is_at_work(desk: Desk) -> None:
    with (desk.folder / "mentions.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, _, err = desk.call("run")
    assert code == 75
    assert "another run" in err
    assert desk.call("run").code == 0


def test_cron_hears_once_of_what_usually_passes_when_it_has_come_thrice(desk: Desk) -> None:
    desk.press.serve("/slow", b"", status=503)
    desk.feeds("daily", "slow")
    told = [desk.call("run", "-q", "--all").err for _ in range(4)]
    assert [bool(err) for err in told] == [False, False, True, False]
    assert told[2].startswith("slow: unavailable: ")
    assert desk.call("run", "--all").err, "without -q it is told as long as it lasts"


def test_cron_hears_at_once_and_once_of_what_does_not_pass(desk: Desk) -> None:
    desk.feeds("daily", "nowhere")
    told = [desk.call("run", "-q", "--all").err for _ in range(2)]
    assert [err.startswith("nowhere: not_found: ") for err in told] == [True, False]
    assert "nowhere\tnot_found" in desk.call("status").out


MAILER = """
import sys
open(sys.argv[1], "a").write(sys.stdin.read())
sys.exit(int(sys.argv[2]))
"""


def test_alerts_go_to_a_program_and_to_an_address_until_both_have_them(desk: Desk) -> None:
    desk.feeds("daily", "nowhere")
    settings = (desk.folder / "feeds.yaml").read_text()
    (desk.folder / "mailer.py").write_text(MAILER)

    def run(ends_with: int, path: str) -> str:
        command = f"{sys.executable} mailer.py mail.txt {ends_with}"
        channels = f"alerts: {{command: {command}, webhook: {desk.press.url(path)}}}\n"
        (desk.folder / "feeds.yaml").write_text(settings + channels)
        return desk.call("run", "-q", "--all").err

    desk.press.serve("/hooks/secret", status=204)
    failed = run(3, "/hooks/other-secret")
    assert "alerts.command: " in failed
    assert "ended with 3; it is tried again in the next run" in failed
    assert "alerts.webhook: 127.0.0.1 answered 404; it is tried again" in failed
    assert "secret" not in failed
    assert run(0, "/hooks/secret") == ""
    assert run(0, "/hooks/secret") == ""
    (mail, again) = (desk.folder / "mail.txt").read_text().splitlines()
    assert mail == again
    assert mail.startswith("nowhere: not_found: ")
    (request,) = desk.press.asked("/hooks/secret")
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert request.headers["User-Agent"].startswith(f"press-pingbacks/{__version__} (+https://")
    told = json.loads(request.body)
    assert told["text"] == mail
    assert [(one["source"], one["kind"]) for one in told["alerts"]] == [("nowhere", "failing")]


def test_while_one_way_fails_the_others_are_told_once_and_cron_mails_nothing_twice(desk: Desk) -> None:
    desk.press.serve("/hook", status=500)
    (desk.folder / "mailer.py").write_text(MAILER)
    channels = f"{{command: {sys.executable} mailer.py mail.txt 0, webhook: {desk.press.url('/hook')}}}"
    desk.feeds("daily", "nowhere", more=f"alerts: {channels}\n")
    told = [desk.call("run", "-q", "--all").err.splitlines() for _ in range(3)]
    assert [len(lines) for lines in told] == [2, 0, 0]
    assert told[0][1] == "alerts.webhook: 127.0.0.1 answered 500; it is tried again in the next run"
    desk.feeds("daily", "nowhere", "lost", more=f"alerts: {channels}\n")
    assert [line.split(":")[0] for line in desk.call("run", "-q", "--all").err.splitlines()] == [
        "lost",
        "alerts.webhook",
    ]
    assert [json.loads(one.body)["text"].count("\n") for one in desk.press.asked("/hook")] == [0, 0, 0, 1]
    desk.press.serve("/hook", status=204)
    assert [desk.call("run", "-q", "--all").err for _ in range(2)] == ["", ""]
    assert len(desk.press.asked("/hook")) == 5
    assert [line.split(":")[0] for line in (desk.folder / "mail.txt").read_text().splitlines()] == ["nowhere", "lost"]


def test_whatever_a_run_for_programs_has_to_say_is_an_object_a_line(desk: Desk) -> None:
    desk.press.serve("/hook", status=500)
    desk.feeds("daily", "nowhere", more=f"alerts: {{webhook: {desk.press.url('/hook')}}}\n")

    def said(*arguments: str) -> tuple[int, list[tuple[str, str]]]:
        result = desk.call("run", "--json", *arguments)
        return result.code, [(one["event"], one["message"]) for one in map(json.loads, result.err.splitlines())]

    assert said() == (
        0,
        [("warning", "alerts.webhook: 127.0.0.1 answered 500; it is tried again in the next run")],
    )
    assert said("nobody") == (2, [("error", "no such source in feeds.yaml: nobody")])
    assert said("--workers", "0")[0] == 2
    with (desk.folder / "mentions.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert said() == (75, [("error", "mentions.db: another run is at work")])
    code, [(event, message)] = said("-c", "none.yaml")
    assert (code, event, "aggregator init" in message) == (2, "error", True)


def test_a_feeds_yaml_that_cannot_be_read_is_2_for_a_run_too(desk: Desk) -> None:
    for command in ("check", "run"):
        refused = desk.call(command, "-c", "/proc/self/mem")  # a file, which nobody can read from its beginning
        assert (refused.code, "line 1: file: cannot be read: " in refused.err) == (2, True), command


def exit_codes(database: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return [code for (code,) in connection.execute("SELECT exit_code FROM runs ORDER BY id")]


def test_what_a_run_returned_is_what_it_notes_and_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from aggregator.grouping import Grouping

    def stop(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    def fail(*_: object) -> int:
        raise OSError("no more of it")

    monkeypatch.setattr(Grouping, "work", stop)
    result = desk.call("run", "--json")
    assert (result.code, json.loads(result.out)["exit_code"]) == (143, 143)
    assert json.loads(result.err)["event"] == "stopping"
    monkeypatch.setattr(Grouping, "work", fail)
    assert desk.call("run", "--all").code == 1
    monkeypatch.undo()
    desk.feeds("nowhere", more="alerts: {command: cat}\n")
    monkeypatch.chdir(desk.folder)
    monkeypatch.setattr("aggregator.channels.tell", stop_and_say)
    result = desk.call("run", "--json", "--all")
    assert (result.code, json.loads(result.out)["exit_code"]) == (143, 143), "while it tells of alerts"
    assert exit_codes(desk.folder / "mentions.db") == [143, 1, 143]


def stop_and_say(*_: object) -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    return ""


def test_logs_for_programs_are_an_object_a_line(desk: Desk) -> None:
    desk.feeds("daily", "nowhere")
    code, out, err = desk.call("run", "--json", "-v")
    assert code == 0
    assert json.loads(out)["failures"][0]["source"] == "nowhere"
    lines = [json.loads(line) for line in err.splitlines()]
    assert {(line["event"], line["source"], line["status"]) for line in lines} == {
        ("source", "daily", "ok"),
        ("source", "nowhere", "not_found"),
    }


def test_cron_does_not_hear_of_a_run_that_is_still_at_work(desk: Desk) -> None:
    with (desk.folder / "mentions.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert desk.call("run", "-q") == (75, "", "")


def test_a_run_goes_on_with_the_feeds_yaml_that_it_read(desk: Desk) -> None:
    def edit(request: BaseHTTPRequestHandler, _: socket) -> None:
        (desk.folder / "feeds.yaml").write_text("sources: [half an ed")
        request.send_error(404)

    desk.feeds("edited", "daily")
    desk.press.route("/edited", edit)
    told = json.loads(desk.call("run", "--json").out)
    assert (told["due"], told["ok"], told["new"]) == (2, 1, 2)
    assert desk.call("run").code == 2, "the next run reads it"


def test_options_stand_before_or_after_the_command(desk: Desk) -> None:
    assert desk.call("--db", "a.db", "run").code == 0
    assert desk.call("run", "--db", "b.db").code == 0
    assert (desk.folder / "a.db").exists()
    assert (desk.folder / "b.db").exists()


def test_a_run_that_is_told_to_stop_keeps_what_it_has_and_gives_the_lock_back(desk: Desk) -> None:
    def slow(request: BaseHTTPRequestHandler, _: socket) -> None:
        desk.press.closing.wait(4)

    desk.press.route("/slow", slow)
    desk.feeds("daily", "slow")
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "aggregator", "run"], cwd=desk.folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )  # fmt: skip
    while not desk.press.asked("/slow"):
        assert time.monotonic() - started < 20
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in err
    with sqlite3.connect(desk.folder / "mentions.db") as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (2,)
    connection.close()
    assert desk.call("run", "daily").code == 0


def test_a_run_with_nothing_due_imports_nothing_heavy(read: Desk) -> None:
    heavy = (
        "feedparser",
        "requests",
        "bs4",
        "langdetect",
        "opencc",
        "lark",
        "rich",
        "sqlite_utils",
        "pluggy",
        "importlib.metadata",
        "aggregator.fetch",
        "aggregator.model",
        "aggregator.store",
        "yaml",
    )
    program = (
        "import sys; from aggregator import cli\n"
        "try: cli.main(['run'])\n"
        f"finally: print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=read.folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


# --- reading ----------------------------------------------------------------------------------------------------------


def test_pingbacks_is_the_list_in_every_format(read: Desk) -> None:
    assert read.call("pingbacks", "repatriation").out == (
        "2023/10/12 데일리 통일부 “중국서 다수의 북한 주민 북송”\n           https://daily.example/1\n"
    )
    (row,) = json.loads(read.call("pingbacks", "repatriation", "--format", "json").out)
    assert (row["date"], row["outlet"], row["url"]) == ("2023-10-12", "데일리", "https://daily.example/1")
    assert '<time datetime="2023-10-12">' in read.call("pingbacks", "repatriation", "--format", "html").out
    assert "](https://daily.example/1)" in read.call("pingbacks", "repatriation", "--format", "markdown").out
    assert read.call("pingbacks", "repatriation", "--format", "csv").out.startswith("date,outlet,title,url")


def test_pingbacks_looks_where_it_is_told(read: Desk) -> None:
    assert read.call("pingbacks", "repatriation", "--language", "ko").out
    assert not read.call("pingbacks", "repatriation", "--language", "zh").out
    assert not read.call("pingbacks", "repatriation", "--since", "2023-10-13").out
    assert "““" not in read.call("pingbacks", "repatriation", "--quotes", "--once").out
    assert read.call("pingbacks", "repatriation", "--format", "csv", "--bom").out.startswith("\ufeffdate")


def test_digest_tells_what_is_new_once(read: Desk) -> None:
    first = read.call("digest").out
    assert first.startswith("## Repatriation: 1 new\n\n- 2023/10/12 데일리 [통일부")
    assert read.call("digest").out == ""
    assert (
        "1 new since 2020/01/01" in read.call("digest", "repatriation", "--since", "2020-01-01", "--format", "html").out
    )
    assert read.call("digest", "nothing").code == 2


def changed(database: Path, *statements: str) -> None:
    """A database in which something else stands than the program wrote."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


ANOTHER_MENTION = """INSERT INTO mentions (article, topic, kind, term, matched, field, start, "end", excerpt, found_at)
SELECT 2, topic, kind, term, matched, field, start, "end", excerpt, {found_at} FROM mentions WHERE article = 1"""


def test_a_digest_loses_nothing_that_was_found_in_the_second_in_which_the_last_was_made(read: Desk) -> None:
    assert "1 new" in read.call("digest").out
    changed(read.folder / "mentions.db", ANOTHER_MENTION.format(found_at="found_at"))
    assert "1 new since" in (told := read.call("digest").out)
    assert "서울 지하철" in told
    assert read.call("digest").out == ""


@pytest.mark.parametrize(("began", "told"), [("2023-10-12T06:00:00Z", 1), ("2023-10-12T05:59:59Z", 0)])
def test_a_digest_goes_on_where_an_earlier_version_ended(read: Desk, began: str, told: int) -> None:
    """That noted the time alone: of that second it is told again what a run brought that began in it."""
    changed(
        read.folder / "mentions.db",
        "INSERT INTO meta VALUES ('digest repatriation', '2023-10-12T06:00:00.700000+00:00')",
        "UPDATE mentions SET found_at = '2023-10-12T06:00:00Z'",
        f"UPDATE runs SET started_at = '{began}'",
        ANOTHER_MENTION.format(found_at="'2023-10-12T06:00:01Z'"),
    )
    assert f"{1 + told} new since 2023/10/12 06:00 UTC" in read.call("digest").out
    assert read.call("digest").out == ""


def test_check_tells_of_a_sqlite_that_has_a_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, told in (((3, 40, 1), True), ((3, 51, 3), False)):
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        assert ("has a fault" in desk.call("check").out) == told


def test_check_knows_the_sources_that_it_is_asked_about(desk: Desk) -> None:
    for arguments in (("check", "nosuch"), ("check", "--fetch", "nosuch")):
        refused = desk.call(*arguments)
        assert (refused.code, "no such source in feeds.yaml: nosuch" in refused.err) == (2, True)


def test_check_tells_its_doubts(desk: Desk) -> None:
    text = (desk.folder / "feeds.yaml").read_text().replace("[북송]", "[북]")
    (desk.folder / "feeds.yaml").write_text(text)
    assert "topics.repatriation.terms.ko: '북': '북' is in nearly every article" in desk.call("check").out


def test_search_prints_columns_between_tabs_where_it_is_piped(read: Desk) -> None:
    code, out, _ = read.call("search", "북송")
    assert (code, out) == (0, "2023-10-12\t데일리\t통일부 “중국서 다수의 북한 주민 북송”\thttps://daily.example/1\n")
    assert read.call("search", "없는말").code == 1
    assert read.call("search", "지하철", "--limit", "1").out.startswith("\t데일리\t=SUM")


@pytest.mark.parametrize("arguments", [("search", "북송"), ("pingbacks", "repatriation"), ("status",)])
def test_in_a_terminal_they_are_tables_whose_columns_stand_below_each_other(
    read: Desk, arguments: tuple[str, ...]
) -> None:
    terminal, program = pty.openpty()
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "100"}
    command = [sys.executable, "-m", "aggregator", *arguments]
    with subprocess.Popen(command, cwd=read.folder, stdout=program, env=environment):
        os.close(program)
        shown = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal so
            while some := os.read(terminal, 4096):
                shown += some
    os.close(terminal)
    head, *lines = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert lines
    for place in (match.start() for match in re.finditer(r"(?<=  )\S", head)):
        for line in lines:
            cells = "".join(char * cell_len(char) for char in line)  # a wide letter takes two
            assert cells[place - 2 : place].strip() == "", f"between columns there is nothing: {line}"


def test_status_tells_the_health_of_each_source(read: Desk) -> None:
    (line,) = read.call("status").out.splitlines()
    assert line.split("\t")[:3] == ["daily", "ok", "2"]


def test_reading_before_the_first_run_says_what_to_do(desk: Desk) -> None:
    code, _, err = desk.call("status")
    assert code == 1
    assert "aggregator run" in err


# what is called, and with which database; a part of the error
NO_PLACE = [
    ("run", "nosuch/d/m.db", "nosuch/d; make it, or name another file with --db"),
    ("status", "nosuch/d/m.db", "nosuch/d; make it, or name another file with --db"),
    ("status", "", "is a directory; name the file in it with --db"),
    ("run", "circle", "circle: cannot be reached: Too many levels of symbolic links"),
    ("status", "pipe", "pipe: is no file; name one with --db"),
    ("run", "folder", "folder: is a directory; name the file in it with --db"),
    ("backup copies/x.db", "mentions.db", "copies/x.db: there is no directory copies; make it first: mkdir -p copies"),
]


@pytest.mark.parametrize(("command", "db", "told"), NO_PLACE)
def test_where_no_database_can_be_is_said_with_what_to_do(read: Desk, command: str, db: str, told: str) -> None:
    (read.folder / "folder").mkdir()
    (read.folder / "circle").symlink_to("circle")
    os.mkfifo(read.folder / "pipe")
    refused = read.call(*command.split(), "--db", db)
    assert (refused.code, told in refused.err) == (1, True), refused.err
    assert sorted(path.name for path in read.folder.iterdir() if "lock" in path.name) == ["mentions.db.lock"]


WANT_A_DATABASE = (
    "digest", "digest repatriation", "prune --logs 1 --dry-run", "prune --articles 9", "reindex", "rematch", "regroup",
    "article merge 1 2", "article split 1 https://a.example/", "copy merge 1 2", "copy split 1", "story merge 1 2",
    "story split 1 2", "status", "search x", "pingbacks repatriation", "backup copy.db", "export --format csv",
)  # fmt: skip


@pytest.mark.parametrize("command", WANT_A_DATABASE)
def test_what_needs_a_database_makes_none(desk: Desk, command: str) -> None:
    refused = desk.call(*command.split(), "--db", "wrong.db")
    assert (refused.code, "wrong.db: there is no database yet; `aggregator run` makes it" in refused.err) == (1, True)
    assert sorted(path.name for path in desk.folder.iterdir()) == ["feeds.yaml"]


def test_an_article_is_shown_with_its_mentions_and_the_grounds_of_its_date_and_language(read: Desk) -> None:
    told = read.call("article", "show", "1").out.splitlines()
    assert "  date: Thu, 12 Oct 2023 10:00:00 +0900: pubDate: RFC 822, offset in the text" in told
    assert "  language ko: hangul" in told
    assert "  mentions repatriation, by term 북송: […] 통일부 “중국서 다수의 북한 주민 북송” […]" in told
    assert "  date: 언젠가: " in read.call("article", "show", "2").out


def test_without_topics_it_is_said_where_they_come_from(desk: Desk) -> None:
    text = (desk.folder / "feeds.yaml").read_text()
    (desk.folder / "feeds.yaml").write_text(text.partition("topics:")[0])
    assert desk.call("run").code == 0
    assert "none yet; write some into feeds.yaml, and `aggregator run`" in desk.call("pingbacks", "x").err


def test_status_says_why_a_source_is_off(desk: Desk) -> None:
    desk.press.serve("/gone", status=410)
    desk.feeds("daily", "gone", "left", "paused")
    desk.call("run")
    desk.feeds("daily", "gone", "paused", "never")
    text = (desk.folder / "feeds.yaml").read_text()
    for name in ("paused", "never"):
        text = text.replace(f"{{id: {name},", f"{{id: {name}, enabled: false,")
    (desk.folder / "feeds.yaml").write_text(text)
    desk.call("run", "--all")

    def states() -> dict[str, str]:
        return dict(line.split("\t")[:2] for line in desk.call("status").out.splitlines())

    assert states() == {
        "daily": "unchanged",
        "gone": "off (gone)",
        "left": "off (not in feeds.yaml)",
        "paused": "off (enabled: false)",
        "never": "off (enabled: false)",
    }
    (desk.folder / "feeds.yaml").write_text("sources: [half an ed")
    assert states()["never"] == "off (not asked yet)"


def test_a_port_that_somebody_has_is_said_before_its_address(read: Desk) -> None:
    refused = read.call("serve", "--port", str(read.press.port))
    assert (refused.code, refused.out) == (1, "")
    assert f"port {read.press.port} of this machine: Address already in use; name another one" in refused.err


def test_references_reads_a_list_line_by_line_and_keeps_it_where_asked(desk: Desk) -> None:
    (desk.folder / "list.txt").write_text("[…] 2023/10/12 産経 中国が脱北者を強制送還2023/10/14 BBC 中国が送還 […]")
    out = desk.call("references", "list.txt").out
    assert [json.loads(line) for line in out.splitlines()] == [
        {"date": "2023-10-12", "outlet": "産経", "headline": "中国が脱北者を強制送還", "url": None, "language": "ja"},
        {"date": "2023-10-14", "outlet": "BBC", "headline": "中国が送還", "url": None, "language": "ja"},
    ]
    kept = [json.loads(line) for line in desk.call("references", "list.txt", "--store").out.splitlines()]
    assert [(one["state"], one["article"]) for one in kept] == [("unresolved", None)] * 2
    assert kept[0]["reason"] == "no article by 産経新聞 around that day has this headline"
    with sqlite3.connect(desk.folder / "mentions.db") as connection:
        found = connection.execute("SELECT position, outlet, state FROM citations").fetchall()
    connection.close()
    assert found == [(1, "sankei", "unresolved"), (2, "bbc", "unresolved")]


def test_each_file_is_a_list_of_its_own_and_so_is_each_text_that_comes_by_a_pipe(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, folder in enumerate(("a", "b")):
        (desk.folder / folder).mkdir()
        (desk.folder / folder / "list.txt").write_text(f"2023/10/1{number} BBC 中国が送還")
        for _ in range(2):
            assert "BBC" in desk.call("references", f"{folder}/list.txt", "--store", "-q").out
    for text in ("2023/10/12 BBC 中国が送還", "2023/10/13 BBC 中国が送還", "2023/10/12 BBC 中国が送還"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
        assert desk.call("references", "-", "--store").code == 0
    with contextlib.closing(sqlite3.connect(desk.folder / "mentions.db")) as connection:
        lists = [url for (url,) in connection.execute("SELECT url FROM reference_lists ORDER BY url")]
        days = [day for (day,) in connection.execute("SELECT date FROM citations ORDER BY date")]
    assert lists[:2] == ["file:a/list.txt", "file:b/list.txt"]
    assert [url.partition(":")[0] for url in lists[2:]] == ["stdin", "stdin"]
    assert days == ["2023-10-10", "2023-10-11", "2023-10-12", "2023-10-13"]


def test_export_writes_articles_mentions_and_sources(read: Desk) -> None:
    assert len(json.loads(read.call("export", "--format", "json").out)) == 2
    feed = json.loads(read.call("export", "--topic", "repatriation", "--format", "jsonfeed").out)
    assert [item["url"] for item in feed["items"]] == ["https://daily.example/1"]
    assert "<published>2023-10-12T01:00:00Z</published>" in read.call("export", "--format", "atom").out
    assert "'=SUM(1+1)" in read.call("export", "--format", "csv").out
    assert f'xmlUrl="{read.press.url("/daily")}"' in read.call("export", "--format", "opml").out


# --- setting up and keeping -------------------------------------------------------------------------------------------


def test_check_names_what_is_there_and_with_fetch_what_would_be_stored(desk: Desk) -> None:
    assert "1 sources, 1 outlets, 1 topics" in desk.call("check").out
    out = desk.call("check", "--fetch").out
    assert "2023-10-12  ko      통일부" in out
    assert "→ repatriation" in out
    assert "undated" in out
    assert not (desk.folder / "mentions.db").exists()


def test_check_fetch_fails_where_a_source_does(desk: Desk) -> None:
    desk.feeds("daily", "missing")
    code, _, err = desk.call("check", "--fetch")
    assert code == 1
    assert "missing: not_found" in err


def test_init_makes_a_place_to_work_in_and_overwrites_nothing(desk: Desk) -> None:
    assert desk.call("init", "new").code == 0
    place = desk.folder / "new"
    assert "yna.co.kr" in (place / "feeds.yaml").read_text()
    assert "run -q" in (place / "crontab.txt").read_text()
    (place / "feeds.yaml").write_text("mine")
    assert "left as it is" in desk.call("init", "new").out
    assert (place / "feeds.yaml").read_text() == "mine"


def test_what_init_is_told_to_call_it_by_is_what_it_writes(desk: Desk) -> None:
    out = desk.call("-c", "press.yaml", "init", "other place").out
    place = desk.folder / "other place"
    assert sorted(path.name for path in place.iterdir()) == ["crontab.txt", "metadata.yaml", "press.yaml"]
    assert f"-c '{place / 'press.yaml'}'" in (place / "crontab.txt").read_text()
    assert re.search(r"  \S.* -c press\.yaml run$", out, re.MULTILINE)


def test_what_init_makes_is_right(desk: Desk) -> None:
    desk.call("init", "new")
    assert desk.call("check", "-c", "new/feeds.yaml").code == 0


def test_schedule_prints_lines_that_name_this_place(desk: Desk) -> None:
    out = desk.call("schedule").out
    assert f"run -q -c {desk.folder / 'feeds.yaml'} --db {desk.folder / 'mentions.db'}" in out
    assert "OnCalendar" in out
    assert "--executor" not in out
    run = f"run -q -c {desk.folder / 'feeds.yaml'} --db {desk.folder / 'mentions.db'} --executor tls://192.0.2.2:8786"
    assert desk.call("schedule", "--executor", "tls://192.0.2.2:8786").out.count(run) == 2, "for cron and for systemd"
    refused = desk.call("schedule", "--executor", "tcp://192.0.2.2:8786")
    assert (refused.code, "tls://192.0.2.2:8786" in refused.err) == (2, True)


def test_rematch_reindex_and_backup_say_what_they_did(read: Desk) -> None:
    read.feeds("daily")
    assert read.call("rematch").out == "2 articles: 0 mentions came, 0 went\n"
    assert read.call("reindex").out == "2 articles indexed\n"
    assert read.call("backup", "copy.db").out == "copy.db: written\n"
    assert read.call("backup", "copy.db").code == 1
    assert read.call("rematch", "-q").out == ""


def numbered(database: Path) -> list[tuple[Any, ...]]:
    """Which articles have which numbers, and those of which stories."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT id, title, story, copy_of FROM articles ORDER BY id").fetchall()


def test_demo_plays_three_days_and_begins_anew_but_never_in_place_of_a_real_database(read: Desk) -> None:
    out = read.call("demo", "play").out
    assert "14 October 2023" in out
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [line for line in out.splitlines() if " due: " in line] == re.findall(
        r"^.* 2023  \d+ due: .*$", readme, re.MULTILINE
    )
    assert "2023/10/12" in out
    assert "-m aggregator serve --db play/mentions.db" in out
    assert read.call("check", "-c", "play/feeds.yaml").code == 0
    rows = numbered(read.folder / "play/mentions.db")
    without_ports = [re.sub(r":[0-9]+/", "/", text) for text in (out, read.call("demo", "play").out)]
    assert without_ports[0] == without_ports[1]
    assert numbered(read.folder / "play/mentions.db") == rows
    assert read.call("demo", ".").code == 2


def test_a_demo_never_overwrites_what_somebody_wrote(desk: Desk) -> None:
    mine = (desk.folder / "feeds.yaml").read_text()
    refused = desk.call("demo", ".")
    assert (refused.code, "name another directory" in refused.err) == (2, True)
    assert (desk.folder / "feeds.yaml").read_text() == mine
    assert desk.call("demo", "play").code == 0
    with (desk.folder / "play/feeds.yaml").open("a") as file:
        file.write("# and what I learned\n")
    assert desk.call("demo", "play").code == 2


# --- what nobody means to do ------------------------------------------------------------------------------------------

HUGE = "99999999999999999999"
OUT_OF_RANGE = [
    ("prune", "--articles", "999999"),
    ("prune", "--logs", "999999", "--dry-run"),
    ("story", "show", HUGE),
    ("article", "show", HUGE),
    ("story", "split", "1", HUGE),
    ("search", "x", "--limit", HUGE),
    ("run", "--visits", HUGE),
]


@pytest.mark.parametrize("arguments", OUT_OF_RANGE, ids=" ".join)
def test_a_number_that_is_too_large_is_2_and_a_sentence(read: Desk, arguments: tuple[str, ...]) -> None:
    refused = read.call(*arguments)
    assert (refused.code, "is not in the range" in refused.err) == (2, True), refused.err


def test_the_largest_numbers_that_are_let_in_find_nothing(read: Desk) -> None:
    assert read.call("story", "show", str(2**63 - 1)).code == 2
    assert read.call("search", "북송", "--limit", "1000000").code == 0
    assert read.call("prune", "--articles", "36500", "--logs", "36500").code == 0


def program(folder: Path, *arguments: str | bytes, shell: str = "", **environment: str) -> tuple[int, str, str]:
    """What a process of its own returns and says; `shell` stands behind its command line."""
    command = [sys.executable, "-m", "aggregator", *arguments]
    wrapped = ["sh", "-c", f'exec "$@" {shell}', "sh", *command] if shell else command
    done = subprocess.run(
        wrapped, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def test_what_is_no_utf8_is_refused_but_in_names_of_files(read: Desk) -> None:
    for arguments in (("pingbacks", "repatriation", "--language", b"\xff"), ("pingbacks", b"\xff")):
        code, _, err = program(read.folder, *arguments)
        assert (code, "Traceback" in err) == (2, False), err
    code, _, err = program(read.folder, "backup", b"\xff")
    assert (code, "not UTF-8; give it another name" in err) == (1, True), err
    assert program(read.folder, "init", b"d\xff")[0] == 0
    place = os.fsencode(read.folder) + b"/d\xff"
    assert sorted(os.listdir(place)) == [b"crontab.txt", b"feeds.yaml", b"metadata.yaml"]  # noqa: PTH208 - as bytes
    assert b"d\xff/feeds.yaml" in Path(os.fsdecode(place), "crontab.txt").read_bytes()


@pytest.mark.parametrize(
    "arguments", [("pingbacks", "repatriation"), ("search", "북송"), ("status",), ("run", "--all")]
)
def test_a_terminal_that_cannot_show_a_character_is_no_reason_to_fail(read: Desk, arguments: tuple[str, ...]) -> None:
    for encoding in ("euc-kr", "ascii", "latin-1"):
        code, out, err = program(read.folder, *arguments, PYTHONIOENCODING=encoding)
        assert (code, err) == (0, ""), encoding
    assert "\\ubd81\\uc1a1" in out or "북송" not in read.call(*arguments).out


@pytest.mark.parametrize(
    "arguments", ["export --format atom", "export --format csv", "pingbacks repatriation --format json"]
)
def test_what_is_written_for_programs_is_utf8_whatever_the_terminal_shows(read: Desk, arguments: str) -> None:
    assert "북송" in program(read.folder, *arguments.split(), PYTHONIOENCODING="latin-1")[1]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_reason_to_fail(desk: Desk, closed: str) -> None:
    desk.feeds("daily", "missing")
    assert program(desk.folder, "run", "--all", shell=closed)[0] == 0
    assert len(desk.press.asked("/daily")) == 1
    assert program(desk.folder, "status", shell=closed)[0] == 0


def test_who_is_interrupted_while_the_program_starts_gets_130_and_no_traceback(desk: Desk) -> None:
    slow = "import aggregator.errors, os, signal; os.kill(os.getpid(), signal.SIGINT)"  # among what is imported first
    (desk.folder / "click.py").write_text(slow)
    path = f"{desk.folder}{os.pathsep}{ROOT}"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    try:
        assert program(desk.folder, "status", PYTHONPATH=path) == (130, "", "")
    finally:
        signal.signal(signal.SIGINT, before)


COMMANDS: dict[tuple[str, ...], click.Command] = {}
cli.cli.format_help(click.Context(cli.cli), click.HelpFormatter())  # which imports them all
for _name, _command in sorted(cli.cli.commands.items()):
    if isinstance(_command, click.Group):
        COMMANDS |= {(_name, part): command for part, command in sorted(_command.commands.items())}
    else:
        COMMANDS[_name,] = _command


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(desk: Desk, name: tuple[str, ...]) -> None:
    code, out, _ = desk.call(*name, "--help")
    assert code == 0
    command = COMMANDS[name]
    assert len(command.get_short_help_str()) > 15
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name
    assert "--db" in out
