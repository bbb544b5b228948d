"""Fuzzes whatever reads text from elsewhere: feeds, pages, dates, queries, feeds.yaml, the whole way to the database.

    python -m tests.fuzz --list
    python -m tests.fuzz feeds pages --seconds 600 --seeds DIR --crashes DIR --corpus DIR
    python -m tests.fuzz feeds --input FILE

The targets and what they promise stand in fuzz_targets.py. Where `atheris` is installed (`pip install -e '.[fuzz]'`) it
leads the way by what of the program each input reaches, else inputs are changed at random. Of every way to fail the
first input is kept, as small as it could be made; an input that takes ten seconds of processor time is one, too.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from tests.fuzz_changes import LARGEST, Dice, inflated, mutated

if TYPE_CHECKING:
    from tests.fuzz_targets import Target

LONGEST = 10.0  # seconds of processor time that an input may take
LARGEST_SEED = 60_000  # bytes of a file
_INSTRUMENTED = ("aggregator", "bs4", "feedparser", "lark", "protego", "sgmllib", "soupsieve")
_LAZY = ("bs4", "feedparser", "lark", "protego", "soupsieve")  # what the program imports where it first needs it
_SEEDS = 3_000  # of a directory of seeds, as many files are taken


# --- trying -----------------------------------------------------------------------------------------------------------


class TooSlow(BaseException):
    """An input takes longer than it may. No Exception: what catches those is what is tried here."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises TooSlow after so much processor time."""

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True, slots=True)
class Crash:
    """A way to fail (kind of exception and place) and the smallest input known for it, with the trace."""

    way: str
    data: bytes
    trace: str


@dataclass(slots=True)
class Trial:
    """Runs a target on inputs, and keeps the first input of every way to fail."""

    run: Callable[[bytes], None]
    longest: float = LONGEST
    found: Callable[[Crash], None] = lambda crash: None
    crashes: dict[str, Crash] = field(default_factory=dict)
    inputs: int = 0
    slowest: float = 0.0

    def __call__(self, data: bytes) -> None:
        """Tries an input."""
        self.inputs += 1
        begin = time.process_time()
        crash = self.failure(data)
        self.slowest = max(self.slowest, time.process_time() - begin)
        if crash and crash.way not in self.crashes:
            crash = self.crashes[crash.way] = self.smaller(crash)
            self.found(crash)

    def both(self, data: bytes, dice: Dice) -> None:
        """Tries an input, and now and then what it is inflated."""
        self(data)
        if dice.randrange(400) == 0:
            self(inflated(data, dice))

    def failure(self, data: bytes) -> Crash | None:
        """How the target fails on an input, if it does."""
        try:
            with bounded(self.longest):
                self.run(data)
        except (Exception, TooSlow) as problem:  # noqa: BLE001 - whatever it is, it is what is looked for
            return Crash(_way(problem), data, traceback.format_exc())
        return None

    def smaller(self, crash: Crash, tries: int = 2_000) -> Crash:
        """The crash with as little of the input as still fails in the same way; a slow one is left as it is."""
        size = len(crash.data) // 2
        deadline = time.process_time() + self.longest
        while size and tries and not crash.way.startswith(TooSlow.__name__):
            for start in range(0, len(crash.data), size):
                shorter = self.failure(crash.data[:start] + crash.data[start + size :])
                tries -= 1
                if shorter and shorter.way == crash.way:
                    crash = shorter
                    break
                if not tries or time.process_time() > deadline:
                    return crash
            else:
                size //= 2
        return crash


def _way(problem: BaseException) -> str:
    """The kind of an exception and the last place of the program, else of the target, that it went through."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if "/tests/fuzz.py" not in frame.filename]
    own = [frame for frame in frames if "/aggregator/" in frame.filename] or frames
    last = frames[-1] if isinstance(problem, AssertionError) else own[-1]
    return f"{type(problem).__name__} in {Path(last.filename).name}:{last.name}:{last.lineno}"


def rehearse(target: Target, inputs: int, dice: Dice, words: Sequence[bytes]) -> Trial:
    """Tries the seeds of a target (some, where it has more) and mutated ones: so many inputs in all."""
    trial, seeds = Trial(target.run), [*target.seeds()]
    for seed in dice.sample(seeds, min(len(seeds), inputs // 3)):
        trial(seed)
    while trial.inputs < inputs:
        trial(mutated(dice.choice(seeds), dice.choice(seeds), words, dice))
    return trial


# --- the command ------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """The command. Returns 1 where a target failed."""
    asked = _asked(arguments)
    guided = importlib.util.find_spec("atheris") and not asked.blind
    atheris: Any = importlib.import_module("atheris") if guided else None
    targets = _targets(atheris if not (asked.list or asked.input) else None)
    if asked.list:
        sys.stdout.writelines(f"{name:12}{target.promise}\n" for name, target in targets.items())
        return 0
    chosen = {name: targets[name] for name in asked.targets or targets}
    if asked.input:
        for target in chosen.values():
            target.run(asked.input.read_bytes())
        return 0
    failed = False
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        tempfile.tempdir = folder
        for name in chosen:
            failed |= _in_a_process_of_its_own(lambda name=name: _fuzz(name, chosen[name], asked, atheris))
    return int(failed)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzzes what reads text from elsewhere.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to fuzz; everything unless said")
    parser.add_argument("--list", action="store_true", help="says what there is to fuzz")
    parser.add_argument("--seconds", type=float, default=60, help="how long each target is fuzzed")
    parser.add_argument("--seeds", type=Path, help="a directory of more inputs to begin from")
    parser.add_argument("--crashes", type=Path, default=Path("crashes"), help="where inputs that fail are written")
    parser.add_argument("--corpus", type=Path, help="where inputs that reach something new are kept (atheris)")
    parser.add_argument("--blind", action="store_true", help="does without atheris, which costs much of the speed")
    parser.add_argument("--input", type=Path, help="tries this file only, and shows the trace")
    return parser.parse_args(arguments)


def _targets(atheris: Any) -> dict[str, Target]:
    if atheris is None:
        return dict(importlib.import_module("tests.fuzz_targets").TARGETS)
    with atheris.instrument_imports(include=[*_INSTRUMENTED]):
        for name in _LAZY:
            importlib.import_module(name)
        return dict(importlib.import_module("tests.fuzz_targets").TARGETS)


def _in_a_process_of_its_own(work: Callable[[], bool]) -> bool:
    """Whether work failed, or its process died."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os._exit(work())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, 1):
        sys.stdout.write(f"the process ended with {code}: of memory, or of what is no Python; see above\n")
    return code != 0


def _fuzz(name: str, target: Target, asked: argparse.Namespace, atheris: Any) -> bool:
    """Fuzzes a target for so many seconds, and says how it went. Returns whether it failed."""
    deadline = time.monotonic() + asked.seconds
    trial = Trial(target.run, found=lambda crash: _keep(name, crash, asked.crashes))
    seeds = [*target.seeds(), *_more_seeds(name, asked.seeds)]
    dice = random.Random()
    words = importlib.import_module("tests.fuzz_seeds").WORDS
    if atheris is None:
        for seed in seeds:
            trial(seed)
        while time.monotonic() < deadline:
            trial.both(mutated(dice.choice(seeds), dice.choice(seeds), words, dice), dice)
        return _say(name, trial, asked.seconds)

    def one(data: bytes) -> None:
        if time.monotonic() > deadline:  # libFuzzer returns to nobody
            os._exit(_say(name, trial, asked.seconds))
        trial.both(data, dice)

    def change(data: bytes, size: int, seed: int) -> bytes:
        own = random.Random(seed)
        if own.random() < 0.4:
            return bytes(atheris.Mutate(data, size))
        return mutated(data, own.choice(seeds), words, own)[:size]

    corpus = (asked.corpus or Path(tempfile.mkdtemp())) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)
    asked.crashes.mkdir(parents=True, exist_ok=True)
    options = [f"-max_len={LARGEST}", "-timeout=120", "-report_slow_units=120", "-rss_limit_mb=3000", "-verbosity=0"]
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={asked.crashes}/{name}-", str(corpus)], one, custom_mutator=change
    )
    atheris.Fuzz()
    return True


def _more_seeds(name: str, folder: Path | None) -> Iterable[bytes]:
    """Files of a directory as inputs: documents with an empty first line, other texts line by line."""
    if folder is None:
        return
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < LARGEST_SEED)
    dice = random.Random(0)
    for path in dice.sample(paths, min(len(paths), _SEEDS)):
        body = path.read_bytes()
        if name in ("feeds", "pages", "sitemaps", "received", "encoding", "intake", "robots"):
            yield b"\n" + body
        elif name in ("references", "config", "opml", "text", "language"):
            yield body
        else:
            yield from body.splitlines()[:50]


def _keep(name: str, crash: Crash, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{sha256(crash.way.encode()).hexdigest()[:8]}"
    path.write_bytes(crash.data)
    path.with_suffix(".txt").write_text(f"{crash.way}\n\n{crash.trace}", "utf-8", "backslashreplace")
    sys.stdout.write(f"{name}: {crash.way}: {path}\n")
    sys.stdout.flush()


def _say(name: str, trial: Trial, seconds: float) -> bool:
    sys.stdout.write(
        f"{name}: {trial.inputs:,} inputs in {seconds:.0f} s, the slowest {trial.slowest:.1f} s; "
        f"{len(trial.crashes) or 'no'} ways to fail\n"
    )
    sys.stdout.flush()
    return bool(trial.crashes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
