"""`rematch`, `reindex`, `prune`, `backup`: keeping the database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from aggregator.cli.frame import Settings, command, now
from aggregator.errors import UsageError

_DAYS = click.IntRange(1, 36_500)  # a century


@command()
def rematch(settings: Settings) -> None:
    """Match all stored articles again.

    For when the topics of feeds.yaml have changed. Needs no network.
    """
    from aggregator import pipeline

    config = settings.config()
    with settings.writing() as store:
        done = pipeline.rematch(config, store, now())
    settings.say(f"{done.articles} articles: {done.came} mentions came, {done.went} went")


@command()
def reindex(settings: Settings) -> None:
    """Build the search index anew."""
    with settings.writing() as store:
        settings.say(f"{store.reindex()} articles indexed")


@command()
@click.option("--articles", type=_DAYS, metavar="DAYS", help="Articles that are older, and in no list.")
@click.option("--logs", type=_DAYS, metavar="DAYS", help="Runs and polls that are older.")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
def prune(settings: Settings, articles: int | None, logs: int | None, dry_run: bool) -> None:
    """Take out what is no longer wanted.

    Never an article that mentions a topic, belongs to a story, is cited, was ruled upon, or is still in its source.
    """
    if not articles and not logs:
        raise UsageError("what is to go? --articles DAYS, --logs DAYS, or both; --dry-run says how many there are")
    with settings.writing() as store:
        if articles:
            old = store.old_articles(now() - timedelta(days=articles))
            if not dry_run:
                store.remove_articles(old)
            settings.say(_told(len(old), "article", articles, dry_run))
        if logs:
            before = now() - timedelta(days=logs)
            polls = store.old_logs(before)
            if not dry_run:
                store.remove_logs(before)
            settings.say(_told(polls, "poll", logs, dry_run))


def _told(count: int, what: str, days: int, dry_run: bool) -> str:
    gone = "would go" if dry_run else "is gone" if count == 1 else "are gone"
    return f"{count} {what}{'s' * (count != 1)} older than {days} days {gone}"


@command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(settings: Settings, file: Path) -> None:
    """Copy the database safely into FILE.

    The copy is whole and consistent, also while a run writes. FILE must not be there yet.
    """
    with settings.store() as store:
        store.backup(file)
    settings.say(f"{file}: written")
