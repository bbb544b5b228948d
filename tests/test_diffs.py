"""What changed between two prints of a text, as an editor marks it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import diffs


def marked(before: str, after: str) -> str:
    """`-gone-` and `+new+` within what was kept."""
    marks = {"kept": "", "gone": "-", "new": "+"}
    return "".join(f"{marks[kind]}{text}{marks[kind]}" for kind, text in diffs.changes(before, after))


CHANGES = [
    ("훈춘·남평 통해", "훈춘·난핑 통해", "훈춘·-남평-+난핑+ 통해", "a name; the words around it stay"),
    ("600명 북송", "2600명 북송", "-600-+2600+명 북송", "a number is one piece, not its digits"),
    ("脱北者の送還", "脱北者を送還", "脱北者-の-+を+送還", "one kana"),
    ("Seoul is sorry", "Seoul regrets it", "Seoul -is sorry-+regrets it+", "words, with the space between them"),
    ("확인", "[속보] 확인", "+[속보] +확인", "put in front"),
    ("확인", "", "-확인-", "all gone"),
    ("", "확인", "+확인+", "all new"),
    ("같다", "같다", "같다", "nothing"),
]


@pytest.mark.parametrize(("before", "after", "expected", "why"), CHANGES, ids=[row[-1] for row in CHANGES])
def test_changes(before: str, after: str, expected: str, why: str) -> None:
    assert marked(before, after) == expected, why


_TEXTS = st.text("ab 1韓国、탈북\n", max_size=30)


@given(_TEXTS, _TEXTS)
def test_both_texts_can_be_read_out_of_their_changes(before: str, after: str) -> None:
    found = diffs.changes(before, after)
    assert "".join(text for kind, text in found if kind != "new") == before
    assert "".join(text for kind, text in found if kind != "gone") == after
    assert all(text for _, text in found)


def test_long_texts_are_not_compared_piece_by_piece() -> None:
    begin = time.perf_counter()
    assert [kind for kind, _ in diffs.changes("가나" * 20_000, "나가" * 20_000)] == ["gone", "new"]
    assert time.perf_counter() - begin < 5
