"""How a foreign name sounds, whichever letters print it: Zelensky, ゼレンスキー and 젤렌스키 have one skeleton.

A skeleton is the consonants of a name in classes that transliteration does not keep apart (b and v, l and r, d and t),
without vowels, since kana and Hangul put vowels where there were none. Two names of one skeleton need not be one name,
so the longer it is, the more it says. Chinese characters have readings that no table here knows: they have no skeleton.
"""

from __future__ import annotations

import re
import unicodedata

# Letters of the Latin spelling -> their class; what is missing is silent.
_CLASSES = {
    **dict.fromkeys("bpfv", "P"),
    **dict.fromkeys("dt", "T"),
    **dict.fromkeys("gkcq", "K"),
    **dict.fromkeys("szj", "S"),
    **dict.fromkeys("lr", "L"),
    "m": "M",
    "n": "N",
    "x": "KS",
}
_SPELLINGS = (
    (re.compile("sch|tch|tsch|ch|sh|ts|zh|dz|cz"), "s"),
    (re.compile("ph"), "f"),
    (re.compile("th"), "t"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("ng(?![aeiouy])"), "n"),
    (re.compile("wh|gh|kh"), "k"),
)
_SILENT_R = re.compile("r(?![aeiouy])")  # Carter is カーター, but Merkel is メルケル: spelling does not tell
_BEFORE_LIPS = re.compile("N(?=-*[PM])")
_SYLLABLE = re.compile(r"HANGUL SYLLABLE (\w+)")
_KANA = re.compile(r"(?:KATAKANA|HIRAGANA) LETTER (SMALL )?(\w+)")


def skeletons(name: str) -> frozenset[str]:
    """The skeletons of a name in Latin letters, kana or Hangul: more than one where a letter may be silent; or none."""
    spelled = "".join(_letters(name))
    for pattern, written in _SPELLINGS:
        spelled = pattern.sub(written, spelled)
    spellings = {spelled, _SILENT_R.sub("", spelled)} if name.isascii() else {spelled}
    return frozenset(filter(None, map(_skeleton, spellings)))


def _skeleton(spelled: str) -> str:
    """The consonants in their classes; of two of one class that stand together, one."""
    classes = "".join(_CLASSES.get(letter, "-") for letter in spelled)
    return re.sub(r"(.)\1+", r"\1", _BEFORE_LIPS.sub("M", classes)).replace("-", "")


def _letters(name: str) -> list[str]:
    """The Latin spelling of each character, as Unicode's names have it."""
    spelled: list[str] = []
    for char in unicodedata.normalize("NFKC", name).lower():
        if char.isascii():
            spelled.append(char if char.isalpha() else "")
        elif match := _SYLLABLE.match(unicodedata.name(char, "")):
            spelled.append(match[1].lower().removeprefix("eu") or "")
        elif match := _KANA.match(unicodedata.name(char, "")):
            _add_kana(spelled, match[2].lower(), small=bool(match[1]))
        else:
            base = unicodedata.normalize("NFD", char)[0]
            spelled.append(base if base.isascii() and base.isalpha() else "")
    return spelled


def _add_kana(spelled: list[str], sound: str, *, small: bool) -> None:
    """A kana; a small vowel takes the place of the vowel before it (ティ is ti, ファ is fa), a small tu is silent."""
    if not small:
        spelled.append({"hu": "fu", "tu": "tsu", "ti": "chi", "si": "shi"}.get(sound, sound))
    elif sound != "tu" and spelled:
        before = spelled[-1].rstrip("aeiou")
        spelled[-1] = (
            {"chi": "t", "ts": "t"}.get(spelled[-1], before) + sound[-1] if sound in "aiueo" else before + sound
        )
