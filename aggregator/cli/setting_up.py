"""`demo`, `init`, `check`, `schedule`: getting to know it, and setting it up."""

from __future__ import annotations

import random
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import FAILED, Settings, command, now
from aggregator.errors import UsageError
from aggregator.model import Kind, Stories

if TYPE_CHECKING:
    from aggregator.pipeline import Preview


def _shipped_feeds() -> str:
    """The feeds.yaml that comes with the program: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parents[1]
    inside, beside = package / "feeds.yaml", package.parent / "feeds.yaml"
    return (inside if inside.is_file() else beside).read_text("utf-8")


@command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def init(settings: Settings, directory: Path) -> None:
    """Make a place to work in.

    That is feeds.yaml, settings for Datasette, and a line for cron. Nothing that is there already is overwritten.
    """
    feeds, db = directory / settings.config_path, directory / settings.db
    for path in (directory, feeds.parent):
        path.mkdir(parents=True, exist_ok=True)
    cron = "\n".join(_cron_lines(_run_command(feeds, db))) + "\n"
    files = {feeds: _shipped_feeds(), directory / "metadata.yaml": _METADATA, directory / "crontab.txt": cron}
    for path, text in files.items():
        if path.exists():
            settings.say(f"{path}: is there already, left as it is")
        else:
            path.write_text(text, "utf-8", "surrogateescape")  # the names of files may be in any encoding
            settings.say(f"{path}: written")
    program = _as_called() if "/" not in _as_called() else _program()
    program += "".join(
        f" {option} {shlex.quote(str(path))}"
        for option, path, usual in (("-c", settings.config_path, "feeds.yaml"), ("--db", settings.db, "mentions.db"))
        if str(path) != usual
    )
    settings.say(f"\nNext:\n  cd {shlex.quote(str(directory))}\n  {program} check\n  {program} run")


_METADATA = """\
# For Datasette: `aggregator serve` finds it beside the database. What the tables and columns mean comes from the
# database itself; what stands here is yours to change.
title: Pingbacks
description: Who wrote about our topics, in Korean, Japanese, Chinese and English
"""


@command()
@click.option("--fetch", "fetch_too", is_flag=True, help="Try each source too, and show what would be stored.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def check(settings: Settings, fetch_too: bool, sources: Sequence[str]) -> int:
    """Say whether feeds.yaml is right.

    Every mistake is shown at once, with its line. With --fetch, it shows what the sources give; nothing is stored.
    """
    from aggregator import pipeline

    config = settings.config()
    pipeline.named(config, sources)
    counts = f"{len(config.sources)} sources, {len(config.outlets)} outlets, {len(config.topics)} topics"
    settings.say(f"{settings.config_path}: {counts}: fine")
    for kind in sorted({one.kind for one in config.sources.values()} - set(Kind)):
        settings.say(f"kind {kind}: {_plugin(kind)}")
    if config.stories.method != Stories().method:
        from aggregator import methods

        settings.say(f"stories: the method {methods.method(config).name}")  # which says if it is of no use
    from aggregator import doubts

    for topic in config.topics.values():
        for doubt in doubts.doubts(topic):
            settings.say(f"{settings.config_path}: topics.{topic.id}.{doubt}")
    _tell_of_sqlite(settings)
    if not fetch_too:
        return 0
    edges = pipeline.Edges(clock=now, dice=random.random)
    failed = 0
    for preview in pipeline.previews(config, pipeline.Order(sources=tuple(sources), everything=True), edges):
        failed += preview.poll.status.failed
        print_preview(settings, preview)
    return FAILED if failed else 0


def _tell_of_sqlite(settings: Settings) -> None:
    from aggregator.store import faulty_sqlite

    if version := faulty_sqlite():
        settings.say(
            f"SQLite {version} has a fault: two programs that write {settings.db} at the same moment may damage it."
            " Runs never do; let no other program write it (docs/operating.md)"
        )


def _plugin(kind: str) -> str:
    from aggregator import kinds

    plugin, _ = kinds.find(kind)
    return f"the plugin {plugin.name} {plugin.version}"


def print_preview(settings: Settings, preview: Preview) -> None:
    """What a poll would come to: its first articles with day, language and topics; or why it failed."""
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


@command()
@click.option("--executor", metavar="URL", help="Have the runs ask on the workers of the dask scheduler there.")
def schedule(settings: Settings, executor: str | None) -> None:
    """Print lines for crontab and systemd."""
    run = _run_command(settings.config_path, settings.db)
    if executor:
        from aggregator import cluster

        cluster.check(executor)
        run += f" --executor {shlex.quote(executor)}"
    click.echo("# crontab -e\n" + "\n".join(_cron_lines(run)))
    click.echo("\n" + _systemd_units(run))


def _program() -> str:
    """How to call this program from anywhere."""
    found = shutil.which(sys.argv[0])
    return shlex.quote(str(Path(found).absolute())) if found else f"{shlex.quote(sys.executable)} -m aggregator"


def _as_called() -> str:
    """How to call this program from here: as it was called."""
    name = Path(sys.argv[0]).name
    if not shutil.which(sys.argv[0]):
        return "python -m aggregator"
    return name if shutil.which(name) == shutil.which(sys.argv[0]) else shlex.quote(sys.argv[0])


def _run_command(config: Path, db: Path) -> str:
    return f"{_program()} run -q -c {shlex.quote(str(config.resolve()))} --db {shlex.quote(str(db.resolve()))}"


def _cron_lines(run: str) -> list[str]:
    return [
        "# Every 5 minutes: only what is due is asked, runs never overlap, and mail comes when a source needs a hand.",
        f"*/5 * * * * {run.replace('%', chr(92) + '%')}",
    ]


def _systemd_units(run: str) -> str:
    return f"""\
# /etc/systemd/system/aggregator.service
[Unit]
Description=Pingbacks for a press that never pings
After=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
ExecStart={run.replace("%", "%%")}
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


@command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), metavar="[DIR]")
def demo(settings: Settings, directory: Path) -> None:
    """Watch it work, without a network.

    Three days of a small invented press, served on this machine, and a real run on each of them. Leaves
    DIR/feeds.yaml and DIR/mentions.db behind.  [default: demo]
    """
    from aggregator import config, exports, report
    from aggregator import demo as sample

    directory.mkdir(parents=True, exist_ok=True)
    feeds, settings.db = directory / "feeds.yaml", directory / "mentions.db"
    if feeds.exists() and not sample.wrote(feeds.read_text("utf-8", "replace")):
        raise UsageError(f"{feeds}: is not what a demo writes, and would be lost; name another directory")
    _clear_away(settings.db)
    with sample.PressServer() as server, settings.writing(new=True) as store:
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
    settings.say(f"To browse it:\n  {_as_called()} serve --db {shlex.quote(str(settings.db))}")


_DEMO = "demo"  # what a database of the demo notes about itself


def _clear_away(db: Path) -> None:
    """A demo begins anew, but never in place of a real database."""
    from aggregator.store import Store

    if not db.exists():
        return
    with Store(db) as store:
        if store.noted(_DEMO) != "yes":
            raise UsageError(f"{db}: is no database of a demo; name another directory")
    for path in (db, db.with_name(db.name + "-wal"), db.with_name(db.name + "-shm")):
        path.unlink(missing_ok=True)
