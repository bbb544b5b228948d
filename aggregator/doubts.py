"""What is odd about the queries of a topic: what can never match, what matches nearly everything, what is said twice.

A mistake is refused (`queries.parse`); a doubt is only told, for the analyst may mean it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from aggregator import queries
from aggregator import text as texts
from aggregator.model import Topic
from aggregator.queries import And, Node, Not, Or, Word

_CJK = ("hangul", "han", "kana")
_SCRIPTS = {"ko": ("hangul", "han"), "ja": ("han", "kana"), "zh": ("han",)}  # what is printed besides Latin letters
_PHRASE = re.compile('"[^"]*"|“[^”]*”')
_OPERATOR = re.compile(r"(?<![^\s()])(?:and|or|not|near(?:/[0-9]+)?)(?![^\s()])", re.IGNORECASE)
_SHORT_PREFIX = 3  # letters; fewer begin a word of nearly every headline


def doubts(topic: Topic) -> Iterator[str]:
    """Doubts about a topic, each with its key and line: `terms.en: 'x': …`. The queries must be readable."""
    yield from _of_lines("terms", topic.terms)
    yield from _of_lines("exclude", topic.exclude)
    for language, lines in topic.terms.items():
        excluded = {texts.fold(line) for line in (*topic.exclude.get(language, ()), *topic.exclude.get("any", ()))}
        for line in lines:
            if texts.fold(line) in excluded:
                yield f"terms.{language}: {line!r}: is excluded too, so it never makes a mention"


def _of_lines(key: str, by_language: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for language, lines in by_language.items():
        before: dict[str, str] = {}
        for line in lines:
            first = before.setdefault(texts.fold(line), line)
            said = [f"says the same as {first!r}"] if first is not line else []
            for doubt in (*said, *_of_operators(line), *_of_query(queries.parse(line), language)):
                yield f"{key}.{language}: {line!r}: {doubt}"


def _of_operators(line: str) -> Iterator[str]:
    """Doubts about words of a line that would be operators if they were in capitals."""
    for word in dict.fromkeys(_OPERATOR.findall(_PHRASE.sub(" ", line))):
        if word != word.upper():
            yield f"{word!r} is a word to look for; the operator is {word.upper()}, and in quotes there is no doubt"


def _of_query(node: Node, language: str) -> Iterator[str]:
    if _contradicts(node):
        yield "can never match: it wants and forbids the same word"
    for word in dict.fromkeys(queries.words(node)):
        yield from _of_word(word, language, alone=isinstance(node, Word | Or))


def _of_word(word: Word, language: str, *, alone: bool) -> Iterator[str]:
    scripts = {texts.script(char) for char in word.text}
    foreign = sorted(scripts & set(_CJK) - set(_SCRIPTS.get(language.partition("-")[0], ())))
    if alone and _everywhere(word, scripts):
        yield f"{word.text!r} is in nearly every article"
    if language != "any" and foreign and scripts & {"han"} == {"han"} and "han" in foreign:
        yield f"{word.text!r} is not what {language} is written in: it may never match"
    if (
        language == "ja"
        and scripts <= {"kana", "none"}
        and not word.prefix
        and len(word.text) < queries.LONG_KATAKANA
        and _katakana(word.text)
    ):
        yield f"{word.text!r} matches as a word of its own only; write {word.text}* to find what begins with it"


def _everywhere(word: Word, scripts: AbstractSet[str]) -> bool:
    letters = sum(char.isalnum() for char in word.text)
    if scripts & set(_CJK):
        return letters == 1
    return letters == 1 or (word.prefix and letters < _SHORT_PREFIX)


def _katakana(text: str) -> bool:
    return all("\u30a1" <= char <= "\u30ff" for char in text)


def _contradicts(node: Node) -> bool:
    """Whether AND joins a word with its own NOT."""
    match node:
        case And(parts=parts):
            forbidden = {part.part for part in parts if isinstance(part, Not)}
            return any(part in forbidden for part in parts) or any(map(_contradicts, parts))
        case Or(parts=parts):
            return all(map(_contradicts, parts))
        case _:
            return False
