"""The printed and the folded form of text."""

from __future__ import annotations

import re
import time
import tracemalloc
import unicodedata
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import text as texts
from aggregator.model import Link
from tests import han_forms

CASES = Path(__file__).parent / "cases"

# Text with what the press prints and what breaks programs, beside all the rest of Unicode but surrogates too.
PRESS = st.text(
    st.sampled_from(
        " \t\u3000가나ㄱㅏ\u1100\u1161\u11a8漢汉漢者がｶﾞ゛\u3099éE\u0301ㆍ…..~〜’“-—\u200b\u200d\ufe0f1Ａaßİΐŉǅﬁ㈱"
    )
)
ANY = st.text(st.characters(exclude_categories=()))
TEXT = st.one_of(PRESS, ANY)
PIECES = re.findall(r"\S+", "< > & ; # \" ' = / ! -- <b> </b> <a href=x> <p <!-- --> <script> &amp &#x 9 北 a")
MARKUP = st.lists(st.sampled_from(PIECES)).map("".join)


def table(name: str) -> list:
    """The rows of a case table, each with its `why` as the id; `\\t`, `\\n` and `\\uXXXX` stand for the characters."""
    lines = (CASES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [[unescaped(cell) for cell in line.split("\t")] for line in lines]
    return [pytest.param(*row[:-1], id=row[-1]) for row in rows]


def unescaped(cell: str) -> str:
    named = {"\\t": "\t", "\\n": "\n"}
    pattern = r"\\(?:[tn]|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))"
    return re.sub(pattern, lambda match: named.get(match[0]) or chr(int(match[1] or match[2], 16)), cell)


@pytest.mark.parametrize(("markup", "visible"), table("text_visible"))
def test_visible_text_of(markup, visible):
    assert texts.visible(markup) == visible


def test_plain_text_keeps_what_looks_like_markup():
    assert texts.plain(" <b>A &amp;\u00a0B\u200b</b>\n") == "<b>A &amp; B</b>"


def test_an_emoji_sequence_stays_whole():
    assert texts.plain("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


@settings(max_examples=200, deadline=None)
@given(st.one_of(MARKUP, TEXT))
def test_visible_text_is_total_and_clean(markup):
    seen = texts.visible(markup)
    assert seen == texts.plain(seen)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in seen)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_text_without_markup_is_its_own_visible_text(text):
    text = text.replace("<", "").replace("&", "").replace("]]>", "")
    assert texts.visible(text) == texts.plain(text)


@pytest.mark.parametrize(
    "unit", ["<", "<a ", '<a b="', "<!--", "<script", "<script></script", "&#", "&#" + "9" * 6000, "<![CDATA["]
)
def test_hostile_markup_costs_linear_time(unit):
    markup = unit * (300_000 // len(unit))
    start = time.process_time()
    texts.visible(markup)
    texts.links(markup, None)
    assert time.process_time() - start < 5


def test_links_are_absolute_and_stand_in_their_text():
    markup = '<p>위원회는 <a class="x" HREF="/a?x=1&amp;y=2&copy=3">보고서 <b>전문</b></a>을 냈다.</p>'
    assert texts.links(markup, "https://example.org/news/") == (
        Link(url="https://example.org/a?x=1&y=2&copy=3", text="보고서 전문", before="위원회는 ", after="을 냈다."),
    )


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "mailto:a@example.org", "#top", "", "http://[", "data:text/html,x"]
)
def test_what_is_no_web_address_is_no_link(href):
    assert texts.links(f'<a href="{href}">x</a>', None) == ()


def test_about_eighty_characters_stand_around_a_link():
    (link,) = texts.links(f"{'가' * 300}<a href=https://example.org/>x</a>{'나' * 300}", None)
    assert (link.before, link.after) == ("가" * 80, "나" * 80)


@pytest.mark.parametrize(("one", "other", "same"), table("text_fold"))
def test_folding_makes_equal(one, other, same):
    assert (texts.fold(one) == texts.fold(other)) == (same == "yes")


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_folding_is_idempotent(text):
    assert texts.fold(texts.fold(text)) == texts.fold(text)


@pytest.mark.parametrize(
    "plane", [range(0x3400), range(0x3400, 0xA000), range(0xA000, 0x10000), range(0x1F000, 0x20000)]
)
def test_folding_every_character_is_idempotent_and_knows_its_place(plane):
    for code in plane:
        form = texts.fold(chr(code))
        assert texts.fold(form) == form
        assert not form or texts.folded(chr(code)).span(0, len(form)) == (0, 1)


@settings(max_examples=200, deadline=None)
@given(TEXT, st.data())
def test_spans_lead_back_in_order_and_within_bounds(text, data):
    folded = texts.folded(text)
    assert folded.text == texts.fold(text)
    places = [folded.span(place, place + 1) for place in range(len(folded.text))]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    a, b = folded.span(start, end)
    assert 0 <= a <= b <= len(text)
    assert folded.text[start:end].strip() in texts.fold(text[a:b]) or "." in text or "…" in text


def test_a_span_covers_whole_characters_of_the_original():
    original = "ﾊﾟﾘ는 강제  북송에"
    start = texts.fold(original).index("강제북송")
    a, b = texts.folded(original).span(start, start + 4)
    assert original[a:b] == "강제  북송"
    assert texts.folded(original).span(0, 1) == (0, 2)


def test_markup_of_many_tags_is_not_held_in_pieces():
    markup = "<b>" * 200_000
    tracemalloc.start()
    texts.visible(markup)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000, "eight bytes a piece, and not two hundred"


@given(st.lists(st.one_of(PRESS, st.text(max_size=20)), max_size=8))
def test_many_texts_are_folded_as_one_by_one(some):
    some = [*some, "漢字", "\ufffc", "Ａ  b", ""]
    assert texts.fold_all(some) == [texts.fold(one) for one in some]


@pytest.mark.parametrize("base", ["", "https://a.example/b/c?d", "http://a.example"])
@given(
    st.from_regex(r"https?://[a-z.]+(:[0-9]+)?/[a-z/.~%=-]*([?#;][a-z/.=&%]*)*", fullmatch=True)
    | st.from_regex(r"([a-z]{1,5}:)?/{0,3}[a-zé.:;@%?#/\[\]]*", fullmatch=True)
)
def test_addresses_are_resolved_as_the_standard_library_does(base, address):
    assert outcome(texts.resolved, base, address) == outcome(urljoin, base, address)


def outcome(resolve, base, address):
    try:
        return resolve(base, address)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("white", ["\t", "\n", "\r\n", "\x85", "\u00a0", "\u3000", "  "])
@pytest.mark.parametrize(("one", "other"), [("통일부", "발표"), ("北送", "確認"), ("Seoul", "says")])
def test_a_span_leaves_the_white_space_behind_it(one, other, white):
    assert texts.folded(one + white + other).span(0, len(one)) == (0, len(one))


def test_every_class_of_variants_has_one_form():
    for name in han_forms.CONVERSIONS:
        for one, other in han_forms.conversion(name).items():
            assert texts.fold(one) == texts.fold(other)


def test_the_table_of_variants_is_what_opencc_says():
    told, derived = set(han_forms.TABLE.read_text(encoding="utf-8").splitlines()), set(han_forms.rows())
    # another OpenCC may know some more; what is stored was folded by the table, which is made anew on purpose only
    assert len(told ^ derived) < len(told) / 100


@pytest.mark.parametrize(
    ("text", "size", "grams"),
    [
        pytest.param("강제 북송", 2, ("강제", "제북", "북송"), id="across spaces"),
        pytest.param("북송", 3, ("북송",), id="a shorter text is its only run"),
        pytest.param(" ", 2, (), id="nothing of nothing"),
    ],
)
def test_ngrams(text, size, grams):
    assert texts.ngrams(text, size) == grams


@pytest.mark.parametrize(
    ("text", "match", "width", "excerpt"),
    [
        pytest.param(
            "중국이 탈북민을 북송했다", "탈북민", 60, "[…] 중국이 탈북민을 북송했다 […]", id="both marks always"
        ),
        pytest.param("中国が脱北者を送還", "脱北者", 1, "[…] が脱北者を […]", id="characters are counted, not bytes"),
        pytest.param(
            "The quick brown fox jumps over", "fox", 8, "[…] brown fox jumps […]", id="English words stay whole"
        ),
        pytest.param("abcdefghij", "e", 2, "[…] cdefg […]", id="a word longer than the width is cut"),
        pytest.param("a \n b  c", "b", 60, "[…] a b c […]", id="single spaces"),
        pytest.param("e\u0301x", "x", 1, "[…] x […]", id="a mark is not cut from its letter"),
        pytest.param("x👨\u200d👩\u200d👧", "x", 3, "[…] x […]", id="an emoji sequence is not cut"),
        pytest.param("🇰🇷🇯🇵x", "x", 1, "[…] x […]", id="a flag is not cut"),
        pytest.param("x\u1112\u1161\u11ab", "x", 2, "[…] x […]", id="a decomposed syllable is not cut"),
    ],
)
def test_excerpts(text, match, width, excerpt):
    start = text.index(match)
    assert texts.excerpt(text, start, start + len(match), width) == excerpt


@settings(max_examples=150, deadline=None)
@given(TEXT, st.data())
def test_an_excerpt_holds_the_match_as_it_is(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    excerpt = texts.excerpt(text, start, end, 5)
    assert excerpt.startswith("[…] ")
    assert excerpt.endswith(" […]")
    assert text[start:end] in excerpt
    assert len(excerpt) <= 8 + 10 + end - start


@pytest.mark.parametrize(
    ("chars", "script"),
    [
        ("한\u1112ㄱﾡ", "hangul"),
        ("かカｶーﾞ", "kana"),
        ("漢汉々\uf963", "han"),
        ("aＡé", "latin"),
        ("Яع", "other"),
        ("1・…👍①", "none"),
    ],
)
def test_the_script_of(chars, script):
    assert {texts.script(char) for char in chars} == {script}
