"""The commands: the one place that reads the clock and the environment, prints, and turns errors into exit codes."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from aggregator.cli import logs
from aggregator.cli.frame import FAILED, cli, ending
from aggregator.errors import AggregatorError

__all__ = ["cli", "main"]

_SELDOM = (50_000, 20, 20)  # the records hold no circles: looking for them so often as usual took a third of a long run


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program: runs a command and ends with its exit code. What goes wrong is a sentence, not a traceback."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    gc.set_threshold(*_SELDOM)
    try:
        code = cli.main(args=arguments, prog_name="aggregator", standalone_mode=False)
        gc.freeze()  # else Python goes through all there is once more before it ends
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(128 + signal.SIGINT)
    except click.ClickException as problem:
        given = sys.argv[1:] if arguments is None else arguments
        if {"run", "--json"} <= set(given):
            logs.tell("error", problem.format_message(), for_programs=True)
        else:
            problem.show()
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains while it ends
        sys.exit(FAILED)
    except (AggregatorError, OSError, MemoryError) as problem:
        said, code = ending(problem)
        click.echo(f"aggregator: {said}", err=True)
        sys.exit(code)
