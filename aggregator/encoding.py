"""Bytes read as the text they hold, or honestly flagged.

Knows how a document declares its own encoding, and whom to believe. Evidence is asked in order: what feeds.yaml says,
byte order mark, valid UTF-8, ISO-2022-JP escapes, the HTTP header, the document itself, and last under which encoding
the text is most probable. It may not raise, whatever the bytes or labels are, and it may not call a text certain that
bytes of another encoding could have become.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from itertools import islice

from aggregator import likelihood
from aggregator.charsets import codec as codec_of
from aggregator.charsets import read
from aggregator.likelihood import CANDIDATES, Reading
from aggregator.model import Decoded, Document

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

_COMMENTS = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(
    rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([\w.:-]+)|<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([IJ])")
_OTHER_SEVEN_BITS = (b"\x00", b"\x0e", b"\x0f", b"\x1b", b"~{")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_BROKEN = "\ufffd".encode()
_MARKS = (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
_WIDE = ("utf-16", "utf-16-be", "utf-16-le")
_HEAD = 16_384

_EAST_ASIAN = ("ja", "ko", "zh")
# Subtags of scripts and regions that speak against an encoding's usual language.
_AGAINST = {"zh-Hans": ("hant", "hk", "mo", "tw"), "zh-Hant": ("cn", "hans", "sg")}

# Natural logarithms of probabilities, as `likelihood` measures them. Measured over 3,700 headlines and beginnings of
# headlines, of two characters and more, in five encodings: of 1,900 plausible readings under a wrong label none was
# ahead by more than 6.
_CERTAIN = 10.0  # how much more probable than any other a labelled text has to be to be certain
_AGREED = 8.0  # what of that the hint of a source makes up for
_REFUTED = 16.0  # how much more probable another text has to be before a label is disbelieved
_HINTED, _LABELLED = 15.0, 25.0  # what the word of a source and of a label count for where the bytes decide
_SURE_LETTERS = 4  # how many different letters have to testify before a text is certain
_OTHER_LETTERS = 6  # and before another is: the quotes of an English page are quotes, however many


_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)


def decode(
    body: bytes, *, declared: str | None = None, override: str | None = None, language: str | None = None
) -> Decoded:
    """The text of `body`, the codec that read it, on what basis, and whether that is surely right.

    `declared` is the label of the HTTP header, `override` what feeds.yaml says, `language` a BCP 47 hint; labels that
    name no text encoding are as if absent. The basis is one of `override`, `signature`, `ascii`, `utf-8`, `escapes`,
    `declared`, `document` and `detected`. Broken bytes become U+FFFD.
    """
    told, header = codec_of(override), codec_of(declared)
    if told is not None:
        return _as_told(body, told, language)
    own = codec_of(label(body))
    return (
        _by_signature(body)
        or _by_zeros(body, header)
        or _by_seven_bits(body)
        or _by_utf8(body, labelled="utf-8" in (header, own), hint=language)
        or _by_likelihood(body, header, own, language)
    )


def of_document(document: Document) -> Decoded:
    """The text of a document, by all that its server and feeds.yaml say of it."""
    return decode(
        document.body,
        declared=charset(document.content_type),
        override=document.encoding,
        language=document.language,
    )


def charset(content_type: str | None) -> str | None:
    """The encoding that an HTTP header names, as written."""
    found = _CHARSET.search(content_type or "")
    return found[1] if found else None


def label(body: bytes) -> str | None:
    """The encoding that a document declares for itself, as written: in its XML declaration, else in a meta element."""
    head = _COMMENTS.sub(b"", body[:_HEAD].removeprefix(codecs.BOM_UTF8).replace(b"\0", b""))
    found = _DECLARATION.search(head)
    return (found[1] or found[2]).decode("ascii", "replace") if found else None


# --- evidence, the strongest first ------------------------------------------------------------------------------------


def _as_told(body: bytes, codec: str, hint: str | None) -> Decoded:
    text, clean = read(body, codec)
    if codec == "utf-8":
        agreed = _is_surely_utf8(body, text, labelled=True, hint=hint)
    elif codec in _WIDE:
        agreed = body.startswith(_MARKS)
    else:
        agreed = _is_sure(codec, likelihood.readings(body), hint)
    return Decoded(text=text.removeprefix("\ufeff"), encoding=codec, basis="override", certain=clean and agreed)


def _by_signature(body: bytes) -> Decoded | None:
    for signature, codec in _SIGNATURES:
        if body.startswith(signature):
            text, clean = read(body, codec)
            return Decoded(text=text.removeprefix("\ufeff"), encoding=codec, basis="signature", certain=clean)
    return None


def _by_zeros(body: bytes, header: str | None) -> Decoded | None:
    """UTF-16 without a mark, by its label; only where there are zero bytes, for this label is often a lie."""
    if header not in _WIDE or b"\0" not in body:
        return None
    return Decoded(text=read(body, header)[0], encoding=header, basis="declared", certain=False)


def _by_seven_bits(body: bytes) -> Decoded | None:
    """ASCII and ISO-2022-JP. Control characters and `~{` may belong to other encodings of seven bits."""
    if not body.isascii():
        return None
    if b"\x1b" in body and _ESCAPES.search(body):
        text, clean = read(body, "iso2022_jp_ext")
        return Decoded(text=text, encoding="iso2022_jp_ext", basis="escapes", certain=clean)
    certain = not any(mark in body for mark in _OTHER_SEVEN_BITS)
    return Decoded(text=body.decode("ascii"), encoding="ascii", basis="ascii", certain=certain)


def _by_utf8(body: bytes, *, labelled: bool, hint: str | None) -> Decoded | None:
    """Valid UTF-8, or UTF-8 with a few broken bytes: text in another encoding is neither, but for a word or two."""
    text, clean = read(body, "utf-8")
    if clean or (_is_mostly_whole(body, text) and (labelled or _is_surely_utf8(body, text, labelled=False, hint=hint))):
        certain = clean and _is_surely_utf8(body, text, labelled=labelled, hint=hint)
        return Decoded(text=text, encoding="utf-8", basis="utf-8", certain=certain)
    return None


def _is_surely_utf8(body: bytes, text: str, *, labelled: bool, hint: str | None) -> bool:
    """Whether valid UTF-8 is no word or two of EUC: by three different characters of three bytes, or six of two.

    Fewer will do where a label agrees: two of three bytes, or quotes and dashes, if they are more probable than what
    else the bytes may be; and any in a language that EUC does not write.
    """
    some = {found[0] for found in islice(_BEYOND_ASCII.finditer(text), 100)}
    wide = sum(character >= "\u0800" for character in some)
    if not some or len(some) + wide >= 6:
        return True
    if not labelled or _tongue(hint) not in ("", *_EAST_ASIAN):
        return labelled
    enough = wide > 1 or all("\u2010" <= character <= "\u2026" for character in some)
    return enough and _is_ahead(likelihood.utf8(body), likelihood.readings(body).values(), _CERTAIN)


def _by_likelihood(body: bytes, header: str | None, own: str | None, hint: str | None) -> Decoded:
    """A label whose codec fits and reads plausibly, else the most probable reading, which is never certain."""
    readings = likelihood.readings(body)
    labels: dict[str, str] = {}
    for codec, basis in ((header, "declared"), (own, "document")):
        if codec is not None:
            labels.setdefault(codec, basis)
    for codec, basis in labels.items():
        text, clean = read(body, codec)
        fits = clean or (codec in CANDIDATES and codec != "cp1252" and _is_mostly_whole(body, text))
        if fits and codec not in _WIDE and not _is_refuted(codec, readings, hint):
            certain = clean and _is_sure(codec, readings, hint)
            return Decoded(text=text, encoding=codec, basis=basis, certain=certain)
    best = max(readings, key=lambda codec: readings[codec].total + _prior(codec, labels, hint))
    return Decoded(text=read(body, best)[0], encoding=best, basis=labels.get(best, "detected"), certain=False)


# --- judgement --------------------------------------------------------------------------------------------------------


def _is_mostly_whole(body: bytes, text: str) -> bool:
    """Whether at most one in five characters beyond ASCII could not be read."""
    broken = text.count("\ufffd") - body.count(_BROKEN)
    return broken * 5 <= len(text) - len(text.encode("ascii", "ignore"))


def _is_sure(codec: str, readings: dict[str, Reading], hint: str | None) -> bool:
    """Whether the bytes say what the label says: no other text is nearly as probable. One-byte codecs fit any bytes."""
    if codec not in readings or codec == "cp1252":
        return False
    mine = readings[codec]
    rivals = [reading for reading in readings.values() if reading.text != mine.text]
    enough = mine.letters >= _SURE_LETTERS or not rivals
    return enough and _is_ahead(mine, rivals, _CERTAIN - _AGREED * _speaks(codec, hint))


def _is_ahead(mine: Reading, rivals: Iterable[Reading], margin: float) -> bool:
    return mine.plausible and all(mine.total > rival.total + margin for rival in rivals)


def _is_refuted(codec: str, readings: dict[str, Reading], hint: str | None) -> bool:
    """Whether a label that fits is a lie all the same: it gives rubbish, and another encoding a better text."""
    best = max(readings.values(), key=lambda reading: reading.total)
    if codec not in readings:
        return best.plausible and _tongue(hint) in _EAST_ASIAN
    testified = best.letters >= _OTHER_LETTERS or codec == "cp1252"
    return testified and not readings[codec].plausible and best.total > readings[codec].total + _REFUTED


def _prior(codec: str, labels: dict[str, str], hint: str | None) -> float:
    return _HINTED * _speaks(codec, hint) + _LABELLED * (codec in labels)


def _speaks(codec: str, hint: str | None) -> float:
    """How far a hint speaks for a codec: 1 for its own language, 0.7 for Chinese of the other script, else 0."""
    tongue, *others = _subtags(hint)
    if tongue and tongue not in _EAST_ASIAN:
        return float(codec == "cp1252")
    language = CANDIDATES[codec][0]
    against = any(subtag in _AGAINST.get(language, ()) for subtag in others)
    return (language[:2] == tongue) * (0.7 if against else 1.0)


def _tongue(hint: str | None) -> str:
    """The primary subtag of a BCP 47 tag, "" for none."""
    return _subtags(hint)[0]


def _subtags(hint: str | None) -> list[str]:
    return re.split("[-_]", (hint or "").lower())
