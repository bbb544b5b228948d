"""Bytes are read as the text they hold, or flagged; what is wrong is never called certain."""

from __future__ import annotations

import codecs
import csv
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import likelihood
from aggregator.encoding import decode, label

CASES = Path(__file__).parent / "cases"
REAL_FEEDS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "encodings"

TEXTS = {
    "en": "Officials said the bridge would stay closed – “for weeks, not days” – until the café’s owner was found",
    "ja": "台風が去り、市内の小学校では子どもたちが校庭の落ち葉を集めた。けがをした人はいないという。",
    "ko": "태풍이 지나간 뒤 시내 초등학교에서는 아이들이 운동장의 낙엽을 모았다. 다친 사람은 없다고 한다.",
    "zh-Hans": "台风过后，市内一所小学的孩子们在操场上收集落叶。据老师说，没有人在这次大风中受伤。",
    "zh-Hant": "颱風過後，市內一所小學的孩子們在操場上收集落葉。據老師說，沒有人在這次大風中受傷。",
}
LABELS = {
    "big5hkscs": "big5",
    "cp1252": "iso-8859-1",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "euc_jp": "euc-jp",
    "gb18030": "gb2312",
    "johab": "johab",
    "utf-8": "utf-8",
}
ALPHABETS = {
    "cp932": "首相来月訪米同盟強化確認のはがをにへとカタカナ、。「」①髙ｱABC 12\n",
    "cp949": "서울시한강다리두곳내달부터야간통제뷁똠與野，“”…ABC 12\n",
    "euc_jp": "首相来月訪米同盟強化確認のはがをにへとカタカナ、。「」ABC 12\n",
    "gb18030": "国家统计局居民收入增长镕囍㐂𠮷記者，。“”ABC 12\n",
    "big5hkscs": "市府公布新版公車路線圖許功蓋佢哋嘅，。「」ABC 12\n",
}
LIES = ["utf-8\x00", "rot13", "idna", "hex", "undefined", "한글", "\ud800", ""]
NAMES = st.sampled_from(
    [None, *LABELS.values(), *LIES, "utf-16", "EUC-KR", "x-sjis", "iso-2022-jp", "us-ascii", "koi8-r"]
)
HINTS = st.sampled_from([None, "ko", "ja", "zh-Hant", "zh_CN", "en", "", "x"])
MARKS = [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, b"\x1b$B", b"\x1b(B", b"\x00"]
DAMAGE = [b"\xff", b"\x81 ", b"\x8f\xad\xa1", b"\xad\xa1", b"\n", b"<"]
DECLARED = [b"<?xml version='1.0' encoding='euc-jp'?>", b"<meta charset=big5>"]
WORDS = [text.encode(codec, "ignore")[:9] for text, codec in product(TEXTS.values(), LABELS)]
BODIES = st.lists(st.sampled_from(MARKS + DAMAGE + DECLARED + WORDS), max_size=8).map(b"".join) | st.binary()


def table(name: str) -> list:
    """The rows of a case table, each with its `why` as the id; `\\uXXXX` stands for a character."""
    lines = (CASES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [[unescaped(cell) for cell in line.split("\t")] for line in lines]
    return [pytest.param(*row[:-1], id=row[-1]) for row in rows]


def unescaped(cell: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), cell)


@pytest.mark.parametrize(("codec", "declared", "language", "text"), table("encoding"))
def test_a_declared_encoding(codec, declared, language, text):
    assert decode(text.encode(codec), declared=declared, language=language).text == text
    assert decode(text.encode(codec), declared=declared).text == text


@pytest.mark.parametrize(("codec", "declared", "language", "text"), table("encoding"))
def test_an_encoding_that_nobody_declared(codec, declared, language, text):
    assert decode(text.encode(codec), language=language).text == text


@pytest.mark.parametrize(("head", "declared"), table("encoding_declarations"))
def test_what_a_document_declares(head, declared):
    assert (label(head.encode()) or "none") == declared


@pytest.mark.parametrize(
    ("codec", "language"),
    [
        ("cp949", "ko"),
        ("cp932", "ja"),
        ("euc_jp", "ja"),
        ("gb18030", "zh-Hans"),
        ("big5hkscs", "zh-Hant"),
        ("johab", "ko"),
    ],
)
def test_a_declaration_that_the_bytes_bear_out_is_certain(codec, language):
    body = TEXTS[language].encode(codec)
    read = decode(body, declared=LABELS[codec])
    assert (read.text, read.encoding, read.basis, read.certain) == (TEXTS[language], codec, "declared", True)
    read = decode(f'<meta charset="{LABELS[codec]}">'.encode() + body)
    assert (read.encoding, read.basis, read.certain) == (codec, "document", True)
    read = decode(body, override=LABELS[codec], declared="utf-8")
    assert (read.encoding, read.basis, read.certain) == (codec, "override", True)
    read = decode(body, language=language)
    assert (read.encoding, read.basis, read.certain) == (codec, "detected", False)


@pytest.mark.parametrize(
    ("body", "text", "encoding", "basis", "certain"),
    [
        pytest.param(b"", "", "ascii", "ascii", True, id="nothing at all"),
        pytest.param(b"plain", "plain", "ascii", "ascii", True, id="ASCII"),
        pytest.param(b"~{<:Ky2;~}", "~{<:Ky2;~}", "ascii", "ascii", False, id="may be Chinese in seven bits"),
        pytest.param(b"a\x00b", "a\x00b", "ascii", "ascii", False, id="may be two bytes for a character"),
        pytest.param("정정합니다".encode(), "정정합니다", "utf-8", "utf-8", True, id="UTF-8 that says nothing"),
        pytest.param("천체".encode("cp949"), "õü", "utf-8", "utf-8", False, id="two syllables that look like UTF-8"),
        pytest.param(codecs.BOM_UTF8, "", "utf-8", "signature", True, id="only a mark"),
        pytest.param(codecs.BOM_UTF16_BE + b"\xac\x00", "가", "utf-16-be", "signature", True, id="UTF-16 with a mark"),
        pytest.param("<?x?>가".encode("utf-16-le"), "<?x?>가", "utf-16-le", "signature", True, id="XML in UTF-16"),
        pytest.param(
            codecs.BOM_UTF16_LE + b"\x00\xacx", "가\ufffd", "utf-16-le", "signature", False, id="half a character"
        ),
        pytest.param("ﾆｭｰｽです".encode("iso2022_jp_ext"), "ﾆｭｰｽです", "iso2022_jp_ext", "escapes", True, id="escapes"),
    ],
)
def test_what_bytes_say_of_themselves(body, text, encoding, basis, certain):
    read = decode(body)
    assert (read.text, read.encoding, read.basis, read.certain) == (text, encoding, basis, certain)


@pytest.mark.parametrize(
    ("codec", "declared", "language", "text"),
    [row for row in table("encoding") if row.values[0] in LABELS and row.values[0] != "cp1252"],
)
def test_a_page_of_one_line_repeated_and_broken_keeps_its_label(codec, declared, language, text):
    """However odd a line is, saying it again is no evidence against the label, nor is a cut or a broken byte."""
    line, broken = f"{text}\n".encode(codec), b"\x81 \n" if codec == "cp932" else b"\xff\n"
    assert decode(line * 40, declared=declared).text.count(text) == 40
    read = decode(line * 20 + broken + line * 20, declared=declared, language=language)
    assert read.text.count(text) >= 39
    assert not read.certain
    assert decode((line * 20)[:-2], declared=declared, language=language).text.count(text) >= 19


@pytest.mark.parametrize(
    ("codec", "language", "text"),
    [
        ("cp949", "ko", "국회, 예산안 처리 합의"),
        ("cp932", "ja", "首相が辞意表明"),
        ("euc_jp", "ja", "首相が辞意を表明"),
        ("gb18030", "zh-Hans", "北京今日气温骤降"),
        ("big5hkscs", "zh-Hant", "立法院三讀通過"),
    ],
)
def test_one_short_title_is_certain_where_label_and_source_agree(codec, language, text):
    read = decode(text.encode(codec), declared=LABELS[codec], language=language)
    assert (read.text, read.encoding, read.certain) == (text, codec, True)
    assert not decode(text[:2].encode(codec), declared=LABELS[codec], language=language).certain


@pytest.mark.parametrize(
    ("text", "certain"), [("속보", True), ("It’s over", True), ("북", False), ("\u6a0ccB", False), ("caf\xe9", False)]
)
def test_a_letter_or_two_of_utf8_prove_nothing_but_what_no_legacy_text_would_be(text, certain):
    read = decode(text.encode(), declared="utf-8")
    assert (read.text, read.certain) == (text, certain)


def test_utf16_without_a_mark_needs_its_label_and_zero_bytes():
    assert decode("정정 1".encode("utf-16-be"), declared="utf-16be").text == "정정 1"
    assert decode("정정 1".encode(), declared="utf-16").text == "정정 1"


def test_the_operator_is_believed_before_a_byte_order_mark():
    assert decode(codecs.BOM_UTF8 + "정정".encode(), override="UTF8").text == "정정"
    read = decode("정정합니다".encode(), override="euc-kr")
    assert read.encoding == "cp949"
    assert not read.certain


def test_vendor_characters_in_euc_jp_are_read_and_flagged():
    read = decode("会社名は".encode("euc_jp") + b"\xad\xea\xad\xa1" + "です".encode("euc_jp"), declared="euc-jp")
    assert read.text == "会社名は㈱①です"
    assert not read.certain


@pytest.mark.parametrize("codec", ["cp949", "cp932", "euc_jp", "gb18030", "big5hkscs", "utf-8"])
def test_a_broken_byte_costs_its_neighbourhood(codec):
    line = {"cp932": "ja", "euc_jp": "ja", "gb18030": "zh-Hans", "big5hkscs": "zh-Hant"}.get(codec, "ko")
    body = (TEXTS[line] + "\n").encode(codec)
    read = decode(body * 9 + b"\xf0\n" + body * 9, declared=LABELS[codec])
    assert read.text.count(TEXTS[line]) == 18
    assert not read.certain
    assert decode(body * 9 + body[:-2], declared=LABELS[codec]).text.count(TEXTS[line]) == 9


@pytest.mark.parametrize(("language", "codec"), list(product(TEXTS, LABELS)))
def test_no_lie_makes_a_wrong_text_certain(language, codec):
    """Whatever label and hint come with a text in whatever encoding: it is right, or it is not certain."""
    body = TEXTS[language].encode(codec, "ignore")
    truth = body.decode(codec)
    for declared, hint in product([None, *LABELS.values()], [None, "ko", "ja", "zh", "en"]):
        for part in (body, body * 30):
            read = decode(part, declared=declared, language=hint)
            assert not read.certain or read.text in (truth, truth * 30), (declared, hint, read.text[:60])


@settings(max_examples=200, deadline=None)
@given(BODIES, NAMES, NAMES, HINTS)
def test_decode_is_total(body, declared, override, language):
    read = decode(body, declared=declared, override=override, language=language)
    assert read.text.encode().decode() == read.text
    assert label(body) is None or label(body).isascii()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_was_encoded_comes_back_under_its_label(data):
    """A label that fits the bytes is believed, however odd the order and choice of the characters."""
    codec = data.draw(st.sampled_from(sorted(ALPHABETS)))
    text = "".join(data.draw(st.lists(st.sampled_from(ALPHABETS[codec]), min_size=20, unique=True)))
    read = decode(text.encode(codec), declared=LABELS[codec])
    assert read.text == text


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_utf8_comes_back_under_any_label(text):
    read = decode(text.encode(), declared="utf-8")
    assert read.text == text.removeprefix("\ufeff") or not read.certain


@pytest.mark.skipif(not REAL_FEEDS.exists(), reason="the corpus of real feeds in old encodings is not on this machine")
def test_real_feeds_are_certain_under_their_labels():
    """Feeds with a label are read strictly, nearly all of them certainly."""
    with (REAL_FEEDS / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines) if row["declared_encoding"] and (REAL_FEEDS / row["file"]).exists()
        ]
    read = [decode((REAL_FEEDS / row["file"]).read_bytes(), declared=row["declared_encoding"]) for row in rows]
    assert all("\ufffd" not in one.text for one in read)
    assert sum(one.certain for one in read) > 0.95 * len(read)


CLASSES = [(language, *one) for language, classes in likelihood._CLASSES.items() for one in classes]


@pytest.mark.parametrize("row", CLASSES, ids=[f"{row[0]} {row[2]} {row[3]:x}" for row in CLASSES])
def test_the_classes_of_characters_are_as_large_as_the_table_says(row: tuple[str, float, str, int, int, int]) -> None:
    _, _, codec, first, last, size = row
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    decoded = [pair.decode(codec, "ignore") for pair in pairs]
    assert sum(len(one) == 1 and not one.isascii() for one in decoded) == size
