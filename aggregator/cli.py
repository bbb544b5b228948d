"""The commands: the one place that reads the clock and the environment, prints, and turns errors into exit codes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeVar

import click

from aggregator import __version__
from aggregator.errors import AggregatorError, ConfigError, RunLocked, UsageError

if TYPE_CHECKING:
    from aggregator.model import Config, Outcome, Summary
    from aggregator.pipeline import Preview
    from aggregator.store import Store

FAILED, WRONG_USE, LOCKED = 1, 2, 75  # 75 is EX_TEMPFAIL of sysexits.h: try again later

Command = TypeVar("Command", bound=Callable[..., Any])


def _now() -> datetime:
    return datetime.now(UTC)


# --- options that every command knows ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Settings:
    """The common options. What is said behind the command wins over what is said before it."""

    config_path: Path = Path("feeds.yaml")
    db: Path = Path("mentions.db")
    quiet: bool = False
    verbose: bool = False

    def config(self, *, known: bool = False) -> Config:
        """feeds.yaml, or ConfigError. `known`: this very file was found right before."""
        from aggregator import config

        return config.load(self.config_path, known=known)

    def store(self) -> Store:
        """The database, which must be there."""
        from aggregator.store import Store

        return Store(self.db, create=False)

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The database under its lock; made where it is not there."""
        from aggregator.store import Store, lock

        with lock(self.db), Store(self.db) as store:
            yield store

    def say(self, text: str) -> None:
        """Prints for a person, unless they asked for quiet."""
        if not self.quiet:
            click.echo(text)


def _take(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Settings), name, value)

    return callback


_COMMON = (
    click.option("-c", "--config", type=click.Path(path_type=Path), expose_value=False, callback=_take("config_path"),
                 help="What to read and watch.  [default: feeds.yaml]"),
    click.option("--db", type=click.Path(path_type=Path), expose_value=False, callback=_take("db"),
                 help="The database.  [default: mentions.db]"),
    click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_take("quiet"),
                 help="Print nothing on success."),
    click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_take("verbose"),
                 help="Print what is done."),
)  # fmt: skip


def _common(command: Command) -> Command:
    for option in reversed(_COMMON):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@_common
@click.version_option(__version__, prog_name="aggregator")
def cli() -> None:
    """Pingbacks for a press that never pings.

    Reads the Korean, Japanese, Chinese and English press, notices which articles mention a topic or link to a page of
    yours, and keeps them in SQLite: date, outlet, headline, link, excerpt.

    \b
    To look around, without a network:   aggregator demo
    To begin:                            aggregator init
    Then, by hand or from cron:          aggregator run
    To read what was found:              aggregator pingbacks TOPIC
                                         aggregator serve
    """


def _command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the common options, whose first argument is the Settings."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        return cli.command(name)(_common(click.make_pass_decorator(Settings, ensure=True)(function)))

    return decorate


# --- run --------------------------------------------------------------------------------------------------------------


@_command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--all", "everything", is_flag=True, help="Poll every source, due or not.")
@click.option("--workers", type=click.IntRange(1, 1000), default=16, show_default=True, help="Hosts asked at a time.")
@click.option("--strict", is_flag=True, help="Exit with 1 where any source failed.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def run(settings: Settings, as_json: bool, **order: Any) -> int:
    """Poll what is due, store what is new, print a summary.

    Named SOURCEs are polled now. Made for cron: it prints nothing there unless a source needs a hand.

    \b
    Exit codes: 0 done, 1 every due source failed (or any, with --strict),
                2 feeds.yaml or the command line is wrong, 75 another run is at work.
    """
    from aggregator import pipeline

    digest = _digest(settings.config_path)
    config = settings.config(known=_was_right(settings.db, digest))
    stop = Stop()
    with settings.writing() as store, _watched(settings, as_json) as watch, stop.on_signals():
        if not store.remembers(_RIGHT, digest):
            with store.transaction():
                store.note(_RIGHT, digest)
        edges = pipeline.Edges(clock=_now, dice=random.random, stopped=stop.asked, watch=watch)
        summary = pipeline.run(config, store, pipeline.Order(**order), edges)
    _print_summary(settings, summary, as_json)
    return stop.exit_code() or summary.exit_code


_RIGHT = "feeds.yaml found right"


def _digest(path: Path) -> str:
    """What changes when the file does, or the program that judges it."""
    body = path.read_bytes() if path.is_file() else b""
    return f"{__version__} {hashlib.sha256(body).hexdigest()}"


def _was_right(db: Path, digest: str) -> bool:
    """Whether the last run found this very file right: then a run with nothing due need not compile its queries."""
    from aggregator.store import Store

    if not db.exists():
        return False
    with Store(db) as store:
        return store.remembers(_RIGHT, digest)


def _print_summary(settings: Settings, summary: Summary, as_json: bool) -> None:
    from aggregator import report

    if as_json:
        click.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
        return
    for outcome in summary.failures:
        click.echo(report.failure(outcome), err=True)
    if settings.verbose or sys.stdout.isatty():
        settings.say(report.headline(summary))


@contextmanager
def _watched(settings: Settings, as_json: bool) -> Iterator[Callable[[Outcome, int], None]]:
    """A progress bar on a terminal; with -v a line for each source; else nothing."""
    if settings.verbose:
        yield lambda outcome, _due: click.echo(_progress_line(outcome), err=True)
    elif settings.quiet or as_json or not sys.stderr.isatty():
        yield lambda _outcome, _due: None
    else:
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Reading the press", total=None)
            yield lambda outcome, due: progress.update(task, total=due, advance=1, description=outcome.source)


def _progress_line(outcome: Outcome) -> str:
    counts = f"{outcome.items} items, {outcome.new} new, {outcome.changed} changed, {outcome.mentions} mentions"
    return f"{outcome.source}: {outcome.status}, {counts}, {outcome.ms} ms" + (f": {outcome.note}" * bool(outcome.note))


class Stop:
    """The wish to stop: a first SIGINT or SIGTERM lets the run end cleanly, a second one does not wait."""

    def __init__(self) -> None:
        self._signal = 0

    def asked(self) -> bool:
        """Whether somebody wants the run to end."""
        return self._signal != 0

    def exit_code(self) -> int:
        """128 and the number of the signal, as shells say it; 0 where none came."""
        return 128 + self._signal if self._signal else 0

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listens, and afterwards gives the signals back to whom they belonged."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._signal:
            os._exit(128 + number)  # a second time: at once; what was committed is safe
        self._signal = number
        click.echo("stopping: what was fetched is stored (once more to stop at once)", err=True)


# --- setting up -------------------------------------------------------------------------------------------------------


def _shipped_feeds() -> str:
    """The feeds.yaml that comes with the program: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parent
    inside, beside = package / "feeds.yaml", package.parent / "feeds.yaml"
    return (inside if inside.is_file() else beside).read_text("utf-8")


@_command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def init(settings: Settings, directory: Path) -> None:
    """Make a place to work in: feeds.yaml, settings for Datasette, a line for cron.

    Nothing that is there already is overwritten.
    """
    directory.mkdir(parents=True, exist_ok=True)
    cron = "\n".join(_cron_lines(directory / settings.config_path, directory / settings.db)) + "\n"
    files = {"feeds.yaml": _shipped_feeds(), "metadata.yaml": _METADATA, "crontab.txt": cron}
    for name, text in files.items():
        path = directory / name
        if path.exists():
            settings.say(f"{path}: is there already, left as it is")
        else:
            path.write_text(text, "utf-8")
            settings.say(f"{path}: written")
    settings.say(f"\nNext:\n  cd {shlex.quote(str(directory))}\n  aggregator check\n  aggregator run")


_METADATA = """\
# For Datasette: `aggregator serve` finds it beside the database. What the tables and columns mean comes from the
# database itself; what stands here is yours to change.
title: Pingbacks
description: Who wrote about our topics, in Korean, Japanese, Chinese and English
"""


@_command()
@click.option("--fetch", "fetch_too", is_flag=True, help="Try each source too, and show what would be stored.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def check(settings: Settings, fetch_too: bool, sources: Sequence[str]) -> int:
    """Say whether feeds.yaml is right; with --fetch, what its sources give.

    Every mistake is shown at once, with its line. Nothing is stored.
    """
    config = settings.config()
    counts = f"{len(config.sources)} sources, {len(config.outlets)} outlets, {len(config.topics)} topics"
    settings.say(f"{settings.config_path}: {counts}: fine")
    if not fetch_too:
        return 0
    from aggregator import pipeline

    edges = pipeline.Edges(clock=_now, dice=random.random)
    failed = 0
    for preview in pipeline.previews(config, pipeline.Order(sources=tuple(sources), everything=True), edges):
        failed += preview.poll.status.failed
        _print_preview(settings, preview)
    return FAILED if failed else 0


def _print_preview(settings: Settings, preview: Preview) -> None:
    poll = preview.poll
    if poll.status.failed:
        from aggregator import report

        line = ": ".join(
            part for part in (poll.source.id, poll.status, poll.note, report.ADVICE.get(poll.status)) if part
        )
        click.echo(f"\n{line}", err=True)
        return
    encoding = poll.reading.encoding if poll.reading else None
    settings.say(
        f"\n{poll.source.id}: {len(preview.articles)} articles, {encoding}" + (f" ({poll.note})" * bool(poll.note))
    )
    for article, mentions in preview.articles[:5]:
        topics = f"  → {', '.join(mention.topic for mention in mentions)}" if mentions else ""
        settings.say(f"  {article.date or 'undated   '}  {article.language.tag:<7} {article.title}{topics}")


@_command()
def schedule(settings: Settings) -> None:
    """Print lines for crontab and for a systemd timer."""
    click.echo("# crontab -e\n" + "\n".join(_cron_lines(settings.config_path, settings.db)))
    click.echo("\n" + _systemd_units(settings.config_path, settings.db))


def _program() -> str:
    """How to call this program from anywhere."""
    return shutil.which(sys.argv[0]) or f"{sys.executable} -m aggregator"


def _run_command(config: Path, db: Path) -> str:
    return f"{_program()} run -q -c {shlex.quote(str(config.resolve()))} --db {shlex.quote(str(db.resolve()))}"


def _cron_lines(config: Path, db: Path) -> list[str]:
    return [
        "# Every 5 minutes: only what is due is asked, runs never overlap, and mail comes when a source needs a hand.",
        f"*/5 * * * * {_run_command(config, db).replace('%', chr(92) + '%')}",
    ]


def _systemd_units(config: Path, db: Path) -> str:
    return f"""\
# /etc/systemd/system/aggregator.service
[Unit]
Description=Pingbacks for a press that never pings
After=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
ExecStart={_run_command(config, db).replace("%", "%%")}
SuccessExitStatus=75

# /etc/systemd/system/aggregator.timer
[Unit]
Description=Poll the press
[Timer]
OnCalendar=*:0/5
RandomizedDelaySec=30
[Install]
WantedBy=timers.target

# systemctl enable --now aggregator.timer"""


@_command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), metavar="[DIR]")
def demo(settings: Settings, directory: Path) -> None:
    """Watch it work, without a network: three days of a small press, served on this machine.

    Leaves DIR/feeds.yaml and DIR/mentions.db behind.  [default: demo]
    """
    from aggregator import config, exports, report
    from aggregator import demo as sample

    directory.mkdir(parents=True, exist_ok=True)
    feeds, settings.db = directory / "feeds.yaml", directory / "mentions.db"
    _clear_away(settings.db)
    with sample.PressServer() as server, settings.writing() as store:
        feeds.write_text(sample.render(server.url()), "utf-8")
        with store.transaction():
            store.note(_DEMO, "yes")
        for moment, summary in sample.perform(config.load(feeds), store, server):
            settings.say(f"{moment:%d %B %Y}  {report.headline(summary)}")
            for outcome in summary.failures:
                settings.say(f"    {report.failure(outcome)}")
        rows = store.pingbacks(sample.TOPIC)
    settings.say(f"\nPingbacks for {sample.TOPIC}, which the press never sent:\n")
    settings.say(exports.lines(rows))
    settings.say(f"To browse it:\n  aggregator serve --db {shlex.quote(str(settings.db))}")


_DEMO = "demo"  # what a database of the demo notes about itself


def _clear_away(db: Path) -> None:
    """A demo begins anew, but never in place of a real database."""
    from aggregator.store import Store

    if not db.exists():
        return
    with Store(db) as store:
        if not store.remembers(_DEMO, "yes"):
            raise UsageError(f"{db}: is no database of a demo; name another directory")
    for path in (db, db.with_name(db.name + "-wal"), db.with_name(db.name + "-shm")):
        path.unlink(missing_ok=True)


# --- reading ----------------------------------------------------------------------------------------------------------


@_command()
@click.argument("topic")
@click.option("--format", "form", type=click.Choice(("text", "markdown", "html", "csv", "json")), default="text",
              show_default=True, help="How to write the list.")  # fmt: skip
def pingbacks(settings: Settings, topic: str, form: str) -> None:
    """The list for a TOPIC, newest first."""
    from aggregator import exports

    with settings.store() as store:
        _must_be_topic(store, topic)
        click.echo(exports.written(store.pingbacks(topic), form), nl=False)


def _must_be_topic(store: Store, topic: str) -> None:
    topics = store.topics()
    if topic not in topics:
        raise UsageError(f"no topic {topic!r}; there are: {', '.join(topics) or 'none yet, `aggregator run` first'}")


@_command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
def search(settings: Settings, query: str, limit: int) -> int:
    """Articles that hold all the words of QUERY, newest first. "A phrase" goes in quotes, a word* may end in a star."""
    with settings.store() as store:
        found = store.search(query, limit)
    _table(
        ("date", "outlet", "headline", "url"), [(str(row.date or ""), row.outlet, row.title, row.url) for row in found]
    )
    return 0 if found else FAILED


@_command()
@click.argument("file", type=click.File("rb"), metavar="FILE|-")
@click.option("--store", "keep", is_flag=True, help="Keep the lines in the database, as citations.")
def references(settings: Settings, file: BinaryIO, keep: bool) -> int:
    """Read a reference list or a pingback excerpt into records, one JSON object a line.

    FILE holds lines of date, outlet, headline and perhaps a URL, in Korean, Japanese, Chinese or English: as text,
    HTML, Markdown, or glued together as WordPress prints pingbacks. Outlets of feeds.yaml are known where it is there.
    """
    from aggregator import encoding, outlets
    from aggregator import references as lists

    extra = settings.config().outlets.values() if settings.config_path.exists() else ()
    names = outlets.directory(extra)
    found = lists.read(encoding.decode(file.read()).text, names)
    for one in found:
        record = {"date": one.date.isoformat(), "outlet": one.outlet, "headline": one.headline, "url": one.url}
        settings.say(json.dumps(record | {"language": one.language.tag}, ensure_ascii=False))
    if keep:
        cited = [(one, names.find(one.outlet or "")) for one in found]
        with settings.writing() as store, store.transaction():
            store.save_references(None, f"file:{Path(file.name).name}", cited, _now())
    return 0 if found else FAILED


@_command()
@click.option("--topic", help="Only what mentions this topic, with its excerpts.")
@click.option("--format", "form", type=click.Choice(("csv", "json", "jsonfeed", "atom", "opml")), required=True,
              help="How to write it; opml is the sources of feeds.yaml.")  # fmt: skip
def export(settings: Settings, topic: str | None, form: str) -> None:
    """Write articles, or the mentions of a topic, for other programs."""
    from aggregator import exports

    if form == "opml":
        click.echo(exports.opml(settings.config()), nl=False)
        return
    with settings.store() as store:
        if topic:
            _must_be_topic(store, topic)
        rows = store.pingbacks(topic) if topic else tuple(store.articles())
        click.echo(exports.feed(rows, form, store.topics()[topic] if topic else "Articles"), nl=False)


@_command()
def status(settings: Settings) -> None:
    """The health of each source: last success, last new article, silence, failures, next due."""
    now = _now()
    with settings.store() as store:
        rows = [_health_row(row, now) for row in store.health()]
    _table(("source", "status", "articles", "last ok", "last new", "failures", "due", "note"), rows)


def _health_row(row: dict[str, Any], now: datetime) -> tuple[str, ...]:
    state = (row["status"] or "not asked yet") if row["enabled"] else f"off ({row['status'] or 'not in feeds.yaml'})"
    ago = [_distance(row[key], now) for key in ("last_ok_at", "last_new_at")]
    due = _distance(row["due_at"], now) if row["enabled"] else ""
    return row["id"], state, str(row["articles"]), *ago, str(row["failures"]), due or "now", row["note"]


def _distance(text: str | None, now: datetime) -> str:
    """How far a time is from now: `3 h ago`, `in 20 min`."""
    if not text:
        return ""
    seconds = (datetime.fromisoformat(text) - now).total_seconds()
    amount = next(
        (
            f"{abs(seconds) // size:.0f} {unit}"
            for size, unit in ((86400, "d"), (3600, "h"), (60, "min"))
            if abs(seconds) >= size
        ),
        "1 min",
    )
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that knows how wide Chinese characters are; tab-separated where it is piped."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)


@_command()
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="Where to listen.")
@click.option("--open", "browse", is_flag=True, help="Open a browser too.")
def serve(settings: Settings, port: int, browse: bool) -> None:
    """Browse the database in Datasette, on this machine only."""
    from importlib.util import find_spec

    if find_spec("datasette") is None:
        raise UsageError("Datasette is not installed: pip install 'press-pingbacks[datasette]'")
    settings.store().close()  # says what is wrong with it, if anything, and brings its tables up to date
    metadata = settings.db.parent / "metadata.yaml"
    command = [sys.executable, "-m", "datasette", "serve", str(settings.db), "--port", str(port)]
    command += [part for name, value in _DATASETTE_SETTINGS for part in ("--setting", name, value)]
    command += ["--metadata", str(metadata)] if metadata.exists() else []
    command += ["--open"] if browse else []
    settings.say(f"http://127.0.0.1:{port}/  (Ctrl-C ends it)")
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell


_DATASETTE_SETTINGS = (("default_page_size", "50"), ("default_facet_size", "10"), ("facet_time_limit_ms", "1000"))


# --- keeping ----------------------------------------------------------------------------------------------------------


@_command()
def rematch(settings: Settings) -> None:
    """Hold every stored article against the topics again, after feeds.yaml has changed. Needs no network."""
    from aggregator import pipeline

    config = settings.config()
    with settings.writing() as store:
        done = pipeline.rematch(config, store, _now())
    settings.say(f"{done.articles} articles: {done.came} mentions came, {done.went} went")


@_command()
def reindex(settings: Settings) -> None:
    """Build the search index anew."""
    with settings.writing() as store:
        settings.say(f"{store.reindex()} articles indexed")


@_command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(settings: Settings, file: Path) -> None:
    """Copy the database into FILE, whole and consistent, also while a run writes."""
    with settings.store() as store:
        store.backup(file)
    settings.say(f"{file}: written")


# --- from outside -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program: runs a command and ends with its exit code. What goes wrong is a sentence, not a traceback."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        code = cli.main(args=arguments, prog_name="aggregator", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(128 + signal.SIGINT)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains while it ends
        sys.exit(FAILED)
    except (ConfigError, UsageError) as problem:
        _fail(problem, WRONG_USE)
    except RunLocked as problem:
        _fail(problem, LOCKED)
    except (AggregatorError, OSError) as problem:
        _fail(problem, FAILED)


def _fail(problem: Exception, code: int) -> NoReturn:
    click.echo(f"aggregator: {problem}", err=True)
    sys.exit(code)
