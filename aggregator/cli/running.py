"""`run`: polls what is due."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from aggregator import __version__, ticks
from aggregator.cli import logs
from aggregator.cli.frame import LOCKED, MANY, Settings, command, ending, now
from aggregator.cli.telling import HERE, Telling
from aggregator.errors import AggregatorError, RunLocked

if TYPE_CHECKING:
    from aggregator.model import Cost, Outcome, Summary


@command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--all", "everything", is_flag=True, help="Poll every source, due or not.")
@click.option("--workers", type=click.IntRange(1, 1000), default=1000, show_default=True, help="Hosts asked at a time.")
@click.option(
    "--executor", metavar="URL", help="Ask on the workers of the dask scheduler at tcp://127.0.0.1:8786 or tls://…"
)
@click.option("--visits", type=click.IntRange(0, MANY), default=20, show_default=True, help="Pages to visit, at most.")
@click.option("--strict", is_flag=True, help="Exit with 1 where any source failed.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object, and the log as JSON.")
def run(settings: Settings, as_json: bool, **order: Any) -> int:
    """Poll what is due and store what is new.

    Named SOURCEs are polled now. On a terminal it prints a summary, elsewhere only a line for each source that failed
    and for each new alert. With -q, made for cron, it prints new alerts alone: what somebody should look at, once.

    \b
    Exit codes: 0 done, 1 every due source failed (or any, with --strict)
                or --executor was of no use, 2 feeds.yaml or the command
                line is wrong, 75 another run is at work.
    """
    with logs.as_json(as_json):
        try:
            return _run(settings, as_json, order)
        except BrokenPipeError:
            raise
        except (AggregatorError, OSError, MemoryError) as problem:
            if isinstance(problem, RunLocked) and settings.quiet:
                return LOCKED  # cron comes again soon enough
            if not as_json:
                raise
            said, code = ending(problem)
            logs.tell("error", said, for_programs=True)
            return code


def _run(settings: Settings, as_json: bool, order: dict[str, Any]) -> int:
    if order["executor"]:
        from aggregator import cluster

        cluster.check(order["executor"])
    digest = _digest(settings.config_path)
    if not (order["sources"] or order["everything"] or as_json or settings.verbose) and _nothing_due(settings, digest):
        return 0
    from aggregator import pipeline

    order["workers"] = _with_room(order["workers"])
    known = ticks.glance(settings.db, _RIGHT) == digest
    config = settings.config(known=known)
    if known and config.stories.names:
        config = settings.config()  # these files may have changed where it did not
    stop = Stop(as_json)
    with settings.writing(new=True) as store, _watched(settings, as_json) as watch, stop.on_signals():
        edges = pipeline.Edges(
            clock=now, dice=random.random, stopped=stop.asked, watch=watch, cost=_cost, exit_code=stop.exit_code
        )
        summary = pipeline.run(config, store, pipeline.Order(**order), edges)
        if store.noted(_RIGHT) != digest:
            with store.transaction():
                store.note(_RIGHT, digest)
        telling = Telling(store, config.alerts, summary.alerts)
        problems = telling.tell()
        code = stop.exit_code() or summary.exit_code
        _print_summary(settings, as_json, replace(summary, exit_code=code, alerts=telling.for_way(HERE)))
        for problem in problems:
            logs.tell("warning", problem, as_json)
        telling.done()
        if code != summary.exit_code:
            store.returned(code)
    return code


def _with_room(workers: int) -> int:
    """As many connections as this process may have open, which it asks for where it has too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < workers + _OTHER_FILES:
        soft = workers + _OTHER_FILES if hard == resource.RLIM_INFINITY else min(workers + _OTHER_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return min(workers, max(1, soft - _OTHER_FILES))
    return workers


def _nothing_due(settings: Settings, digest: str) -> bool:
    """Whether this was a tick of cron in which there was nothing to do, which is most of them."""
    if not settings.db.exists():
        return False
    moment = now()
    due, far = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (moment, moment + FAR))
    idle = ticks.passed(settings.db, (_RIGHT, digest), due, far, __version__)
    if idle and sys.stdout.isatty():
        settings.say("0 due: nothing to ask, nothing to visit")
    return idle


def _cost() -> Cost:
    from aggregator.model import Cost

    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # in kilobytes, but on macOS
    return Cost(cpu_ms=round((used.ru_utime + used.ru_stime) * 1000), peak_mb=round(peak / 1_000_000))


# What is noted under this was the last file found right: then a run with nothing due need not compile its queries.
_RIGHT = "feeds.yaml found right"
_OTHER_FILES = 100  # beside connections: the database, look-ups, what the program reads
FAR = timedelta(days=32)  # what `schedule` has, which a run in which nothing is due need not import


def _digest(path: Path) -> str:
    """What changes when the file does, or the program that judges it."""
    body = b""  # of what cannot be read, `config` says why
    with suppress(OSError):
        body = path.read_bytes() if path.is_file() else b""
    return f"{__version__} {hashlib.sha256(body).hexdigest()}"


def _print_summary(settings: Settings, as_json: bool, summary: Summary) -> None:
    from aggregator import report
    from aggregator.model import Trouble

    if as_json:
        click.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
        return
    for outcome in () if settings.quiet else summary.failures:
        click.echo(report.failure(outcome), err=True)
    if summary.left:
        click.echo(f"aggregator: {summary.left}", err=True)
    for alert in summary.alerts:
        if settings.quiet or alert.kind is not Trouble.FAILING:
            click.echo(report.alert(alert), err=True)
    if settings.verbose or sys.stdout.isatty():
        visited = f"; {summary.visits[0]} pages visited, {summary.visits[1]} in vain" if any(summary.visits) else ""
        settings.say(report.headline(summary) + visited * settings.verbose)


@contextmanager
def _watched(settings: Settings, as_json: bool) -> Iterator[Callable[[Outcome, int], None]]:
    """A progress bar on a terminal; with -v a line for each source; else nothing."""
    if settings.verbose and as_json:
        from dataclasses import asdict

        yield lambda outcome, _due: logs.say(now(), "source", asdict(outcome))
    elif settings.verbose:
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

    def __init__(self, as_json: bool = False) -> None:
        self._signal, self._as_json = 0, as_json

    def asked(self) -> bool:
        """Whether somebody wants the run to end."""
        return self._signal != 0

    def exit_code(self, problem: BaseException | None = None) -> int:
        """128 and the number of the signal, as shells say it; where none came, what a problem brings, or 0."""
        if self._signal:
            return 128 + self._signal
        return ending(problem)[1] if problem else 0

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
        logs.tell("stopping", "stopping: what was fetched is stored (once more to stop at once)", self._as_json)
