"""The feeds that are served: made from a seed, in five languages, three formats and the encodings of each language.

Words are made from the frequent characters of each script and come as often as words do (by Zipf's law); names of
places, people and things are those of the gazetteer. No text is copied from anywhere. A fifth of the entries are about
events that several languages write about, a tenth are one text in several feeds.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import opencc
from hosts import LANGUAGES

from aggregator import gazetteer

LEGACY = {"ko": "euc-kr", "ja": "shift_jis", "zh-Hans": "gb18030", "zh-Hant": "big5"}
FORMATS = ("rss", "rss", "rss", "atom", "rdf")
TRICKLE = 0.1  # of the feeds have something new
NEWS = 3  # entries, at most
AGAIN = 0.3  # of the others send an unchanged body again
LATEST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # of all entries: last midnight

_CHARACTERS = {  # where the frequent ones stand in the standards of each script
    "ko": ("euc-kr", range(0xB0, 0xC9), range(0xA1, 0xFF)),
    "ja": ("euc-jp", range(0xB0, 0xCF), range(0xA1, 0xFF)),
    "zh-Hans": ("gb2312", range(0xB0, 0xD7), range(0xA1, 0xFA)),
    "zh-Hant": ("big5", range(0xA4, 0xC6), range(0xA1, 0xFF)),
}
_JOINTS = {
    "ko": ("이 ", "가 ", "을 ", "를 ", "에 ", "의 ", "에서 ", "은 ", "는 ", " "),
    "ja": ("の", "を", "に", "が", "で", "と", "は", "から", "した", "という"),
    "zh-Hans": ("的", "在", "了", "和", "是", "与", "对", "", "", ""),
    "zh-Hant": ("的", "在", "了", "和", "是", "與", "對", "", "", ""),
    "en": (" ", " of the ", " in ", " to the ", " and ", " for a ", " on ", " was ", " with the ", " that "),
}
_ENDS = {"ko": "다. ", "ja": "。", "zh-Hans": "。", "zh-Hant": "。", "en": ". "}
_SHAPES = {
    "ko": "{place}, {body} {word}…{count}명 {thing}",
    "ja": "{place}の{body}、{word}　{count}人{thing}",
    "zh-Hans": "{place}{body}：{word} {count}人{thing}",
    "zh-Hant": "{place}{body}：{word} {count}人{thing}",
    "en": "{place} {body} {word} after the {thing}: {count} people",
}
_LENGTH = {"ko": 170, "ja": 140, "zh-Hans": 130, "zh-Hant": 130, "en": 400}  # characters: about 400 bytes


class Entry(NamedTuple):
    """What a feed says about an article."""

    title: str
    summary: str
    url: str
    at: datetime


class Feed(NamedTuple):
    """A feed as bytes, and what it has become some time later: the same in most feeds."""

    language: str
    content_type: str
    body: bytes
    later: bytes
    again: bool

    @staticmethod
    def etag(body: bytes) -> str:
        """The validator of a body."""
        return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def feed(number: int, seed: int, size: int) -> Feed:
    """One feed of the press with so many entries; the same for the same numbers."""
    dice = random.Random(f"{seed} feed {number}")
    language = LANGUAGES[number % len(LANGUAGES)]
    form = dice.choice(FORMATS)
    encoding = LEGACY[language] if language in LEGACY and dice.random() < 0.3 else "utf-8"
    fresh = dice.randint(1, NEWS) if dice.random() < TRICKLE else 0
    entries = _entries(number, language, seed, size + NEWS, dice)
    body = _printed(form, number, language, encoding, entries[fresh : fresh + size])
    later = _printed(form, number, language, encoding, entries[:size]) if fresh else body
    kinds = {"rss": "application/rss+xml", "atom": "application/atom+xml", "rdf": "application/rdf+xml"}
    return Feed(language, f"{kinds[form]}; charset={encoding}", body, later, dice.random() < AGAIN)


# --- text -------------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes in one language, from the dice that it is given."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._words = _vocabulary(language)
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self._words) + 1)))

    def words(self, dice: random.Random, count: int) -> str:
        joints = _JOINTS[self._language]
        chosen = dice.choices(self._words, cum_weights=self._weights, k=count)
        return "".join(word + dice.choice(joints) for word in chosen[:-1]) + chosen[-1]

    def title(self, dice: random.Random, event: Event) -> str:
        names = {kind: self._name(dice, entry) for kind, entry in event.names.items()}
        return _SHAPES[self._language].format(word=self.words(dice, 2), count=event.count, **names)

    def summary(self, dice: random.Random, event: Event) -> str:
        text, names = "", [self._name(dice, entry) for entry in event.names.values()]
        while len(text) < _LENGTH[self._language]:
            name = dice.choice(names) if dice.random() < 0.5 else ""
            text += name + dice.choice(_JOINTS[self._language]) + self.words(dice, 6) + _ENDS[self._language]
        return text.strip()

    def _name(self, dice: random.Random, entry: gazetteer.Entry) -> str:
        name = dice.choice(entry.names(self._language.partition("-")[0])[:2]).rstrip("*")
        if self._language == "zh-Hant":
            return _traditional().convert(name)
        return name


class Event(NamedTuple):
    """What articles are about: a place, somebody, a thing, and how many."""

    names: dict[str, gazetteer.Entry]
    count: int


@lru_cache
def _writer(language: str) -> _Writer:
    return _Writer(language)


@lru_cache
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def _vocabulary(language: str) -> list[str]:
    """Four thousand made-up words, the most frequent first."""
    dice = random.Random(f"words {language}")
    if language not in _CHARACTERS:
        syllables = [a + b + c for a in "bcdfglmnprstv" for b in "aeiou" for c in ("", "l", "n", "r", "st")]
        return ["".join(dice.choices(syllables, k=dice.choice((2, 2, 3)))) for _ in range(4_000)]
    encoding, leads, trails = _CHARACTERS[language]
    pairs = (bytes((lead, trail)).decode(encoding, "ignore") for lead in leads for trail in trails)
    characters = [pair for pair in pairs if pair and _encodable(pair, LEGACY[language])]
    dice.shuffle(characters)
    weights = list(accumulate(1 / rank for rank in range(10, len(characters) + 10)))
    return ["".join(dice.choices(characters, cum_weights=weights, k=dice.choice((2, 2, 2, 3)))) for _ in range(4_000)]


def _encodable(text: str, encoding: str) -> bool:
    return bool(text.encode(encoding, "ignore"))


# --- entries ----------------------------------------------------------------------------------------------------------


@lru_cache
def _names() -> dict[str, Sequence[gazetteer.Entry]]:
    """What articles speak of, the most frequent first."""
    languages = {language.partition("-")[0] for language in LANGUAGES}
    known = [one for one in gazetteer.built_in() if all(one.names(name) for name in languages)]
    random.Random("names").shuffle(known)
    kinds = {"place": ("place", "country"), "body": ("person", "organisation"), "thing": ("thing",)}
    return {kind: [one for one in known if one.kind in some] for kind, some in kinds.items()}


def _event(dice: random.Random) -> Event:
    names = {kind: some[int(len(some) ** dice.random()) - 1] for kind, some in _names().items()}
    return Event(names, dice.randrange(2, 5_000))


@lru_cache(maxsize=4096)
def _wire(language: str, number: int, seed: int) -> tuple[str, str]:
    """Title and summary of an agency's text."""
    dice = random.Random(f"{seed} wire {language} {number}")
    event, writer = _event(dice), _writer(language)
    return writer.title(dice, event), writer.summary(dice, event)


def _entries(number: int, language: str, seed: int, count: int, dice: random.Random) -> list[Entry]:
    """So many entries, the newest first."""
    writer = _writer(language)
    entries = []
    for place in range(count):
        told = dice.random()
        if told < 0.1:
            title, summary = _wire(language, dice.randrange(300), seed)
        else:
            common = random.Random(f"{seed} event {dice.randrange(500)}")
            event = _event(common if told < 0.3 else dice)
            title, summary = writer.title(dice, event), writer.summary(dice, event)
        at = LATEST - timedelta(minutes=place * 97 + dice.randrange(97))
        url = f"https://press{number}.example/{at:%Y/%m/%d}/{language[:2]}{number:04}{place:03}.html"
        entries.append(Entry(title, summary, url, at))
    return entries


# --- markup -----------------------------------------------------------------------------------------------------------


def _printed(form: str, number: int, language: str, encoding: str, entries: Sequence[Entry]) -> bytes:
    shape = {"rss": _rss, "atom": _atom, "rdf": _rdf}[form]
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + shape(f"Press {number}", number, language, entries)
    return text.encode(encoding, "xmlcharrefreplace")


def _rss(name: str, number: int, language: str, entries: Sequence[Entry]) -> str:
    items = "".join(
        f"<item><title><![CDATA[{one.title}]]></title><link>{one.url}?utm_source=rss</link>"
        f'<guid isPermaLink="false">press{number}-{one.url[-12:-5]}</guid><category>news</category>'
        f"<dc:creator>{name}</dc:creator><pubDate>{one.at:%a, %d %b %Y %H:%M:%S +0000}</pubDate>"
        f'<description><![CDATA[<p><img src="{one.url}.jpg"/>{escape(one.summary)}</p>'
        f'<p><a href="{one.url}">more</a></p>]]></description></item>\n'
        for one in entries
    )
    return (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{name}</title><link>https://press{number}.example/</link><description>{name}</description>"
        f"<language>{language}</language>\n{items}</channel></rss>\n"
    )


def _atom(name: str, number: int, language: str, entries: Sequence[Entry]) -> str:
    items = "".join(
        f"<entry><title>{escape(one.title)}</title><id>{one.url}</id>"
        f'<link rel="alternate" type="text/html" href="{one.url}"/><author><name>{name}</name></author>'
        f"<published>{one.at:%Y-%m-%dT%H:%M:%SZ}</published><updated>{one.at:%Y-%m-%dT%H:%M:%SZ}</updated>"
        f'<summary type="html">&lt;p&gt;{escape(escape(one.summary))}&lt;/p&gt;</summary></entry>\n'
        for one in entries
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}"><title>{name}</title>'
        f'<id>https://press{number}.example/</id><link href="https://press{number}.example/"/>'
        f"<updated>{entries[0].at:%Y-%m-%dT%H:%M:%SZ}</updated>\n{items}</feed>\n"
    )


def _rdf(name: str, number: int, language: str, entries: Sequence[Entry]) -> str:
    listed = "".join(f'<rdf:li rdf:resource="{one.url}"/>' for one in entries)
    items = "".join(
        f'<item rdf:about="{one.url}"><title>{escape(one.title)}</title><link>{one.url}</link>'
        f"<description>{escape(one.summary)}</description><dc:creator>{name}</dc:creator>"
        f"<dc:date>{one.at:%Y-%m-%dT%H:%M:%S+00:00}</dc:date></item>\n"
        for one in entries
    )
    return (
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://press{number}.example/">'
        f"<title>{name}</title><link>https://press{number}.example/</link><description>{name}</description>"
        f"<dc:language>{language}</dc:language><items><rdf:Seq>{listed}</rdf:Seq></items></channel>\n"
        f"{items}</rdf:RDF>\n"
    )
