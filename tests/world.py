"""A press, a feeds.yaml that names its sources, and a database: what a run has around it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator import config, pipeline
from aggregator.model import Summary
from aggregator.store import Store
from tests.press import Press

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OUTLETS = """
outlets:
  wire: {name: 가상통신, aliases: [Wire], country: KR, homepage: https://wire.example}
  daily: {name: 데일리, aliases: [デイリー], country: KR, homepage: https://daily.example}
topics:
  repatriation:
    name: Repatriation
    pages: [https://ours.example/notice]
    terms: {ko: [북송], ja: [送還]}
"""


def rss(*items: tuple[str, str, str], extra: str = "") -> bytes:
    """A feed of (title, link, pubDate)."""
    entries = "".join(
        f"<item><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate>{extra}</item>"
        for title, link, date in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{entries}</channel></rss>'.encode()


FIRST = ("통일부 “중국서 다수의 북한 주민 북송”", "https://daily.example/1", "Thu, 12 Oct 2023 10:00:00 +0900")
SECOND = ("서울 지하철 2호선 출근길 지연", "https://daily.example/2", "Thu, 12 Oct 2023 11:00:00 +0900")


class World:
    """A press, a feeds.yaml that names its feeds, and a database; `run` is what cron would start."""

    def __init__(self, press: Press, folder: Path) -> None:
        self.press, self.db = press, folder / "mentions.db"
        self.now = NOW
        self.sources = ""

    def source(self, name: str, *, path: str = "", host: str | None = None, more: str = "outlet: daily") -> None:
        address = self.press.url(path or f"/{name}", host=host)
        self.sources += f'  - {{id: {name}, url: "{address}", {more}}}\n'

    @property
    def config(self) -> config.Config:
        return config.parse(f"fetch: {{allow_private: true, timeout: 5s}}\n{OUTLETS}\nsources:\n{self.sources}")

    def run(self, *sources: str, later: timedelta = timedelta(), **order: Any) -> Summary:
        self.now += later
        edges = pipeline.Edges(clock=lambda: self.now, dice=lambda: 0.5, **order.pop("edges", {}))
        with Store(self.db) as store:
            return pipeline.run(self.config, store, pipeline.Order(sources=sources, **order), edges)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.db)
        found = connection.execute(sql).fetchall()
        connection.close()
        return found
