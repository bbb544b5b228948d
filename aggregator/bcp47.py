"""Language tags as documents declare them: `ko_KR`, `JP`, `chinese`, `utf-8` -> a BCP 47 tag, or nothing.

This module knows how a tag is written (https://www.rfc-editor.org/info/bcp47) and what is written instead. It does not
know which language a text is in.
"""

from __future__ import annotations

import re

# What is written where BCP 47 has another word: country codes, ISO 639-2, English names.
LANGUAGE_NAMES = {
    "chi": "zh",
    "chinese": "zh",
    "cn": "zh",
    "eng": "en",
    "english": "en",
    "japanese": "ja",
    "jp": "ja",
    "jpn": "ja",
    "kor": "ko",
    "korean": "ko",
    "kr": "ko",
    "tw": "zh-TW",
    "us": "en",
    "zho": "zh",
}
# Names of encodings, and the words of ISO 639-2 for no language in particular.
NO_LANGUAGES = frozenset({"euc", "iso", "mis", "mul", "und", "utf", "zxx"})

_TAG = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_](?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*",
    re.ASCII | re.IGNORECASE,
)


def tag(declared: object) -> str | None:
    """A declared language as a tag of language, script and region, or None where it is none: `ko_KR` is `ko-KR`."""
    given = str(declared or "").strip()
    match = _TAG.fullmatch(LANGUAGE_NAMES.get(given.lower(), given))
    if match is None or match[1].lower() in NO_LANGUAGES:
        return None
    script, region = (match[2] or "").title(), (match[3] or "").upper()
    return "-".join(filter(None, (match[1].lower(), script, region)))
