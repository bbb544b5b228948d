"""Han characters: which are forms of one another, and who prints which: Japan, the mainland, Taiwan and Hong Kong.

Derived from OpenCC's dictionaries and the national character sets, so there is hardly a list of characters here.
Nothing here knows words or sentences, but that OpenCC does, when `spellings` asks it for whole texts.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

# --- forms of one character -------------------------------------------------------------------------------------------

_KANA = re.compile("[\u3041-\u30ff]")

# Forms in Japanese and Korean names for which OpenCC has no entry.
_NAME_FORMS = ("吉\U00020bb7", "崎\ufa11", "橋槗", "浜濵", "青靑", "高髙")


@cache
def conversion(name: str) -> dict[str, str]:
    """The Han characters that OpenCC's conversion of this name (`t2s`, `jp2t` …) changes, each taken alone."""
    chars = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    converted = _converter(name).convert("\n".join(chars)).split("\n")  # one a line: phrases have nothing to catch
    return {one: other for one, other in zip(chars, converted, strict=True) if one != other}


@cache
def representatives() -> dict[int, str]:
    """Character -> the least of its variants, which stands for them all.

    Two characters are variants where OpenCC's dictionaries for single characters (Taiwan, Hong Kong, Japan, simplified)
    lead from one to the other. So 发, 發, 発, 髮 and 髪 meet, which is wanted; and with them some that are words of
    their own (后 and 後, 里 and 裏, 干 and 乾 and 幹, 弁 and 辯 and 瓣), which is the price.
    """
    parent: dict[str, str] = {}

    def least(char: str) -> str:
        while char in parent:
            char = parent[char]
        return char

    pairs = [(form[0], form[1]) for form in _NAME_FORMS]
    for name in ("tw2t", "hk2t", "jp2t", "t2jp", "t2s"):
        pairs += conversion(name).items()
    for one, other in pairs:
        low, high = sorted((least(one), least(other)))
        if low != high:
            parent[high] = low
    return {ord(char): least(char) for char in parent}


@cache
def variants() -> dict[str, tuple[str, ...]]:
    """Character -> all its variants, itself among them; characters that have none are missing."""
    groups: dict[str, set[str]] = {}
    for code, representative in representatives().items():
        groups.setdefault(representative, {representative}).add(chr(code))
    return {char: tuple(sorted(group)) for group in groups.values() for char in group}


@cache
def simplified() -> dict[int, str]:
    """Representative of variants -> the one of them that stands for all in simplified Chinese."""
    chosen = {}
    for char in set(representatives().values()):
        group = variants()[char]
        votes = Counter(conversion("t2s").get(one, one) for one in group)
        best = max(group, key=lambda one: (_printed_on_the_mainland(one) and votes[one], votes[one], -ord(one)))
        chosen[ord(char)] = best
    return chosen


def spellings(text: str) -> tuple[str, str, str]:
    """A text as it would be printed on the mainland, in Taiwan and in Japan, each character in one of its variants.

    OpenCC looks at words, so that 头发 is 頭髮, 发展 is 發展, and 弁護 is 辯護 where kana say that a text is Japanese;
    elsewhere a character is Japanese if it is in print in Japan alone (発, 権).
    """
    japanese = _KANA.search(text)
    known = _converter("jp2t").convert(text) if japanese else text.translate(_only_japanese())
    traditional = _converter("s2t").convert(known)
    simplified, taiwan, japan = (_converter(name).convert(traditional) for name in ("t2s", "t2tw", "t2jp"))
    return _varied(text, simplified), _varied(text, taiwan), _varied(text, japan)


def _varied(text: str, converted: str) -> str:
    """A conversion without what it did to words: 沈默 is 沉默 to OpenCC, but 沈 and 沉 are two characters."""
    if text == converted or len(text) != len(converted):
        return text
    pairs = zip(text, converted, strict=True)
    return "".join([one if one == other or not _are_variants(one, other) else other for one, other in pairs])


def _are_variants(one: str, other: str) -> bool:
    forms = representatives()
    return forms.get(ord(one), one) == forms.get(ord(other), other)


@cache
def _converter(name: str) -> OpenCC:
    from opencc import OpenCC  # its dictionaries are read when a text first needs them

    return OpenCC(name)


@cache
def _only_japanese() -> dict[int, str]:
    """Characters in print in Japan alone -> their traditional form."""
    elsewhere = MAINLAND | TAIWAN
    return {ord(one): other for one, other in conversion("jp2t").items() if strangers(one) & elsewhere == elsewhere}


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
    return bool(code) and not (b"\x98\x9f" <= code < b"\xed\x40" and char in conversion("t2jp"))


def _printed_on_the_mainland(char: str) -> bool:
    """In GB 2312, or else a simplified form."""
    return char not in _ONLY_IN_JAPAN and bool(_code(char, "gb2312") or _simplified(char))


def _printed_in_taiwan(char: str) -> bool:
    """In the common half of Big5 (up to 0xC67E), or in the rest and in Hong Kong's additions and no newer form."""
    code = _code(char, "big5hkscs")
    if b"\xa4\x40" <= code <= b"\xc6\x7e":
        return True
    return char not in _ONLY_IN_JAPAN and bool(code) and not _simplified(char) and char not in conversion("jp2t")


def _simplified(char: str) -> bool:
    return char in conversion("s2t") and char not in conversion("jp2t")


def _code(char: str, charset: str) -> bytes:
    return char.encode(charset, "ignore")
