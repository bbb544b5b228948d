"""A dask cluster on loopback: a scheduler and workers, each a process of its own that a test can kill.

with Forks(folder, first=IMPORTS) as forks, Cluster(forks) as cluster:
    cluster.workers_up(2)
    ...  # run with --executor cluster.address
    cluster.kill(cluster.workers[0])
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

import psutil

from tests.forks import Child, Forks

_SCHEDULER = "from distributed.cli.dask_scheduler import main\nmain({0!r})"
_WORKER = "from distributed.cli.dask_worker import main\nmain({0!r})"
# what takes seconds is imported once
IMPORTS = "import distributed.cli.dask_scheduler, distributed.cli.dask_worker, aggregator.fetch, aggregator.feeds"
ALLOWED_FAILURES = 1  # of workers with one source; dask's own number is 3


class Cluster:
    """A scheduler, and the workers that are there."""

    def __init__(self, forks: Forks, scheme: str = "tcp", settings: Mapping[str, Any] | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.host = f"{scheme}://127.0.0.1"
        self.address = f"{self.host}:{self.port}"
        told = {"distributed.scheduler.allowed-failures": ALLOWED_FAILURES, **(settings or {})}
        self._first = f"import dask\ndask.config.set({told!r})\n"
        self._forks = forks
        self.workers: list[Child] = []
        self.ended: list[Child] = []
        self._killing = threading.RLock()  # also the press kills workers, while it answers them

    def __enter__(self) -> Self:
        self.scheduler_up()
        return self

    def __exit__(self, *_: object) -> None:
        for child in (*self.workers, self.scheduler):
            self.kill(child)

    def scheduler_up(self) -> None:
        """Starts the scheduler, and no workers: those of one that died end by themselves, sooner or later."""
        for one in self.workers:
            self.kill(one)
        options = ["--host", self.host, "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._forks.start(self._first + _SCHEDULER.format(options))
        until(lambda: "Scheduler at:" in self.scheduler.told())

    def workers_up(self, number: int, first: str = "") -> None:
        """Sees to it that there are so many workers; Python that new ones execute first."""
        with self._killing:
            for one in self.workers:
                if psutil.Process(one.number).status() == psutil.STATUS_ZOMBIE:  # its scheduler died
                    self.kill(one)
        place = str(self._forks.folder / "scratch")
        options = [self.address, "--no-nanny", "--nthreads", "4", "--no-dashboard", "--local-directory", place,
                   "--death-timeout", "60"]  # fmt: skip
        self.workers += [
            self._forks.start(f"{self._first}{first}\n{_WORKER.format(options)}")
            for _ in range(len(self.workers), number)
        ]
        until(lambda: all("Registered to:" in one.told() for one in self.workers))

    def kill(self, child: Child) -> None:
        """SIGKILL, unless it was killed already."""
        with self._killing:
            if child not in self.ended:
                child.kill(signal.SIGKILL)
                child.wait()
                self.workers = [one for one in self.workers if one is not child]
                self.ended.append(child)

    def who_asks(self, request: BaseHTTPRequestHandler) -> Child:
        """The worker from which a request comes."""
        port = request.client_address[1]
        return next(
            one
            for one in self.workers
            if any(line.laddr.port == port for line in psutil.Process(one.number).net_connections("tcp"))
        )

    def told(self) -> str:
        """All that all of them have printed."""
        return "".join(one.told() for one in (*self.workers, *self.ended, self.scheduler))


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for something that is about to happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
