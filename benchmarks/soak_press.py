"""The press of soak.py, a process of its own: feeds that change all the time, and sources that nobody wishes for.

    python benchmarks/soak_press.py FOLDER SEED

Writes FOLDER/feeds.yaml, says so, and prints new articles until its standard input is closed. Four languages write in
their encodings, old and new, and in every format that is read. Every second some articles come, now and then a
headline is changed, and a healthy feed falls ill with what a hostile one of tests/test_hostile.py does for good. Each
feed has a host of its own (127.0.1.2, 127.0.1.3, …), as they are asked for one at a time where they share it.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import growth.press
from opencc import OpenCC

from aggregator import gazetteer
from aggregator.demo.formats import DATES, FORMATS, Channel, Entry
from tests.press import Press
from tests.test_hostile import HOSTILE, SECONDS, Behaviour, refuses

FEEDS = 160
EVERY, SELDOM = 120, 600  # seconds between two polls of a feed, and of a hostile source
SHOWN = 12  # articles in a feed
A_SECOND = 1  # new articles
ILL = 180  # seconds
TERMS = 40  # of each topic
SELECT = 'select: {item: "ul.news > li", link: a, title: a, date: .date, summary: p}'
COUNTRIES = {"ko": "KR", "ja": "JP", "zh": "CN", "en": "GB"}
CODECS = {  # how bytes are written, what they claim
    "ko": (("utf-8", "utf-8"), ("cp949", "euc-kr")),
    "ja": (("utf-8", "utf-8"), ("cp932", "shift_jis"), ("euc_jp", "euc-jp")),
    "zh": (("utf-8", "utf-8"), ("gb18030", "gb2312"), ("big5hkscs", "big5")),
    "en": (("utf-8", "utf-8"), ("cp1252", "iso-8859-1")),
}
WRITTEN = {"rss2": "rfc822", "atom": "iso", "rdf": "iso-minutes", "json": "utc", "rss092": "none", "sitemap": "iso",
           "page": "dotted"}  # fmt: skip
UNWELL: dict[str, Behaviour] = {name: behaviour for name, (behaviour, _) in HOSTILE.items()}
del UNWELL["many-items"]  # two thousand articles at once, which nobody wrote
UNWELL |= {"gone": refuses("410 Gone"), "lost": refuses("404 Not Found"), "broken": refuses("500 Oh No")}


@dataclass
class Feed:
    """A feed: how it is written, and what it shows."""

    number: int
    language: str
    format: str
    codec: str
    label: str
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=SHOWN))

    @property
    def id(self) -> str:
        return f"feed-{self.number}"

    @property
    def home(self) -> str:
        return f"https://{self.id}.example"

    def body(self) -> bytes:
        channel = Channel(title=self.id, home=self.home, language=self.language, label=self.label, changed=_now())
        return FORMATS[self.format](channel, self.entries).encode(self.codec, "xmlcharrefreplace")


class Newsroom:
    """All feeds, what they print next, and which of them are ill."""

    def __init__(self, press: Press, seed: int) -> None:
        self._press, self._dice = press, random.Random(seed)
        self._made = growth.press.Press().endless(str(seed))
        self._traditional = OpenCC("s2t").convert
        self.feeds = [_feed(number) for number in range(FEEDS)]
        self._of = {language: [one for one in self.feeds if one.language == language] for language in COUNTRIES}
        self._ill: dict[str, tuple[float, Feed]] = {}
        self._printed = 0
        for name, behaviour in UNWELL.items():
            press.route(f"/{name}", behaviour)
        self.print(FEEDS * SHOWN // 3)

    def print(self, count: int) -> None:
        """Prints so many new articles."""
        changed = {}
        for one in (next(self._made) for _ in range(count)):
            self._printed += 1
            feed = self._dice.choice(self._of[one.language[:2]])
            title, summary = (self._traditional(text) if feed.label == "big5" else text
                              for text in (one.title, one.summary))  # fmt: skip
            address = f"{feed.home}/{self._printed}"
            date = DATES[WRITTEN[feed.format]](_now())
            feed.entries.appendleft(
                Entry(title=title, link=address, guid=address, summary=summary, date=date, updated=date)
            )
            changed[feed.id] = feed
        for feed in changed.values():
            self._serve(feed)

    def edit(self) -> None:
        """Changes a headline."""
        feed = self._dice.choice([one for one in self.feeds if one.entries])
        place = self._dice.randrange(len(feed.entries))
        entry, date = feed.entries[place], DATES["iso"](_now())
        feed.entries[place] = replace(entry, title=f"{entry.title} ({self._dice.randrange(2, 99)})", updated=date)
        self._serve(feed)

    def sicken(self) -> None:
        """A feed falls ill for a while; but the first never does, so that no run finds only failures."""
        feed = self._dice.choice(self.feeds[1:])
        self._press.route(f"/{feed.id}", UNWELL[self._dice.choice(sorted(UNWELL.keys() - {"gone"}))])
        self._ill[feed.id] = (time.monotonic() + ILL, feed)

    def heal(self) -> None:
        """Those that were ill long enough are well again."""
        for until, feed in list(self._ill.values()):
            if until < time.monotonic():
                del self._ill[feed.id]
                self._serve(feed)

    def _serve(self, feed: Feed) -> None:
        if feed.id not in self._ill:
            self._press.serve(f"/{feed.id}", feed.body(), etag=feed.number % 4 > 0)


def _feed(number: int) -> Feed:
    language, turn = list(COUNTRIES)[number % 4], number // 4
    codec, label = CODECS[language][turn % len(CODECS[language])]
    form = list(WRITTEN)[turn % len(WRITTEN)]
    codec, label = ("utf-8", "utf-8") if form == "json" else (codec, label)
    return Feed(number, language, form, codec, label)


def _now() -> datetime:
    return datetime.now(UTC)


def settings(press: Press, feeds: list[Feed], seed: int) -> Iterator[str]:
    """The lines of feeds.yaml. The first feed is asked in every run."""
    yield f"fetch: {{allow_private: true, every: {EVERY}s, timeout: {SECONDS}s, max_bytes: 10MB}}\noutlets:\n"
    for feed in feeds:
        country = COUNTRIES[feed.language]
        yield f"  {feed.id}: {{name: Outlet {feed.number}, country: {country}, homepage: {feed.home}}}\n"
    yield "sources:\n"
    for feed in feeds:
        more = f"kind: {feed.format}, " if feed.format in ("page", "sitemap") else ""
        more += f"{SELECT}, " if feed.format == "page" else ""
        more += "every: 1s, timeout: 30s, " if feed.number == 0 else ""
        more += f"outlet: {feed.id}, language: {feed.language}, "
        yield _source(press, feed.id, feed.number, more)
    for number, name in enumerate(UNWELL, len(feeds)):
        yield _source(press, name, number, f"every: {SELDOM}s, ")
    yield "topics:\n"
    yield from _topics(random.Random(seed))


def _source(press: Press, name: str, number: int, more: str = "") -> str:
    host = f"127.0.{1 + number // 200}.{2 + number % 200}"
    return f'  - {{id: {name}, {more}url: "{press.url(f"/{name}", host=host)}"}}\n'


def _topics(dice: random.Random) -> Iterator[str]:
    """Three topics, each of which watches some of what the press writes about."""
    things = [one for one in gazetteer.built_in() if one.kind == "thing" and all(one.names(a) for a in COUNTRIES)]
    for topic in ("first", "second", "third"):
        watched = dice.sample(things, TERMS)
        yield f"  {topic}:\n    terms:\n"
        for language in COUNTRIES:
            names = ", ".join(f"""'"{one.names(language)[0].rstrip("*").replace("'", "''")}"'""" for one in watched)
            yield f"      {language}: [{names}]\n"


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    with Press(address="0.0.0.0") as press:
        room = Newsroom(press, seed)
        (folder / "feeds.yaml").write_text("".join(settings(press, room.feeds, seed)), "utf-8")
        print("open", flush=True)
        second = 0
        while not closed.wait(1):
            second += 1
            room.heal()
            room.print(A_SECOND)
            if second % 5 == 0:
                room.edit()
            if second % 20 == 0:
                room.sicken()
            press.requests.clear()


if __name__ == "__main__":
    main()
