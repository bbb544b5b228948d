"""The workers of a dask.distributed cluster, which ask sources instead of threads: one source of a host at a time.

A source travels there with what is remembered of it, and its Poll comes back. Everything else stays in the process of
the run: when a host rests, what is stored. A worker has no clock of its own: it is told the time with each source.

What is lost on the way is asked again: by the scheduler where a worker dies, by `polls` where the scheduler does. A
source may thus be asked twice, and is taken in once. Where the cluster stays away, the sources stay due.

Whoever can speak to a scheduler can run anything, as its messages are pickled code: its address is of this machine, or
has TLS. Imports `distributed` when there is something to ask, and little before.
"""

from __future__ import annotations

import pickle
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from io import BytesIO
from ipaddress import ip_address
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aggregator import __version__
from aggregator.errors import ClusterAway, UsageError

if TYPE_CHECKING:
    from aggregator.model import Outlet, Poll, Source, SourceState

CONNECT = 15.0  # seconds in which a scheduler must answer, also after it was restarted
PATIENCE = 30.0  # seconds without an answer after which it is asked whether there is any worker
ROUNDS = 5  # in which sources are sent out: what is lost with a scheduler goes out again when it is back
READERS = 6  # documents that a worker reads at the same time
_REQUESTS = 6  # for one source at most: a sitemap and five of its children, each within the source's timeout

_reading = Semaphore(READERS)


# --- addresses --------------------------------------------------------------------------------------------------------


def check(address: str) -> None:
    """Raises UsageError where that is no address of a scheduler that may be used, or what it takes is not installed."""
    if misfit := _misfit(address):
        raise UsageError(f"--executor {address}: {misfit}")
    if find_spec("distributed") is None:
        raise UsageError("--executor needs dask.distributed: pip install 'press-pingbacks[distributed]'")


def _misfit(address: str) -> str:
    """What is wrong with the address of a scheduler; nothing where it is right."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "no address; write tcp://127.0.0.1:8786, or tls://host:8786"
    if parts.scheme not in ("tcp", "tls"):
        return "neither tcp:// nor tls://"
    if not host or not port or parts.netloc.rpartition("@")[1] or parts.path or parts.query or parts.fragment:
        return f"a host and a port, and nothing else, must follow: {parts.scheme}://127.0.0.1:8786"
    if parts.scheme == "tcp" and not _is_loopback(host):
        return (
            f"tcp:// only to this machine, tls://{host}:{port} elsewhere: "
            "whoever can speak to a scheduler can run anything there and here"
        )
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --- on a worker ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A source to be asked on a worker: all that this takes. `outlets` are for what needs press names."""

    source: Source
    state: SourceState
    asked_at: datetime
    outlets: tuple[Outlet, ...] = ()


def errand(source: Source, state: SourceState, outlets: Collection[Outlet], now: datetime) -> Errand:
    """What a worker needs to know to ask a source."""
    from aggregator.model import Kind

    needed = tuple(outlets) if source.kind == Kind.REFERENCES else ()
    return Errand(source=source, state=state, asked_at=now, outlets=needed)


def poll(errand: Errand) -> Poll:
    """Fetches and reads one source, as a run without workers does; but the body of its document stays here."""
    from aggregator import outlets, polling
    from aggregator.fetch import Fetcher

    def clock() -> datetime:
        return errand.asked_at

    with Fetcher(version=__version__, clock=clock) as fetcher:
        poller = polling.Poller(fetcher, lambda: outlets.directory(errand.outlets), clock, _reading)
        told = poller.poll(errand.source, errand.state)
    document = told.fetched.document
    return replace(told, fetched=replace(told.fetched, document=document and replace(document, body=b"")))


@dataclass(frozen=True, slots=True)
class _Call:
    """What becomes the answer where it is unpickled: so a scheduler need know neither this program nor its version."""

    packed: bytes

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, bytes]]:
        return answer, (__version__, self.packed)


def answer(version: str, packed: bytes) -> tuple[str, str, Poll | None]:
    """What a worker runs: its address, the version of this program there, and the poll where that is the same."""
    from distributed import get_worker

    own = get_worker().address
    if version != __version__:
        return own, __version__, None
    ask, wanted = pickle.loads(packed)  # noqa: S301 - it came the way this function came
    return own, __version__, ask(wanted)


# --- in the run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lost:
    """What is instead of a poll where none came back: its host is not asked on for now."""

    host_rests: bool = True
    host_hangs: bool = False
    says_something: bool = False


class Workers(Executor):
    """The workers of a cluster, as an executor whose futures never raise: a Poll, or Lost.

    What is submitted is `poll` and an Errand. A host stays with the worker that was the first to ask it, while there is
    that worker. `wrong` says what all workers suffer from, if anything.
    """

    def __init__(self, client: Any, clock: Callable[[], datetime], longest: timedelta) -> None:
        self.wrong = ""
        self._client, self._clock, self._longest = client, clock, longest.total_seconds()
        self._executor = client.get_executor(pure=False)
        self._workers: dict[str, str] = {}
        self._open: set[Future[Poll | Lost]] = set()
        self._heard = time.monotonic()
        self._line: object = None

    def submit(self, ask: Callable[..., Any], /, wanted: Errand) -> Future[Any]:  # type: ignore[override]
        """Sends an errand out."""
        from aggregator import urls

        told: Future[Poll | Lost] = Future()
        host = urls.server(wanted.source.url)
        near = {"workers": [self._workers[host]], "allow_other_workers": True} if host in self._workers else {}
        packed = pickle.dumps((ask, replace(wanted, asked_at=self._clock())))
        call = BytesIO(pickle.dumps(_Call(packed)))  # a file, as the bytes would be in the log of a worker that fails
        self._open.add(told)
        self._heard = time.monotonic()
        task = self._executor.submit(pickle.load, call, **near)
        task.add_done_callback(lambda ended: self._hear(wanted, host, ended, told))
        return told

    def _hear(self, wanted: Errand, host: str, task: Future[Any], told: Future[Poll | Lost]) -> None:
        """Takes in what came of an errand, in a thread of the client's."""
        self._heard = time.monotonic()
        try:
            self._workers[host], version, found = task.result()
            self.wrong = self.wrong or ("" if found else _other_version(self._workers[host], version))
            outcome = found or Lost()
        except CancelledError:
            outcome = Lost()
        except (ImportError, AttributeError) as problem:
            self.wrong = f"a worker does not have this program, or not its version {__version__}: {problem}"
            outcome = Lost()
        except Exception as problem:  # noqa: BLE001 - one bad source never stops a run
            outcome = self._killed(wanted, problem)
        self._open.discard(told)
        told.set_result(outcome)

    def _killed(self, wanted: Errand, problem: Exception) -> Poll:
        """The poll of a source with which every worker died that asked it, or that could not be sent."""
        from aggregator.model import Fetched, Poll, Status

        died = type(problem).__name__ == "KilledWorker"
        note = "several workers died while they asked it: have they enough memory?" if died else type(problem).__name__
        nothing = Fetched(status=Status.BUG, note=note)
        return Poll(source=wanted.source, state=wanted.state, started_at=self._clock(), fetched=nothing,
                    status=Status.BUG, note=note)  # fmt: skip

    def away(self) -> bool:
        """Whether nothing can be expected of what was submitted since the last `wait`.

        A line that broke may be there again at once, but of what was just being brought over it dask never tells.
        """
        return bool(self.wrong) or not self._connected() or self._silent()

    def _connected(self) -> bool:
        return self._client.status == "running" and self._client.scheduler_comm is self._line

    def _silent(self) -> bool:
        """Whether there is nobody who would answer; or nobody did for longer than any source takes."""
        waited = time.monotonic() - self._heard
        if not self._open or waited < PATIENCE:
            return False
        if waited > PATIENCE + self._longest:
            self.wrong = f"no worker has answered for {waited:.0f} s"
            return True
        try:
            at_work = self._client.sync(self._client.scheduler.processing, callback_timeout=CONNECT)
        except Exception:  # noqa: BLE001 - of which dask has many, and all say the same
            self.wrong = "it keeps silent"
            return True
        self.wrong = "" if at_work else "no worker is registered with it"
        return not any(at_work.values())  # dask lets wait what was for a worker that died when there was no other

    def wait(self, stopped: Callable[[], bool]) -> bool:
        """Waits until the scheduler is there, or there again; returns whether it is."""
        patience = time.monotonic() + CONNECT
        while self._client.status == "connecting" and time.monotonic() < patience and not stopped():
            time.sleep(0.1)
        self._line = self._client.scheduler_comm
        self._open.clear()
        self._workers.clear()
        return not self.wrong and self._connected()


def _other_version(worker: str, version: str) -> str:
    return f"the worker at {worker} has version {version} of this program, this is {__version__}: install the same"


def polls(
    errands: Sequence[Errand], address: str, at_once: int, clock: Callable[[], datetime], stopped: Callable[[], bool]
) -> Iterator[Poll]:
    """Asks sources on the workers of a scheduler, `at_once` hosts at a time, until `stopped`.

    Each is answered once, but for those of a host that wants to be left alone, or hangs. Raises ClusterAway, after the
    last answer, where some could not be asked.
    """
    from aggregator import hosts

    by_source = {one.source.id: one for one in errands}
    left: Sequence[Source] = [one.source for one in errands]
    longest = _REQUESTS * max(one.source.timeout for one in errands)
    with _connected(address) as client:
        workers = Workers(client, clock, longest)

        def ask(source: Source) -> Future[Poll | Lost]:
            return workers.submit(poll, by_source[source.id])

        for _ in range(ROUNDS):
            if not left or not workers.wait(stopped):
                break
            answered = []
            for told in hosts.ask_all(left, ask, hosts.Room(at_once), lambda: stopped() or workers.away()):
                if not isinstance(told, Lost):
                    answered.append(told)
                    yield told
            left = _left(left, answered)
    if left and not stopped():
        why = workers.wrong or "it went away"
        raise ClusterAway(
            f"the scheduler at {address}: {why}; {len(left)} of {len(errands)} sources were not asked, and stay due"
        )


def _left(sources: Sequence[Source], answered: Sequence[Poll]) -> Sequence[Source]:
    """What is still to be asked: neither answered, nor of a host that rests or hangs."""
    from aggregator import hosts, urls

    done = {one.source.id for one in answered}
    patience: defaultdict[str, hosts.Patience] = defaultdict(hosts.Patience)
    alone = {host for one in answered if patience[host := urls.server(one.source.url)].ends(one)}
    return [one for one in sources if one.id not in done and urls.server(one.url) not in alone]


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler. What is under way when it closes is cancelled. Raises ClusterAway."""
    try:
        client = _client(address)
    except Exception as problem:
        why = str(problem) or "it keeps silent"
        raise ClusterAway(f"the scheduler at {address} cannot be reached: {why}; all sources stay due") from problem
    try:
        yield client
    finally:
        client.close(timeout=CONNECT)


def _client(address: str) -> Any:
    """In a thread of its own, as dask waits without end for whoever accepts a connection and then keeps silent."""
    distributed, opened = _imported(), Future[Any]()
    security = distributed.Security()
    if address.startswith("tls:") and not security.get_connection_args("client")["ssl_context"]:
        raise ValueError("dask's configuration names no certificates: ca-file, client.cert, client.key of comm.tls")
    if address.startswith("tcp:") and security.require_encryption:
        raise ValueError("dask's configuration requires encryption: tls://")

    def connect() -> None:
        try:
            client = distributed.Client(address, timeout=CONNECT, set_as_default=False, security=security)
            opened.set_result(client)
        except BaseException as problem:  # noqa: BLE001 - it is raised where it is waited for
            opened.set_exception(problem)

    Thread(target=connect, daemon=True).start()
    return opened.result(CONNECT + 1)


def _imported() -> Any:
    """dask.distributed, which is silent unless its own configuration says otherwise: what matters is said here."""
    import dask

    loud = ("distributed", "distributed.client", "tornado", "tornado.application")
    dask.config.update_defaults({"distributed": {"logging": dict.fromkeys(loud, "critical")}})
    import distributed

    warnings.filterwarnings("ignore", module=r"distributed\.")  # above all of patch levels that differ
    return distributed
