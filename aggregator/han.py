"""Han characters: which are forms of one another, and who prints which: Japan, the mainland, Taiwan and Hong Kong.

Derived from OpenCC's dictionaries and the national character sets; `han.tsv` is made from them too, by
`python -m tests.han_forms`. Nothing here knows words or sentences, but that `conversions` does, when `spellings` asks
it for whole texts.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from aggregator.conversions import Translation, conversion

# --- forms of one character -------------------------------------------------------------------------------------------

_KANA = re.compile("[\u3041-\u30ff]")


@cache
def _groups() -> tuple[tuple[str, str], ...]:
    """The rows of `han.tsv`: all variants of a character, the least first, and the one that stands for them all in
    simplified Chinese.

    Two characters are variants where OpenCC's dictionaries for single characters (Taiwan, Hong Kong, Japan, simplified)
    lead from one to the other. So 发, 發, 発, 髮 and 髪 meet, which is wanted; and with them some that are words of
    their own (后 and 後, 里 and 裏, 干 and 乾 and 幹, 弁 and 辯 and 瓣), which is the price. They are data, not asked
    for at every start, because what is stored was folded by them: it must not change with another OpenCC.
    """
    rows = Path(__file__).with_name("han.tsv").read_text(encoding="utf-8").splitlines()
    return tuple((group, chosen) for group, _, chosen in (row.partition("\t") for row in rows[1:]))


@cache
def representatives() -> dict[int, int]:
    """Character -> the least of its variants, which stands for them all; both by their codes."""
    return {ord(char): ord(group[0]) for group, _ in _groups() for char in group[1:]}


@cache
def variants() -> dict[str, str]:
    """Character -> all its variants, itself among them; characters that have none are missing."""
    return {char: group for group, _ in _groups() for char in group}


@cache
def simplified() -> Translation:
    """Representative of variants -> the one of them that stands for all in simplified Chinese."""
    return Translation({ord(group[0]): ord(chosen) for group, chosen in _groups()})


def spellings(text: str) -> tuple[str, str, str]:
    """A text as it would be printed on the mainland, in Taiwan and in Japan, each character in one of its variants.

    Words are looked at, so that 头发 is 頭髮, 发展 is 發展, and 弁護 is 辯護 where kana say that a text is Japanese;
    elsewhere a character is Japanese if it is in print in Japan alone (発, 権).
    """
    japanese = _KANA.search(text)
    known = conversion("jp2t").convert(text) if japanese else text.translate(_only_japanese)
    traditional = conversion("s2t").convert(known)
    simplified, taiwan, japan = (conversion(name).convert(traditional) for name in ("t2s", "t2tw", "t2jp"))
    return _varied(text, simplified), _varied(text, taiwan), _varied(text, japan)


def _varied(text: str, converted: str) -> str:
    """A conversion without what it did to words: 沈默 is 沉默 there, but 沈 and 沉 are two characters."""
    if text == converted or len(text) != len(converted):
        return text
    pairs = zip(text, converted, strict=True)
    return "".join([one if one == other or not _are_variants(one, other) else other for one, other in pairs])


def _are_variants(one: str, other: str) -> bool:
    forms, first, second = representatives(), ord(one), ord(other)
    return forms.get(first, first) == forms.get(second, second)


class _OnlyJapanese(Translation):
    """Characters in print in Japan alone -> their traditional form: learnt too."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        elsewhere = MAINLAND | TAIWAN
        alone = conversion("jp2t").changes(char) and strangers(char) & elsewhere == elsewhere
        self[code] = form = ord(conversion("jp2t").convert(char)) if alone else code
        return form


_only_japanese = _OnlyJapanese()


# --- who prints it ----------------------------------------------------------------------------------------------------

# A sum of these says who does not print a character.
JAPAN, MAINLAND, TAIWAN = 1, 2, 4

# In all the character sets, in print only in Japan: the iteration mark.
_ONLY_IN_JAPAN = "々"


def strangers(char: str) -> int:
    """The sum of those who do not print a Han character; Hong Kong counts as Taiwan."""
    return (
        JAPAN * (not _printed_in_japan(char))
        + MAINLAND * (not _printed_on_the_mainland(char))
        + TAIWAN * (not _printed_in_taiwan(char))
    )


def _printed_in_japan(char: str) -> bool:
    """In Windows' Shift_JIS, and not one of the rarer half (level 2, from 0x989F on) that a newer form replaced."""
    code = _code(char, "cp932")
    return bool(code) and not (b"\x98\x9f" <= code < b"\xed\x40" and conversion("t2jp").changes(char))


def _printed_on_the_mainland(char: str) -> bool:
    """In GB 2312, or else a simplified form."""
    return char not in _ONLY_IN_JAPAN and bool(_code(char, "gb2312") or _simplified(char))


def _printed_in_taiwan(char: str) -> bool:
    """In the common half of Big5 (up to 0xC67E), or in the rest and in Hong Kong's additions and no newer form."""
    code = _code(char, "big5hkscs")
    if b"\xa4\x40" <= code <= b"\xc6\x7e":
        return True
    return char not in _ONLY_IN_JAPAN and bool(code) and not _simplified(char) and not conversion("jp2t").changes(char)


def _simplified(char: str) -> bool:
    return conversion("s2t").changes(char) and not conversion("jp2t").changes(char)


def _code(char: str, charset: str) -> bytes:
    return char.encode(charset, "ignore")
