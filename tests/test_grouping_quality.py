"""How well copies and stories are found, on labelled headlines that nothing was fitted on."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import concepts, evidence, gazetteer
from aggregator.grouping import Grouping
from aggregator.store import Store
from tests import labelled


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[labelled.Row], labelled.Found]:
    rows = labelled.read(*labelled.HELDOUT)
    method = evidence.ByConcepts(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})
    with Store(Path(tmp_path_factory.mktemp("labelled")) / "mentions.db") as store:
        return rows, labelled.grouped(store, rows, method)


def test_the_labelled_set_is_what_it_should_be() -> None:
    rows = labelled.read(*labelled.HELDOUT)
    assert len({row.event for row in rows}) >= 120
    assert len(rows) >= 600
    assert {row.language for row in rows} == {"ko", "ja", "zh-Hans", "zh-Hant", "en"}
    assert len({row.event for row in rows if row.near}) >= 100


def test_copies(found: tuple[list[labelled.Row], labelled.Found]) -> None:
    rows, groups = found
    score = labelled.score(groups.texts, rows, lambda row: row.text)
    assert (score.precision >= 0.99, score.recall >= 0.95) == (True, True), score


def test_stories_across_languages(found: tuple[list[labelled.Row], labelled.Found]) -> None:
    rows, groups = found
    score = labelled.score(groups.stories, rows, lambda row: row.event, across=True)
    assert (score.precision >= 0.97, score.recall >= 0.75) == (True, True), score


def test_the_order_in_which_articles_came_makes_no_difference(tmp_path: Path) -> None:
    """Sources answer in another order each time, on threads as on workers of a cluster."""
    rows = labelled.read(*labelled.HELDOUT)
    orders = [list(range(1, len(rows) + 1)) for _ in range(2)]
    random.Random(1).shuffle(orders[1])
    made = []
    for place, order in enumerate(orders):
        method = evidence.ByConcepts(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})
        with Store(tmp_path / f"{place}.db") as store:
            labelled.fill(store, rows, order)
            Grouping(store, method).work(datetime(2000, 1, 1, tzinfo=UTC))
            held = store.clippings(range(1, len(rows) + 1))
            stories_, texts = defaultdict[int | None, set[str]](set), {}
            for one in held.values():
                stories_[one.story].add(one.url)
                texts[one.url] = held[one.copy_of].url if one.copy_of else None
            made.append((sorted(map(sorted, stories_.values())), texts))
    assert made[0] == made[1]


def test_every_article_of_a_story_says_why_it_is_there(found: tuple[list[labelled.Row], labelled.Found]) -> None:
    _, groups = found
    told = [reason for story, reason in zip(groups.stories, groups.reasons, strict=True) if story is not None]
    assert told
    assert all(told)
    assert all(reason is None for story, reason in zip(groups.stories, groups.reasons, strict=True) if story is None)
