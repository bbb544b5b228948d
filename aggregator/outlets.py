"""Press names in every script, and whose they are: name -> outlet, head of a line -> outlet, host -> outlet.

The built-in list is `outlets.tsv`, one outlet a row, sorted by id: name as printed at home, ISO 3166 country, homepage,
and the other names, parted by `|`. The outlets of feeds.yaml extend it. Names are compared folded, so one spelling
stands for its traditional, simplified and Japanese forms, and 産経 is no other name than 产经. A name belongs to one
outlet only. Nothing here knows articles, and portals are no outlets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.model import Outlet
from aggregator.text import fold, fold_all, folded

# How a word goes on after what looks like a press name: 毎日の, CNN’s, AP-led, CNN.co.jp, アジアプレス・ネットワーク.
_GOES_ON = re.compile(r"\w|['’.&・]\w|(?<=[A-Za-z])-[A-Za-z]")
_LONGEST = 160  # characters of a text in which a name is looked for; decomposed Hangul takes three for one


def _built_in() -> Iterator[Outlet]:
    """The outlets of `outlets.tsv`."""
    rows = Path(__file__).with_name("outlets.tsv").read_text(encoding="utf-8").splitlines()
    for row in rows[1:]:
        id_, name, country, homepage, aliases = row.split("\t")
        others = tuple(aliases.split("|")) if aliases else ()
        yield Outlet(id=id_, name=name, aliases=others, country=country or None, homepage=homepage or None)


BUILT_IN: tuple[Outlet, ...] = tuple(_built_in())


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Outlets by id, and the indexes to find them by; made by `directory`.

    `names` maps folded names to ids, `heads` the first character of folded names to those names, the longest first,
    `hosts` the host of a homepage, without `www.`, to the paths there with their ids, the longest path first.
    """

    outlets: Mapping[str, Outlet]
    names: Mapping[str, str]
    heads: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, tuple[tuple[str, str], ...]]

    def find(self, name: str) -> Outlet | None:
        """The outlet that goes by this name."""
        return self.outlets.get(self.names.get(fold(name), ""))

    def prefix(self, text: str) -> tuple[Outlet, str] | None:
        """The longest press name at the head of a text, as (outlet, the name as written there).

        The name must be a word of its own: `APEC` is not AP, nor is 毎日の暮らし a headline of 毎日.
        """
        head = folded(text[:_LONGEST])
        for name in self.heads.get(head.text[:1], ()):
            if head.text.startswith(name):
                start, end = head.span(0, len(name))
                written = text[:end].rstrip()
                if start == 0 and not _GOES_ON.match(text, len(written)):
                    return self.outlets[self.names[name]], written
        return None

    def by_host(self, url_or_host: str) -> Outlet | None:
        """The outlet whose homepage this URL or host is under: same host or a subdomain, and the closest path."""
        host, path = _place(url_or_host)
        while "." in host:
            for under, id_ in self.hosts.get(host, ()):
                if f"{path}/".startswith(f"{under}/"):
                    return self.outlets[id_]
            host = host.partition(".")[2]
        return None


def directory(extra: Iterable[Outlet] = ()) -> Directory:
    """The built-in list extended by other outlets, which come first where a name or a host is claimed twice.

    An outlet with the id of a built-in one takes its place and keeps its names, and what it does not say itself.
    """
    own = tuple(extra)
    return _extended(own) if own else _built_in_directory()


@cache
def _built_in_directory() -> Directory:
    return _indexed({outlet.id: outlet for outlet in BUILT_IN}, _names(BUILT_IN))


def _extended(own: tuple[Outlet, ...]) -> Directory:
    base = _built_in_directory()
    joined = {outlet.id: _joined(outlet, base.outlets.get(outlet.id)) for outlet in own}
    return _indexed(joined | {i: o for i, o in base.outlets.items() if i not in joined}, {**base.names, **_names(own)})


def _joined(outlet: Outlet, known: Outlet | None) -> Outlet:
    if known is None:
        return outlet
    names = dict.fromkeys((*outlet.aliases, known.name, *known.aliases))
    return replace(
        outlet,
        aliases=tuple(name for name in names if name != outlet.name),
        country=outlet.country or known.country,
        homepage=outlet.homepage or known.homepage,
    )


def _names(outlets: Iterable[Outlet]) -> dict[str, str]:
    """Folded name -> id of the first outlet that has it."""
    named = [(name, outlet.id) for outlet in outlets for name in (outlet.name, *outlet.aliases)]
    names: dict[str, str] = {}
    for name, (_, id_) in zip(fold_all([name for name, _ in named]), named, strict=True):
        names.setdefault(name, id_)
    names.pop("", None)
    return names


def _indexed(outlets: Mapping[str, Outlet], names: Mapping[str, str]) -> Directory:
    heads: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        heads.setdefault(name[0], []).append(name)
    hosts: dict[str, dict[str, str]] = {}
    for outlet in outlets.values():
        if outlet.homepage:
            host, path = _place(outlet.homepage)
            hosts.setdefault(host, {}).setdefault(path, outlet.id)
    return Directory(
        outlets=outlets,
        names=names,
        heads={first: tuple(all_) for first, all_ in heads.items()},
        hosts={host: tuple(sorted(paths.items(), key=lambda at: -len(at[0]))) for host, paths in hosts.items()},
    )


def _place(url_or_host: str) -> tuple[str, str]:
    """Host without `www.` and path without its final slash; two empty texts where there is no host."""
    try:
        parts = urlsplit(url_or_host if "//" in url_or_host else f"//{url_or_host}")
        host = parts.hostname or ""
    except ValueError:  # a bracket that closes no IPv6 address
        return "", ""
    return host.removeprefix("www.").rstrip("."), parts.path.rstrip("/")
