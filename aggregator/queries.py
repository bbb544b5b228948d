"""The query language: what an analyst writes, as a tree, and where a text answers it.

    query   = or
    or      = and ("OR" and)*
    and     = not ("AND"? not)*            standing side by side is AND
    not     = "NOT" not | near
    near    = atom ("NEAR/n" atom)*        n words apart at most; characters in Chinese, Japanese and Korean
    atom    = word | "phrase" | word* | "(" or ")"

Query and text are folded alike (`text.fold`), so case, width, traditional, simplified and shinjitai forms and Korean
spaces do not matter (here: also those between Hangul and Hanja or Latin letters), and a hyphen is a space. Where a word
begins or ends in a Latin letter or a digit, it must not touch another one; where it begins or ends in one or two
katakana, it must not touch another katakana: パリ is not in パリパリ. Everything else matches anywhere, since Korean
particles are attached and Chinese and Japanese print no word boundary; only inside the longer words of `longer.tsv` a
word is not itself, as 中国 in 中国地方 and スパイ in スパイス.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aggregator import text as texts
from aggregator.errors import QueryError

if TYPE_CHECKING:
    from lark import Lark

CHARACTER_LANGUAGES = ("ko", "ja", "zh")  # where NEAR counts characters
LONG_KATAKANA = 3  # letters: as many are found inside a longer run of katakana, too
_MAX_DEPTH = 50  # what an analyst writes has five; Python recurses to a few hundred
_MAX_DIGITS = 6  # of the distance of NEAR

# --- the query as a tree ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word or phrase; with `prefix`, what follows it in the same word does not matter.

    `gaps` are the offsets in `text` before which the query has a space, also where folding took it away.
    """

    text: str
    prefix: bool = False
    gaps: frozenset[int] = frozenset()


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
    NEAR.2: /NEAR\/[0-9]+(?=[\s()"“”]|$)/
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
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    try:
        tree = _parser().parse(query)
    except UnexpectedCharacters as problem:
        raise QueryError(query, problem.column, _meant(query, problem.column, problem.allowed or ())) from problem
    except UnexpectedToken as problem:
        column = len(query) + 1 if problem.token.type == "$END" else problem.column
        raise QueryError(query, column, _meant(query, column, problem.accepts or problem.expected)) from problem
    try:
        node = _node(tree, query)
        shallow = _depth(node) <= _MAX_DEPTH
    except RecursionError:
        shallow = False
    if not shallow:
        raise QueryError(query, 1, f"parts within parts, {_MAX_DEPTH} deep at most")
    if not _positive(node):
        raise QueryError(query, 1, "a word that is not behind NOT, else nearly every article would match")
    return node


def words(node: Node, *, negated: bool = False) -> Iterator[Word]:
    """The words of which one at least must be in a text for the query to hold there; with `negated`, all its words."""
    match node:
        case Word():
            yield node
        case Not(part=part):
            yield from words(part, negated=True) if negated else ()
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from words(part, negated=negated)
        case Near(left=left, right=right):
            yield from words(left, negated=negated)
            yield from words(right, negated=negated)


# Spaces that Korean ignores besides those that folding takes: AI 반도체 is AI반도체, 中 대사관 中대사관. No word of
# another script becomes longer by it, since one side is Hangul.
_KOREAN_SPACE = re.compile(r" (?:(?<=[가-힣] )(?=[^\W_])|(?<=[^\W_] )(?=[가-힣]))")


def comparable(text: str) -> str:
    """A folded text as words are looked for in it: without the spaces beside Hangul, and with spaces for hyphens."""
    return (text if text.isascii() else _KOREAN_SPACE.sub("", text)).replace("-", " ")


def dropped(text: str) -> tuple[int, ...]:
    """The offsets in the comparable form of a folded text before which a space of it was left out."""
    return tuple(space.start() - before for before, space in enumerate(_KOREAN_SPACE.finditer(text)))


def _meant(query: str, column: int, terminals: Iterable[str]) -> str:
    found = query[column - 1 : column]
    if found and found in '"“':
        return f"a closing quote for the {found} here"
    if found == "*":
        return "* only at the end of a word"
    names = [name for terminal, name in _EXPECTED.items() if terminal in set(terminals)]
    return " or ".join(names) or "a word"


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
    if token.type == "WORD" and given.partition("/")[0] == "NEAR":
        raise QueryError(query, token.column, f'NEAR/n with a number, as NEAR/5, or "{given}" in quotes for the word')
    prefix = given.endswith("*")
    folded = " ".join(comparable(texts.fold(given.removesuffix("*"))).split())
    if not any(char.isalnum() for char in folded):
        raise QueryError(query, token.column, "a word with a letter or a digit")
    pieces = given.split()
    gaps = frozenset(len(comparable(texts.fold(" ".join(pieces[:count])))) for count in range(1, len(pieces)))
    return Word(folded, prefix, gaps)


def _near(children: Sequence[Any], query: str) -> Node:
    node = _node(children[0], query)
    for operator, operand in zip(children[1::2], children[2::2], strict=True):
        distance = operator.value.partition("/")[2]
        if len(distance) > _MAX_DIGITS:
            raise QueryError(query, operator.column, f"NEAR/n with {_MAX_DIGITS} digits at most")
        node = Near(node, _node(operand, query), int(distance))
    return node


def _depth(node: Node) -> int:
    """How many parts stand within one another at most."""
    match node:
        case Not(part=part):
            return 1 + _depth(part)
        case And(parts=parts) | Or(parts=parts):
            return 1 + max(map(_depth, parts))
        case Near(left=left, right=right):
            return 1 + max(_depth(left), _depth(right))
        case _:
            return 1


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


# --- where a text answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something matched: the number of the field, and offsets into its folded text."""

    field: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that is asked: its fields folded and `comparable`, its language, and who finds a word's raw places."""

    fields: tuple[str, ...]
    tag: str
    find: Callable[[Word], Iterable[tuple[int, int]]]

    @property
    def in_characters(self) -> bool:
        """Whether NEAR counts characters here."""
        return self.tag.partition("-")[0] in CHARACTER_LANGUAGES


def found(node: Node, asked: Asked) -> list[Place] | None:
    """The places that make the node hold, or None where it does not hold."""
    match node:
        case Word():
            return list(_places(node, asked)) or None
        case Not(part=part):
            return None if found(part, asked) is not None else []
        case And(parts=parts):
            all_found = [found(part, asked) for part in parts]
            return None if None in all_found else [place for places in all_found for place in places or ()]
        case Or(parts=parts):
            any_found = [places for part in parts if (places := found(part, asked)) is not None]
            return [place for places in any_found for place in places] if any_found else None
        case Near():
            return _near_places(node, asked)


def _places(word: Word, asked: Asked) -> Iterator[Place]:
    for number, start in asked.find(word):
        field, end = asked.fields[number], start + len(word.text)
        joined_before = start > 0 and _one_word(field[start - 1], word.text[0]) and not _free(word.text)[0]
        joined_after = end < len(field) and _goes_on(word, field[end])
        if not joined_before and not joined_after and not _in_a_longer_word(word, field, start, asked.tag):
            yield Place(number, start, _word_end(field, end) if word.prefix else end)


def _goes_on(word: Word, following: str) -> bool:
    """Whether what follows a match belongs to its last word, or to its last letter: a mark, a small ィ or ュ."""
    if unicodedata.category(following).startswith("M"):
        return True
    joined = not word.prefix and _one_word(word.text[-1], following)
    return joined and (following in _SMALL_KANA or not _free(word.text)[1])


_SMALL_KANA = "ァィゥェォャュョヮ"
_LONG_HEAD = re.compile(f"[ァ-ヺー-ヿ]{{{LONG_KATAKANA}}}")
_LONG_TAIL = re.compile(f"[ァ-ヺー-ヿ]{{{LONG_KATAKANA}}}\\Z")


@functools.lru_cache(maxsize=4096)
def _free(text: str) -> tuple[bool, bool]:
    """Whether a word begins, and whether it ends, in so much katakana that it may touch other katakana."""
    return bool(_LONG_HEAD.match(text)), bool(_LONG_TAIL.search(text))


def _one_word(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word of a script that has words: Latin and its like, digits, katakana."""
    return (kind := _word_kind(left)) is not None and kind == _word_kind(right)


@functools.lru_cache(maxsize=4096)
def _word_kind(char: str) -> str | None:
    if "\u30a1" <= char <= "\u30ff" and char != "\u30fb":
        return "katakana"
    return "letter" if char.isalnum() and texts.script(char) in ("latin", "other", "none") else None


def _word_end(field: str, end: int) -> int:
    kind = _word_kind(field[end - 1])
    while kind and end < len(field) and _word_kind(field[end]) == kind:
        end += 1
    return end


def _near_places(node: Near, asked: Asked) -> list[Place] | None:
    left, right = (found(part, asked) or [] for part in (node.left, node.right))
    near = set[Place]()
    for number, field in enumerate(asked.fields):
        some, others = ([place for place in places if place.field == number] for places in (left, right))
        if some and others:
            gaps = _Gaps(field, in_characters=asked.in_characters)
            near |= gaps.within(node.distance, some, others) | gaps.within(node.distance, others, some)
    return sorted(near) or None


class _Gaps:
    """How many words (or characters) stand between two places of one field; overlapping ones are 0 apart."""

    def __init__(self, field: str, *, in_characters: bool) -> None:
        spaces = [True, *map(str.isspace, field)]
        borders = [False, *itertools.starmap(_border, itertools.pairwise(field))]
        inside = [
            not (before or this or border)
            for (before, this), border in zip(itertools.pairwise(spaces), borders, strict=True)
        ]
        counted = (not this and (in_characters or not within) for this, within in zip(spaces[1:], inside, strict=True))
        self._before = [*itertools.accumulate(counted, initial=0)]
        self._torn = [within and not in_characters for within in inside]  # what is left of a word is a word

    def within(self, distance: int, some: Iterable[Place], others: Iterable[Place]) -> set[Place]:
        """Those of some places that have one of the others so near: only the next on either side need be looked at."""
        ordered = sorted(others)
        ends = [*itertools.accumulate((place.end for place in ordered), max)]
        near = set[Place]()
        for place in some:
            at = bisect.bisect_left(ordered, place)
            behind = at < len(ordered) and self._between(place.end, ordered[at].start) <= distance
            if behind or (at and self._between(ends[at - 1], place.start) <= distance):
                near.add(place)
        return near

    def _between(self, start: int, end: int) -> int:
        if start >= end:
            return 0
        return self._before[end] - self._before[start] + self._torn[start]


def _border(left: str, right: str) -> bool:
    """Whether two neighbours are Hangul and another script, between which no space says that words are parted."""
    return ("가" <= left <= "힣") != ("가" <= right <= "힣") and left.isalnum() and right.isalnum()


# --- words that are not themselves inside longer ones -----------------------------------------------------------------

# The table is `longer.tsv`: by language and word, longer words that have it inside and mean something else. 中国 is
# also a region of Japan, in the names of what is at home there; 북한산 is a mountain of Seoul, but before coal or arms
# it is "made in North Korea"; 朝鲜 is in the names of dynasties, of Koreans of China, of a newspaper of Seoul. Others
# only print like the word, across the border of two words (空中｜国际, 台北｜韩式, 领导｜弹劾, ガス｜パイプ), and are
# long enough to be nothing else: 高中国文 alone is also in 提高中国文化. What is merely a part of the subject does not
# belong there: 朝鲜 is found in 朝鲜半岛, コロナ in コロナウイルス. The katakana are countries, cities and names of the
# news, held against the words of the dictionary ipadic.


def _in_a_longer_word(word: Word, field: str, start: int, tag: str) -> bool:
    """Whether the match is only a part of a longer word with another meaning; Hangul is Korean in any article."""
    language = "ko" if texts.script(word.text[0]) == "hangul" else tag.partition("-")[0]
    around, end = _longer(language).get(word.text, ()), start + len(word.text)
    return any(field.endswith(before, 0, start) and field.startswith(after, end) for before, after in around)


@functools.cache
def _longer(language: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The table of a language, folded: word -> what stands before and after it in its longer words."""
    around: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in Path(__file__).with_name("longer.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        tag, *columns = row.split("\t")
        if tag == language:
            word, longer = map(texts.fold, columns)
            around[word] = tuple(_around(word, longer.split("|")))
    return around


def _around(word: str, longer: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What stands before and after each place of a word in its longer words."""
    for whole in longer:
        for at in range(len(whole)):
            if whole.startswith(word, at):
                yield whole[:at], whole[at + len(word) :]
