"""`add`, `import`: growing the list of sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import click

from aggregator import __version__
from aggregator.cli.frame import FAILED, Settings, command, now
from aggregator.cli.setting_up import print_preview
from aggregator.errors import ReadError, UsageError

if TYPE_CHECKING:
    from aggregator.editing import Edited
    from aggregator.model import Config, Source
    from aggregator.scouting import Finding

_OTHERS = 20  # other feeds of a page are printed


@command()
@click.argument("url")
@click.option("--id", "name", help="What to call the source.  [default: after its outlet and address]")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def add(settings: Settings, url: str, name: str | None, dry_run: bool) -> int:
    """Find what can be polled at URL, and add it.

    URL is a feed, a sitemap, or any page of an outlet: then its feed is looked for, else its sitemap, else the page is
    read as a list of articles. What was found is fetched and shown as it would be stored; then the source, and its
    outlet where that is new, are written to the end of their lists in feeds.yaml. The rest of the file stays as it is.
    """
    from aggregator import additions, editing

    path = str(settings.config_path)
    text = editing.read(settings.config_path)
    config = editing.parse(text, path)
    probe = _probe(text, config, path, url, name)
    if there := additions.there_already(url, config):
        settings.say(f"{path}: {there.id} polls this address already")
        return 0
    finding = _scouted(probe, config)
    if finding.poll is None or finding.poll.reading is None:
        looked = "".join(f"\n  {line}" for line in finding.looked)
        click.echo(f"nothing to poll was found at {probe.public_url}; looked at:{looked}", err=True)
        return FAILED
    found = finding.poll.source
    if there := additions.there_already(found.url, config):
        settings.say(f"{path}: {there.id} polls {there.public_url} already, which is named by {finding.named_by}")
        return 0
    source = replace(found, id=name or "")
    addition = additions.of_source(source, finding.poll.reading, finding.name, config, now().date())
    edited = editing.insert(text, [addition], path)
    _show(settings, finding, edited, addition.source.id)
    if not dry_run:
        editing.save(settings.config_path, text, edited.text)
    settings.say(f"\n{path}: {'would be added' if dry_run else 'added'}:\n\n{editing.written([addition])}")
    return 0


def _probe(text: str, config: Config, path: str, url: str, name: str | None) -> Source:
    """The address as a source under a name, with the defaults of feeds.yaml. Raises UsageError for a wrong one."""
    from aggregator import additions, editing, keys
    from aggregator.editing import Addition
    from aggregator.model import Source, is_hidden

    if keys.SCALARS["URL"].read(url) is None:
        hint = "" if "://" in url else f"; did you mean https://{keys.shown(url)}?"
        raise UsageError(f"URL is {keys.SCALARS['URL'].words}{hint}")
    if name is not None and not keys.slug(name):
        raise UsageError(f"--id is {keys.SCALARS['slug'].words}")
    if name in config.sources:
        raise UsageError(f"{path}: there is a source {name} already")
    if additions.there_already(url, config):
        return Source(id="", url=url)
    if is_hidden(url):
        raise UsageError(f"URL: {additions.HIDDEN}")
    probe = Source(id=additions.fresh_id(["new"], config.sources), url=url)
    return editing.insert(text, [Addition(source=probe)], path).config.sources[probe.id]


def _scouted(probe: Source, config: Config) -> Finding:
    from aggregator import outlets, scouting
    from aggregator.fetch import Fetcher
    from aggregator.polling import Poller

    with Fetcher(version=__version__, clock=now) as fetcher:
        return scouting.scout(probe, Poller(fetcher, lambda: outlets.directory(config.outlets.values()), now))


def _show(settings: Settings, finding: Finding, edited: Edited, name: str) -> None:
    """What was found, what would be stored of it, and what else there is."""
    from aggregator import pipeline

    if finding.poll is None:
        return
    source = edited.config.sources[name]
    if settings.verbose:
        settings.say("\n".join(finding.looked))
    settings.say(f"{source.public_url}: a {source.kind}, found by {finding.named_by}")
    preview = pipeline.preview(edited.config, replace(finding.poll, source=source), now())
    print_preview(settings, preview)
    articles = [article for article, _ in preview.articles]
    if articles and not any(article.date for article in articles):
        settings.say("  undated: set `country` of the outlet or `zone` of the source if the dates name no offset")
    if finding.others:
        settings.say("\nIt offers these too; add the ones you want by their addresses:")
    for other in finding.others[:_OTHERS]:
        settings.say(f"  {other.url}" + f"  {other.title}" * bool(other.title))


@command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE|-")
def import_(settings: Settings, file: BinaryIO) -> int:
    """Add the feeds of another reader.

    FILE is OPML, as feed readers export it, and `aggregator export --format opml` too; - is standard input. Needs no
    network: `check --fetch` tries what was added. Names of folders and feeds are kept as comments.
    """
    from aggregator import additions, editing, opml

    path = str(settings.config_path)
    text = editing.read(settings.config_path)
    config = editing.parse(text, path)
    try:
        subscriptions = opml.read(file.read())
    except ReadError as problem:
        raise UsageError(f"{file.name}: {problem.note}") from problem
    done = additions.of_subscriptions(subscriptions, config, now().date())
    if done.additions:
        editing.save(settings.config_path, text, editing.insert(text, done.additions, path).text)
    for address, reason in done.refused:
        click.echo(f"{address}: refused: {reason}", err=True)
    if settings.verbose:
        settings.say("\n".join(f"{one.source.id}: {one.source.public_url}" for one in done.additions))
    unused = sorted({name for one in subscriptions for name in one.unused})
    if unused:
        settings.say(f"settings that have no place here: {', '.join(unused)}")
    counts = f"{len(done.additions)} added, {len(done.there)} already there, {len(done.refused)} refused"
    settings.say(f"{path}: {counts}")
    return 0 if done.additions or done.there else FAILED
