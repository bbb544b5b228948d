"""The commands: the one place that reads the clock and the environment, prints, and turns errors into exit codes."""

from __future__ import annotations

import codecs
import gc
import io
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from aggregator.cli import logs
from aggregator.cli.frame import FAILED, WRONG_USE, cli, ending
from aggregator.errors import AggregatorError

__all__ = ["cli", "main"]

_SELDOM = (50_000, 20, 20)  # the records hold no circles: looking for them so often as usual took a third of a long run


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program: runs a command and ends with its exit code. What goes wrong is a sentence, not a traceback."""
    _have_somewhere_to_speak()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    gc.set_threshold(*_SELDOM)
    given = tuple(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(args=given, prog_name="aggregator", standalone_mode=False)
        gc.freeze()  # else Python goes through all there is once more before it ends
        sys.exit(code if isinstance(code, int) else 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(128 + signal.SIGINT)
    except click.ClickException as problem:
        if {"run", "--json"} <= set(given):
            logs.tell("error", problem.format_message(), for_programs=True)
        else:
            problem.show()
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains while it ends
        sys.exit(FAILED)
    except UnicodeEncodeError:
        if not (wrong := [one for one in given if not _is_text(one)]):
            raise
        click.echo(f"aggregator: {wrong[0]!a}: is not UTF-8, as everything must be but names of files", err=True)
        sys.exit(WRONG_USE)
    except (AggregatorError, OSError, MemoryError) as problem:
        said, code = ending(problem)
        click.echo(f"aggregator: {said}", err=True)
        sys.exit(code)


def _is_text(argument: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in argument)  # which stand for bytes that are no UTF-8


def _have_somewhere_to_speak() -> None:
    """Makes the standard streams fit to be used: closed ones lead nowhere, and no character is too much for the others,
    a terminal in EUC-KR for one.
    """
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115 - till the end
            setattr(sys, name, nowhere)
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            codecs.register_error(_SOMEHOW, _somehow)
            stream.reconfigure(errors=_SOMEHOW)


_SOMEHOW = "aggregator"


def _somehow(problem: UnicodeError) -> tuple[str | bytes, int]:
    """Names of files as they are, whatever their encoding; of other characters, their numbers."""
    try:
        return codecs.lookup_error("surrogateescape")(problem)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(problem)
