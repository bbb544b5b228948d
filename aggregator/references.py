"""Reference lists and pingback excerpts: `date outlet headline`, with or without a URL, read and written.

    […] 參考新聞連結:2023/10/12 産経 中国が脱北者を一斉に送還2023/10/14 BBC 韓国政府が遺憾を表明 […]

Reading goes in steps: markup and links out of the text, the excerpt out of its marks, records by their dates, outlet by
the press names, and what is left is the headline. A date here is a calendar day, as printed; an instant it is not.
WordPress drops line breaks and links from an excerpt, so records come glued together and without URLs.

`write` puts one record on a line. Where a headline would be misread (it holds a date, begins with a press name …), word
joiners (U+2060) say that no structure is meant: they cannot be seen, structure never spans them, and no headline that
was read has any. Nothing here knows articles, or whether an outlet has a row.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from aggregator.language import detect
from aggregator.model import Outlet, Reference, without_login
from aggregator.outlets import Directory, directory
from aggregator.text import plain

_Names = Directory | Iterable[Outlet] | None


class _Row(NamedTuple):
    """A Reference before its language is known."""

    date: date
    outlet: str | None
    headline: str
    url: str | None


def read(text: str, outlets: _Names = None) -> tuple[Reference, ...]:
    """The records of a reference list (plain text, Markdown, HTML, or a glued excerpt), in their order.

    Press names are those of `outlets`, which extend the built-in list where they are no Directory; `outlet` is the name
    as written there. Lines without a date are no records. Any text can be read, and nothing raises.
    """
    return tuple(Reference(**row._asdict(), language=detect(row.headline)) for row in _rows(text, _directory(outlets)))


def write(references: Iterable[Reference], outlets: _Names = None) -> str:
    """One line for each record, in their order: `2023/10/12 産経 headline <url>`.

    `read(write(x)) == x` for every list that was read with the same `outlets`.
    """
    names = _directory(outlets)
    return "".join(f"{_line(_Row(one.date, one.outlet, one.headline, one.url), names)}\n" for one in references)


def _directory(outlets: _Names) -> Directory:
    return outlets if isinstance(outlets, Directory) else directory(outlets or ())


def _rows(text: str, names: Directory) -> Iterator[_Row]:
    lines, urls = _unlinked(_unwrapped(_INVISIBLE.sub("", text)))
    for line in _excerpts(lines).split("\n"):
        for day, body, date_last in _records(" ".join(line.split()), names):
            links = _LINK.findall(body)
            outlet, headline = _parted(_FRAYED.sub("", _BESIDE_LINK.sub("", body)), names, date_last)
            if headline:
                yield _Row(day, outlet, headline, urls[int(links[0])] if links else None)


# --- from markup to lines ---------------------------------------------------------------------------------------------

_GUARD = "\u2060"
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\xad\u200b\u200e\u200f\u202a-\u202e\ufeff\ufdd0-\ufdef]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_SILENT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_ANCHOR = re.compile(
    r"""<a\s(?:[^<>]*?\s)?href\s*=\s*["']?(?P<url>https?://[^\s"'<>]+)[^<>]*>(?P<text>(?:[^<]|<(?!/?a[\s>]))*+)</a\s*>""",
    re.DOTALL | re.IGNORECASE,
)
_LINE = re.compile(
    r"</?(?:article|aside|blockquote|body|caption|div|dl|dt|footer|h[1-6]|header|hr|li|main|ol|p|pre|section|table"
    r"|tbody|thead|tr|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\b[^<>]*>\n?", re.IGNORECASE)
_CELL = re.compile(r"</?(?:td|th|dd)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(?!https?:)[a-z/!?][^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w{1,31};", re.ASCII)

# A URL as it stands in a text: round brackets in pairs; the punctuation at its end is the sentence's, `|` the table's.
_URL = r"""https?://(?:(?!&(?:[lg]t|quot|nbsp|\#\d+);)[^\s()<>|"“”‘’「」『』【】（）、。，；…\u2060]|\([^\s()<>\u2060]*\))+"""
_LINKS = re.compile(
    rf"""!?\[(?P<text>(?:[^\[\]\n]|\[[^\[\]\n]*\])*+)\]
             \([ ]*(?:<(?P<pointed>https?://[^<>\s\u2060]+)>|(?P<target>{_URL}))(?:[ ]+"[^"\n]*")?[ ]*\)
       | <(?P<angled>https?://[^<>\s\u2060]+)>
       | [(（\[][ ]*(?P<enclosed>{_URL}(?<![\].,;:!?'*_]))[ ]*[)）\]]
       | (?P<bare>{_URL}(?<![\].,;:!?'*_]))""",
    re.IGNORECASE | re.VERBOSE,
)
_LINK = re.compile("\ufdd0([0-9]+)\ufdd1")  # noncharacters, which no text has: the number of a link
_LINK_LINE = re.compile(r"(?<!\s)\s*\n[^\w\n\ufdd0]*(?:\w{1,12}[:：][ ]*)?(\ufdd0[0-9]+\ufdd1)[^\w\n\ufdd0]*(?=\n|\Z)")
_BESIDE_LINK = re.compile(r"(?:\s[-–—→]|\s?\||[:：])?\s*\ufdd0[0-9]+\ufdd1(?:[.,;、。，]*\s*\Z)?")


def _unwrapped(text: str) -> str:
    """Text in lines: HTML blocks on lines of their own, anchors as `text <url>`, other tags away."""
    text = _LINE_ENDS.sub("\n", text)
    if "<" not in text:
        return text
    text = _ANCHOR.sub(_pointed, _SILENT.sub("", text))
    if _LINE.search(text):
        text = _LINE.sub("\n", " ".join(text.split()))
    return _TAG.sub("", _CELL.sub("\t", _BREAK.sub("\n", text)))


def _pointed(anchor: re.Match[str]) -> str:
    url = html.unescape(anchor["url"])
    return f"<{url}>" if anchor["text"].lstrip().startswith(("http://", "https://")) else f"{anchor['text']} <{url}>"


def _unlinked(text: str) -> tuple[str, tuple[str, ...]]:
    """Text with a number for every link, entities resolved, and the URLs by those numbers.

    A URL on a line of its own goes to the line before.
    """
    urls: list[str] = []

    def numbered(link: re.Match[str]) -> str:
        url = next(link[kind] for kind in ("pointed", "target", "angled", "enclosed", "bare") if link[kind])
        urls.append(without_login(plain(url)))
        return f"{link['text'] or ''} \ufdd0{len(urls) - 1}\ufdd1"

    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _LINKS.sub(numbered, text))
    return _LINK_LINE.sub(r" \1", text), tuple(urls)


# --- from lines to records --------------------------------------------------------------------------------------------

_MARK = r"\[[ ]?(?:…|\.\.\.|⋯)[ ]?\]"
# Signs and numbers that stand before a record: arrows, circled and enclosed numbers, geometric shapes, ☞ ★ ✓ ➤. A dot
# within a number is none after one: 3.1절 is a day, and 1、2審 are two instances.
_SIGN = "•·・ㆍᆞ‣⁃⁌⁍∙⋅⦁◘※←-⇿①-⒛⓪⓫-⓿■-◿☀-♮♰-⛿✀-❚❡-❧❶-➿⬀-⮿"
_NUMBERED = r"[(（]?[0-9０-９]{1,3}(?:[)）]|[.．、](?![0-9０-９]))|[\[【［][0-9０-９]{1,3}[\]】］]"
_BULLETS = rf"(?:[-–—*+>|#`{_SIGN}]|[^\S\n]|{_NUMBERED})*+"
_ONLY_BULLETS = re.compile(_BULLETS)
_OPENING = re.compile(rf"^{_BULLETS}{_MARK}", re.MULTILINE)
_CLOSING = re.compile(rf"[^\n]*{_MARK}|(?:.*?){_MARK}[ \t]*$", re.DOTALL | re.MULTILINE)
_BETWEEN_EXCERPTS = re.compile(rf"{_MARK}\s*{_MARK}")
_FRAYED = re.compile(rf"(?:\s?{_MARK})?(?:\s?\|)?\s?\Z")  # what hangs on at the end: a mark, the edge of a table
_BEFORE_NEXT = re.compile(rf"\s+(?:[-–—|/;*{_SIGN}]|[0-9０-９]{{1,3}}[.．])\s*\Z")

_DIGIT = "[0-9０-９]"
_YEAR = "(?:[1１][9９]|[2２][0０])[0-9０-９]{2}"
_DATE = re.compile(
    rf"""(?P<open>[(（\[【]\s*)?
    (?: {_YEAR}(?P<mark>[/.-]|／|．)\s?{_DIGIT}{{1,2}}(?P=mark)\s?{_DIGIT}{{1,2}}(?!{_DIGIT})(?:\.(?!\.))?
      | (?P<words>{_YEAR}\s?[年년]\s?{_DIGIT}{{1,2}}\s?[月월]\s?{_DIGIT}{{1,2}}\s?[日일])
      | (?<![A-Z])(?P<month>Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|January|February|March|April|August
        |September|October|November|December)\.?\s+{_DIGIT}{{1,2}},?\s+{_YEAR}(?!{_DIGIT})
      | (?P<unclear>{_DIGIT}{{1,2}}(?P<dash>[/.-]){_DIGIT}{{1,2}}(?P=dash){_YEAR}(?!{_DIGIT})) )
    (?:\s?[(（][월화수목금토일月火水木金土日][)）])?[*`]{{0,2}}
    (?(open)\s*[)）\]】])""",
    re.VERBOSE,
)
_NUMBER = re.compile(f"{_DIGIT}+")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_QUOTES = frozenset("(（[【「『“‘\"'")  # a date right after one of these is part of a sentence
_LAST_PARENTHESES = re.compile(r"[(（]([^()（）]+)[)）](?=\W*(?:\ufdd0[0-9]+\ufdd1\W*)?\Z)")
_PARTED = re.compile(r"[\s\-–—|:：｜「『“‘\"'《〈【\[（(\ufdd0]|\Z")


def _excerpts(text: str) -> str:
    """What stands between `[…]` and `[…]`; the whole text where no such excerpt holds a date.

    A mark that begins a line opens an excerpt; the last one of that line closes it, else the next that ends a line.
    """
    inside, place = [], 0
    while opening := _OPENING.search(text, place):
        closing = _CLOSING.match(text, opening.end())
        place = closing.end() if closing else len(text)
        inside.append(_BETWEEN_EXCERPTS.sub("\n", text[opening.end() : place]))
    found = "\n".join(inside)
    return found if _DATE.search(found) else text


def _records(line: str, names: Directory) -> Iterator[tuple[date, str, bool]]:
    """The records of a line as (day, what belongs to it, whether the date stood last)."""
    dates = list(_DATE.finditer(line))
    begins = [found for found in dates if _begins(line, found, names)]
    if dates and not begins and (apart := _apart(line, names)):
        yield from _records(apart, names)
        return
    last = dates[-1] if dates and _ends(line, dates[-1]) else None
    if last and not (begins and _leads(line, begins[0].start())):
        if day := _day(last):
            yield day, line[_bullets(line) : last.start()] + line[last.end() :], True
        return
    ends = [following.start() for following in begins[1:]]
    for this, end in zip(begins, [*ends, len(line)], strict=False):
        body = line[this.end() : end]
        if day := _day(this):
            yield day, body if end == len(line) else _BEFORE_NEXT.sub("", body), False


def _begins(line: str, found: re.Match[str], names: Directory) -> bool:
    """Whether a record begins with this date. One that is no date begins what is no record."""
    start, end = found.span()
    before = line[start - 1 : start]
    if found["open"] or before in _QUOTES:
        return bool(found["open"]) and _leads(line, start)
    if not _day(found):
        return not before.isspace() or _leads(line, start)
    if _PARTED.match(line, end):
        return True
    glued = line[end].isalnum() and not found["words"] and _leads(line, start)
    return glued or names.prefix(line[end:]) is not None


def _ends(line: str, found: re.Match[str]) -> bool:
    """Whether this date ends the line in parentheses."""
    return (found["open"] or "").startswith(("(", "（")) and not re.search(r"\w", _LINK.sub("", line[found.end() :]))


def _apart(line: str, names: Directory) -> str | None:
    """A line that ends in `(outlet, date)`, in whatever order, as `[outlet] headline (date)`; None for other lines."""
    closing = _LAST_PARENTHESES.search(line)
    found = _DATE.search(closing[1]) if closing else None
    if not closing or not found:
        return None
    name = (closing[1][: found.start()] + closing[1][found.end() :]).strip(" ,，、|:：/-–")
    if not name or not _is_name(name, names):
        return None
    start = _bullets(line)
    return f"{line[:start]}[{name}] {line[start : closing.start()]}({found[0]}){line[closing.end() :]}"


def _leads(line: str, end: int) -> bool:
    """Whether nothing of a record stands there before `end`: bullets and numbers, or a lead-in with its colon."""
    before = _LINK.sub("", line[:end]).rstrip()
    return before.endswith((":", "：")) or _bullets(before) == len(before)


def _bullets(line: str) -> int:
    """How many characters of bullets and numbers a line begins with."""
    found = _ONLY_BULLETS.match(line)
    return found.end() if found else 0


def _day(found: re.Match[str]) -> date | None:
    """The calendar day; None where it is impossible, or unclear which number is the day."""
    if found["unclear"]:
        return None
    numbers = [int(number) for number in _NUMBER.findall(found[0])]
    if found["month"]:
        numbers = [numbers[1], _MONTHS.index(found["month"][:3]) // 3 + 1, numbers[0]]
    try:
        return date(*numbers)
    except ValueError:
        return None


# --- from a record to outlet and headline -----------------------------------------------------------------------------

# An em dash that opens a word is the headline's: `— A` and `BBC—A` are parted by it, ` —A` and 新华社 ——习近平 are not.
_SEPARATORS = re.compile(r"(?:[\s\-–|:：｜]|(?<!\s)—|—+(?=\s))+")
_SEPARATORS_OR_COMMA = re.compile(r"(?:[\s\-–|:：｜,，、]|(?<!\s)—|—+(?=\s))+")
_EMPHASIS = "*`"  # of Markdown, around a name
_EMPHASIS_END = re.compile(r"[:：]?[*`]+(?![^\s\-–—|:：｜,，、])")
_BRACKETED = re.compile(r"\[(?P<square>[^\[\]]+)\]|【(?P<lens>[^【】]+)】")
_EDITION = re.compile(r"[（(][^（()）\n]{1,30}[)）]")
_IN_PARENTHESES = re.compile(r"\s*[（(](?P<name>[^（()）]+(?:[（(][^（()）]+[)）])?)[)）]\s*\Z")


def _parted(body: str, names: Directory, date_last: bool) -> tuple[str | None, str]:
    """Outlet and headline: a known press name at the head, in brackets there, or in parentheses at the end."""
    separators = _SEPARATORS_OR_COMMA if date_last else _SEPARATORS
    rest = _without(separators, body)
    bracketed = _BRACKETED.match(rest)
    if bracketed and _is_name(name := bracketed["square"] or bracketed["lens"], names):
        return plain(name), plain(_without(separators, rest[bracketed.end() :]))
    if named := _named(rest, names, separators):
        return named
    closing = _IN_PARENTHESES.search(rest)
    if closing and _is_name(closing["name"], names):
        return plain(closing["name"]), plain(rest[: closing.start()])
    return None, plain(rest)


def _named(rest: str, names: Directory, separators: re.Pattern[str]) -> tuple[str, str] | None:
    """Outlet and headline where a press name stands at the head, bare or in the emphasis of Markdown.

    Emphasis may also have begun before the name, with the date or as a bullet.
    """
    bare = rest.lstrip(_EMPHASIS)
    opening = rest[: len(rest) - len(bare)]
    length = _name_end(bare, names)
    closing = _EMPHASIS_END.match(bare, length)
    end = closing.end() if closing else length
    if not length or not bare[length:end].endswith(opening):
        return None
    if not (_PARTED.match(bare, end) or separators.match(bare, end)):
        return None
    return plain(bare[:length]), plain(_without(separators, bare[end:]))


def _without(separators: re.Pattern[str], text: str) -> str:
    found = separators.match(text)
    return text[found.end() :] if found else text


def _is_name(text: str, names: Directory) -> bool:
    name = text.strip()
    return bool(name) and _name_end(name, names) == len(name)


def _name_end(text: str, names: Directory) -> int:
    """Where the press name at the head of a text ends, with an edition that touches it; 0 without one."""
    head = text.partition(_GUARD)[0]
    found = names.prefix(head)
    if not found:
        return 0
    edition = _EDITION.match(head, len(found[1]))
    printed = plain(edition[0])[1:-1] if edition else ""  # nothing, where it is of characters that are never seen
    return edition.end() if edition and printed and not _DATE.search(edition[0]) else len(found[1])


# --- from a record to its line ----------------------------------------------------------------------------------------

_TAG_LIKE = re.compile(r"(?<=<)(?=[a-z/!?])", re.IGNORECASE)  # tags reach across lines: none may ever come about
_STRUCTURE = re.compile(rf"(?<!{_DIGIT})(?={_DIGIT})|(?<=[\[\]<&:])")
_NOT_IN_URLS = re.compile(r"[\s<>]")


def _line(row: _Row, names: Directory) -> str:
    """The line that reads as this record: with word joiners in the headline where it needs them."""
    line = _joined(row, _TAG_LIKE.sub(_GUARD, row.headline))
    if list(_rows(line, names)) == [row]:
        return line
    return _joined(row, f"{_GUARD}{_STRUCTURE.sub(_GUARD, row.headline)}{_GUARD}")


def _joined(row: _Row, headline: str) -> str:
    url = f"<{_NOT_IN_URLS.sub(lambda char: f'%{ord(char[0]):02X}', row.url)}>" if row.url else None
    return " ".join(part for part in (f"{row.date:%Y/%m/%d}", row.outlet, headline, url) if part)
