"""How probable is the text that bytes become under each encoding of the press?

Knows, as data, how common which characters are in Korean, Japanese and Chinese, and which languages are written in
which encoding. It measures; what follows from that, and whether a label is believed, is for `encoding` to decide.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import log

from aggregator.charsets import read

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
# first and last lead byte, and how many they are. A character in several classes belongs to the last, before all to
# the commonest.
_CLASSES: dict[str, tuple[tuple[float, str, int, int, int], ...]] = {
    "ja": (
        (0.0005, "cp932", 0xED, 0xFC, 2_804),  # NEC's and IBM's kanji
        (0.001, "euc_jp", 0xA6, 0xAD, 146),
        (0.01, "euc_jp", 0xD0, 0xF4, 3_390),  # kanji of level 2
        (0.1, "euc_jp", 0xA1, 0xA3, 209),  # punctuation, full width
        (0.25, "euc_jp", 0xB0, 0xCF, 2_965),  # kanji of level 1
        (0.45, "euc_jp", 0xA4, 0xA5, 169),  # kana
    ),
    "ko": (
        (0.0005, "cp949", 0x81, 0xC6, 11_972),  # syllables outside KS X 1001
        (0.001, "euc_kr", 0xA4, 0xAC, 728),
        (0.01, "euc_kr", 0xCA, 0xFD, 4_888),  # Hanja
        (0.06, "euc_kr", 0xA1, 0xA3, 259),  # punctuation, full width
        (0.35, "euc_kr", 0xB0, 0xC8, 2_350),  # syllables of KS X 1001
    ),
    "zh-Hans": (
        (0.01, "gbk", 0x81, 0xFE, 21_791),
        (0.0005, "gb2312", 0xA4, 0xA9, 422),
        (0.1, "gb2312", 0xA1, 0xA3, 260),  # punctuation, full width
        (0.02, "gb2312", 0xD8, 0xF7, 3_008),  # level 2
        (0.5, "gb2312", 0xB0, 0xD7, 3_755),  # level 1
    ),
    "zh-Hant": (
        (0.005, "big5hkscs", 0x87, 0xFE, 18_398),
        (0.1, "big5", 0xA1, 0xA3, 408),  # punctuation, full width
        (0.02, "big5", 0xC9, 0xF9, 7_652),  # level 2
        (0.5, "big5", 0xA4, 0xC6, 5_495),  # level 1
    ),
}
# What headlines have beside that, more than a standard's level 2 has, and its share of the text: the Hanja of Korean
# headlines (countries, parties, offices, surnames), the characters of written Cantonese, half-width kana.
_MORE: dict[str, tuple[float, str]] = {
    "ja": (0.002, "".join(map(chr, range(0xFF61, 0xFFA0)))),
    "ko": (
        0.02,
        "中人代伊佛先公前北南印反國外大女安對尹展府政故文新日是會朴李東核檢權母比民法濠父獨現男發盧相硏社美與英號行西訪說證警軍選鄭野金靑非韓首鮮黨",
    ),
    "zh-Hant": (0.02, "乜佢係俾冇吓吖呢咁咗咩咪哋唔唥啦啩啱啲喎喺嗌嗰嘅嘢嘥噃噉嚟埋嬲搵攞攰氹畀睇瞓諗"),
}
_WESTERN = "\xa0£©«®°·»¿ÀÁÄÅÇÉÑÓÖØÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœ–—‘’“”•…€™"

# Which languages are written in which encoding. A candidate is judged by the language that fits it best.
CANDIDATES: dict[str, tuple[str, ...]] = {
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
_FLOOR = -9.0  # how improbable the average character of a text may be
_SAMPLE = 2048
_STRETCHES = re.compile(rb"[^\x00-\x7f][^<\n]*")
_ADJACENT = re.compile(r"[^\x00-\x7f]{2,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample of a body under one codec: its logarithmic probability, in total and for a character beyond ASCII.

    `letters` counts the different letters beyond ASCII.
    """

    text: str
    total: float
    average: float
    letters: int

    @property
    def plausible(self) -> bool:
        """Whether the average character is none that such text hardly has."""
        return self.average >= _FLOOR


def readings(body: bytes) -> dict[str, Reading]:
    """What each candidate makes of the text beyond ASCII."""
    sample = _sample(body)
    return {codec: _reading(sample, codec, languages) for codec, languages in CANDIDATES.items()}


def utf8(body: bytes) -> Reading:
    """The same of UTF-8, in whatever language."""
    return _reading(_sample(body), "utf-8", (*_CLASSES, "western"))


def _sample(body: bytes) -> bytes:
    """Stretches from all over the body, each from where every codec begins a character: the first byte beyond ASCII.

    What is said again and again testifies once.
    """
    stretches = list(dict.fromkeys(_STRETCHES.findall(body)))
    step = 1 + sum(map(len, stretches)) // _SAMPLE
    return b"\n".join(stretches[::step])[:_SAMPLE]


def _reading(sample: bytes, codec: str, languages: tuple[str, ...]) -> Reading:
    text = judged = read(sample, codec)[0]
    if codec == "cp1252":
        judged = _ADJACENT.sub(lambda found: "\ufffd" * len(found[0]), text)
    counts = Counter(judged)
    plain = sum(counts.pop(character) for character in list(counts) if character.isascii())
    beyond = max(_likelihood(counts, language) for language in languages)
    return Reading(
        text=text,
        total=beyond + plain * _ASCII,
        average=beyond / max(counts.total(), 1),
        letters=sum(character.isalpha() for character in counts),
    )


def _likelihood(counts: Counter[str], language: str) -> float:
    return sum(count * _weight(character, language) for character, count in counts.items())


@lru_cache(maxsize=4096)
def _weight(character: str, language: str) -> float:
    """The logarithmic probability of a character; it is worked out when a text has it, as tables take long to make."""
    if character == "\ufffd":
        return _BROKEN
    if language == "western":
        return log(1 / len(_WESTERN)) if character in _WESTERN else _RARE
    if character in _FREQUENT[language]:
        return log(_FREQUENT_SHARE[language] / len(_FREQUENT[language]))
    share, more = _MORE.get(language, (0.0, ""))
    if character in more:
        return log(share / len(more))
    classes = (share / size for share, codec, first, last, size in reversed(_CLASSES[language])
               if _is_in_rows(character, codec, first, last))  # fmt: skip
    return next(map(log, classes), _RARE)


def _is_in_rows(character: str, codec: str, first: int, last: int) -> bool:
    """Whether a codec has a character in two bytes, of which the lead byte is one of these."""
    code = character.encode(codec, "ignore")
    return len(code) == 2 and first <= code[0] <= last
