"""`status`, `pingbacks`, `search`, `export`, `references`, `serve`: looking at what was found."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from aggregator.cli.frame import FAILED, MANY, Settings, command, now
from aggregator.cli.tables import table
from aggregator.errors import AggregatorError, ConfigError, UsageError

if TYPE_CHECKING:
    from aggregator.model import Pingback, Reference
    from aggregator.outlets import Directory
    from aggregator.store import Store


_LANGUAGE = click.option(
    "--language", default="", metavar="TAG", help="Only articles in this language; zh is all Chinese."
)
_SINCE = click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was published since this day.")
_QUOTES = click.option("--quotes", is_flag=True, help="Put headlines into the quotes of their language.")


@command()
@click.argument("topic")
@_LANGUAGE
@_SINCE
@click.option("--once", is_flag=True, help="Show each event once: no copies, one article of a story.")
@_QUOTES
@click.option("--bom", is_flag=True, help="Begin a CSV with a byte order mark, as Excel wants it.")
@click.option("--format", "form", type=click.Choice(("text", "markdown", "html", "csv", "json")), default="text",
              show_default=True, help="How to write the list.")  # fmt: skip
def pingbacks(settings: Settings, topic: str, form: str, **look: Any) -> None:
    """The list for a topic, newest first.

    Headlines are shown without what sites append to them ("｜朝日新聞"); the database keeps them as printed.
    """
    from aggregator import exports

    with settings.store() as store:
        _must_be_topic(store, topic)
        rows = store.pingbacks(topic, language=look["language"], since=look["since"] and look["since"].date())
    rows = exports.dressed(exports.once(rows) if look["once"] else rows, _press(settings), quotes=look["quotes"])
    if form == "text" and sys.stdout.isatty():
        _list(rows)
        return
    if form != "text":
        _in_utf8()
    click.echo("\ufeff" * (look["bom"] and form == "csv") + exports.written(rows, form), nl=False)


def _in_utf8() -> None:
    """Has what is meant for programs be UTF-8, as they expect, whatever a terminal would want."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors)


def _press(settings: Settings) -> Callable[[str], object]:
    """Who knows the names of outlets: the built-in ones, and those of feeds.yaml where it is there."""
    from aggregator import outlets

    extra = settings.config().outlets.values() if settings.config_path.exists() else ()
    return outlets.directory(extra).find


@command()
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option("--format", "form", type=click.Choice(("markdown", "html")), default="markdown", show_default=True,
              help="How to write it.")  # fmt: skip
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="What was found since this day; nothing is noted.")
def digest(settings: Settings, topics: Sequence[str], form: str, since: datetime | None) -> None:
    """What is new since the last digest.

    For e-mail from cron: it prints nothing where there is nothing new, and notes how far it told. Without TOPICs it
    tells of all.
    """
    from aggregator import exports

    with settings.store() if since else settings.writing() as store:
        for topic in topics or tuple(store.topics()):
            _must_be_topic(store, topic)
            told = None if since else store.last_digest(topic)
            found_since = since and since.replace(tzinfo=UTC)
            rows = exports.dressed(store.pingbacks(topic, found_since=found_since, told=told), _press(settings))
            if rows:
                last = told.at if told else found_since
                click.echo(exports.digest(store.topics()[topic], rows, last, form))
            if not since:
                store.note_digest(topic, now())


def _must_be_topic(store: Store, topic: str) -> None:
    topics = store.topics()
    if topic not in topics:
        names = ", ".join(topics) or "none yet; write some into feeds.yaml, and `aggregator run`"
        raise UsageError(f"no topic {topic!r}; there are: {names}")


@command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, MANY), default=20, show_default=True, help="How many at most.")
def search(settings: Settings, query: str, limit: int) -> int:
    """Find articles by their words, newest first.

    All words of QUERY must be there. "A phrase" goes in quotes, a word* may end in a star.
    """
    with settings.store() as store:
        found = store.search(query, limit)
    _list(found)
    return 0 if found else FAILED


def _list(rows: Iterable[Pingback]) -> None:
    table(
        ("date", "outlet", "headline", "url"), [(str(row.date or ""), row.outlet, row.title, row.url) for row in rows]
    )


@command()
@click.argument("file", type=click.File("rb"), metavar="FILE|-")
@click.option("--store", "keep", is_flag=True, help="Keep the lines in the database, and find their articles.")
def references(settings: Settings, file: BinaryIO, keep: bool) -> int:
    """Read a reference list into records.

    Prints one JSON object a line. FILE holds lines of date, outlet, headline and perhaps a URL, in Korean, Japanese,
    Chinese or English: as text, HTML, Markdown, or glued together as WordPress prints pingbacks. Outlets of feeds.yaml
    are known where it is there. With --store each line says which article it was found to mean, and why.
    """
    from aggregator import encoding, outlets
    from aggregator import references as lists

    extra = settings.config().outlets.values() if settings.config_path.exists() else ()
    names = outlets.directory(extra)
    body = file.read()
    found = lists.read(encoding.decode(body).text, names)
    called = _called(body, getattr(file, "name", ""), settings.db)
    outcomes = _kept(settings, called, found, names) if keep else [{}] * len(found)
    for one, outcome in zip(found, outcomes, strict=True):
        record = {"date": one.date.isoformat(), "outlet": one.outlet, "headline": one.headline, "url": one.url}
        click.echo(json.dumps(record | {"language": one.language.tag} | outcome, ensure_ascii=False))
    return 0 if found else FAILED


def _called(body: bytes, name: object, db: Path) -> str:
    """What a list is known by: where its file is, seen from the database; what comes by a pipe, by what it says."""
    if isinstance(name, str) and Path(name).is_file():
        return "file:" + Path(os.path.relpath(Path(name).resolve(), db.resolve().parent)).as_posix()
    return f"stdin:{hashlib.sha256(body).hexdigest()[:12]}"


def _kept(settings: Settings, url: str, found: Sequence[Reference], names: Directory) -> list[dict[str, Any]]:
    """Stores a list and decides which articles it means; says what came of each line."""
    from aggregator import citations, pipeline

    with settings.writing(new=True) as store:
        with store.transaction():
            store.save_references(None, url, [(one, citations.whose(one.outlet, names)) for one in found], now())
        pipeline.cite(store)
        return store.cited(url)


@command()
@click.option("--topic", help="Only what mentions this topic, with its excerpts.")
@click.option("--format", "form", type=click.Choice(("csv", "json", "jsonfeed", "atom", "opml")), required=True,
              help="How to write it; opml is the sources of feeds.yaml.")  # fmt: skip
def export(settings: Settings, topic: str | None, form: str) -> None:
    """Write articles for other programs."""
    from aggregator import exports, opml

    _in_utf8()
    if form == "opml":
        click.echo(opml.write(settings.config()), nl=False)
        return
    with settings.store() as store:
        if topic:
            _must_be_topic(store, topic)
        rows = store.pingbacks(topic) if topic else store.articles()
        title = store.topics()[topic] if topic else "Articles"
        sys.stdout.writelines(exports.feed(rows, form, title, topic or "articles"))
        sys.stdout.flush()


@command()
def status(settings: Settings) -> None:
    """The health of each source.

    Its last success, its last new article, its failures in a row, when it is asked next, and what to look at.
    """
    moment = now()
    with settings.store() as store:
        health = store.health()
        off = _why_off(settings, health)
        rows = [_health_row(row, off.get(row["id"], ""), moment) for row in health]
        for alert in store.general_alerts():
            click.echo(alert.note, err=True)
    table(("source", "status", "articles", "last ok", "last new", "failures", "due", "note"), rows)


def _health_row(row: dict[str, Any], off: str, now: datetime) -> tuple[str, ...]:
    from aggregator import report

    state = (row["status"] or "not asked yet") if row["enabled"] else f"off ({off})"
    ago = [report.distance(row[key], now) for key in ("last_ok_at", "last_new_at")]
    due = (report.distance(row["due_at"], now) or "now") if row["enabled"] else ""
    note = "; ".join(part for part in (row["note"], row["alerts"]) if part)
    return row["id"], state, str(row["articles"]), *ago, str(row["failures"]), due, note


def _why_off(settings: Settings, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Why sources are not asked: they answered that they are gone, or feeds.yaml says so, as far as it can be read."""
    off = {row["id"]: row["status"] or "not asked yet" for row in rows if not row["enabled"]}
    if off:
        with suppress(ConfigError):
            sources = settings.config().sources
            off |= {name: "not in feeds.yaml" for name in off if name not in sources}
            off |= {name: "enabled: false" for name in off if name in sources and not sources[name].enabled}
    return off


@command()
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="Where to listen.")
@click.option("--open", "browse", is_flag=True, help="Open a browser too.")
def serve(settings: Settings, port: int, browse: bool) -> None:
    """Browse the database in Datasette.

    It listens on this machine only, and shows what a run stores as soon as it is stored. How to show it to colleagues
    or to everybody, on this file or on copies that `backup` makes, is told in docs/operating.md and docs/public.md.
    """
    from importlib.util import find_spec

    if find_spec("datasette") is None:
        raise UsageError("Datasette is not installed: pip install 'press-pingbacks[datasette]'")
    if taken := _taken(port):
        raise AggregatorError(f"port {port} of this machine: {taken}; name another one with --port")
    settings.store().close()  # says what is wrong with it, if anything, and brings its tables up to date
    metadata = settings.db.parent / "metadata.yaml"
    command = [sys.executable, "-m", "datasette", "serve", str(settings.db), "--port", str(port)]
    command += [part for name, value in _DATASETTE_SETTINGS for part in ("--setting", name, value)]
    command += ["--metadata", str(metadata)] if metadata.exists() else []
    command += ["--open"] if browse else []
    settings.say(f"http://127.0.0.1:{port}/  (Ctrl-C ends it)")
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell


def _taken(port: int) -> str:
    """Why nobody can listen there; nothing where one can."""
    import socket

    with socket.socket() as door:
        # As servers do; who listens is in the way all the same.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError as problem:
            return problem.strerror or str(problem)
    return ""


_DATASETTE_SETTINGS = (
    ("default_page_size", "50"),
    ("default_facet_size", "10"),
    ("facet_time_limit_ms", "1000"),
    ("sql_time_limit_ms", "5000"),
    ("suggest_facets", "off"),
)
