"""What is watched: queries are compiled once, then every article is held against them.

    query   = or
    or      = and ("OR" and)*
    and     = not ("AND"? not)*            standing side by side is AND
    not     = "NOT" not | near
    near    = atom ("NEAR/n" atom)*        n words apart at most; characters in Chinese, Japanese and Korean
    atom    = word | "phrase" | word* | "(" or ")"

Both the query and the article are folded (`text.fold`), so case, width, traditional, simplified and shinjitai forms and
Korean spaces do not matter. Where a word begins or ends in a Latin letter or a digit, it must not touch another one;
where it begins or ends in katakana, it must not touch another katakana: パリ is not in パリパリ. Everything else
matches anywhere, since Korean particles are attached and Chinese and Japanese know no word boundary.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aggregator import text as texts
from aggregator.errors import QueryError
from aggregator.model import Hit, Link, Mention, MentionKind, Topic

if TYPE_CHECKING:
    from lark import Lark

ANY = "any"  # the key of terms that are tried on articles of whatever language
_CHARACTER_LANGUAGES = ("ko", "ja", "zh")  # where NEAR counts characters

# --- the query as a tree ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word or phrase; with `prefix`, what follows it in the same word does not matter."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """Holds where all its parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where one of its parts holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Holds where both parts stand in one field, `distance` words (or characters) apart at most."""

    left: Node
    right: Node
    distance: int


Node = Word | Not | And | Or | Near

_GRAMMAR = r"""
    start: or
    ?or: and ("OR" and)*
    ?and: not ("AND"? not)*
    ?not: "NOT" not -> negation
        | near
    ?near: atom (NEAR atom)*
    ?atom: WORD -> word
         | PHRASE -> phrase
         | "(" or ")"
    NEAR.2: /NEAR\/[0-9]+/
    WORD: /[^\s()"“”*]+\*?/
    PHRASE: /"[^"]*"|“[^”]*”/
    %ignore /\s+/
"""
_EXPECTED = {
    "WORD": "a word",
    "PHRASE": 'a "phrase"',
    "LPAR": "(",
    "RPAR": ")",
    "NOT": "NOT",
    "AND": "AND",
    "OR": "OR",
    "NEAR": "NEAR/n",
    "$END": "the end",
}


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic")  # basic: AND, OR and NOT are words nowhere


def parse(query: str) -> Node:
    """The tree of a query. Raises QueryError with the column (from 1) and what was expected there."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        tree = _parser().parse(query)
    except UnexpectedCharacters as problem:
        raise QueryError(query, problem.column, _meant(query, problem.column, problem.allowed or ())) from problem
    except UnexpectedToken as problem:
        column = len(query) + 1 if problem.token.type == "$END" else problem.column
        raise QueryError(query, column, _meant(query, column, problem.accepts or problem.expected)) from problem
    except UnexpectedEOF as problem:
        raise QueryError(query, len(query) + 1, _meant(query, len(query) + 1, problem.expected)) from problem
    node = _node(tree, query)
    if not _positive(node):
        raise QueryError(query, 1, "a word that is not behind NOT, else nearly every article would match")
    return node


def check(query: str) -> None:
    """Raises QueryError where `query` cannot be read."""
    parse(query)


def _meant(query: str, column: int, terminals: Iterable[str]) -> str:
    found = query[column - 1 : column]
    if found in '"“' and found:
        return f"a closing quote for the {found} here"
    if found == "*":
        return "* only at the end of a word"
    words = [name for terminal, name in _EXPECTED.items() if terminal in set(terminals)]
    return " or ".join(words) or "a word"


def _node(tree: Any, query: str) -> Node:
    """Turns lark's tree, whose rules are named as in the grammar, into ours."""
    if tree.data == "start":
        return _node(tree.children[0], query)
    if tree.data in ("word", "phrase"):
        return _word(tree.children[0], query)
    if tree.data == "negation":
        return Not(_node(tree.children[0], query))
    if tree.data == "near":
        return _near(tree.children, query)
    parts = tuple(_node(child, query) for child in tree.children)
    return Or(parts) if tree.data == "or" else And(parts)


def _word(token: Any, query: str) -> Word:
    given = token.value.strip('"“”') if token.type == "PHRASE" else token.value
    prefix = given.endswith("*")
    folded = texts.fold(given.removesuffix("*")).strip()
    if not folded:
        raise QueryError(query, token.column, "a word with a letter or a digit")
    return Word(folded, prefix)


def _near(children: Sequence[Any], query: str) -> Node:
    node = _node(children[0], query)
    for operator, operand in zip(children[1::2], children[2::2], strict=True):
        node = Near(node, _node(operand, query), int(operator.value.partition("/")[2]))
    return node


def _positive(node: Node) -> bool:
    """Whether a match of the node names at least one place."""
    match node:
        case Not():
            return False
        case And(parts=parts):
            return any(map(_positive, parts))
        case Or(parts=parts):
            return all(map(_positive, parts))
        case Near(left=left, right=right):
            return _positive(left) and _positive(right)
        case _:
            return True


# --- holding a text against a query -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of an article, as stored and folded."""

    name: str
    stored: str
    folded: texts.Folded


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where something matched: the number of the field, and offsets into its folded text."""

    field: int
    start: int
    end: int


def _found(node: Node, fields: Sequence[_Field], in_characters: bool) -> list[_Place] | None:
    """The places that make the node hold, or None where it does not hold."""
    match node:
        case Word():
            return [place for number in range(len(fields)) for place in _places(node, fields, number)] or None
        case Not(part=part):
            return None if _found(part, fields, in_characters) is not None else []
        case And(parts=parts):
            found = [_found(part, fields, in_characters) for part in parts]
            return None if None in found else [place for places in found for place in places or ()]
        case Or(parts=parts):
            found = [_found(part, fields, in_characters) for part in parts]
            return None if not any(places is not None for places in found) else [p for ps in found for p in ps or ()]
        case Near():
            return _near_places(node, fields, in_characters)


def _places(word: Word, fields: Sequence[_Field], number: int) -> Iterator[_Place]:
    folded = fields[number].folded.text
    start = folded.find(word.text)
    while start >= 0:
        end = start + len(word.text)
        joined_before = start > 0 and _one_word(folded[start - 1], word.text[0])
        joined_after = end < len(folded) and _goes_on(word, folded[end])
        if not joined_before and not joined_after:
            yield _Place(number, start, _word_end(folded, end) if word.prefix else end)
        start = folded.find(word.text, start + 1)


def _goes_on(word: Word, following: str) -> bool:
    """Whether what follows a match belongs to its last word, or is a mark of its last letter."""
    return unicodedata.category(following).startswith("M") or (not word.prefix and _one_word(word.text[-1], following))


def _one_word(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word of a script that has words: Latin and its like, digits, katakana."""
    return (kind := _word_kind(left)) is not None and kind == _word_kind(right)


@functools.lru_cache(maxsize=4096)
def _word_kind(char: str) -> str | None:
    if "\u30a1" <= char <= "\u30ff" and char != "\u30fb":
        return "katakana"
    return "letter" if char.isalnum() and texts.script(char) in ("latin", "other", "none") else None


def _word_end(folded: str, end: int) -> int:
    while end < len(folded) and _word_kind(folded[end]) == "letter":
        end += 1
    return end


def _near_places(node: Near, fields: Sequence[_Field], in_characters: bool) -> list[_Place] | None:
    left, right = (_found(part, fields, in_characters) or [] for part in (node.left, node.right))
    pairs = [
        (one, other)
        for one in left
        for other in right
        if one.field == other.field and _gap(fields, one, other, in_characters) <= node.distance
    ]
    return sorted({place for pair in pairs for place in pair}) or None


def _gap(fields: Sequence[_Field], one: _Place, other: _Place, in_characters: bool) -> int:
    """How many words (or characters) stand between two places of one field; overlapping ones are 0 apart."""
    first, second = sorted((one, other))
    between = fields[one.field].folded.text[first.end : second.start]
    return len("".join(between.split())) if in_characters else len(between.split())


# --- topics -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Query:
    language: str
    source: str
    node: Node

    def reads(self, tag: str) -> bool:
        """Whether the query is meant for articles of that language; nothing excludes where it is not known."""
        wide = tag in ("und", "") or self.language == ANY
        return wide or _within(tag, self.language) or (tag == "zh" and _within(self.language, "zh"))


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

    def match(self, title: str, summary: str, language: str, links: Sequence[Link] = ()) -> tuple[Mention, ...]:
        """The mentions of an article, one a topic at most, in the order of the topics.

        `language` is a BCP 47 tag (or a Language). `links` are the links of the article's body, canonical as the pages
        of the topics are; a link to such a page is a mention that no exclusion takes back. Offsets are code points of
        `title` and `summary` as given, so that `title[start:end]` is what matched.
        """
        tag = getattr(language, "tag", language)
        fields = [_Field(name, given, texts.folded(given)) for name, given in (("title", title), ("summary", summary))]
        mentions = (_by_terms(topic, fields, tag) or _by_links(topic, links) for topic in self._topics)
        return tuple(mention for mention in mentions if mention)


def compile(mapping: Mapping[str, Topic | Mapping[str, Any]]) -> Topics:  # noqa: A001 - what re.compile is to patterns
    """Compiles topics, given as in feeds.yaml: id -> Topic, or a mapping with terms, exclude and pages.

    Raises QueryError for the first query that cannot be read.
    """
    return Topics(tuple(_compiled(name, given) for name, given in mapping.items()))


def _compiled(name: str, given: Topic | Mapping[str, Any]) -> _Topic:
    parts = (given.terms, given.exclude, given.pages) if isinstance(given, Topic) else _parts(given)
    terms, exclude, pages = parts
    return _Topic(name, _queries(terms), _queries(exclude), frozenset(pages))


def _parts(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Iterable[str]]:
    return given.get("terms") or {}, given.get("exclude") or {}, given.get("pages") or ()


def _queries(by_language: Mapping[str, Iterable[str]]) -> tuple[_Query, ...]:
    return tuple(_Query(tag, line, parse(line)) for tag, lines in by_language.items() for line in lines)


def _by_terms(topic: _Topic, fields: Sequence[_Field], tag: str) -> Mention | None:
    in_characters = tag.partition("-")[0] in _CHARACTER_LANGUAGES
    hits: dict[_Place, str] = {}
    for query in topic.terms:
        if query.reads(tag):
            for place in _found(query.node, fields, in_characters) or ():
                hits.setdefault(place, query.source)
    if not hits:
        return None
    if any(query.reads(tag) and _found(query.node, fields, in_characters) is not None for query in topic.exclude):
        return None
    first, *others = (_hit(fields[place.field], place, hits[place]) for place in sorted(hits))
    field = next(field for field in fields if field.name == first.field)
    return _mention(topic, MentionKind.TERM, first, texts.excerpt(field.stored, first.start, first.end), others)


def _hit(field: _Field, place: _Place, term: str) -> Hit:
    start, end = field.folded.span(place.start, place.end)
    return Hit(term=term, matched=field.stored[start:end], field=field.name, start=start, end=end)


def _by_links(topic: _Topic, links: Sequence[Link]) -> Mention | None:
    link = next((link for link in links if link.url in topic.pages), None)
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
