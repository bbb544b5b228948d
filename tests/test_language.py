"""Every headline gets its language, and says on what ground."""

from __future__ import annotations

import csv
import random
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.language import detect, segments

CASES = Path(__file__).parent / "cases" / "language.tsv"
HEADLINES = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "langid" / "headlines.csv"

WORDS = [
    "강제북송",
    "탈북민을",
    "脱北者",
    "送還された",
    "他們",
    "他们",
    "OKN",
    "The",
    "refugees were",
    "“",
    "”",
    "(",
    ")",
]
SEPARATORS = [" ", "\n", ". ", "。", "、", ""]
TEXT = st.lists(st.sampled_from(WORDS + SEPARATORS)).map("".join) | st.text(st.characters(exclude_categories=()))
HINTS = st.sampled_from([None, "ko", "ja", "zh-TW", "en", "de", "x"])


def table() -> list:
    rows = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()[1:]]
    return [pytest.param(tag, hint or None, unescaped(text), id=why) for tag, hint, text, why in rows]


def unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)


@pytest.mark.parametrize(("tag", "hint", "text"), table())
def test_the_language_of(tag, hint, text):
    assert detect(text, hint).tag == tag


@pytest.mark.parametrize(
    ("text", "hint", "basis"),
    [
        ("통일부 발표", None, "hangul"),
        ("送還の発表", None, "kana"),
        ("他们没有说", None, "characters: 们没说"),
        ("首相官邸前", "ja", "hint"),
        ("北京是一座大城市。", "ja", "punctuation"),
        ("上海天文台", None, "han"),
        ("What we know about it", None, "function words"),
        ("Politie zoekt drie mannen na de overval", None, "langdetect"),
        ("2024", None, "no letters"),
    ],
)
def test_an_answer_says_its_ground(text, hint, basis):
    assert detect(text, hint).basis == basis


@settings(max_examples=150, deadline=None)
@given(TEXT, HINTS)
def test_detection_is_total(text, hint):
    language = detect(text, hint)
    assert language.tag
    assert language.basis
    assert 0 <= language.confidence <= 1
    assert any(char.isalpha() for char in text) or language.tag == "und"


def test_answers_do_not_depend_on_earlier_ones():
    headlines = [case.values[2] for case in table()]
    first = {text: detect(text) for text in headlines}
    random.Random(1).shuffle(headlines)
    assert {text: detect(text) for text in headlines} == first


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            [("ko", "강제북송 반대 집회를 엽니다.\n"), ("en", "Please join us and tell a friend.")], id="lines"
        ),
        pytest.param(
            [("en", "The embassy declined to comment. "), ("ko", "대사관은 논평을 거부했다.")], id="sentences"
        ),
        pytest.param(
            [("ko", "강제북송 반대 집회 열려 "), ("en", "Protest at the Chinese Embassy")], id="no mark between"
        ),
        pytest.param(
            [("en", "Protest at the Chinese Embassy "), ("ko", "강제북송 반대 집회 열려")], id="the other way"
        ),
        pytest.param(
            [("ja", "中国が脱北者を送還した。\n"), ("zh-Hans", "外交部没有回应记者的提问。")],
            id="Han characters in both",
        ),
        pytest.param([("ja", "強制送還\n中国が脱北者を送還した。\n")], id="a heading goes with its text"),
        pytest.param([("en", "The town is 룽징, not 용정, and we have changed it.")], id="foreign names stay"),
        pytest.param([("ko", "OKN\n그는 “We will not give up” 하고 말했다.")], id="foreign words stay"),
        pytest.param([("en", "The slogan “강제북송 반대” was on the wall.")], id="quoted words stay"),
        pytest.param([("en", "Protesters shouted 탄핵하라 outside the court on Monday.")], id="a Korean word within"),
        pytest.param([("en", "The term 内卷化社会 describes burnout among the young.")], id="a Chinese word within"),
        pytest.param([("en", "The Japanese word もったいない has no equivalent.")], id="a Japanese word within"),
        pytest.param([("en", "In Chinese, 内卷化社会 is a popular term.")], id="a word after no more than names"),
        pytest.param([("ja", "外務省は 강제북송 という言葉を使わなかった。")], id="a Korean word within Japanese"),
        pytest.param([("zh-Hans", "日本电影《君の名は。》在中国上映。")], id="a full stop within a title"),
        pytest.param(
            [("zh-Hans", "更正：文中“강제송환”应为“강제북송”，特此更正。")], id="a correction of quoted words"
        ),
        pytest.param([("zh-Hans", "他高喊“탄핵하라！”然后离开。")], id="an exclamation within a sentence"),
        pytest.param([("ko", "그는 “We will not give up. Free them.” 하고 말했다.")], id="sentences quoted in one"),
        pytest.param([("en", "He shouted “강제북송 중단하라. 자유를 달라.” and left.")], id="and the other way"),
        pytest.param(
            [
                ("ko", "강제북송을 중단하라. "),
                ("en", "(Stop it now. Free them.) "),
                ("ko", "탈북민은 말했다."),
            ],
            id="sentences in brackets are their own",
        ),
        pytest.param(
            [
                ("en", "Please join us and tell a friend "),
                ("ko", "강제북송 반대 집회를 엽니다 "),
                ("en", "Please come to the embassy"),
            ],
            id="a Korean sentence between English ones without a mark",
        ),
        pytest.param([("ko", "강제북송 중단하라 / "), ("en", "Stop forced repatriation")], id="a stroke between"),
        pytest.param([("ko", "탈북민의 호소 — "), ("en", "An appeal of refugees")], id="a dash between"),
        pytest.param([("ko", "한국어판 보기 "), ("ja", "日本語版を見る")], id="Korean and Japanese without a mark"),
        pytest.param([("ko", "강제북송 반대 "), ("zh-Hans", "反对强制遣返")], id="Korean and Chinese without a mark"),
        pytest.param([("ko", "大韓民國 臨時政府 수립 기념식")], id="Hanja stays"),
        pytest.param([("ko", "1. 북송을 중단하라\n"), ("en", "1. Stop the returns\n2. Free them")], id="short items"),
        pytest.param([("ko", "참가 단체\nOKN, NKHR\n이상 두 단체")], id="abbreviations stay"),
        pytest.param([("en", "By the families\n"), ("ja", "家族会声明\n政府に救出を求めます。")], id="a Han heading"),
        pytest.param(
            [("zh-Hans", "我们要求释放他们。\n\n"), ("ja", "日本語\n釈放を求めます。")], id="it heads what follows"
        ),
        pytest.param(
            [("en", "The name of the town is 난핑, not 남평.\n"), ("ko", "마을 이름을 바로잡습니다.")],
            id="names at the end of a sentence stay with it",
        ),
        pytest.param([("ko", "중단하라.\r\n"), ("en", "Stop it now.")], id="lines of Windows"),
        pytest.param([("und", " \n")], id="no letters"),
        pytest.param([], id="nothing"),
    ],
)
def test_the_parts_of_a_text(parts):
    text = "".join(part for _, part in parts)
    assert [(language.tag, part) for language, part in segments(text)] == parts


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_parts_put_together_are_the_text(text):
    parts = segments(text)
    assert "".join(part for _, part in parts) == text
    primaries = [language.tag.split("-")[0] for language, _ in parts]
    assert all(one != other for one, other in pairwise(primaries))


@pytest.mark.skipif(not HEADLINES.exists(), reason="the corpus of real headlines is not here")
@pytest.mark.parametrize(("tag", "floor"), [("ko", 0.999), ("ja", 0.995), ("zh", 0.995), ("en", 0.985)])
def test_real_headlines(tag, floor):
    with HEADLINES.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["lang"].startswith(tag)][::5]
    if tag == "ko":  # some rows are labelled by their outlet only
        rows = [row for row in rows if row["has_hangul"] == "1"]
    hint = "ja" if tag == "ja" else None  # a headline may be without kana
    right = sum(detect(row["text"], hint).tag.startswith(tag) for row in rows)
    assert right >= floor * len(rows)


@pytest.mark.parametrize(
    "unit", [".", "(", "“", "a ", "é ", "가 a", ". ", "漢", "BBC ", "A. ", "Ŀ", "가. A. ", "“가” a "]
)
def test_long_text_costs_linear_time(unit):
    text = unit * 50_000
    start = time.process_time()
    assert "".join(part for _, part in segments(text[:100_000])) == text[:100_000]
    detect(text)
    assert time.process_time() - start < 10
