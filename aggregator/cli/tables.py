"""Tables in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from aggregator.text import plain


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that knows how wide Chinese characters are; tab-separated where it is piped.

    Nothing in a cell speaks to the terminal, whoever wrote it.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(map(plain, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=_link(cell), overflow="fold") for cell in map(plain, row)))
    Console().print(table)


def _link(cell: str) -> str:
    """An address stays one link in a terminal that knows links, also where it is cut into lines."""
    return f"link {cell}" if cell.startswith(("http://", "https://")) and " " not in cell else ""
