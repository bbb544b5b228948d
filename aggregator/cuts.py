"""Documents that break off: XML that ends before its root element does, pages that end within something.

A server that dies half way, or a disk that is full, gives half a file, and its length may be right. It is no document:
taken for one, its last item would have half an address, and what it lacks would look withdrawn. What is faulty in the
middle and goes on to its end is none of this; nor is what HTML allows to leave out at the end of a page.
"""

from __future__ import annotations

import re

_QUOTED = (("<![CDATA[", "]]>"), ("<!--", "-->"))  # in which an end tag ends nothing
_PAGE = re.compile(r"<html[\s>]", re.IGNORECASE)
_PAGE_END = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
_IN_A_TAG = re.compile(r"<[a-z/!][^<>]*\Z", re.IGNORECASE)
_COMMENT, _RAW = "<!--", ("script", "style", "title")  # within which there are no tags
_MARK = re.compile(  # an anchor without an address was often left open
    r"<!--|-->|<(?P<name>a(?=\s[^<>]*\bhref\b)|ol|script|style|table|title|ul)(?=[\s/>])"
    r"|</(?P<end>a|ol|script|style|table|title|ul)(?=[\s>])",
    re.IGNORECASE,
)


def ends_before(text: str, root: str) -> bool:
    """Whether an XML text ends before the end tag of its root element, whose local name is given."""
    return last_end(text, root) < 0


def last_end(text: str, name: str) -> int:
    """Where the last end tag of an element begins: -1 where there is none."""
    place = max(
        (match.start() for match in re.finditer(rf"</(?:[\w.-]+:)?{name}\s*(?:>|\Z)", text, re.IGNORECASE)), default=-1
    )
    before, after = text[: max(place, 0)], text[place:]
    quoted = any(before.rfind(begin) > before.rfind(end) and end in after for begin, end in _QUOTED)
    return -1 if quoted else place


def is_half_a_page(text: str) -> bool:
    """Whether a page certainly breaks off: its end is missing, and it ends in a tag, a comment, a link or a list.

    Pages may do without the end tags of most elements, but not of these.
    """
    if _PAGE_END.search(text) or not _PAGE.search(text):
        return False
    return bool(_IN_A_TAG.search(text, max(text.rfind("<"), 0))) or _is_open(text)


def _is_open(text: str) -> bool:
    """Whether something is still open at the end of a page."""
    within, open_names = "", set[str]()
    for mark in _MARK.finditer(text):
        begun, ended = (mark["name"] or "").lower(), (mark["end"] or "").lower()
        if mark[0] == _COMMENT or begun in _RAW:
            within = within or begun or _COMMENT
        elif mark[0] == "-->":
            within = "" if within == _COMMENT else within
        elif within in ("", ended):
            within = ""
            open_names = (open_names | {begun}) - {ended, ""}
    return bool(within or open_names)
