"""Processes of the program that a test can start at once, kill, starve and watch; cheap, as they are forked.

    with Forks(folder) as forks:
        run = forks.start(forks.command("run", "--all"))  # or any other Python text
        assert run.wait() == 0, run.told()

They come from a process that has no threads; `first` is Python that it executes once, before all forks, such as imports
that would cost each of them time; `wrapper` is a command that it is started under, such as `setpriv`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = """
import json, os, sys, traceback

def work(order):
    said = os.open(order["told"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1), os.dup2(said, 2), os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    try:
        exec(order["do"], {})
        return 0
    except SystemExit as ended:
        return ended.code or 0
    except BaseException:
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()

for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
    else:
        answer = os.fork()
        if not answer:
            os._exit(work(order))
    print(answer, flush=True)
"""


class Forks:
    """Where processes are forked. They work in `folder`, which holds feeds.yaml and mentions.db."""

    def __init__(self, folder: Path, *, wrapper: Sequence[str] = (), first: str = "") -> None:
        self.folder, self._count, self._told = folder, 0, tempfile.TemporaryDirectory()
        self._program = subprocess.Popen(
            [*wrapper, sys.executable, "-c", f"{first}\n{_PROGRAM}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def command(self, *arguments: str) -> str:
        """The Python that is a command of the program."""
        return f"from aggregator import cli\ncli.main({list(arguments)!r})"

    def start(self, do: str, environment: Mapping[str, str] | None = None) -> Child:
        """Has Python executed in a new process."""
        self._count += 1
        told = Path(self._told.name) / str(self._count)
        order = {"do": do, "told": str(told), "folder": str(self.folder), "environment": dict(environment or {})}
        return Child(forks=self, number=self.ask(order), file=told)

    def run(self, *arguments: str) -> tuple[int, str]:
        """One command from beginning to end: its exit code and what it said."""
        child = self.start(self.command(*arguments))
        return child.wait(), child.told()

    def ask(self, order: Mapping[str, Any]) -> int:
        """What the process answers that all others are forked from: a number."""
        stdin, stdout = self._program.stdin, self._program.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        return int(stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.communicate()  # it ends where its input does
        self._told.cleanup()


@dataclass
class Child:
    """One of the processes."""

    forks: Forks
    number: int
    file: Path

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        """Sends it a signal, if it is there still."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.number, with_signal)

    def wait(self) -> int:
        """Its exit code once it has ended: minus the signal that killed it, 99 for an exception that nobody caught."""
        return self.forks.ask({"wait": self.number})

    def told(self) -> str:
        """What it has printed so far."""
        return self.file.read_text() if self.file.exists() else ""
