"""The program: `aggregator` and `python -m aggregator`. Whoever stops it while it starts gets no traceback."""

from __future__ import annotations

import os
import signal
from typing import NoReturn


def main() -> NoReturn:
    """Runs a command, and ends."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # what is to be ignored stays so
        signal.signal(signal.SIGINT, _end)
    from aggregator import cli

    try:
        signal.signal(signal.SIGINT, before)
        cli.main()
    except KeyboardInterrupt:
        _end(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before if before == signal.SIG_IGN else _end)


def _end(number: int, _frame: object = None) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
