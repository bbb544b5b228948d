"""Headlines as the press prints them: what sites append, what agencies put in front, which quotes a language uses.

What stands in the database is as printed. This is for lists, where the outlet stands beside the headline already, and
for comparing, where what is only house style must not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from aggregator import text as texts

# [속보] 【速報】 (종합2보) 〈단독〉: what an agency or a desk puts in front.
_TAG = re.compile(
    r"\[[^\]]{1,12}\]|【[^】]{1,12}】|\([^)]{0,4}종합[^)]{0,4}\)|〈[^〉]{1,8}〉|<[^>]{1,8}>|＜[^＞]{1,8}＞"
)
# ｜朝日新聞, - 産経ニュース, : 네이버 뉴스, _手机新浪网: what a site puts behind.
_TAIL = re.compile(r"\s*(?:[|｜_]|\s[-–—:：]\s|：(?=[^：]*\Z))\s*((?:(?!\s[-–—:：]\s)[^|｜_：]){1,30})\Z")

# Names of sites that are no outlets of their own, or call themselves otherwise in page titles than in print.
_SITES = (
    "BBC News 코리아", "BBCニュース", "Daum 뉴스", "ETtoday新聞雲", "Google News", "Google ニュース", "Google 뉴스",
    "MSN", "NAVER 뉴스", "Newtalk新聞", "Yahoo! 뉴스", "Yahoo!ニュース", "Yahoo奇摩新聞", "다음 뉴스", "네이버 뉴스",
    "산케이뉴스", "中時新聞網", "手机新浪网", "搜狐", "新浪新闻", "新浪网", "日経電子版", "時事ドットコム",
    "朝日新聞デジタル", "東京新聞デジタル", "毎日新聞デジタル", "産経ニュース", "网易", "聯合新聞網", "腾讯新闻",
    "自由時報電子報", "読売新聞オンライン", "香港01",
)  # fmt: skip

# By language: the quotes around a headline in a list, and those that then stand inside it.
_QUOTES = {
    "ko": ("“", "”", "‘", "’"),
    "ja": ("「", "」", "『", "』"),
    "zh-Hans": ("《", "》", "〈", "〉"),
    "zh-Hant": ("《", "》", "〈", "〉"),
    "zh": ("《", "》", "〈", "〉"),
    "en": ("“", "”", "‘", "’"),
}
_OPENING, _CLOSING = "“‘「『《〈\"'", "”’」』》〉\"'"


def without_tail(title: str, is_press: Callable[[str], object]) -> str:
    """A headline without what its site appends, where `is_press` says that this is the name of an outlet."""
    match = _TAIL.search(title)
    if match and title[: match.start()].strip() and (_folded(match[1]) in _sites() or is_press(match[1].strip())):
        return without_tail(title[: match.start()].rstrip(), is_press)
    return title


def weight(letters: str) -> int:
    """How much a headline says, by its letters: a Latin letter weighs 1, any other 2."""
    return len(letters) if letters.isascii() else 2 * len(letters) - len(letters.encode("ascii", "ignore"))


def core(title: str) -> str:
    """What copies of a headline share: folded letters and digits, without tags in front or a tail of whatever name."""
    bare = _TAIL.sub("", _TAG.sub(" ", title)) or title
    return texts.letters(bare)


def quoted(title: str, language: str) -> str:
    """A headline in the quotes of its language; one that is quoted as a whole stays as it is.

    Quotes of the same kind inside become the inner ones: 「…「X」…」 is printed 「…『X』…」.
    """
    opening, closing, inner_opening, inner_closing = _QUOTES.get(language) or _QUOTES["en"]
    if not title or _whole(title):
        return title
    inside = title.replace(opening, inner_opening).replace(closing, inner_closing)
    return f"{opening}{inside}{closing}"


def _whole(title: str) -> bool:
    """Whether one pair of quotes embraces all of a headline."""
    if len(title) < 2 or title[0] not in _OPENING or title[-1] != _CLOSING[_OPENING.index(title[0])]:
        return False
    opening, closing, depth = title[0], title[-1], 0
    if opening == closing:
        return opening not in title[1:-1]
    for place, char in enumerate(title):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return place == len(title) - 1
    return False


def _folded(name: str) -> str:
    return texts.fold(name).strip()


@cache
def _sites() -> frozenset[str]:
    return frozenset(map(_folded, _SITES))
