"""What agencies and desks put around a text: tags and datelines in front, credits and names behind.

    (서울=연합뉴스) 홍길동 기자 = 통일부는 …        -> 통일부는 …
    【北京共同】中国外務省は …（共同）              -> 中国外務省は …
    新华社北京10月12日电（记者张三）外交部 …        -> 外交部 …
    SEOUL, Oct. 12 (Reuters) - South Korea …    -> South Korea …

None of it is the text. This is for comparing texts; what stands in the database is as printed.
"""

from __future__ import annotations

import re

_OPEN, _CLOSE = r"[(\[【〔（［<〈＜]", r"[)\]】〕）］>〉＞]"

# In front of a headline: what kind of piece it is, which version, how urgent.
_LABELS = (
    r"속보|긴급|단독|종합\d?보?|상보|\d보|재송|수정|업데이트|특보|"
    r"速報|独自|詳報|続報|号外|更新|訂正|"
    r"快讯|快訊|速报|突发|突發|即时|即時|最新|独家|獨家|更新|快新闻|"
    r"breaking(?: news)?|update \d?|update|urgent|\d(?:st|nd|rd|th) ld|lead|exclusive|just in|flash|wrapup \d?"
)
_TAG = re.compile(
    rf"{_OPEN}[^()\[\]【】（）［］]{{1,14}}{_CLOSE}|\((?:{_LABELS})\)|"
    rf"(?:\A|(?<=[\]】)）]))\s*(?:{_LABELS})(?:\s*[-:：|｜/=＝!！]\s*|\d-\s*)",
    re.IGNORECASE,
)
_TAG_BEHIND = re.compile(
    rf"\s*(?:{_OPEN}[^()\[\]【】（）［］]{{1,14}}{_CLOSE}|[＝=][^\s＝=]{{2,8}}|\s[-–—]\s?\w{{2,12}})\s*\Z"
)

_OUTLET_BEHIND = re.compile(r"\s*(?:[|｜_]|\s[-–—]\s)\s*[^|｜_]{1,24}\Z")

# In front of a text: a place or an agency in brackets, who wrote it, the dateline of China's and English agencies.
_DATELINE = (
    re.compile(rf"\A\s*{_OPEN}[^()\[\]【】（）［］]{{2,40}}{_CLOSE}\s*(?:[^=＝.。]{{0,40}}\s?기자\s*)?(?:[=＝:：-]+\s*)?"),
    re.compile(r"\A\s*[^=＝.。\s]{2,10}\s?(?:특파원|기자|통신원|선임기자)\s*[=＝]\s*"),
    re.compile(r"\A\s*[\w·・]{2,8}[社网網][^\s。，,]{0,12}?\d{1,2}月\d{1,2}日[电電讯訊]\s*(?:[（(][^）)]{2,30}[）)])?\s*[：:]?\s*"),
    re.compile(r"\A\s*[\w·・]{2,8}[社网網][^\s。，,]{0,12}?\d{1,2}日[电電讯訊]\s*(?:[（(][^）)]{2,30}[）)])?\s*"),
    re.compile(r"\A\s*[A-Z][A-Za-z .,/'’-]{1,40}(?:,\s[A-Z][a-z]{2,8}\.?\s\d{1,2})?(?:,\s\d{4})?\s*"
               r"\([^)]{2,30}\)\s*[-–—]+\s*"),
    re.compile(r"\A\s*\([A-Z][A-Za-z /]{1,25}\)\s*[-–—]*\s*"),
    re.compile(r"\A\s*[A-Z]{3,}(?:[ ,][A-Z][A-Za-z.]*)*\s*[-–—]+\s+"),
)  # fmt: skip
_BEHIND = re.compile(
    rf"\s*(?:{_OPEN}[^()\[\]【】（）［］]{{1,14}}{_CLOSE}|[＝=][^\s＝=]{{2,8}}|\S+@\S+|\(끝\)|…|\.\.\.)\s*\Z"
)

_END = 120  # characters behind which credits are looked for


def without_tags(title: str) -> str:
    """A headline without what stands in brackets around it, labels in front, and the name of an outlet behind."""
    bare = _TAG.sub(" ", title).strip()
    for pattern in (_OUTLET_BEHIND, _TAG_BEHIND, _TAG_BEHIND):
        shorter = pattern.sub("", bare)
        bare = shorter if len(shorter) >= len(bare) // 2 else bare
    return bare or title


def without_credits(text: str) -> str:
    """A text without datelines and credit lines, in front and behind."""
    for pattern in _DATELINE:
        text = pattern.sub("", text, count=1)
    body, end = text[:-_END], text[-_END:]
    while (shorter := _BEHIND.sub("", end)) != end:
        body, end = (body + shorter)[:-_END], (body + shorter)[-_END:]
    return (body + end).strip()
