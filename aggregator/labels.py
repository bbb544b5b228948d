"""What labels of encodings mean: the vendors' supersets of the standards they name.

Knows names only, no bytes: what a document declares is found by `encoding`, which also judges whether it is true.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

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

_PUNCTUATION = re.compile(r"[^a-z0-9]+")


def codec(name: str | None) -> str | None:
    """Python's codec for what a label means, however it is spelled, or None where it means no text encoding."""
    try:
        found = codecs.lookup((name or "").strip(" \t\r\n\"'")).name
    except (LookupError, ValueError):
        found = ""
    known = _codecs()
    return known.get(_plain(name or "")) or known.get(_plain(found)) or (_OTHER_CODECS.fullmatch(found) and found) or None


def _plain(name: str) -> str:
    return _PUNCTUATION.sub("", name.lower())


@cache
def _codecs() -> dict[str, str]:
    return {name: codec for codec, names in _LABELS.items() for name in names.split()}
