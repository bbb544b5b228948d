"""What a run says while it works, for programs: a JSON object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click


class JsonLines(logging.Formatter):
    """Log records as JSON: when, how bad (warning, error), what; with the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        trace = {"trace": self.formatException(record.exc_info)} if record.exc_info else {}
        at = datetime.fromtimestamp(record.created, UTC)
        return line(at, record.levelname.lower(), {"message": record.getMessage()} | trace)


@contextmanager
def as_json(wanted: bool) -> Iterator[None]:
    """Has all log records written as JSON meanwhile, where that is wanted."""
    handlers = logging.getLogger().handlers if wanted else []
    before = [(handler, handler.formatter) for handler in handlers]
    for handler in handlers:
        handler.setFormatter(JsonLines())
    try:
        yield
    finally:
        for handler, formatter in before:
            handler.setFormatter(formatter)


def line(at: datetime, event: str, facts: dict[str, Any]) -> str:
    """One line of such a log. What is empty is left out."""
    told = {name: fact for name, fact in facts.items() if fact not in (None, "")}
    return json.dumps({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "event": event} | told, ensure_ascii=False, default=str)


def say(at: datetime, event: str, facts: dict[str, Any]) -> None:
    """Writes one line to standard error."""
    click.echo(line(at, event, facts), err=True)


def tell(event: str, message: str, for_programs: bool) -> None:
    """Writes a message to standard error: a line for a person, or one of such a log."""
    if for_programs:
        say(datetime.now(UTC), event, {"message": message})
    else:
        click.echo(message, err=True)
