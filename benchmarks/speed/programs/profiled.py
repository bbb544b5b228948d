"""Runs the program of a tree under cProfile, all its threads. `profiled.py TREE STATISTICS ARGUMENTS…`."""

import cProfile
import pstats
import sys
import threading
from contextlib import suppress

_profiles: list[cProfile.Profile] = []
_run = threading.Thread.run


def _profiled(thread: threading.Thread) -> None:
    profile = cProfile.Profile()
    _profiles.append(profile)
    with suppress(ValueError):  # from Python 3.12 on the profile of the main thread takes in all others
        profile.enable()
    try:
        _run(thread)
    finally:
        profile.disable()


def main() -> None:
    threading.Thread.run = _profiled  # type: ignore[method-assign]
    tree, statistics, *sys.argv[1:] = sys.argv[1:]
    sys.path.insert(0, tree)
    whole = cProfile.Profile()
    whole.enable()
    try:
        from aggregator.cli import main as program

        program()
    finally:
        whole.disable()
        pstats.Stats(whole, *_profiles).dump_stats(statistics)


main()
