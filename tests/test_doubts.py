"""What `check` wonders about in a topic."""

from __future__ import annotations

import pytest

from aggregator.doubts import doubts
from aggregator.model import Topic

# language, query, a part of the doubt ("" for none), why
DOUBTS = [
    ("en", "x", "nearly every", "one Latin letter"),
    ("en", "re*", "nearly every", "a beginning of two letters"),
    ("en", "search and rescue", "'and' is a word", "an operator in small letters"),
    ("en", "defector Near/2 border", "the operator is NEAR/2", "an operator that is half in capitals"),
    ("en", '"search and rescue" OR (sand AND Oregon)', "", "in a phrase, or a part of a word, it is none"),
    ("en", "refugee*", "", "a beginning that says something"),
    ("ko", "북", "nearly every", "one syllable"),
    ("ja", "中", "nearly every", "one Han character"),
    ("ko", "북 AND 송환", "", "one syllable beside another word"),
    ("en", "defector AND NOT defector", "can never", "wanted and forbidden"),
    ("en", "(a AND NOT a) OR refugee", "nearly every", "one side that can never match is no contradiction"),
    ("en", "脱北者", "may never", "Han characters in English"),
    ("ja", "パリ", "パリ*", "a short katakana word"),
    ("ja", "ロシア", "", "three katakana, which match anywhere"),
    ("ja", "脱北者", "", "an ordinary word"),
    ("any", "OKN", "", "a name in any language"),
]


@pytest.mark.parametrize(("language", "query", "doubt", "why"), DOUBTS, ids=[row[-1] for row in DOUBTS])
def test_doubts_about_one_query(language: str, query: str, doubt: str, why: str) -> None:
    told = list(doubts(Topic(id="t", name="T", terms={language: (query,)})))
    assert any(doubt in line for line in told) if doubt else not told


def test_what_is_said_twice_or_taken_back_is_told_with_its_place() -> None:
    topic = Topic(id="t", name="T", terms={"ja": ("脱北者", "脫北者", "送還")}, exclude={"ja": ("送還",)})
    assert list(doubts(topic)) == [
        "terms.ja: '脫北者': says the same as '脱北者'",
        "terms.ja: '送還': is excluded too, so it never makes a mention",
    ]
