"""Han characters as other countries print them: the tables are OpenCC's, and are read as it reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from aggregator.conversions import conversion
from tests import han_forms

# Another OpenCC may know some more words; ours are made anew on purpose only, as what is stored was written by them.
CLOSE = 0.01


@pytest.mark.parametrize(
    ("name", "text", "converted", "why"),
    [
        ("s2t", "头发", "頭髮", "a word in which a character becomes another one than alone"),
        ("s2t", "发展", "發展", "the same character in another word"),
        ("s2t", "发", "發", "alone"),
        (
            "s2t",
            "它限制为三个",
            "它限制爲三個",
            "制为 is a word, 製爲, but 限制 stands before it and takes the character",
        ),
        ("s2t", "他头\n发展", "他頭\n發展", "no word goes over the end of a line"),
        ("s2t", "皇后在午后", "皇后在午後", "two words in one clause"),
        ("s2t", "頭髮", "頭髮", "what is there already stays"),
        ("s2t", "탈북민 北送 North Korea 3명", "탈북민 北送 North Korea 3명", "nothing is Chinese but what stays"),
        ("s2t", "", "", "nothing of nothing"),
        ("s2t", "\ufa1e", "羽", "a character that is there for other codes"),
        ("jp2t", "弁護士と花弁", "辯護士と花瓣", "one form for three characters"),
        ("t2s", "乾隆年間的乾糧", "乾隆年间的干粮", "a name keeps what a thing does not"),
        ("t2tw", "爲", "為", "Taiwan prints it otherwise"),
        ("t2jp", "氣候變遷", "気候変遷", "what Japan made simpler"),
    ],
)
def test_a_text_is_converted_word_by_word(name: str, text: str, converted: str, why: str) -> None:
    assert conversion(name).convert(text) == converted, why


def words_of_the_table(name: str) -> list[str]:
    lines = han_forms.PHRASES.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[1:] for line in lines if line.startswith(f"{name}\t")]
    return [first + rest.partition(">")[0] for first, rests in rows for rest in rests.split(" ")]


def sentences(name: str) -> Iterator[str]:
    """Words of the table and characters, one after the other, so that words overlap by chance."""
    dice, words = random.Random(name), words_of_the_table(name)
    chars = "".join(words)
    for _ in range(2_000):
        yield "".join(dice.choice((dice.choice(words), dice.choice(chars), "，的")) for _ in range(12))


@pytest.mark.parametrize("name", han_forms.BY_WORDS)
def test_every_character_and_every_word_becomes_what_opencc_makes_of_it(name: str) -> None:
    asked = OpenCC(name)
    every = [*map(chr, han_forms.ALL), *words_of_the_table(name)]
    other = [text for text in every if conversion(name).convert(text) != asked.convert(text)]
    assert len(other) < CLOSE * len(every), other[:10]


@pytest.mark.parametrize("name", [name for name in han_forms.BY_WORDS if words_of_the_table(name)])
def test_words_that_overlap_are_cut_as_opencc_cuts_them(name: str) -> None:
    asked, texts = OpenCC(name), list(sentences(name))
    other = [text for text in texts if conversion(name).convert(text) != asked.convert(text)]
    assert len(other) < CLOSE * len(texts), other[:10]


@given(
    st.sampled_from(han_forms.BY_WORDS), st.text(st.sampled_from("发展头型里后面干了。 a1가の\U00020000"), max_size=30)
)
def test_a_text_keeps_its_length_and_all_that_is_no_han_character(name: str, text: str) -> None:
    converted = conversion(name).convert(text)
    assert len(converted) == len(text)
    assert [one for one in text if not "㐀" <= one <= "鿿"] == [one for one in converted if not "㐀" <= one <= "鿿"]
