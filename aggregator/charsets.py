"""Encodings by their labels, and reading with them.

Knows what labels mean on the web (the vendors' supersets of the standards they name) and how damaged bytes are read.
It may not judge whether a label is true, and it may not raise, whatever the label or the bytes are.
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


def codec(label: str | None) -> str | None:
    """Python's codec for what a label means, however it is spelled, or None where it means no text encoding."""
    try:
        name = codecs.lookup((label or "").strip(" \t\r\n\"'")).name
    except (LookupError, ValueError):
        name = ""
    known = _codecs().get(_plain(label or "")) or _codecs().get(_plain(name))
    return known or (name if _OTHER_CODECS.fullmatch(name) else None)


def _plain(name: str) -> str:
    return _PUNCTUATION.sub("", name.lower())


@cache
def _codecs() -> dict[str, str]:
    return {name: codec for codec, names in _LABELS.items() for name in names.split()}


def read(body: bytes, codec: str) -> tuple[str, bool]:
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
