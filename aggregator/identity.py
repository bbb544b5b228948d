"""Same article: under which other addresses one article stands, and which of them is its own.

One canonical URL is one article. Two URLs are one article where something that only one article can have says so:

- the page of one calls the other its own (`rel=canonical`), and nothing speaks against it;
- a feed gives the same guid with the same headline, or with the same time of publication;
- an outlet prints one headline at one time, or under one article number: section pages, portals, moved pages.

Each of these is a key: a number made of what was said. Articles that share a key are one, so it does not matter which
of them came first, how often they come, or through which source. Pictures under one caption are many articles, and a
short headline proves nothing: they have no such key. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from aggregator import headlines, urls
from aggregator.model import Article, Outlet, Precision
from aggregator.text import fingerprint, letters

CANONICAL = "rel=canonical"  # the ground that beats all others
BY_HAND = "by hand"

_MINUTES = 10  # how far apart two sources may put one publication
_WEIGHT = 16  # of a headline that is no coincidence within an outlet: eight Chinese characters
_LONG_NUMBER = re.compile(r"\d{6,}")

# What stands before the captions of pictures, of which an outlet prints many under one headline.
_PICTURES = re.compile(
    r"\A\W{0,2}(?:포토|사진|화보|영상|그래픽|카드뉴스|만평|photo|photos|picture|pictures|gallery|video|写真|フォト|動画|"
    r"図集|图集|圖集|圖輯|图辑|组图|組圖|组照|視頻|视频|影音)(?:\W|\Z)",
    re.IGNORECASE,
)


def keys(article: Article, source: str, *, guid_is_shared: bool = False) -> Mapping[int, str]:
    """The keys of an article as `source` gives it, each with its ground in words.

    `guid_is_shared`: the same document gives that guid to other headlines too, so it names none of them.
    """
    guid = article.item.guid
    return {
        _number(*parts): ground
        for ground, parts in (
            *_by_headline(article),
            *(_by_guid(article, source, guid) if guid and not guid_is_shared else ()),
        )
    }


def _by_headline(article: Article) -> Iterator[tuple[str, tuple[str, ...]]]:
    title = letters(article.item.title)  # with its tags, for 속보 and 1보 are two articles
    if headlines.weight(title) < _WEIGHT or _PICTURES.search(article.item.title):
        return
    who = article.outlet.id if article.outlet else urls.host(article.url)
    if number := max(_LONG_NUMBER.findall(article.url), key=len, default=""):
        yield f"same headline and article number {number}", ("number", who, title, number)
    if article.published and article.published.precision in (Precision.SECOND, Precision.MINUTE):
        for half in (0, _MINUTES // 2):
            bucket = (int(article.published.value.timestamp()) // 60 + half) // _MINUTES
            yield "same headline at the same time", ("said", who, title, str(half), str(bucket))


def _by_guid(article: Article, source: str, guid: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    title = letters(article.item.title)
    if title:
        yield "same guid and headline", ("guid", source, guid, title)
    if article.published and article.published.precision is Precision.SECOND:
        yield "same guid and time", ("guid at", source, guid, str(int(article.published.value.timestamp())))


def _number(*parts: str) -> int:
    """A whole number of 63 bits, which SQLite holds in eight bytes."""
    return fingerprint("\0".join(parts), 8) >> 1


def joined(
    keys: Sequence[Collection[int]],
    held: Sequence[int | None],
    found: Mapping[int, int],
    apart: Collection[tuple[int, int]] = (),
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Which things of a body are one article: (their places in the body, the articles in the database that they are).

    For each place `keys` are its keys and `held` the article at its address; `found` says which article has a key.
    `apart` are pairs of a place and an article that are not one, whatever the keys say.
    """
    parents: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while (above := parents.setdefault(node, node)) != node:
            node = above
        return node

    def ruled(place: int, other: int) -> bool:
        return (place, held[other]) in apart or (other, held[place]) in apart

    by_key: dict[int, int] = {}
    for place, some in enumerate(keys):
        articles = {*filter(None, [held[place]]), *(found[key] for key in some if key in found)}
        same = [("article", one) for one in articles if (place, one) not in apart]
        same += [("place", one) for one in (by_key.setdefault(key, place) for key in some) if not ruled(place, one)]
        for node in same:
            parents[root(node)] = root(("place", place))
    groups: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
    for node in list(parents):
        groups.setdefault(root(node), ([], []))[node[0] == "article"].append(node[1])
    for place in range(len(keys)):
        groups.setdefault(root(("place", place)), ([place], []))
    return sorted((tuple(sorted(places)), tuple(sorted(articles))) for places, articles in groups.values())


# --- which address is its own -----------------------------------------------------------------------------------------


def own(addresses: Mapping[str, str], outlet: Outlet | None) -> str:
    """Of the addresses of an article (URL -> ground), the one that it is known by.

    The page's own word comes first, then what is at home, then the shortest. The choice depends on what there is, and
    not on what came first.
    """
    return min(addresses, key=lambda url: _rank(url, addresses[url], outlet))


def _rank(url: str, ground: str, outlet: Outlet | None) -> tuple[bool, bool, bool, int, str]:
    at_home = outlet is not None and outlet.homepage is not None and urls.same_site(outlet.homepage, url)
    return not ground.startswith(CANONICAL), urls.is_portal(url), not at_home, len(url), url


def believable(canonical: str, url: str) -> bool:
    """Whether a page's word for its own address is to be believed: some sites name one page for all of theirs.

    It must have what tells the article from others in its present address: its longest number, or its last words.
    """
    numbers = _LONG_NUMBER.findall(url) or re.findall(r"\d{4,}", url)
    if numbers:
        return max(numbers, key=len) in canonical
    last = [part for part in re.split(r"[/?#=&]", url) if part][-1]
    return len(last) >= 12 and last in canonical


# --- which of two dates -----------------------------------------------------------------------------------------------

_FINENESS = {Precision.SECOND: 0, Precision.MINUTE: 1, Precision.HOUR: 2, Precision.DAY: 3}


def better_date(new: tuple[datetime, Precision], held: tuple[datetime, Precision] | None) -> bool:
    """Whether a date that another source gives takes the place of the one that is held: the finer, then the earlier."""
    return held is None or (_FINENESS[new[1]], new[0]) < (_FINENESS[held[1]], held[0])
