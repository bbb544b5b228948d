"""What a query matches, and where."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import queries, topics
from aggregator import text as texts
from aggregator.errors import QueryError
from aggregator.model import Link, MentionKind, Topic

# query, language of the article, title, summary, what matched first ("" for nothing), why
MATCHES = [
    ("강제북송", "ko", "中, 탈북민 강제북송 재개", "", "강제북송", "Korean: as printed"),
    ("강제북송", "ko", "中, 탈북민 강제 북송 재개", "", "강제 북송", "Korean ignores spaces in the text"),
    ('"강제 북송"', "ko", "中, 탈북민 강제북송 재개", "", "강제북송", "Korean ignores spaces in a phrase"),
    ("AI반도체", "ko", "수출은 AI 반도체", "", "AI 반도체", "Korean ignores spaces after Latin letters"),
    ('"AI 반도체"', "ko", "수출은 AI반도체", "", "AI반도체", "and so it does in a phrase"),
    ("한국GM", "ko", "파업한 한국 GM 노조", "", "한국 GM", "Korean ignores spaces before Latin letters"),
    ("한국GM", "ko", "한국 GMC 출시", "", "", "Latin letters stay a whole word after a space, too"),
    ("KBS뉴스", "ko", "KBS\u3000뉴스 보도", "", "KBS\u3000뉴스", "whatever kind of space it is"),
    ("KBS뉴스", "ko", "MKBS 뉴스 보도", "", "", "Latin letters stay a whole word before a space, too"),
    ("KBS", "ko", "오늘 KBS 뉴스", "", "KBS", "a word between two spaces that are ignored"),
    ("中대사관", "ko", "1인 시위 中 대사관 앞", "", "中 대사관", "Korean ignores spaces after Hanja"),
    ('"제주 4 3 北 주장"', "ko", "제주 4 3 北주장", "", "제주 4 3 北주장", "a space between digits stays"),
    ("A조", "ko", "A 조사 결과", "", "", "a space that tears a syllable off a word matters"),
    ('"A 조"', "ko", "A 조사 결과", "", "A 조", "it does not where the query has it"),
    ("A씨", "ko", "경찰은 A 씨는 출국했다고", "", "A 씨", "a particle makes no longer word of a syllable"),
    ("중국", "ko", "이 중 국가가 나선 것은", "", "", "which no particle tells between two syllables"),
    ("북핵", "ko", "북 핵실험 규탄", "", "", "nor is this one told from 중국 in 이 중 국내"),
    ("한中", "ko", "북한 中國", "", "", "a syllable torn off before a space"),
    ("탈북민", "ko", "탈북민들을 돕는 사람들", "", "탈북민", "Korean particles are attached"),
    ("탈북민 AND (북송 OR 송환)", "ko", "탈북민 600명 송환", "", "탈북민", "AND with a group"),
    ("탈북민 AND (북송 OR 송환)", "ko", "탈북민 정착 지원", "", "", "AND needs both"),
    ("탈북민 북송", "ko", "탈북민 정착 지원", "北京서 북송", "탈북민", "side by side is AND, over title and summary"),
    ("脱北者 AND 送還", "ja", "脱北者600人を一斉に送還", "", "脱北者", "Japanese matches inside"),
    ("脫北者", "ja", "脱北者600人を送還", "", "脱北者", "an old form in the query finds the new one"),
    ("脱北者", "ja", "脫北者は国内にいない", "", "脫北者", "a new form in the query finds the old one"),
    ("ロイター", "ja", "ﾛｲﾀｰ通信によると", "", "ﾛｲﾀｰ", "half width is full width"),
    ("パリ", "ja", "皮がパリパリの餃子", "", "", "two katakana are a word: not inside a longer one"),
    ("テロ", "ja", "ステロイドの副作用", "", "", "nor in the middle of one"),
    ("テロ", "ja", "新型テロ対策", "", "テロ", "beside kanji they are"),
    ("コロナ", "ja", "新型コロナウイルス", "", "コロナ", "three katakana match anywhere"),
    ("ロシア", "ja", "ロシアウクライナ戦争", "", "ロシア", "at the head of a run"),
    ("ウクライナ", "ja", "ロシアウクライナ戦争", "", "ウクライナ", "at the end of a run"),
    ("ウイルス", "ja", "コロナウイルスワクチン", "", "ウイルス", "within a run"),
    ("ﾛｼｱ", "ja", "ﾛｼｱｳｸﾗｲﾅ戦争", "", "ﾛｼｱ", "in half width"),
    ("新型コロナ", "ja", "新型コロナワクチン", "", "新型コロナ", "kanji and three katakana"),
    ("米テロ", "ja", "米テロップ", "", "", "kanji and two katakana"),
    ("サーバ", "ja", "サーバーに侵入", "", "サーバ", "a long vowel is no other word"),
    ("ハイチ", "ja", "ハイチュウの新味", "", "", "a small kana belongs to the letter before it"),
    ("スパイ", "ja", "スパイス料理とスパイラル", "", "", "a longer word that means something else"),
    ("スパイ", "ja", "スパイスの陰に産業スパイ", "", "スパイ", "both in one headline"),
    ("ロシア", "ja", "コロシアムでロシアンルーレット", "", "", "words around it on either side"),
    ("レーニン", "ja", "トレーニング再開", "", "", "words around it on both sides"),
    ("イラン", "ja", "イランイランの香り", "", "", "a word twice in a longer one"),
    ("イラン", "ja", "タイランドとイラン代表", "", "イラン", "the country beside the longer word"),
    ("スパイ*", "ja", "スパイ網を摘発", "", "スパイ", "a star after three katakana"),
    ("朝鲜", "zh-Hans", "朝鲜半岛局势", "", "朝鲜", "what is named after the word is no other word"),
    ("朝鮮", "zh-Hant", "朝鮮戰爭", "", "朝鮮", "in traditional text, too"),
    ("朝鲜", "zh-Hans", "延边朝鲜族自治州", "", "", "a minority of China is"),
    ("パリ", "ja", "パリで会談", "", "パリ", "katakana before kana is a word of its own"),
    ("强制遣返", "zh-Hant", "中國強制遣返六百人", "", "強制遣返", "simplified terms find traditional text"),
    ("強制遣返", "zh-Hans", "中国强制遣返六百人", "", "强制遣返", "traditional terms find simplified text"),
    ("強制遣返", "zh", "强制遣返", "", "强制遣返", "Chinese of no certain script is Chinese"),
    ('"forced repatriation"', "en", "Forced  repatriation goes on", "", "Forced  repatriation", "case and white space"),
    ("refugee", "en", "Refugees arrive", "", "", "English matches whole words"),
    ("refugee*", "en", "Refugees arrive", "", "Refugees", "a star takes the rest of the word"),
    ("refugee", "en", "The refugee’s plea", "", "refugee", "a possessive does not hide the word"),
    ("turkey", "en", "Turkey votes", "", "Turkey", "English is blind to case"),
    ("OKN", "en", "OKNX is another firm", "", "", "Latin letters do not match inside a longer word"),
    ("OKN", "ko", "OKN이 집회를 열어", "", "OKN", "a Korean particle does not make a Latin word longer"),
    ("OKN", "ko", "ＯＫＮ 집회", "", "ＯＫＮ", "full-width letters are letters"),
    ("defector NOT football", "en", "Defector plays football", "", "", "NOT takes away"),
    ("NOT football AND defector", "en", "Defector speaks", "", "Defector", "NOT binds before AND"),
    ("a OR b AND c", "en", "only a here", "", "a", "AND binds before OR"),
    ("china NEAR/3 refugees", "en", "China sends back 600 refugees", "", "China", "three words apart"),
    ("china NEAR/2 refugees", "en", "China sends back 600 refugees", "", "", "more than two words apart"),
    ("中国 NEAR/4 送還", "ja", "中国が脱北者を送還", "", "", "characters count in Japanese: five apart"),
    ("中国 NEAR/5 送還", "ja", "中国が脱北者を送還", "", "中国", "characters count in Japanese"),
    ("love NEAR/2 autumn", "en", "Why I love 북한산 in autumn", "", "love", "Hangul is a word of an English sentence"),
    ("love NEAR/1 autumn", "en", "Why I love 북한산 in autumn", "", "", "also where its spaces are ignored"),
    ("china NEAR/3 refugees", "en", "China", "refugees", "", "NEAR stays within a field"),
    ("china NEAR/3(refugees)", "en", "China sends back 600 refugees", "", "China", "NEAR before a parenthesis"),
    ('"NEAR" "NEAR/2"', "en", "so near, near/2", "", "near", "an operator in quotes is a word"),
    ("near miss", "en", "A near miss", "", "near", "an operator in small letters is a word"),
    ("“forced repatriation”", "en", "forced repatriation", "", "forced repatriation", "typographic quotes are quotes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "language", "title", "summary", "matched", "why"), MATCHES, ids=[m[-1] for m in MATCHES]
)
def test_what_matches(query: str, language: str, title: str, summary: str, matched: str, why: str) -> None:
    tag = language.partition("-")[0]
    mentions = topics.compile({"t": {"terms": {tag: [query]}}}).match(title, summary, language)
    assert [mention.matched for mention in mentions] == ([matched] if matched else [])


def test_every_longer_word_has_its_word_inside() -> None:
    table = Path(queries.__file__).with_name("longer.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [row.split("\t") for row in table]
    assert rows == sorted(rows)
    for language, word, longer in rows:
        for whole in longer.split("|"):
            assert word in whole != word
            assert not topics.compile({"t": {"terms": {language: [word]}}}).match(whole, "", language), whole


def test_every_offset_points_at_what_matched() -> None:
    title, summary = "AI 강제 북송 반대, 中 정부 강제북송 중단", "EU 中 대사 탈북민 강제 북송"
    (mention,) = topics.compile({"t": {"terms": {"ko": ["강제북송", "탈북민"]}}}).match(title, summary, "ko")
    fields = {"title": title, "summary": summary}
    places = [(mention.field, mention.start, mention.end, mention.matched)]
    places += [(hit.field, hit.start, hit.end, hit.matched) for hit in mention.hits]
    assert len(places) == 4
    assert all(fields[field][start:end] == matched for field, start, end, matched in places)


def test_the_excerpt_holds_the_words_between_both_marks() -> None:
    title = "통일부 “중국서 다수의 북한 주민 북송…탈북민 숫자는 미확인”"
    (mention,) = topics.compile({"t": {"terms": {"ko": ["탈북민"]}}}).match(title, "", "ko")
    assert mention.excerpt.startswith("[…] ")
    assert mention.excerpt.endswith(" […]")
    assert "탈북민" in mention.excerpt


# terms, language of the article, whether they are tried, why
LANGUAGES = [
    ("ko", "ko", True, "the same language"),
    ("ko", "ja", False, "another language"),
    ("any", "ja", True, "any is every language"),
    ("zh", "zh-Hant", True, "zh is all Chinese"),
    ("zh-Hant", "zh-Hans", False, "one script only"),
    ("zh-Hant", "zh", True, "a script that cannot be told excludes nothing"),
    ("en", "und", True, "a language that cannot be told excludes nothing"),
]


@pytest.mark.parametrize(("terms", "language", "tried", "why"), LANGUAGES, ids=[row[-1] for row in LANGUAGES])
def test_which_articles_a_term_is_tried_on(terms: str, language: str, tried: bool, why: str) -> None:
    assert bool(topics.compile({"t": {"terms": {terms: ["OKN"]}}}).match("OKN", "", language)) is tried


def test_an_exclusion_takes_the_mention_back_in_its_language_only() -> None:
    matcher = topics.compile(
        {"t": Topic(id="t", name="T", terms={"any": ("defector",)}, exclude={"en": ("football",)})}
    )
    assert not matcher.match("Defector plays football", "", "en")
    assert matcher.match("Defector plays football", "", "de")


def test_a_link_to_our_page_is_a_mention_that_no_exclusion_takes_back() -> None:
    page = "https://example.org/archive/notice"
    matcher = topics.compile({"t": {"pages": [page], "exclude": {"en": ["football"]}}})
    link = Link(url=page, text="the notice", before="as ", after=" says")
    (mention,) = matcher.match("football", "", "en", [link])
    assert (mention.kind, mention.term, mention.field) == (MentionKind.LINK, page, "body")
    assert mention.excerpt == "[…] as the notice says […]"


def test_one_mention_a_topic_in_the_order_of_the_topics() -> None:
    matcher = topics.compile({"b": {"terms": {"en": ["one", "two"]}}, "a": {"terms": {"en": ["two"]}}})
    assert [mention.topic for mention in matcher.match("one two", "", "en")] == ["b", "a"]


# query, column, a part of what was expected, why
MISTAKES = [
    ("", 1, "a word", "nothing at all"),
    ("AND x", 1, "a word", "an operator first"),
    ("x AND", 6, "a word", "an operator last"),
    ("(x OR y", 8, ")", "an open parenthesis"),
    ("x)", 2, "the end", "a parenthesis too many"),
    ('x "y', 3, "closing quote", "an open phrase"),
    ("*x", 1, "*", "a star before a word"),
    ("NOT x", 1, "not behind NOT", "all but something is nearly everything"),
    ("x OR NOT y", 1, "not behind NOT", "one side of OR is nearly everything"),
    ('""', 1, "a letter or a digit", "an empty phrase"),
    ("a NEAR b", 3, "NEAR/n with a number", "NEAR without a distance"),
    ("a NEAR/x b", 3, "NEAR/n with a number", "NEAR with a distance that is no number"),
    ("a NEAR/ 5 b", 3, "NEAR/n with a number", "NEAR torn apart"),
    ("a NEAR/5.5 b", 3, "NEAR/n with a number", "NEAR with half a word"),
    ("a NEAR/-1 b", 3, "NEAR/n with a number", "NEAR with less than nothing"),
    ("NEAR/5 b", 1, "a word", "NEAR at the beginning"),
]


@pytest.mark.parametrize(("query", "column", "expected", "why"), MISTAKES, ids=[row[-1] for row in MISTAKES])
def test_a_query_that_cannot_be_read_says_where_and_what_was_expected(
    query: str, column: int, expected: str, why: str
) -> None:
    with pytest.raises(QueryError) as caught:
        topics.check(query)
    assert caught.value.column == column
    assert expected in caught.value.expected


printable = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co")) | st.sampled_from("가한中國Ab1ア -\u3000")


@settings(max_examples=150, deadline=None)
@given(st.text(printable, max_size=40), st.text(printable, min_size=1, max_size=6), st.text(printable, max_size=40))
def test_a_span_folds_to_the_word_that_was_asked_for(before: str, word: str, after: str) -> None:
    try:
        matcher = topics.compile({"t": {"terms": {"any": [f'"{word}"']}}})
    except QueryError:
        return
    wanted = queries.comparable(texts.fold(word.removesuffix("*"))).strip()  # a star begins a word, also in quotes
    for mention in matcher.match(before + word + after, "", "ko"):
        found = queries.comparable(texts.fold(mention.matched)).strip()
        assert found.startswith(wanted) if word.endswith("*") else found == wanted


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_clear_mistake(query: str) -> None:
    with contextlib.suppress(QueryError):
        queries.parse(query)
        return
    with pytest.raises(QueryError) as caught:
        queries.parse(query)
    assert 1 <= caught.value.column <= len(query) + 1


# --- time -------------------------------------------------------------------------------------------------------------

GREEDY = [
    ("가 NEAR/9 나", "가나", "words near each other thousands of times"),
    ("가 NEAR/999999 가", "가", "a distance beyond every text"),
    ("가 NEAR/5 나 NEAR/5 다", "가나다", "a chain of them"),
    ("가 NOT 다 NOT 라 NOT 마", "가나", "many exclusions"),
    (f'"{"가" * 500}"', "가", "a phrase that nearly matches everywhere"),
    ("((((((가*)))))) OR 나*", "가나 ", "parentheses and stars"),
]


@pytest.mark.parametrize(("query", "piece", "why"), GREEDY, ids=[row[-1] for row in GREEDY])
def test_a_query_takes_time_in_the_measure_of_the_text(query: str, piece: str, why: str) -> None:
    compiled = topics.compile({"t": Topic(id="t", name="t", terms={"ko": (query,)})})

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        begins = []
        for _ in range(3):
            begin = time.process_time()
            compiled.match(text, "", "ko", ())
            begins.append(time.process_time() - begin)
        return min(begins)

    assert seconds(8_000) < 24 * seconds(1_000), "eight times the text takes eight times as long, not sixty-four"


def test_thousands_of_terms_are_looked_for_at_once() -> None:
    def compiled(count: int) -> topics.Topics:
        terms = tuple(f"낱{n}말 AND 다른{n}" for n in range(count))
        return topics.compile({"t": Topic(id="t", name="t", terms={"ko": terms})})

    text = "정부는 유감을 표명했다 낱7말과 다른7 " * 20

    def seconds(these: topics.Topics) -> float:
        begin = time.process_time()
        for _ in range(20):
            assert these.match(text, "", "ko", ())
        return time.process_time() - begin

    few, many = compiled(100), compiled(3_000)
    assert min(seconds(many) for _ in range(3)) < 10 * min(seconds(few) for _ in range(3))
