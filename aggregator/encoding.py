"""Bytes read as the text they hold, or honestly flagged.

Knows what labels mean on the web (the vendors' supersets of the standards they name), how a document declares its own
encoding, and, as data, how common which characters are in Korean, Japanese and Chinese. Evidence is asked in order:
what feeds.yaml says, byte order mark, valid UTF-8, ISO-2022-JP escapes, the HTTP header, the document itself, and last
under which encoding the text is most probable. It may not raise, whatever the bytes or labels are, and it may not call
a text certain that bytes of another encoding could have become.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import log

from aggregator.model import Decoded

# --- what labels mean -------------------------------------------------------------------------------------------------

# Python's codec for the widest superset in use under a label, and the labels in lower case without punctuation: those
# of the WHATWG (https://encoding.spec.whatwg.org/#names-and-labels), of Java and of Python. Sorted.
_LABELS = {
    "big5hkscs": "big5 big5eten big5hkscs cnbig5 cp950 csbig5 ms950 windows950 xbig5 xxbig5",
    "cp1252": "ansix341968 ascii cp1252 cp819 ibm819 iso88591 isoir100 l1 latin1 usascii windows1252 xcp1252",
    "cp932": "cp932 csshiftjis cswindows31j ms932 mskanji shiftjis sjis windows31j windows932 xmscp932 xsjis",
    "cp949": "cp949 cseuckr csksc56011987 euckr isoir149 korean ksc5601 ksc56011987 ksc56011989 ms949 uhc windows949"
    " xeuckr xwindows949",
    "euc_jp": "cp51932 cseucpkdfmtjapanese eucjp eucjpms ujis xeucjp",
    "gb18030": "chinese cp936 csgb2312 csiso58gb231280 euccn gb18030 gb2312 gb231280 gbk isoir58 ms936 windows936"
    " xeuccn xgbk",
    "iso2022_jp_ext": "csiso2022jp iso2022jp iso2022jp1 jis",
    "johab": "cp1361 johab ms1361 xjohab",
    "utf-16": "csunicode iso10646ucs2 ucs2 unicode unicodefeff utf16",
    "utf-16-be": "unicodefffe utf16be",
    "utf-16-le": "utf16le",
    "utf-8": "unicode11utf8 unicode20utf8 utf8 utf8mb4 utf8sig xunicode20utf8",
}

# Codecs of Python, by its own names, that are the same thing everywhere and need no entry above.
_OTHER_CODECS = re.compile(r"cp(?:125\d|866|874)|iso8859-\d+|koi8-[rtu]|mac-cyrillic|mac-roman|tis-620")

# How a body may begin, and what it then is: byte order marks, and `<?` in UTF-16 (XML 1.0, appendix F).
_SIGNATURES = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)

_PUNCTUATION = re.compile(r"[^a-z0-9]+")
_COMMENTS = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(
    rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([\w.:-]+)|<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([IJ])")
_OTHER_SEVEN_BITS = (b"\x00", b"\x0e", b"\x0f", b"\x1b", b"~{")
_HIGH_BYTES = bytes(range(0x80, 0x100))
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_STRETCHES = re.compile(rb"[^\x00-\x7f][^<\n]*")
_EAST_ASIAN = ("ja", "ko", "zh")
_MARKS = (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
_WIDE = ("utf-16", "utf-16-be", "utf-16-le")
_HEAD = 4096

# --- what text looks like ---------------------------------------------------------------------------------------------

# The commonest characters, kana aside, and their share of a language's text: counted over news headlines; for Chinese
# also the first hundred of Jun Da's Modern Chinese Character Frequency List. Sorted by code point.
_FREQUENT_SHARE = {"ja": 0.2, "ko": 0.6, "zh-Hans": 0.4, "zh-Hant": 0.4}
_FREQUENT = {
    "ja": (
        "一万上不世中予事人今代会作使供信像入全公円写出分前力動化収合名向国地報場声売変大女始婚子定実家対年強"
        "得応性情愛感戦手提料新方日映時最月本東楽機気決活無物特独理生用田由男画界発登的目真知社結編美者能自行"
        "表見解言話載通連週選部金長開間集電韓題高"
    ),
    "ko": (
        "가간감강개거검게격결경계고공과관교구국권금기김까나남내년노는니다단당대도동드들등라러려령로리마만면명"
        "모무문물미민바박반발방배법보부북불비사산상생서선성세소속수스승시신실아안야어업에여역연영오요용우운원"
        "월위유은의이인일임자장재적전정제조종주중지진차찰천청체최출치코크타터통트파포표프하한합해행현협호화회"
    ),
    "zh-Hans": (
        "一万三上下不业个中为主么之也了事于些产京人他以们价会作你元全公其出分利到前动北华去发可同名后和售回国"
        "图在地场基多大天女她好如子学定家对将小就居市平年开当得心情成我战房所手报指数文斯新方日时明是最月有期"
        "本机来样没法海游点然现理生用电男的盘看着种称组经网美老考而股能自英行被要视说资赛起过还这进道那部都里"
        "重金长面首高"
    ),
    "zh-Hant": (
        "一三上下不中主之也了事些京人他以作你來個們價元全公其出分利到前動北去可同名和售回國圖在地基報場多大天"
        "女她好如子學定家將對小就居市平年後得心情成我戰房所手指數文斯新方於日明是時最會月有期本業樣機沒法海為"
        "然現理生產用男當發的盤看種稱組經網美老考而股能自英華萬著行被裡要視說資賽起這進遊過道還那部都重金長開"
        "電面首高麼點"
    ),
}

# For each language: a share of its text, and the characters that make it up: rows of a national standard, as codec,
# first and last lead byte. A character in several classes belongs to the last, before all to the commonest.
_CLASSES: dict[str, tuple[tuple[float, str, int, int], ...]] = {
    "ja": (
        (0.0005, "cp932", 0xED, 0xFC),  # NEC's and IBM's kanji
        (0.001, "euc_jp", 0xA6, 0xAD),
        (0.01, "euc_jp", 0xD0, 0xF4),  # kanji of level 2
        (0.1, "euc_jp", 0xA1, 0xA3),  # punctuation, full width
        (0.25, "euc_jp", 0xB0, 0xCF),  # kanji of level 1
        (0.45, "euc_jp", 0xA4, 0xA5),  # kana
    ),
    "ko": (
        (0.0005, "cp949", 0x81, 0xC6),  # syllables outside KS X 1001
        (0.001, "euc_kr", 0xA4, 0xAC),
        (0.01, "euc_kr", 0xCA, 0xFD),  # Hanja
        (0.06, "euc_kr", 0xA1, 0xA3),  # punctuation, full width
        (0.35, "euc_kr", 0xB0, 0xC8),  # syllables of KS X 1001
    ),
    "zh-Hans": (
        (0.01, "gbk", 0x81, 0xFE),
        (0.0005, "gb2312", 0xA4, 0xA9),
        (0.1, "gb2312", 0xA1, 0xA3),  # punctuation, full width
        (0.02, "gb2312", 0xD8, 0xF7),  # level 2
        (0.5, "gb2312", 0xB0, 0xD7),  # level 1
    ),
    "zh-Hant": (
        (0.005, "big5hkscs", 0x87, 0xFE),
        (0.1, "big5", 0xA1, 0xA3),  # punctuation, full width
        (0.02, "big5", 0xC9, 0xF9),  # level 2
        (0.5, "big5", 0xA4, 0xC6),  # level 1
    ),
}
_HALF_WIDTH_KANA = "".join(map(chr, range(0xFF61, 0xFFA0)))
_WESTERN = "\xa0£©«®°·»¿ÀÁÄÅÇÉÑÓÖØÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœ–—‘’“”•…€™"

# Which languages are written in which encoding. A candidate is judged by the language that fits it best.
_CANDIDATES = {
    "big5hkscs": ("zh-Hant",),
    "cp1252": ("western",),
    "cp932": ("ja",),
    "cp949": ("ko", "ja"),
    "euc_jp": ("ja",),
    "gb18030": ("zh-Hans", "zh-Hant", "ja"),
    "johab": ("ko",),
}

# Natural logarithms of probabilities, set where headlines in the wrong encoding never pass and right ones mostly do.
_ASCII, _RARE, _BROKEN = -4.0, -16.0, -25.0
_MARGIN = 16.0  # how much more probable than any other reading a text has to be
_FLOOR = -9.0  # how improbable the average character of a text may be
_HINTED, _LABELLED = 15.0, 25.0  # what the word of a source and of a label count for
_LETTERS = 6  # how many different letters have to testify: the quotes of an English page are quotes, however many
_SAMPLE = 4096
_ADJACENT = re.compile(r"[^\x00-\x7f]{2,}")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A sample of a body under one codec: its logarithmic probability, in total and for a character beyond ASCII.

    `letters` counts the different letters beyond ASCII.
    """

    text: str
    total: float
    average: float
    letters: int

    @property
    def plausible(self) -> bool:
        return self.average >= _FLOOR


def decode(
    body: bytes, *, declared: str | None = None, override: str | None = None, language: str | None = None
) -> Decoded:
    """The text of `body`, the codec that read it, on what basis, and whether that is surely right.

    `declared` is the label of the HTTP header, `override` what feeds.yaml says, `language` a BCP 47 hint; labels that
    name no text encoding are as if absent. The basis is one of `override`, `signature`, `ascii`, `utf-8`, `escapes`,
    `declared`, `document` and `detected`. Broken bytes become U+FFFD.
    """
    told, header = _codec(override), _codec(declared)
    if told is not None:
        return _as_told(body, told)
    own = _codec(label(body))
    return (
        _by_signature(body)
        or _by_zeros(body, header)
        or _by_seven_bits(body)
        or _by_utf8(body, labelled="utf-8" in (header, own), hint=language)
        or _by_likelihood(body, header, own, language)
    )


def label(body: bytes) -> str | None:
    """The encoding that a document declares for itself, as written: in its XML declaration, else in a meta element."""
    head = _COMMENTS.sub(b"", body[:_HEAD].removeprefix(codecs.BOM_UTF8).replace(b"\0", b""))
    found = _DECLARATION.search(head)
    return (found[1] or found[2]).decode("ascii", "replace") if found else None


def _codec(name: str | None) -> str | None:
    """The codec that a label means, or None where it means no text encoding."""
    plain = _PUNCTUATION.sub("", (name or "").lower())
    if plain in _codecs():
        return _codecs()[plain]
    try:
        found = codecs.lookup((name or "").strip(" \t\r\n\"'")).name
    except (LookupError, ValueError):
        return None
    return found if _OTHER_CODECS.fullmatch(found) else None


@cache
def _codecs() -> dict[str, str]:
    return {name: codec for codec, names in _LABELS.items() for name in names.split()}


# --- evidence, the strongest first ------------------------------------------------------------------------------------


def _as_told(body: bytes, codec: str) -> Decoded:
    text, clean = _read(body, codec)
    if codec == "utf-8":
        agreed = _is_surely_utf8(text, labelled=False, hint=None)
    elif codec in _WIDE:
        agreed = body.startswith(_MARKS)
    else:
        agreed = _is_sure(codec, _readings(body))
    return Decoded(text=text.removeprefix("\ufeff"), encoding=codec, basis="override", certain=clean and agreed)


def _by_signature(body: bytes) -> Decoded | None:
    for signature, codec in _SIGNATURES:
        if body.startswith(signature):
            text, clean = _read(body, codec)
            return Decoded(text=text.removeprefix("\ufeff"), encoding=codec, basis="signature", certain=clean)
    return None


def _by_zeros(body: bytes, header: str | None) -> Decoded | None:
    """UTF-16 without a mark, by its label; only where there are zero bytes, for this label is often a lie."""
    if header not in _WIDE or b"\0" not in body:
        return None
    return Decoded(text=_read(body, header)[0], encoding=header, basis="declared", certain=False)


def _by_seven_bits(body: bytes) -> Decoded | None:
    """ASCII and ISO-2022-JP. Control characters and `~{` may belong to other encodings of seven bits."""
    if not body.isascii():
        return None
    if b"\x1b" in body and _ESCAPES.search(body):
        text, clean = _read(body, "iso2022_jp_ext")
        return Decoded(text=text, encoding="iso2022_jp_ext", basis="escapes", certain=clean)
    certain = not any(mark in body for mark in _OTHER_SEVEN_BITS)
    return Decoded(text=body.decode("ascii"), encoding="ascii", basis="ascii", certain=certain)


def _by_utf8(body: bytes, *, labelled: bool, hint: str | None) -> Decoded | None:
    """Valid UTF-8, or UTF-8 with a few broken bytes: text in another encoding is neither, but for a word or two."""
    text, clean = _read(body, "utf-8")
    if clean:
        return Decoded(text=text, encoding="utf-8", basis="utf-8", certain=_is_surely_utf8(text, labelled, hint))
    broken = text.count("\ufffd") - body.count("\ufffd".encode())
    whole = len(text) - broken - len(body.translate(None, _HIGH_BYTES))
    if broken * 4 > whole or not (labelled or _is_surely_utf8(text, labelled, hint)):
        return None
    return Decoded(text=text, encoding="utf-8", basis="utf-8", certain=False)


def _is_surely_utf8(text: str, labelled: bool, hint: str | None) -> bool:
    """Whether valid UTF-8 is no word or two of EUC: by three different characters of three bytes, or six of two.

    One will do where a label agrees, of two bytes only in a language that EUC does not write.
    """
    some = {found[0] for found in islice(_BEYOND_ASCII.finditer(text), 100)}
    wide = sum(character >= "\u0800" for character in some)
    agreed = labelled and (wide > 0 or _tongue(hint) not in ("", *_EAST_ASIAN))
    return agreed or not some or len(some) + wide >= 6


def _by_likelihood(body: bytes, header: str | None, own: str | None, hint: str | None) -> Decoded:
    """A label whose codec fits and reads plausibly, else the most probable reading, which is never certain."""
    readings = _readings(body)
    labels: dict[str, str] = {}
    for codec, basis in ((header, "declared"), (own, "document")):
        if codec is not None:
            labels.setdefault(codec, basis)
    for codec, basis in labels.items():
        text, clean = _read(body, codec)
        if clean and codec not in _WIDE and not _is_refuted(codec, readings, hint):
            return Decoded(text=text, encoding=codec, basis=basis, certain=_is_sure(codec, readings))
    best = max(readings, key=lambda codec: readings[codec].total + _prior(codec, labels, hint))
    return Decoded(text=_read(body, best)[0], encoding=best, basis=labels.get(best, "detected"), certain=False)


# --- how probable a reading is ----------------------------------------------------------------------------------------


def _is_sure(codec: str, readings: dict[str, _Reading]) -> bool:
    """Whether the bytes say what the label says: no other text is nearly as probable. One-byte codecs fit any bytes."""
    if codec not in readings or codec == "cp1252":
        return False
    mine = readings[codec]
    rivals = [reading for reading in readings.values() if reading.text != mine.text]
    enough = mine.letters >= _LETTERS or not rivals
    return enough and mine.plausible and all(mine.total > rival.total + _MARGIN for rival in rivals)


def _is_refuted(codec: str, readings: dict[str, _Reading], hint: str | None) -> bool:
    """Whether a label that fits is a lie all the same: it gives rubbish, and another encoding a better text."""
    best = max(readings.values(), key=lambda reading: reading.total)
    if codec not in readings:
        return best.plausible and _tongue(hint) in _EAST_ASIAN
    testified = best.letters >= _LETTERS or codec == "cp1252"
    return testified and not readings[codec].plausible and best.total > readings[codec].total + _MARGIN


def _prior(codec: str, labels: dict[str, str], hint: str | None) -> float:
    tongue = _tongue(hint)
    speaks = codec == "cp1252" if tongue and tongue not in _EAST_ASIAN else _CANDIDATES[codec][0][:2] == tongue
    return _HINTED * speaks + _LABELLED * (codec in labels)


def _tongue(hint: str | None) -> str:
    """The primary subtag of a BCP 47 tag, "" for none."""
    return re.split("[-_]", (hint or "").lower(), maxsplit=1)[0]


def _readings(body: bytes) -> dict[str, _Reading]:
    """What each candidate makes of the text beyond ASCII."""
    sample = _sample(body)
    return {codec: _reading(sample, codec) for codec in _CANDIDATES}


def _sample(body: bytes) -> bytes:
    """Stretches from all over the body, each from where every codec begins a character: the first byte beyond ASCII."""
    stretches = _STRETCHES.findall(body)
    step = 1 + sum(map(len, stretches)) // _SAMPLE
    return b"\n".join(stretches[::step])[:_SAMPLE]


def _reading(sample: bytes, codec: str) -> _Reading:
    text = judged = _read(sample, codec)[0]
    if codec == "cp1252":
        judged = _ADJACENT.sub(lambda found: "\ufffd" * len(found[0]), text)
    counts = Counter(judged)
    plain = sum(counts.pop(character) for character in list(counts) if character.isascii())
    beyond = max(_likelihood(counts, language) for language in _CANDIDATES[codec])
    return _Reading(
        text=text,
        total=beyond + plain * _ASCII,
        average=beyond / max(counts.total(), 1),
        letters=sum(character.isalpha() for character in counts),
    )


def _likelihood(counts: Counter[str], language: str) -> float:
    weights = _weights(language)
    return sum(count * weights.get(character, _RARE) for character, count in counts.items())


@cache
def _weights(language: str) -> dict[str, float]:
    """The logarithmic probability of each character that is not rare."""
    weights = {"\ufffd": _BROKEN}
    for share, characters in _shares(language):
        weights |= dict.fromkeys(characters, log(share / len(characters)))
    return weights


def _shares(language: str) -> Iterator[tuple[float, str]]:
    if language == "western":
        yield 1.0, _WESTERN
        return
    if language == "ja":
        yield 0.002, _HALF_WIDTH_KANA
    for share, codec, first, last in _CLASSES[language]:
        yield share, _rows(codec, first, last)
    yield _FREQUENT_SHARE[language], _FREQUENT[language]


def _rows(codec: str, first: int, last: int) -> str:
    """All double-byte characters of a codec with these lead bytes."""
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    decoded = (pair.decode(codec, "ignore") for pair in pairs)
    return "".join(one for one in decoded if len(one) == 1 and not one.isascii())


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(body: bytes, codec: str) -> tuple[str, bool]:
    """The text, with U+FFFD for what cannot be read, and whether all could be."""
    try:
        return body.decode(codec), True
    except UnicodeDecodeError:
        return body.decode(codec, "vendor" if codec == "euc_jp" else "replace"), False


def _vendor_character(problem: UnicodeError) -> tuple[str, int]:
    """NEC's and IBM's characters (①, ㈱, 髙) in EUC-JP, which Python's codec does not know: they are at home in CP932.

    Vendors disagree on some of them, so this counts as broken.
    """
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    row, cell = (*problem.object[problem.start : problem.start + 2], 0)[:2]
    if row < 0xA1 or cell < 0xA1:
        return "\ufffd", problem.end
    row, cell = row - 0x80, cell - 0x80
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + 0x1F + (cell >= 0x60) if row % 2 else cell + 0x7E
    return bytes((lead, trail)).decode("cp932", "replace"), problem.start + 2


codecs.register_error("vendor", _vendor_character)
