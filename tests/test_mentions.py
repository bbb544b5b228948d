"""Which headlines mention a topic: a labelled set in four languages, at least half of it near misses.

A headline mentions a country or a city where it names it, its people or its government; a word that only looks like
the name is no mention. What the queries get wrong is in `MISSES`, with the reason, and nothing else may be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from aggregator import topics

CASES = Path(__file__).parent / "cases" / "mentions.tsv"
FLOOR = 0.97  # of precision and of recall, in each language

TOPICS = {
    "repatriation": {
        "terms": {
            "ko": ["강제북송", "강제송환 AND 탈북", "(탈북민 OR 탈북자) AND (북송 OR 송환)"],
            "ja": ["強制北送", "脱北者 AND (送還 OR 北送)", "強制送還 AND (脱北 OR 北朝鮮)"],
            "zh": ["(脱北者 OR 朝鲜难民 OR 北韩难民) AND (遣返 OR 遣送)", "强制遣返 NEAR/12 (朝鲜 OR 北韩)"],
            "en": [
                '("forced repatriation" OR "forcibly repatriated") AND ("North Korean" OR "North Koreans")',
                '(repatriat* OR deport* OR "send back" OR "sent back") NEAR/8 (defector* OR "North Korean")',
                '(repatriat* OR deport* OR "send back" OR "sent back") NEAR/8 "North Koreans"',
            ],
        },
        "exclude": {"ko": ["재일동포 OR 재일교포"]},
    },
    "north-korea": {
        "terms": {
            "ko": ["북한", "北韓", "평양 NOT 평양냉면", "北 NOT (北京 OR 北美 OR 東北 OR 北極)"],
            "ja": ["北朝鮮", "朝鮮中央通信", "金正恩"],
            "zh": [
                "朝鲜",
                "北韩",
                "平壤 NOT 冷面",
                "金正恩",
            ],
            "en": [
                '"North Korea" OR "North Korean" OR "North Koreans" OR "N. Korea" OR "N.K." OR DPRK',
                "Pyongyang NOT (naengmyeon OR noodle*)",
            ],
        },
    },
    "missiles": {
        "terms": {
            "ko": ["미사일"],
            "ja": ["ミサイル"],
            "zh": ["导弹 OR 飞弹"],
            "en": ["missile* NOT (football OR fans)"],
        },
        "exclude": {"zh": ["达阵"], "en": ['"Missile Command"']},
    },
    "china": {
        "terms": {
            "ko": ["중국 NOT 중국집", "中 NOT (中東 OR 中小 OR 集中)", "한중 OR 미중"],
            "ja": ["中国 NOT 中国料理", "訪中 OR 北京"],
            "zh": ["中国 NOT (中国信托 OR 中国医药大学)", "中共"],
            "en": ['China NOT ("fine china" OR "bone china" OR "china shop" OR teapot* OR "China Anne")', "Beijing"],
        },
        "exclude": {"en": ['"South China Morning Post" OR "South China Sea"']},
    },
    "turkey": {
        "terms": {
            "ko": ["튀르키예", "터키 NOT (터키석 OR 볼링)"],
            "ja": ["トルコ NOT トルコ石"],
            "zh": ["土耳其 NOT (土耳其浴 OR 土耳其石 OR 冰淇淋)"],
            "en": [
                "Turkey NOT (Thanksgiving OR roast OR recipe* OR carv* OR hunt* OR farm* OR wild OR cold)",
                "Türkiye OR Turkiye",
                "Turkish AND (president OR government OR lira OR army)",
            ],
        },
    },
    "paris": {
        "terms": {
            "ko": ["파리 NOT (파리바게뜨 OR 파리채 OR 해파리 OR 초파리 OR 날파리 OR 불청객 OR 파리만)"],
            "ja": ["パリ NOT (ヒルトン OR テキサス)", "パリコレ*"],
            "zh": ["巴黎 NOT (巴黎世家 OR 欧莱雅 OR 巴黎贝甜 OR 德州 OR 德克萨斯)"],
            "en": ['Paris NOT ("Paris Hilton" OR "Paris Jackson" OR "Paris, Texas" OR "plaster of Paris")'],
        },
    },
    "hong-kong-press": {
        "terms": {
            "ko": ["홍콩 AND (언론 OR 빈과일보 OR 지미라이 OR (기자 NOT 기자회견))"],
            "ja": ["香港 AND (報道の自由 OR 蘋果日報 OR 黎智英 OR 記者協会)", "黎智英"],
            "zh": ["香港 AND (新闻自由 OR 记协 OR 苹果日报 OR 立场新闻 OR 黎智英 OR (记者 NOT (记者会 OR 香港小姐)))"],
            "en": [
                '"Hong Kong" AND (journalist* OR "Jimmy Lai" OR "Apple Daily" OR "Stand News")',
                '"Hong Kong" AND (press OR media) NEAR/3 freedom*',
            ],
        },
    },
}  # fmt: skip

# Headline: the topics it is given although it does not mention them, or not given although it does; and why.
MISSES: dict[str, tuple[set[str], str]] = {
    "张巴黎获省级劳模称号": ({"paris"}, "a person's name is written like the city's, and nothing beside it tells"),
    "中国銀行の岡山本店で詐欺を防ぐ": ({"china"}, "the bank of Okayama and the Bank of China have one name"),
    "주말 북한산 찾은 시민들로 북적": ({"north-korea"}, "the mountain before a verb that goods may have too"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A headline, the topics it mentions, and why it is in the set."""

    language: str
    headline: str
    expected: frozenset[str]
    why: str


def rows() -> list[Row]:
    lines = CASES.read_text(encoding="utf-8").splitlines()[1:]
    return [
        Row(tag, headline, frozenset(expected.split(",")) - {"-"}, why)
        for tag, headline, expected, why in (line.split("\t") for line in lines)
    ]


ROWS = rows()
MATCHER = topics.compile(TOPICS)


def found(row: Row) -> frozenset[str]:
    return frozenset(mention.topic for mention in MATCHER.match(row.headline, "", row.language))


def figures(of: list[Row]) -> tuple[float, float, str]:
    """Precision and recall of the mentions, and both as a sentence with what is wrong."""
    count: Counter[str] = Counter()
    wrong = []
    for row in of:
        given = found(row)
        count.update(right=len(given & row.expected), given=len(given), expected=len(row.expected))
        if given != row.expected:
            wrong.append(f"{row.headline}: +{sorted(given - row.expected)} -{sorted(row.expected - given)}")
    precision, recall = count["right"] / count["given"], count["right"] / count["expected"]
    return precision, recall, "\n".join([f"precision {precision:.3f}, recall {recall:.3f}", *wrong])


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.language}: {row.why}" for row in ROWS])
def test_a_headline_mentions_its_topics_and_no_other(row: Row) -> None:
    missed, why = MISSES.get(row.headline, (set(), ""))
    assert found(row) ^ row.expected == missed, why


@pytest.mark.parametrize("language", ["ko", "ja", "zh", "en"])
def test_precision_and_recall_of_a_language(language: str) -> None:
    precision, recall, said = figures([row for row in ROWS if row.language.partition("-")[0] == language])
    assert min(precision, recall) >= FLOOR, said


def test_every_known_miss_is_a_headline_of_the_set() -> None:
    assert MISSES.keys() <= {row.headline for row in ROWS}


def test_at_least_half_of_the_set_is_near_misses() -> None:
    counted = Counter(row.language.partition("-")[0] for row in ROWS)
    assert min(counted.values()) >= 80
    assert 2 * sum(not row.expected for row in ROWS) >= len(ROWS)
