"""`article`, `copy`, `story`, `regroup`: what belongs together, why, and saying otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import NUMBER, Settings, cli, command, now, subcommand
from aggregator.cli.tables import table
from aggregator.errors import UsageError
from aggregator.text import plain

if TYPE_CHECKING:
    from aggregator.model import Clipping
    from aggregator.store import Store
    from aggregator.stories import Method

_STORY = click.argument("story", type=NUMBER)
_ARTICLE = click.argument("article", type=NUMBER)


def _method(settings: Settings) -> Method:
    from aggregator import methods

    return methods.method(settings.config())


# --- article ----------------------------------------------------------------------------------------------------------


@cli.group()
def article() -> None:
    """One article: its addresses, copies and story.

    An article is called by its number, as in the table `articles`. What is ruled here is remembered.
    """


@subcommand(article)
@_ARTICLE
def show(settings: Settings, article: int) -> None:
    """Everything that was decided of an article, and why."""
    with settings.store() as store:
        found = store.clippings([article]).get(article)
        if found is None:
            raise UsageError(f"there is no article {article}")
        for line in _told(store, found):
            click.echo(line)


def _told(store: Store, one: Clipping) -> Iterator[str]:
    """An article line by line: what it is and on what grounds, where else, who has it, what it was, what with."""
    copied, told = store.reasons(one.id)
    printed, read, language = store.grounds(one.id)
    yield f"article {one.id}  {_when(one)}  {one.outlet.name if one.outlet else ''}  [{one.language}]"
    yield one.title
    yield one.url
    yield "  date: " + (f"{plain(printed)}: {read}" if printed else read or "the source gives none")
    yield f"  language {one.language}: {language}"
    yield from (f"  mentions {topic}, by {kind} {term}: {said}" for topic, kind, term, said in store.mentioned(one.id))
    yield from (f"  also at {url}: {reason}" for url, reason in store.addresses(one.id).items() if reason)
    yield from (f"  {source} has it since {since}: {title}" for source, since, title in store.sighted(one.id))
    yield from (f"  {kind} of the {field}, {at}: before: {before}" for kind, field, at, before in store.revised(one.id))
    if one.copy_of is not None:
        original = store.clippings([one.copy_of])[one.copy_of]
        yield f"  copy of article {original.id}: {copied}: {original.title}"
    if one.story is not None:
        yield f"  in story {one.story}, with {len(store.members(one.story)) - 1} more: {told}"


def _when(one: Clipping) -> str:
    """When an article was published, in UTC, no finer than is known."""
    from aggregator.model import Precision

    if one.precision is None:
        return "undated"
    return f"{one.at:%Y-%m-%d}" if one.precision is Precision.DAY else f"{one.at:%Y-%m-%d %H:%M}"


@subcommand(article, "split")
@_ARTICLE
@click.argument("url")
def split_article(settings: Settings, article: int, url: str) -> None:
    """Make an address of an article one of its own.

    For two articles that were taken for one. URL is one of its other addresses, as `article show` lists them.
    """
    from aggregator import rulings

    with settings.writing() as store:
        number = rulings.split_article(store, _method(settings), article, url, now())
    settings.say(f"{url} is article {number}")


@subcommand(article, "merge")
@_ARTICLE
@click.argument("other", type=NUMBER)
def merge_article(settings: Settings, article: int, other: int) -> None:
    """Make two articles one.

    It keeps the number of the first; all that was found under the second belongs to it.
    """
    from aggregator import rulings

    with settings.writing() as store:
        rulings.merge_articles(store, _method(settings), article, other, now())
    settings.say(f"article {other} is article {article}")


# --- copy -------------------------------------------------------------------------------------------------------------


@cli.group()
def copy() -> None:
    """Copies: one text under several outlets' addresses.

    What is ruled here is remembered.
    """


@subcommand(copy, "split")
@_ARTICLE
def split_copy(settings: Settings, article: int) -> None:
    """Say that an article is no copy."""
    from aggregator import rulings

    with settings.writing() as store:
        rulings.split_copy(store, _method(settings), article, now())
    settings.say(f"article {article} is a text of its own")


@subcommand(copy, "merge")
@_ARTICLE
@click.argument("other", type=NUMBER)
def merge_copy(settings: Settings, article: int, other: int) -> None:
    """Say that two articles print one text.

    The one that was published first is the original.
    """
    from aggregator import rulings

    with settings.writing() as store:
        rulings.merge_copies(store, _method(settings), article, other, now())
    settings.say(f"articles {article} and {other} are one text")


# --- story ------------------------------------------------------------------------------------------------------------


@cli.group()
def story() -> None:
    """Stories: articles about one event, in all languages.

    A story is called by its number, as in the table `stories`. What is ruled here is remembered.
    """


@subcommand(story, "show")
@_STORY
def show_story(settings: Settings, story: int) -> None:
    """The articles of a story, and why each is there."""
    with settings.store() as store:
        rows = store.story(story)
    if not rows:
        raise UsageError(f"there is no story {story}")
    table(("article", "language", "date", "outlet", "headline", "because of"), rows)


@subcommand(story, "split")
@_STORY
@click.argument("articles", type=NUMBER, nargs=-1, required=True, metavar="ARTICLE...")
def split_story(settings: Settings, story: int, articles: Sequence[int]) -> None:
    """Take articles out of a story.

    They go together, with the copies of their texts.
    """
    from aggregator import rulings

    with settings.writing() as store:
        rulings.split_story(store, _method(settings), story, articles, now())
        went = sorted({one.story for one in store.clippings(articles).values() if one.story})
    settings.say(f"taken out of story {story}" + (f"; now story {', '.join(map(str, went))}" if went else ""))


@subcommand(story, "merge")
@_STORY
@click.argument("others", type=NUMBER, nargs=-1, required=True, metavar="STORY...")
def merge_story(settings: Settings, story: int, others: Sequence[int]) -> None:
    """Make several stories one.

    It keeps the number of the first.
    """
    from aggregator import rulings

    with settings.writing() as store:
        rulings.merge_stories(store, (story, *others), now())
    settings.say(f"story {story} has {', '.join(map(str, others))} in it now")


@command()
def regroup(settings: Settings) -> None:
    """Compare all stored articles anew: copies and stories.

    For when names or the method in feeds.yaml have changed. What was ruled by hand holds. Needs no network.
    """
    from aggregator import pipeline

    config = settings.config()
    with settings.writing() as store:
        count = pipeline.regroup(config, store, now())
        told = store.grouping()
    settings.say(f"{count} articles: {told[0]} copies, {told[1]} in {told[2]} stories")
