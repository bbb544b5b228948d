"""What a reader sees, and what a comparison sees: visible text, folding, n-grams, excerpts.

A text has two forms. `visible` and `plain` give the printed one: markup resolved, white space in single spaces, letters
as printed. `fold` gives the one for matching and search, in which spelling variants meet: width, case, quotes, and the
traditional, simplified and Japanese form of a character. Every function is total: whatever text comes in, an answer
comes out. Nothing here knows words, languages or the press. Offsets count code points.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from aggregator import han
from aggregator.conversions import Translation
from aggregator.graphemes import cut_left, cut_right
from aggregator.model import Link

# --- the printed form -------------------------------------------------------------------------------------------------

# Scripts whose letters change shape at a joiner (Arabic to Sinhala, Tibetan, Myanmar, Khmer, Mongolian), and emoji.
_JOINING = r"\u0600-\u061b\u061d-\u0dff\u0f00-\u109f\u1780-\u180d\u1810-\u18af\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
_EMOJI = r"\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"

# What is never seen: controls that are no white space, zero-width and bidi characters, lone surrogates, noncharacters.
# Joiners stay where they join; tag characters stay in the flags they spell.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000\U000e0001]"
    rf"|(?<![{_JOINING}])\u200c|\u200c(?![{_JOINING}])"
    rf"|(?<![{_JOINING}{_EMOJI}])\u200d|\u200d(?![{_JOINING}{_EMOJI}])"
    r"|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007f]+"
)

# Elements that stand on lines of their own; all others run on within the line.
_BLOCK = re.compile(
    "/?(?:address|article|aside|blockquote|body|br|button|caption|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|h[1-6]|head|header|hgroup|hr|html|iframe|img|input|legend|li|main|menu|nav|object|ol|optgroup|"
    "option|p|pre|search|section|select|summary|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul|video)"
)

# The elements of HTML, with those that it has retired.
_ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
    button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe
    image img input ins isindex kbd keygen label legend li link listing main map mark marquee math menu menuitem meta
    meter nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q
    rb rp rt rtc ruby s samp script search section select slot small source spacer span strike strong style sub summary
    sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp
    """,
    )
)

# One token of markup. Each alternative that can run far keeps what it has run over, so hostile text costs linear time:
# an unclosed comment or script reaches to the end, and a tag without its `>` is text as far as it was read.
_TOKEN = re.compile(
    r"""<!--.*?(?:-->|\Z)
      | <(?P<raw>script|style|svg|template)(?=[\s/>]).*?(?:</(?P=raw)(?=[\s/>])[^<>]*>?|\Z)
      | <!\[CDATA\[ | \]\]>
      | <[!?][^<>]*>
      | <(?P<name>/?[a-z][^\s/<>]*+)
        (?P<attributes>(?:=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))|[\x00-;=?-\x7f])*+)
        (?P<closed>>?)""",
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_ANGLES = re.compile(r"<[^<>]*>")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.ASCII | re.IGNORECASE)
_REFERENCE = re.compile(r"&#?\w+;", re.ASCII)
_LONG_NUMBER = re.compile(r"&#\d{8,};?")  # no character has such a number, and int() refuses the longest
_AROUND = 80


def plain(text: str) -> str:
    """The text in single spaces and without invisible characters; entities and tags are text here."""
    return " ".join(_seen(text).split())


def storable(found: dict[str, Any]) -> dict[str, Any]:
    """An object of JSON with U+FFFD for NUL and lone surrogates: it can name them, but no UTF-8 can hold them."""
    return {key: _NO_CHARACTER.sub("\ufffd", one) if isinstance(one, str) else one for key, one in found.items()}


def visible(markup: str) -> str:
    """The visible text of an HTML fragment, or of text with entities; entities are resolved once.

    Block elements and line breaks become a space, other tags nothing, so that `<b>脱北</b>者` stays one word.
    """
    if "<" in markup:
        markup = "".join(piece for piece, _ in _pieces(markup))
    return plain(_unescape(markup))


def links(markup: str, base: str | None) -> tuple[Link, ...]:
    """The http(s) links of an HTML fragment, absolute, each with about 80 characters of visible text on either side."""
    found: list[tuple[str, int, int]] = []
    open_link: tuple[str, int] | None = None
    printed: list[str] = []
    offset = 0
    for piece, tag in _pieces(markup):
        if tag is not None and tag[0] in ("a", "/a"):
            if open_link:
                found.append((*open_link, offset))
            open_link = (tag[1], offset) if tag[0] == "a" else None
        printed.append(_unescape(piece))
        offset += len(printed[-1])
    if open_link:
        found.append((*open_link, offset))
    whole = "".join(printed)
    return tuple(_link(whole, start, end, url) for href, start, end in found if (url := _absolute(href, base)))


_Piece = tuple[str, tuple[str, str] | None]
_SHORT = 20_000  # characters of markup whose pieces take no memory to speak of


def _pieces(markup: str) -> Iterable[_Piece]:
    """The text of markup piece by piece, a space for a block; a tag comes with its name and attributes."""
    return _kept_pieces(markup) if len(markup) <= _SHORT else _read_pieces(markup)


@lru_cache(maxsize=8)  # its text is asked for, and then its links
def _kept_pieces(markup: str) -> tuple[_Piece, ...]:
    return tuple(_read_pieces(markup))


def _read_pieces(markup: str) -> Iterator[_Piece]:
    done = 0
    for token in _TOKEN.finditer(markup):
        yield markup[done : token.start()], None
        done = token.end()
        name = token["name"]
        if name is None:
            continue
        if not token["closed"]:
            yield _ANGLES.sub(" ", token[0]), None
            continue
        name = name.lower()
        if not _is_element(name, token["attributes"]):
            yield token[0], None
            continue
        yield " " if _BLOCK.fullmatch(name) else "", (name, token["attributes"])
    yield markup[done:], None


def _is_element(name: str, attributes: str) -> bool:
    """Whether a tag is markup; else it is print: `<NYT>`, `<TV World>`. XML and browsers know `o:p`, `my-element`."""
    return name.strip("/") in _ELEMENTS or "=" in attributes or bool(re.fullmatch(r"/?[a-z]\w*[:-][a-z][\w.:-]*", name))


def _seen(text: str) -> str:
    """The text without invisible characters. All of them are unprintable to Python, which says so in no time."""
    return text if text.isprintable() else _UNSEEN.sub("", text)


def _unescape(text: str) -> str:
    """Entities as HTML resolves them in text; those that name no character become U+FFFD."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _link(whole: str, start: int, end: int, url: str) -> Link:
    """A link with the text around it; a space beside the link stays, since it says whether words are joined there."""
    before, after = whole[max(0, start - 4 * _AROUND) : start], whole[end : end + 4 * _AROUND]
    left, right = plain(before), plain(after)
    left = left[cut_left(left, max(0, len(left) - _AROUND), len(left)) :] + " " * before[-1:].isspace()
    right = " " * after[:1].isspace() + right[: cut_right(right, 0, min(len(right), _AROUND))]
    return Link(url=url, text=plain(whole[start:end]), before=left, after=right)


def _absolute(attributes: str, base: str | None) -> str | None:
    """The http(s) address in the attributes of a link, or None."""
    match = _HREF.search(attributes)
    if not match:
        return None
    href = _REFERENCE.sub(lambda entity: _unescape(entity[0]), match[1] or match[2] or match[3] or "")
    try:
        url = resolved(base or "", plain(href))
        parts = urlsplit(url)
    except ValueError:  # a bracket that closes no IPv6 address
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


_ORDINARY = re.compile(r"https?://[a-z0-9.-]+(?::\d+)?/[\w./~%+,=&@!$*:-]*(?:\?[\w./~%+,=&@!$*:-]+)?", re.ASCII)


def resolved(base: str, address: str) -> str:
    """`urljoin`, which takes its time to leave most absolute addresses as they are. Raises ValueError as it does."""
    return address if _ORDINARY.fullmatch(address) else urljoin(base, address)


# --- the form for comparison ------------------------------------------------------------------------------------------

_BETWEEN = "\ufffc"  # two texts: it stands in none, is printed, and joined to nothing
_MIDDLE_DOT, _TILDE, _DASH, _ELLIPSIS = "\u00b7", "~", "-", "\u2026"

# One form for the characters that print alike and that NFKC keeps apart.
_LOOKALIKES = {
    _MIDDLE_DOT: "\u2022\u2027\u2219\u22c5\u2e31\u30fb",
    _TILDE: "\u02dc\u223c\u301c",
    _DASH: "\u2010\u2012\u2013\u2014\u2015\u2212\u2e3a\u2e3b",
    _ELLIPSIS: "\u22ef",
    "'": "\u02b9\u02bc\u2018\u2019\u201a\u201b\u2032",
    '"': "\u201c\u201d\u201e\u201f\u301d\u301e\u301f",
}

# Printed nowhere: variation selectors, joiners, Hangul fillers, tags.
_UNPRINTED: dict[int, str] = dict.fromkeys(
    [
        *(0x034F, 0x115F, 0x1160, 0x200C, 0x200D, 0x3164, 0xFFA0),
        *range(0xFE00, 0xFE10),
        *range(0xE0020, 0xE0080),
        *range(0xE0100, 0xE01F0),
    ],
    "",
)

# What NFKC would spoil: the Korean headline dot would become a vowel, spacing marks a space and a mark.
_BEFORE_NFKC = Translation(
    _UNPRINTED
    | {
        0x00B4: "'",
        0x02DC: _TILDE,
        0x2033: '"',
        0x309B: "\u3099",
        0x309C: "\u309a",
        0x318D: _MIDDLE_DOT,
    }
)

# White space that is no single space between words, and dots that make an ellipsis. The set in front is there for
# speed: the engine looks for it in one sweep.
_LOOSE = re.compile(
    r"""[\s.\u2026](?:
        (?P<none>(?<=[가-힣]\s)\s*+(?=[가-힣0-9])|(?<=[0-9]\s)\s*+(?=[가-힣])|(?<=\A\s)\s*+|(?<=\s)\s*+\Z)
      | (?P<space>(?<=\s)\s++|(?<=[^\S\x20]))
      | (?<=[.\u2026])[.\u2026]++)""",
    re.VERBOSE,
)
_TIGHT = {"none": "", "space": " ", None: _ELLIPSIS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A folded text that still knows where each of its characters stood in the original."""

    text: str
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stood: the offsets in the original of the whole characters that it came from."""
        origins = _origins(self.original)
        start, end, _ = slice(start, end).indices(len(origins))
        if start >= end:
            place = origins[start][0] if start < len(origins) else len(self.original)
            return place, place
        return origins[start][0], origins[end - 1][1]


def fold(text: str) -> str:
    """The form for comparison: idempotent; marks (が, é) always stay.

    NFKC, case, quotes, dashes, dots and tildes in one form each; a character in its traditional, simplified and
    Japanese forms is one; white space between Hangul letters, or between them and digits, goes.
    """
    return _LOOSE.sub(_tightened, _forms(text))


def fold_all(texts: Sequence[str]) -> list[str]:
    """`fold` of each of many short texts, in a fraction of the time that one by one takes."""
    joined = [not text.isascii() and unicodedata.is_normalized("NFKC", text) for text in texts]
    together = _forms(_BETWEEN.join(compress(texts, joined))).split(_BETWEEN)
    if len(together) != max(1, sum(joined)):  # one of them has what stands between two
        return [fold(text) for text in texts]
    forms = iter(together)
    every = [next(forms) if was_joined else _forms(text) for text, was_joined in zip(texts, joined, strict=True)]
    return [form if form.isalnum() else _LOOSE.sub(_tightened, form) for form in every]


def casefold(text: str) -> str:
    """`fold` in which the traditional, simplified and Japanese forms of a character stay apart."""
    return _LOOSE.sub(_tightened, _translated(_compatible(text), _lookalikes()))


def folded(text: str) -> Folded:
    """`fold` with the way back: `folded(text).text == fold(text)`."""
    return Folded(text=fold(text), original=text)


def letters(text: str) -> str:
    """The letters and digits of a text, folded: what two prints of a headline have in common."""
    return letters_of_folded(fold(text))


def letters_of_folded(folded: str) -> str:
    """The same, of a text that is folded already."""
    return _NO_LETTERS.sub("", folded)


_NO_LETTERS = re.compile(r"[\W_]+")


def fingerprint(text: str, size: int = 6) -> int:
    """A text as a whole number of so many bytes, the same on every machine: for an index that need not be readable."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest())


def ngrams(text: str, size: int) -> tuple[str, ...]:
    """The overlapping runs of `size` characters of a text without its spaces; a shorter text is its only run."""
    letters = "".join(text.split())
    return tuple(letters[i : i + size] for i in range(max(1, len(letters) - size + 1))) if letters else ()


def _forms(text: str) -> str:
    """`fold` but for white space and dots: the clusters of a text can be given one by one."""
    if text.isascii() and text.isprintable():  # as below, at a glance: names and words by the ten thousand
        return text.lower()
    return _translated(_compatible(text), _variants())


def _translated(text: str, table: Translation) -> str:
    if text.isascii():
        return text
    form = text.translate(table)
    return form if len(form) == len(text) else unicodedata.normalize("NFKC", form)


def _compatible(text: str) -> str:
    """Width and case in one form (NFKC, case folding)."""
    text = _seen(text)
    if text.isascii():
        return text.lower()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text.translate(_BEFORE_NFKC))
    lowered = text.casefold()
    return lowered if lowered == text else unicodedata.normalize("NFKC", lowered)


def _tightened(match: re.Match[str]) -> str:
    return _TIGHT[match.lastgroup]


@lru_cache(maxsize=64)
def _origins(text: str) -> tuple[tuple[int, int], ...]:
    """For every character of the folded text, the start and end of its cluster in the original."""
    forms: list[str] = []
    origins: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        form = _forms(text[start:end])
        forms.append(form)
        origins += [(start, end)] * len(form)
    kept: list[tuple[int, int]] = []
    done = 0
    for match in _LOOSE.finditer("".join(forms)):
        kept += origins[done : match.start()]
        kept += [(origins[match.start()][0], origins[match.end() - 1][1])] * len(_tightened(match))
        done = match.end()
    return tuple(kept + origins[done:])


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """The pieces of a text that normalisation does not look across: a character with its marks, a Hangul syllable."""
    start = 0
    for place, char in enumerate(text):
        if place and _begins(char):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _begins(char: str) -> bool:
    """Whether a character never joins the one before it: no mark, no Hangul vowel or final, nothing unseen."""
    if char.isspace():  # some white space is a control character
        return True
    first = unicodedata.normalize("NFKD", char.translate(_BEFORE_NFKC))[:1]
    return bool(first) and not ("\u1160" <= first <= "\u11ff" or unicodedata.category(first)[0] in "MC")


@cache
def _variants() -> Translation:
    """Character -> the one form that stands for all its variants, and look-alikes -> theirs."""
    return Translation(_lookalikes() | han.representatives())


@cache
def _lookalikes() -> Translation:
    """Look-alike -> its form; what is not printed -> nothing."""
    return Translation(_UNPRINTED | {ord(char): form for form, chars in _LOOKALIKES.items() for char in chars})


# --- cutting ----------------------------------------------------------------------------------------------------------


def excerpt(text: str, start: int, end: int, width: int = 60) -> str:
    """`[…] before matched after […]`, as WordPress prints a pingback; `text[start:end]` stands in it as it is.

    Before and after hold up to `width` code points each, cut between graphemes and, where that leaves any, between
    English words.
    """
    before = text[cut_left(text, max(0, start - width), start) : start]
    after = text[end : cut_right(text, end, min(len(text), end + width))]
    return f"[…] {_single_spaced(before).lstrip()}{text[start:end]}{_single_spaced(after).rstrip()} […]"


def _single_spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- scripts ----------------------------------------------------------------------------------------------------------

Script = Literal["hangul", "kana", "han", "latin", "other", "none"]

# Words in the names of letters, and the script they stand for.
_SCRIPTS: dict[str, Script] = {
    "CJK": "han",
    "HANGUL": "hangul",
    "HIRAGANA": "kana",
    "IDEOGRAPHIC": "han",
    "KATAKANA": "kana",
    "KATAKANA-HIRAGANA": "kana",
    "LATIN": "latin",
}


@lru_cache(maxsize=65536)
def script(char: str) -> Script:
    """The script that a letter belongs to, whatever its width; `none` for what is no letter."""
    if not char.isalpha():
        return "none"
    words = unicodedata.name(unicodedata.normalize("NFKC", char)[0], "").split()
    return next((_SCRIPTS[word] for word in words if word in _SCRIPTS), "other")
