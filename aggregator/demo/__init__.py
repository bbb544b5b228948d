"""A small press served on loopback, and a play of three days with it: a real run over HTTP in an invented world."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator import pipeline
from aggregator.demo.press import RUN_AT, render, wrote
from aggregator.demo.server import PressServer
from aggregator.model import Config, Summary

if TYPE_CHECKING:
    from aggregator.store import Store

__all__ = ["TOPIC", "PressServer", "perform", "render", "wrote"]

TOPIC = "forced-repatriation"
_SEED = 1012  # the same dice in every performance


def perform(config: Config, store: Store, server: PressServer) -> Iterator[tuple[datetime, Summary]]:
    """Polls the press on each of its days, as cron would, and says what each run came to.

    One host at a time, so that every performance gives the same rows the same numbers.
    """
    for day, moment in RUN_AT.items():
        server.day = day
        dice = random.Random(_SEED + day)  # noqa: S311 - it spreads polls, it guards nothing
        edges = pipeline.Edges(clock=lambda moment=moment: moment, dice=dice.random)  # type: ignore[misc] # a day stands still
        yield moment, pipeline.run(config, store, pipeline.Order(workers=1), edges)
