"""`rematch`, `reindex`, `backup`: keeping the database."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator.cli.frame import Settings, command, now


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
@click.argument("file", type=click.Path(path_type=Path))
def backup(settings: Settings, file: Path) -> None:
    """Copy the database safely into FILE.

    The copy is whole and consistent, also while a run writes. FILE must not be there yet.
    """
    with settings.store() as store:
        store.backup(file)
    settings.say(f"{file}: written")
