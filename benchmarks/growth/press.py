"""A made-up press: 3,000 articles a day in four languages, a fifth of them about events that several write about.

A tenth are copies. Every day is made from a seed of its own, so that the last days are the same however many there are.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aggregator import gazetteer

A_DAY = 3_000
OUTLETS = 200
SHARE = 0.01  # of the places are watched by a topic; some are parts of the names of others
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # of all articles: last midnight
_LANGUAGES = {"ko": "ko", "ja": "ja", "zh": "zh-Hans", "en": "en"}
_SHAPES = {"ko": "{0}, {1} {2}…{3}명 {4}", "ja": "{0}の{1}、{2}　{3}人{4}", "zh": "{0}{1}：{2} {3}人{4}",
           "en": "{0} {1} after {2}: {3} {4}"}  # fmt: skip


class Made(NamedTuple):
    """A made-up article. `event` tells it from others of its day, `is_copy` says that it prints the one before it."""

    outlet: int
    language: str
    at: datetime
    title: str
    summary: str
    event: int
    is_copy: bool = False


class Press:
    """A press that writes about whatever the gazetteer names, so many articles a day."""

    def __init__(self, a_day: int = A_DAY) -> None:
        self.a_day = a_day
        everywhere = [one for one in gazetteer.built_in() if all(one.names(name) for name in _LANGUAGES)]
        self._places = [one for one in everywhere if one.kind in ("place", "country")]
        self._people = [one for one in everywhere if one.kind in ("person", "organisation")]
        self._things = [one for one in everywhere if one.kind == "thing"]

    def day(self, back: int, name: str = "") -> Sequence[Made]:
        """The articles of a day so many days before END, the earliest first; others for another name."""
        return list(self._day(random.Random(f"{name}{back}"), END - timedelta(days=back + 1)))

    def endless(self, name: str = "") -> Iterator[Made]:
        """One day after the other, each farther back."""
        for back in itertools.count():
            yield from self.day(back, name)

    def _day(self, dice: random.Random, begin: datetime) -> Iterator[Made]:
        event: list[object] = []
        last: Made | None = None
        for number in range(self.a_day):
            at = begin + timedelta(days=number / self.a_day)
            if last and dice.random() < 0.1:
                last = last._replace(outlet=dice.randrange(OUTLETS), at=at, is_copy=True)
                yield last._replace(title=f"[속보] {last.title}")
                continue
            if not event or dice.random() > 0.2:
                event = [dice.choice(self._places), dice.choice(self._people), dice.choice(self._things),
                         dice.randrange(2, 5_000), dice.choice(self._things)]  # fmt: skip
                serial = number
            language = dice.choice(list(_LANGUAGES))
            summary = _printed([*event[:4], dice.choice(self._things)], language)
            outlet = dice.randrange(OUTLETS)
            last = Made(outlet, _LANGUAGES[language], at, _printed(event, language), summary, serial)
            yield last

    def settings(self, addresses: Sequence[str]) -> str:
        """A feeds.yaml: a source at each address, and three topics, which one article in fifty mentions."""
        places = self._places[: round(SHARE * len(self._places)) or 1]
        topics = {
            f"topic-{number}": {"name": f"Topic {number}", "terms": {
                language: [f'"{one.names(language)[0].rstrip("*")}"' for one in places[number::3]]
                for language in _LANGUAGES
            }}
            for number in range(3)
        }  # fmt: skip
        outlets = {f"o{n}": {"name": f"Outlet {n}", "homepage": f"https://o{n}.example"} for n in range(OUTLETS)}
        sources = [{"id": f"s{n}", "outlet": f"o{n}", "url": url} for n, url in enumerate(addresses)]
        fetch = {"every": "1d", "allow_private": True}
        return json.dumps({"fetch": fetch, "outlets": outlets, "sources": sources, "topics": topics}, indent=1)

    def queries(self) -> dict[str, list[str]]:
        """What is looked for: many rare words of two characters, rare phrases, and words that are in many articles."""
        names = [one.names("zh")[0] for one in self._places]
        people = [one.names("en")[0] for one in self._people if " " in one.names("en")[0]]
        return {
            "two characters, rare": [name for name in names if len(name) == 2],
            "a phrase, rare": [f'"{name}"' for name in people],
            "two characters, frequent": ["大学", "公司", "银行"],
            "an English word, in a quarter": ["after"],
        }


def _printed(event: Sequence[object], language: str) -> str:
    words = [part if isinstance(part, int) else part.names(language)[0].rstrip("*") for part in event]  # type: ignore[attr-defined]
    return _SHAPES[language].format(*words)
