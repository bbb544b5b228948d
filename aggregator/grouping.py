"""Comparing articles with one another, at the end of a run: copies and stories, article by article, the oldest first.

    ungrouped -> candidates that share clues -> copies, stories -> store

An article is compared with those alone that share clues with it and lie within the window, so the cost of a new article
does not grow with the database. Some hundred articles make one transaction; what a kill leaves undone stays in the
queue. What people ruled stands above everything found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zlib import crc32

from aggregator import __version__, copies, stories
from aggregator.model import Clipping, Relation
from aggregator.store import Store

KEPT = timedelta(days=45)  # how long clues are kept: what is older is compared with nothing that comes
KEPT_PROFILES = timedelta(days=8)  # and profiles: most of what comes is compared with what came just before

_BATCH = 300  # articles in one transaction
_POSTINGS = 400  # articles of one clue that are looked at
_CANDIDATES = 20  # articles that one is compared with
_COPIES = 15  # texts that are compared for being one
_RARE = 1.3  # weight of a single clue that is worth a comparison
_MISSED = 8  # articles in a row, the nearest first, that are not alike: those farther away hardly are
_REMEMBERED = 1_000  # articles, of 10 kB each
_STOOD = 8_000  # articles of which no more is remembered than a number


_Rulings = Mapping[tuple[str, str], bool]
_Known = TypeVar("_Known")


class _Remembered(dict[int, _Known]):
    """What is known of the articles that were asked for last."""

    def remember(self, article: int, what: _Known) -> None:
        """Keeps what is known of an article, and forgets what was not asked for in a long time."""
        if len(self) >= _REMEMBERED:
            for old in list(self)[: _REMEMBERED // 4]:
                del self[old]
        self[article] = what

    def recall(self, article: int) -> _Known:
        """What is known of an article, which will be the last one to be forgotten."""
        what = self[article] = self.pop(article)
        return what


@dataclass(slots=True)
class Grouping:
    """Compares the articles that wait for it."""

    store: Store
    method: stories.Method
    _packs: stories.Packs | None = field(init=False)
    _texts: _Remembered[copies.Text] = field(default_factory=_Remembered)
    _profiles: _Remembered[Any] = field(default_factory=_Remembered)
    _stood: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._packs = self.method if isinstance(self.method, stories.Packs) else None

    @property
    def edition(self) -> str:
        """What is kept of articles comes from this version of the program, and from these names."""
        return f"{__version__} {self._packs.edition if self._packs else self.method.name}"

    def work(self, now: datetime, stopped: Callable[[], bool] = lambda: False) -> int:
        """Compares all articles that wait, until `stopped`. Returns how many were compared."""
        waiting, count = self.store.ungrouped(), 0
        if waiting:
            with self.store.transaction():
                self.store.profiles_by(self.edition)
        for begin in range(0, len(waiting), _BATCH):
            if stopped():
                break
            some = waiting[begin : begin + _BATCH]
            with self.store.transaction():
                found = self.store.clippings(some)
                compared = [self._group(found[number]) for number in some if not stopped()]
                self.store.grouped(compared)
            count += len(compared)
        if count:
            with self.store.transaction():
                self.store.forget_clues(_day(now - KEPT))
                self.store.forget_profiles(_day(now - KEPT_PROFILES))
        return count

    def _group(self, clipping: Clipping) -> int:
        """Compares one article with those that it may belong to. Returns its number."""
        self._make(clipping)  # anew, as it may have been revised
        if clipping.story is not None:
            self.store.leave_story(clipping.id)
        is_printed_elsewhere = self._find_copies(clipping)
        self._find_story(self.store.clippings([clipping.id])[clipping.id], is_printed_elsewhere)
        return clipping.id

    # --- copies -------------------------------------------------------------------------------------------------------

    def _find_copies(self, clipping: Clipping) -> bool:
        """Decides who copied whom around an article. Returns whether its text may be anywhere else."""
        clues = copies.clues(self._text(clipping))
        having = self.store.sharing(clues, _days(clipping, copies.WINDOW), _POSTINGS)
        self.store.save_clues(clipping.id, _day(clipping.at), clues)
        every = len(clues)  # two that are shared lead to a comparison, a single one where it is all there is
        near = self._nearest(having, dict.fromkeys(clues, 1.0), clipping, _COPIES, every)
        ruled = self.store.rulings(Relation.COPY, [clipping.url])
        together = self._ruled_together(ruled)
        likely = self.store.clippings([*near, *together])
        found = [*together, *_alike(near, lambda one: bool(copies.likeness(clipping, likely[one], self._text)))]
        if not found and clipping.copy_of is None and not self.store.text_of([clipping.id]) - {clipping.id}:
            return False
        cluster = self.store.clippings(self.store.text_of([clipping.id, *found]) | {clipping.id}).values()
        rulings = self.store.rulings(Relation.COPY, [one.url for one in cluster])
        self.store.save_copies(copies.decide(cluster, lambda one, other: _is_ruled(rulings, one, other), self._text))
        return True

    # --- stories ------------------------------------------------------------------------------------------------------

    def _find_story(self, clipping: Clipping, is_printed_elsewhere: bool) -> None:
        profile = self._profile(clipping)
        clues = self.method.clues(profile)
        having = self.store.sharing(clues, _days(clipping, stories.WINDOW), _POSTINGS)
        self.store.save_clues(clipping.id, _day(clipping.at), clues)
        ruled = self.store.rulings(Relation.STORY, [clipping.url])
        if is_printed_elsewhere and self._joins_its_text(clipping, ruled):
            return
        near = self._nearest(having, clues, clipping, _CANDIDATES, _RARE)
        together = self._ruled_together(ruled)
        held = self.store.clippings([*near, *together]) | {clipping.id: clipping}
        between = self._between(held, {clue: len(some) for clue, some in having.items()})
        near = [one for one in near if held[one].copy_of is None]
        like = _alike(near, lambda one: between(clipping.id, one).score >= stories.SAME)
        groups = self._groups(clipping, [*together, *like], held)
        rulings = self.store.rulings(Relation.STORY, [one.url for one in held.values()])
        joining = stories.decide(
            clipping, groups, between, lambda one, other: _is_ruled(rulings, held[one], held[other])
        )
        if joining is None:
            return
        story = joining.story or self.store.begin_story((clipping.id, *joining.partners))
        reasons = dict.fromkeys((clipping.id, *joining.partners), joining.reason)
        copied = self.store.text_of(reasons) - reasons.keys()
        reasons |= dict.fromkeys(copied, "the same text")
        self.store.save_story(story, reasons)
        if joining.merged:
            self.store.merge_stories(story, joining.merged)

    def _joins_its_text(self, clipping: Clipping, ruled: _Rulings) -> bool:
        """An article goes where the other printings of its text are; these begin a story where they have none."""
        printings = self.store.clippings(self.store.text_of([clipping.id]) - {clipping.id})
        others = [one for one in printings.values() if _is_ruled(ruled, clipping, one) is not False]
        if not others:
            return False
        told = next((one.story for one in others if one.story is not None), None)
        story = told or self.store.begin_story((clipping.id, *(one.id for one in others)))
        joined = [clipping.id] if told else [clipping.id, *(one.id for one in others)]
        self.store.save_story(story, dict.fromkeys(joined, "the same text"))
        return told is not None or clipping.copy_of is not None

    def _groups(self, clipping: Clipping, like: Iterable[int], held: dict[int, Clipping]) -> dict[int, list[int]]:
        """What an article may join: the stories of articles that are like it, and such articles without one.

        The latter have minus their number for a key. Copies stand for nothing: their originals do. The other articles
        of the stories are added to what is `held`.
        """
        groups: dict[int, list[int]] = {}
        for one in [held[number] for number in like if number != clipping.id and held[number].copy_of is None]:
            if one.story is None:
                groups[-one.id] = [one.id]
            elif one.story not in groups:
                members = [member for member in self.store.members(one.story) if member.copy_of is None]
                held |= {member.id: member for member in members}
                near = [member.id for member in members if abs(member.at - clipping.at) <= 2 * stories.WINDOW]
                groups[one.story] = near or [one.id]
        return groups

    def _ruled_together(self, ruled: _Rulings) -> list[int]:
        """The articles that people put together, which are compared though they may share no clue."""
        found = self.store.at_addresses([url for pair, same in ruled.items() if same for url in pair])
        return [found[url] for url in sorted(found)]

    def _between(self, held: Mapping[int, Clipping], common: Mapping[int, int]) -> stories.Between:
        known: dict[tuple[int, int], stories.Likeness] = {}

        def between(one: int, other: int) -> stories.Likeness:
            pair = (one, other) if one < other else (other, one)
            if pair not in known:
                first, second = (self._profile(held[number]) for number in pair)
                known[pair] = self.method.likeness(first, second, common)
            return known[pair]

        return between

    # --- candidates ---------------------------------------------------------------------------------------------------

    def _nearest(
        self,
        having: Mapping[int, Iterable[int]],
        weights: Mapping[int, float],
        clipping: Clipping,
        most: int,
        least: float,
    ) -> list[int]:
        """The articles that share the weightiest clues with one: two of them, or one of at least this weight.

        Of those that share as much, the nearest in time. In which order sources answered never counts.
        """
        shared: dict[int, float] = {}
        several: set[int] = set()
        for clue, some in having.items():
            for article in some:
                if article in shared:
                    several.add(article)
                shared[article] = shared.get(article, 0.0) + weights[clue]
        shared.pop(clipping.id, None)
        enough = [one for one, weight in shared.items() if one in several or weight >= least]
        if not enough:
            return []
        enough.sort(key=shared.__getitem__, reverse=True)
        bound, at = shared[enough[:most][-1]], int(clipping.at.timestamp())
        nearest = [one for one in enough if shared[one] >= bound]
        stood = self._standing(nearest)
        return sorted(nearest, key=lambda one: (-shared[one], abs((stood[one] >> 32) - at), stood[one]))[:most]

    def _standing(self, articles: Sequence[int]) -> Mapping[int, int]:
        """When articles were published, in seconds; and behind that, in 32 bits, what tells apart those of a moment."""
        missing = [one for one in articles if one not in self._stood]
        if len(self._stood) + len(missing) > _STOOD:
            self._stood.clear()
            missing = list(articles)
        for one, (at, url) in self.store.standing(missing).items() if missing else ():
            self._stood[one] = at << 32 | crc32(url.encode())
        return self._stood

    # --- what is known of an article ----------------------------------------------------------------------------------

    def _text(self, clipping: Clipping) -> copies.Text:
        if clipping.id not in self._texts:
            if held := self.store.kept_text(clipping.id):
                self._texts.remember(clipping.id, copies.unpacked(held))
            else:
                self._make(clipping)
        return self._texts.recall(clipping.id)

    def _profile(self, clipping: Clipping) -> Any:
        if clipping.id not in self._profiles:
            if not self._packs:
                self._profiles.remember(clipping.id, self.method.profile(clipping))
            elif held := self.store.kept_profile(clipping.id):
                self._profiles.remember(clipping.id, self._packs.unpack(held, clipping))
            else:
                self._make(clipping)
        return self._profiles.recall(clipping.id)

    def _make(self, clipping: Clipping) -> None:
        """Makes text and profile of an article anew, and keeps them."""
        text, profile = copies.text_of(clipping), self.method.profile(clipping)
        packed = self._packs.pack(profile) if self._packs else None
        self.store.keep(clipping.id, _day(clipping.at), text.packed(), packed)
        self._texts.remember(clipping.id, text)
        self._profiles.remember(clipping.id, profile)


def _alike(near: Iterable[int], is_like: Callable[[int], bool]) -> list[int]:
    """Those of the nearest articles that are alike, until some in a row are not."""
    found: list[int] = []
    missed = 0
    for one in near:
        if is_like(one):
            found.append(one)
            missed = 0
        else:
            missed += 1
            if missed == _MISSED:
                break
    return found


def _is_ruled(rulings: _Rulings, one: Clipping, other: Clipping) -> bool | None:
    """What a person decided of two articles, if anything."""
    first, second = sorted((one.url, other.url))
    return rulings.get((first, second))


def _day(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).days


def _days(clipping: Clipping, window: timedelta) -> tuple[int, int]:
    return _day(clipping.at - window), _day(clipping.at + window)
