"""Copies and stories as runs find them: what waits, what a person ruled, what a kill leaves, what the commands say."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aggregator import concepts, evidence, gazetteer, grouping, methods, pipeline, rulings, stories
from aggregator.cli import cli
from aggregator.errors import UsageError
from aggregator.model import Clipping, Config, Relation
from aggregator.store import Store
from tests import labelled
from tests.labelled import Row

NOW = datetime(2023, 10, 12, 6, 0, tzinfo=UTC)


@cache
def method() -> stories.Method:
    return evidence.ByConcepts(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})


def row(outlet: str, language: str, title: str, hours: float = 0, summary: str = "") -> Row:
    return Row("", "", outlet, language, NOW + timedelta(hours=hours), title, summary, "")


TITLE = "인권단체 “중국, 탈북민 600여 명 강제북송”…정부 “사실관계 확인 중”"
SENT_BACK = [
    row("saebyeok", "ko", TITLE),
    row("haneul", "ko", f"[속보] {TITLE}", 0.5),
    row("kyomei", "ja", "人権団体「中国が脱北者600人余りを強制送還」　韓国政府は確認中", 1),
    row("xinlu", "zh-Hans", "人权团体：中国强制遣返约600名脱北者", 2),
    row("northlight", "en", "Rights groups say China forcibly repatriated 600 North Korean defectors", 3),
]
OTHER = [
    row("kyomei", "ja", "日銀、マイナス金利を解除　17年ぶり利上げ", 1),
    row("saebyeok", "ko", "일본은행, 17년 만에 금리 인상…마이너스 금리 해제", 2),
]
ALONE = row("mirae", "ko", "서울 지하철 2호선 출근길 한때 지연", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "mentions.db") as opened:
        labelled.fill(opened, [*SENT_BACK, *OTHER, ALONE])
        yield opened


def compare(store: Store) -> int:
    return grouping.Grouping(store, method()).work(NOW)


def stories_of(store: Store) -> dict[int, int | None]:
    return {number: one.story for number, one in store.clippings(range(1, 9)).items()}


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(store.path) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


FOUND = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 6, 7: 6, 8: None}


def test_articles_about_one_event_are_a_story_in_all_languages(store: Store) -> None:
    assert compare(store) == 8
    assert stories_of(store) == FOUND
    assert rows(store, "SELECT id, title, articles, outlets, languages, first_at, last_at FROM stories") == [
        (1, TITLE, 5, 5, '["en","ja","ko","zh-Hans"]', "2023-10-12T06:00:00Z", "2023-10-12T09:00:00Z"),
        (6, OTHER[0].title, 2, 2, '["ja","ko"]', "2023-10-12T07:00:00Z", "2023-10-12T08:00:00Z"),
    ]
    assert rows(store, "SELECT id, copy_of, copy_reason FROM articles WHERE copy_of IS NOT NULL") == [
        (2, 1, "same headline as Saebyeok, 30 minutes later")
    ]
    assert "600" in rows(store, "SELECT story_reason FROM articles WHERE id = 3")[0][0].split(" · ")


def test_what_was_compared_waits_no_more_and_a_revised_article_does_again(store: Store) -> None:
    assert compare(store) == 8
    assert compare(store) == 0
    with store.transaction():
        store.queue([7])
    assert compare(store) == 1
    assert stories_of(store) == FOUND


def test_an_article_that_comes_later_joins_the_story_that_is_there(store: Store) -> None:
    compare(store)
    late = labelled.article(row("chaoxi", "zh-Hant", "遭中國強制遣返 600名脫北者命運未卜", 5), 9)
    from aggregator import groups

    with store.transaction():
        number = store.save("chaoxi", groups.decide(late, (), None), NOW)
        store.queue([number])
    compare(store)
    assert store.clippings([number])[number].story == 1
    assert rows(store, "SELECT articles FROM stories WHERE id = 1") == [(6,)]


def test_comparing_everything_anew_gives_the_same_and_keeps_the_numbers(store: Store) -> None:
    compare(store)
    before = rows(store, "SELECT id, story, story_reason, copy_of, copy_reason FROM articles")
    told = rows(store, "SELECT * FROM stories")
    config = Config(sources={}, outlets={}, topics={})
    assert pipeline.regroup(config, store, NOW) == 8
    assert rows(store, "SELECT id, story, story_reason, copy_of, copy_reason FROM articles") == before
    assert rows(store, "SELECT * FROM stories") == told


def test_readers_see_the_old_stories_until_all_is_compared_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(store)
    before, seen = stories_of(store), []
    compared = grouping.Grouping._find_story

    def watched(self: grouping.Grouping, *arguments: Any) -> None:
        with contextlib.closing(sqlite3.connect(store.path)) as reader:
            seen.append(dict(reader.execute("SELECT id, story FROM articles")))
        compared(self, *arguments)

    monkeypatch.setattr(grouping.Grouping, "_find_story", watched)
    pipeline.regroup(Config(sources={}, outlets={}, topics={}), store, NOW)
    assert seen == [before] * 8
    assert stories_of(store) == before
    monkeypatch.setattr(grouping.Grouping, "_find_story", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.regroup(Config(sources={}, outlets={}, topics={}), store, NOW)
    assert stories_of(store) == before


def test_who_wants_to_stop_need_not_wait_for_the_rest_of_the_queue(store: Store) -> None:
    asked = iter([False] * 4)
    config = Config(sources={}, outlets={}, topics={})
    assert pipeline.group(config, store, NOW, lambda: next(asked, True)) == 3
    assert len(store.ungrouped()) == 5
    assert compare(store) == 5
    assert stories_of(store) == FOUND


def test_a_kill_in_the_middle_leaves_the_rest_in_the_queue(store: Store) -> None:
    class Killed(Exception):
        pass

    class Dying(evidence.ByConcepts):
        left = 3

        def profile(self, clipping: Clipping) -> evidence.Profile:
            Dying.left -= 1
            if Dying.left < 0:
                raise Killed
            return super().profile(clipping)

    dying = Dying(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})
    with pytest.raises(Killed):
        grouping.Grouping(store, dying).work(NOW)
    assert len(store.ungrouped()) == 8, "the transaction was not completed"
    assert rows(store, "SELECT count(*) FROM clues") == [(0,)]
    compare(store)
    assert stories_of(store) == FOUND


def test_old_clues_are_forgotten(store: Store) -> None:
    grouping.Grouping(store, method()).work(NOW + grouping.KEPT + timedelta(days=2))
    assert rows(store, "SELECT count(*) FROM clues") == [(0,)]


# --- what people rule -------------------------------------------------------------------------------------------------


def test_what_is_taken_out_of_a_story_stays_out_with_its_copies(store: Store) -> None:
    compare(store)
    rulings.split_story(store, method(), 1, [1], NOW)
    split = stories_of(store)
    assert split[1] == split[2] != split[3]
    assert split[3] == split[4] == split[5] == 1
    config = Config(sources={}, outlets={}, topics={})
    pipeline.regroup(config, store, NOW)
    again = stories_of(store)
    assert again[1] == again[2]
    assert again[3] == again[4] == again[5]
    assert again[1] != again[3]


def test_stories_that_are_merged_stay_merged(store: Store) -> None:
    compare(store)
    rulings.merge_stories(store, (1, 6), NOW)
    assert {one for number, one in stories_of(store).items() if number < 8} == {1}
    pipeline.regroup(Config(sources={}, outlets={}, topics={}), store, NOW)
    assert {one for number, one in stories_of(store).items() if number < 8} == {1}
    rulings.split_story(store, method(), 1, [6, 7], NOW)
    assert stories_of(store)[6] == stories_of(store)[7] != 1


def test_a_copy_that_is_none_and_two_texts_that_are_one(store: Store) -> None:
    compare(store)
    rulings.split_copy(store, method(), 2, NOW)
    assert store.clippings([2])[2].copy_of is None
    rulings.merge_copies(store, method(), 8, 7, NOW)
    assert rows(store, "SELECT id, copy_of, copy_reason FROM articles WHERE copy_of IS NOT NULL") == [
        (7, 8, "by hand: the same text as Mirae, 60 minutes later")
    ]
    pipeline.regroup(Config(sources={}, outlets={}, topics={}), store, NOW)
    assert rows(store, "SELECT id, copy_of FROM articles WHERE copy_of IS NOT NULL") == [(7, 8)]


def test_two_articles_become_one_and_two_again(store: Store) -> None:
    compare(store)
    rulings.merge_articles(store, method(), 3, 4, NOW)
    assert 4 not in store.clippings([4])
    assert store.addresses(3)["https://xinlu.example/4"] == "by hand"
    number = rulings.split_article(store, method(), 3, "https://xinlu.example/4", NOW)
    assert store.clippings([number])[number].url == "https://xinlu.example/4"
    assert store.rulings(Relation.ARTICLE, ["https://xinlu.example/4"])
    assert rows(store, "PRAGMA foreign_key_check") == []


def test_what_cannot_be_ruled_says_why(store: Store) -> None:
    compare(store)
    with pytest.raises(UsageError, match="there is no story 99"):
        rulings.merge_stories(store, (1, 99), NOW)
    with pytest.raises(UsageError, match="these are not 2 stories: 1, 1"):
        rulings.merge_stories(store, (1, 1), NOW)
    with pytest.raises(UsageError, match="these are one article: 3"):
        rulings.merge_copies(store, method(), 3, 3, NOW)
    with pytest.raises(UsageError, match="story 1 has no article 8; it has 1, 2, 3, 4, 5"):
        rulings.split_story(store, method(), 1, [8], NOW)
    with pytest.raises(UsageError, match="nothing would be left"):
        rulings.split_story(store, method(), 1, [1, 3, 4, 5], NOW)
    with pytest.raises(UsageError, match="article 1 is held for no copy"):
        rulings.split_copy(store, method(), 1, NOW)
    with pytest.raises(UsageError, match="there is no article 99"):
        rulings.merge_articles(store, method(), 1, 99, NOW)
    with pytest.raises(UsageError, match="is no other address of article 1; there are: none"):
        rulings.split_article(store, method(), 1, "https://x.example/", NOW)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    compare(store)
    (tmp_path / "feeds.yaml").write_text("sources: []\n")
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def said(desk: CliRunner, *arguments: str) -> str:
    result = desk.invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_commands_show_and_overrule(desk: CliRunner) -> None:
    shown = said(desk, "story", "show", "1")
    assert shown.count("\n") == 5
    assert "600" in shown
    told = said(desk, "article", "show", "2")
    assert "copy of article 1: same headline as Saebyeok, 30 minutes later" in told
    assert "in story 1, with 4 more: the same text" in told
    assert said(desk, "story", "split", "1", "5") == "taken out of story 1\n"
    assert said(desk, "story", "merge", "1", "6") == "story 1 has 6 in it now\n"
    assert said(desk, "copy", "split", "2") == "article 2 is a text of its own\n"
    assert said(desk, "copy", "merge", "2", "1") == "articles 2 and 1 are one text\n"
    assert said(desk, "article", "merge", "3", "4") == "article 4 is article 3\n"
    assert "also at https://xinlu.example/4: by hand" in said(desk, "article", "show", "3")
    assert said(desk, "article", "split", "3", "https://xinlu.example/4").startswith("https://xinlu.example/4 is ")
    assert said(desk, "regroup").startswith("8 articles: 1 copies, ")


@pytest.mark.parametrize(
    ("published", "precision", "shown"),
    [
        ("2026-11-20T15:00:00Z", "day", "article 2  2026-11-21  "),
        ("2026-11-20T15:00:00Z", "minute", "article 2  2026-11-20 15:00  "),
        (None, None, "article 2  undated  "),
    ],
)
def test_when_an_article_was_published_is_shown_no_finer_than_it_is_known(
    desk: CliRunner, store: Store, published: str | None, precision: str | None, shown: str
) -> None:
    store._connection.execute(
        "UPDATE articles SET published_at = ?, published_precision = ? WHERE id = 2", (published, precision)
    )
    assert said(desk, "article", "show", "2").startswith(shown)


# --- other methods ----------------------------------------------------------------------------------------------------


class SameFirstLetter:
    """A method that somebody else wrote."""

    name = "first-letter"

    def __init__(self, setting: methods.Setting) -> None:
        self.setting = setting

    def profile(self, clipping: Clipping) -> str:
        return clipping.title[:1]

    def clues(self, profile: str) -> dict[int, float]:
        return {ord(profile): 2.0}

    def likeness(self, one: str, other: str, common: object, /) -> stories.Likeness:
        return stories.Likeness(float(one == other), f"both begin with {one}")


def test_another_method_is_asked_instead(store: Store) -> None:
    grouping.Grouping(store, SameFirstLetter(methods.setting(Config(sources={}, outlets={}, topics={})))).work(NOW)
    assert rows(store, "SELECT id, story_reason FROM articles WHERE story = 3 ORDER BY id") == [
        (3, "both begin with 人"),
        (4, "both begin with 人"),
    ]


class Apart:
    """A method to which all articles look worth a comparison, and of which it is known what was compared."""

    name = "apart"

    def __init__(self, every: int) -> None:
        self.every, self.compared = every, list[tuple[int, int]]()

    def profile(self, clipping: Clipping) -> int:
        return clipping.id

    def clues(self, profile: int) -> dict[int, float]:
        return {1: 2.0}

    def likeness(self, one: int, other: int, common: object, /) -> stories.Likeness:
        self.compared.append((one, other))
        return stories.Likeness(float(abs(one - other) % self.every == 0), "so many numbers apart")


@pytest.mark.parametrize(
    ("every", "expected", "why"),
    [
        (1000, range(8, 9), "no other is alike: after the eight nearest it looks no further"),
        (3, range(20, 40), "every third is: it goes on to the twentieth, and looks at their stories"),
    ],
)
def test_an_article_is_compared_with_the_nearest_while_that_leads_anywhere(
    tmp_path: Path, every: int, expected: range, why: str
) -> None:
    numbers = Apart(every)
    with Store(tmp_path / "mentions.db") as opened:
        labelled.fill(opened, [row("mirae", "ko", f"{chr(0xAC00 + 40 * n) * 6} 소식", n / 60) for n in range(40)])
        grouping.Grouping(opened, numbers).work(NOW)
    assert len({other for pair in numbers.compared for other in pair if 40 in pair} - {40}) in expected, why


def test_a_method_that_is_not_there_says_what_is() -> None:
    setting = methods.setting(Config(sources={}, outlets={}, topics={}))
    with pytest.raises(UsageError, match="no method 'embeddings' for stories is installed; there are: concepts"):
        methods.named("embeddings", setting)
