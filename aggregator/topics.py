"""What is watched: topics are compiled once, then every article is held against them.

A topic has queries by language, exclusions by language, and pages of ours. All words of all queries are looked for in
one pass over the folded text (Aho-Corasick), and only the queries of which a word was found are asked (queries.py). So
thousands of terms cost little more than a few.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator import queries
from aggregator import text as texts
from aggregator.model import Hit, Link, Mention, MentionKind, Topic
from aggregator.queries import Asked, Node, Place, Word

ANY = "any"  # the key of terms that are tried on articles of whatever language
_FIELDS = ("title", "summary")


@dataclass(frozen=True, slots=True)
class _Query:
    """A line of feeds.yaml. `scripts` are those that all its words have in common with no other language's writing."""

    language: str
    source: str
    node: Node
    scripts: frozenset[str]

    def reads(self, tag: str, scripts: frozenset[str]) -> bool:
        """Whether the query is meant for a text: for its language, or for a part that only this one is written in.

        Hangul in an English text is Korean, kana in it Japanese. Where the language is not known, nothing excludes it.
        """
        if self.language == ANY or tag in ("und", "") or self.scripts & scripts:
            return True
        return _within(tag, self.language) or (tag == "zh" and _within(self.language, "zh"))


def _within(tag: str, wider: str) -> bool:
    return tag.lower() == wider.lower() or tag.lower().startswith(wider.lower() + "-")


@dataclass(frozen=True, slots=True)
class _Topic:
    id: str
    terms: tuple[_Query, ...]
    exclude: tuple[_Query, ...]
    pages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topics:
    """Compiled topics. Immutable, so threads may share them."""

    _topics: tuple[_Topic, ...]
    _words: Words
    _by_word: Mapping[str, Sequence[tuple[int, int]]]  # word -> (number of the topic, number of the term)
    _by_page: Mapping[str, Sequence[int]]  # page of ours -> number of the topic

    def match(self, title: str, summary: str, language: str, links: Sequence[Link] = ()) -> tuple[Mention, ...]:
        """The mentions of an article, one a topic at most, in the order of the topics.

        `language` is a BCP 47 tag (or a Language). `links` are the links of the article's body, canonical as the pages
        of the topics are; a link to such a page is a mention that no exclusion takes back. Offsets are code points of
        `title` and `summary` as given, so that `title[start:end]` is what matched.
        """
        text = _Text.of((title, summary), getattr(language, "tag", language), self._words)
        asked: dict[int, list[_Query]] = {}
        for topic, term in sorted({at for word in text.places for at in self._by_word.get(word, ())}):
            asked.setdefault(topic, []).append(self._topics[topic].terms[term])
        linked = {at: link for link in reversed(links) for at in self._by_page.get(link.url, ())}
        mentions = (
            _by_terms(self._topics[number], asked.get(number, ()), text)
            or _by_link(self._topics[number], linked.get(number))
            for number in sorted(asked.keys() | linked.keys())
        )
        return tuple(mention for mention in mentions if mention)


def compile(mapping: Mapping[str, Topic | Mapping[str, Any]]) -> Topics:  # noqa: A001 - what re.compile is to patterns
    """Compiles topics, given as in feeds.yaml: id -> Topic, or a mapping with terms, exclude and pages.

    Raises QueryError for the first query that cannot be read.
    """
    compiled = tuple(_compiled(name, given) for name, given in mapping.items())
    by_word: dict[str, list[tuple[int, int]]] = {}
    by_page: dict[str, list[int]] = {}
    for number, topic in enumerate(compiled):
        for term, query in enumerate(topic.terms):
            for word in {word.text for word in queries.words(query.node)}:
                by_word.setdefault(word, []).append((number, term))
        for page in topic.pages:
            by_page.setdefault(page, []).append(number)
    looked_for = {word.text for topic in compiled for query in (*topic.terms, *topic.exclude) for word in _all(query)}
    return Topics(compiled, Words.of(looked_for), by_word, by_page)


def check(query: str) -> None:
    """Raises QueryError where `query` cannot be read."""
    queries.parse(query)


def _all(query: _Query) -> Iterator[Word]:
    return queries.words(query.node, negated=True)


def _compiled(name: str, given: Topic | Mapping[str, Any]) -> _Topic:
    parts = (given.terms, given.exclude, given.pages) if isinstance(given, Topic) else _parts(given)
    terms, exclude, pages = parts
    return _Topic(name, _queries(terms), _queries(exclude), frozenset(pages))


def _parts(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Iterable[str]]:
    return given.get("terms") or {}, given.get("exclude") or {}, given.get("pages") or ()


def _queries(by_language: Mapping[str, Iterable[str]]) -> tuple[_Query, ...]:
    return tuple(_query(tag, line) for tag, lines in by_language.items() for line in lines)


def _query(tag: str, line: str) -> _Query:
    node = queries.parse(line)
    own = [_own_scripts(word.text) for word in queries.words(node)]
    return _Query(tag, line, node, frozenset.intersection(*own))


# --- looking for all words at once ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """All words that are looked for, as one automaton; None where there are none."""

    _automaton: Any

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """The automaton of folded words."""
        from ahocorasick import Automaton

        automaton = Automaton()
        for word in words:
            automaton.add_word(word, word)
        automaton.make_automaton()
        return cls(automaton if len(automaton) else None)

    def places(self, fields: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
        """Where words begin: word -> (number of the field, offset), in order."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, field in enumerate(fields) if self._automaton else ():
            for end, word in self._automaton.iter(field):
                found.setdefault(word, []).append((number, end - len(word) + 1))
        return found


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as words are looked for in it, that still knows where each of its characters stood in the stored one."""

    text: str
    folded: texts.Folded
    dropped: tuple[int, ...]

    @classmethod
    def of(cls, stored: str) -> _Field:
        folded = texts.folded(stored)
        text = queries.comparable(folded.text)
        return cls(text, folded, queries.dropped(folded.text) if len(text) < len(folded.text) else ())

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which is not empty, stood: offsets in the stored field."""
        return self.folded.span(
            start + bisect.bisect_right(self.dropped, start), end + bisect.bisect_right(self.dropped, end - 1)
        )


@dataclass(frozen=True, slots=True)
class _Text:
    """An article's text, comparable, with the places of all words in it."""

    stored: tuple[str, ...]
    fields: tuple[_Field, ...]
    asked: Asked
    places: Mapping[str, list[tuple[int, int]]]
    scripts: frozenset[str]

    @classmethod
    def of(cls, stored: tuple[str, ...], tag: str, words: Words) -> _Text:
        fields = tuple(map(_Field.of, stored))
        comparable = tuple(field.text for field in fields)
        places = words.places(comparable)
        asked = Asked(comparable, tag, lambda word: _untorn(word, places.get(word.text, ()), fields))
        scripts = frozenset().union(*map(_own_scripts, places)) if places else frozenset[str]()
        return cls(stored, fields, asked, places, scripts)

    def hit(self, place: Place, term: str) -> Hit:
        """A place as offsets into the text as stored."""
        start, end = self.fields[place.field].span(place.start, place.end)
        matched = self.stored[place.field][start:end]
        return Hit(term=term, matched=matched, field=_FIELDS[place.field], start=start, end=end)


def _untorn(word: Word, places: Iterable[tuple[int, int]], fields: Sequence[_Field]) -> Iterator[tuple[int, int]]:
    """The places where nothing is torn: no character as printed, and no single syllable off a longer Korean word.

    A character may fold to several (Ŀ to l·), and then a word is not in a part of it. Korean ignores spaces, so 경북
    한우 (beef of Gyeongbuk) reads 북한, 미사 일정 (hours of Mass) 미사일, and A 조사 (inquiry A) A조 (group A). But
    where the query itself has no space, 북 is no word in 경북, while 강제 is one in 강제 북송.
    """
    size = len(word.text)
    for number, start in places:
        field, end = fields[number], start + size
        torn_before = 1 not in word.gaps and _space_within(field, start + 1, end) and _joined(field, start)
        torn_after = size - 1 not in word.gaps and _space_within(field, end - 1, end) and _goes_on(field, end)
        if not (torn_before or torn_after or _within_one(field, start) or _within_one(field, end)):
            yield number, start


def _within_one(field: _Field, at: int) -> bool:
    """Whether an offset stands within what one printed character became."""
    return 0 < at < len(field.text) and field.span(at - 1, at) == field.span(at, at + 1)


def _space_within(field: _Field, at: int, end: int) -> bool:
    """Whether a space between two letters, one of them Hangul, was taken away before an offset."""
    return 0 < at < end and _scripts_around(field, at) in _PARTED and not _touch(field, at)


def _joined(field: _Field, at: int) -> bool:
    """Whether the letters before and after an offset are both Hangul, or both Hanja, with nothing between them."""
    return 0 < at < len(field.text) and _scripts_around(field, at) in _ALIKE and _touch(field, at)


def _goes_on(field: _Field, end: int) -> bool:
    """Whether a Korean word goes on after an offset, with more than a particle where letters are before its syllable.

    A 씨는 is A씨 and a particle; 이 중 국가 is not 중국 with one, so that between two syllables nothing tells.
    """
    last = end
    while _joined(field, last):
        last += 1
    particle = _scripts_around(field, end - 1) != ("hangul", "hangul") and _PARTICLE.fullmatch(field.text, end, last)
    return last > end and not particle


_PARTICLE = re.compile("[은는이가을를의에와과도만로측]|으로|에게|에서|에는|까지|부터|보다|처럼")
_ALIKE = frozenset({("hangul", "hangul"), ("han", "han")})
_PARTED = frozenset(
    {("hangul", "hangul"), ("hangul", "han"), ("han", "hangul"), ("hangul", "latin"), ("latin", "hangul")}
)


def _scripts_around(field: _Field, at: int) -> tuple[str, str]:
    return texts.script(field.text[at - 1]), texts.script(field.text[at])


def _touch(field: _Field, at: int) -> bool:
    """Whether the characters before and after an offset touch as printed."""
    return field.span(at - 1, at)[1] == field.span(at, at + 1)[0]


def _own_scripts(text: str) -> frozenset[str]:
    """Which of the scripts that only one language is written in a word has."""
    return frozenset({texts.script(char) for char in text} & {"hangul", "kana"})


# --- mentions ---------------------------------------------------------------------------------------------------------


def _by_terms(topic: _Topic, terms: Iterable[_Query], text: _Text) -> Mention | None:
    tag, hits = text.asked.tag, dict[Place, str]()
    for query in terms:
        if query.reads(tag, text.scripts):
            for place in queries.found(query.node, text.asked) or ():
                hits.setdefault(place, query.source)
    if not hits:
        return None
    excluding = (query for query in topic.exclude if query.reads(tag, text.scripts))
    if any(queries.found(query.node, text.asked) is not None for query in excluding):
        return None
    first, *others = (text.hit(place, hits[place]) for place in sorted(hits))
    excerpt = texts.excerpt(text.stored[_FIELDS.index(first.field)], first.start, first.end)
    return _mention(topic, MentionKind.TERM, first, excerpt, others)


def _by_link(topic: _Topic, link: Link | None) -> Mention | None:
    if link is None:
        return None
    around = f"{link.before}{link.text}{link.after}"
    start, end = len(link.before), len(link.before) + len(link.text)
    hit = Hit(term=link.url, matched=link.text, field="body", start=start, end=end)
    return _mention(topic, MentionKind.LINK, hit, texts.excerpt(around, start, end), ())


def _mention(topic: _Topic, kind: MentionKind, hit: Hit, excerpt: str, others: Sequence[Hit]) -> Mention:
    return Mention(
        topic=topic.id,
        kind=kind,
        term=hit.term,
        matched=hit.matched,
        field=hit.field,
        start=hit.start,
        end=hit.end,
        excerpt=excerpt,
        hits=tuple(others),
    )
