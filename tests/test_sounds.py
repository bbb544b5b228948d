"""Names by their sound: one skeleton, whichever letters print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import sounds

# the spellings of one name, why
NAMES = [
    (("Zelensky", "ゼレンスキー", "젤렌스키"), "l and r, z and j"),
    (("Trump", "トランプ", "트럼프"), "n before p is m"),
    (("Musk", "マスク", "머스크"), "vowels that kana and Hangul put between consonants"),
    (("Macron", "マクロン", "마크롱"), "a final ng"),
    (("Philadelphia", "フィラデルフィア", "필라델피아"), "f and p"),
    (("Carter", "カーター", "카터"), "an r that is silent"),
    (("Merkel", "メルケル", "메르켈"), "an r that is not"),
    (("Microsoft", "マイクロソフト", "마이크로소프트"), "a company"),
    (("Duterte", "ドゥテルテ", "두테르테"), "d and t"),
    (("Messi", "メッシ", "메시"), "a doubled letter"),
]


@pytest.mark.parametrize(("spellings", "why"), NAMES, ids=[row[-1] for row in NAMES])
def test_one_name_has_one_skeleton(spellings: tuple[str, ...], why: str) -> None:
    shared = frozenset.intersection(*(sounds.skeletons(one) for one in spellings))
    assert shared, [sounds.skeletons(one) for one in spellings]


def test_other_names_have_others() -> None:
    assert not sounds.skeletons("Biden") & sounds.skeletons("トランプ")
    assert not sounds.skeletons("Merkel") & sounds.skeletons("마크롱")


def test_characters_have_no_sound_here() -> None:
    assert sounds.skeletons("習近平") == frozenset()


@given(st.text(max_size=20))
def test_whatever_comes_in(name: str) -> None:
    assert all(set(one) <= set("PTKSLMN") for one in sounds.skeletons(name))
