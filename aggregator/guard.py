"""Which addresses may be connected to, and the connection that enforces it.

Feeds.yaml, a redirect or a name server can each point this program at the machine it runs on, at its private network or
at the metadata service of its cloud. So the check stands where it cannot be walked around: at connect time, on the
addresses that the name resolved to, and the connection goes to exactly the address that was checked. The same
connection carries the limits of a fetch (one deadline for everything, bytes on the wire), because a timeout per read
stops nobody who sends one byte a second.

Knows addresses and sockets. Knows nothing of sources, documents and what an answer means.
"""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url

from aggregator.model import Status

# --- why a fetch ends -------------------------------------------------------------------------------------------------


class Stop(Exception):
    """Ends a fetch early: the status and the note that its source gets. `size` counts the decoded bytes read so far."""

    def __init__(self, status: Status, note: str, *, size: int = 0) -> None:
        self.status, self.note, self.size = status, note, size
        super().__init__(f"{status}: {note}")


@dataclass(slots=True, kw_only=True, eq=False)
class Limits:
    """What one fetch may still use up, all its redirects included. `deadline` is on the monotonic clock.

    `_line` is a second handle of the connection under way: shutting it down from another thread reaches the connection
    at any time, also in the middle of a TLS handshake.
    """

    deadline: float
    wire_bytes: int
    allow_private: bool
    _line: socket.socket | None = None

    def seconds(self) -> float:
        """The time that is left; raises TimeoutError where there is none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def spend(self, count: int) -> int:
        """Take bytes off what may still arrive; raises Stop where that was too much."""
        self.wire_bytes -= count
        if self.wire_bytes < 0:
            raise Stop(
                Status.TOO_LARGE, "more arrives than max_bytes allows: raise it if the source is meant to be large"
            )
        return count

    def hold(self, opened: socket.socket) -> None:
        """Remember the connection that is under way."""
        self.release()
        self._line = opened.dup()

    def release(self) -> None:
        """Forget the connection that was under way."""
        if self._line:
            self._line.close()

    def end(self) -> None:
        """Let no time be left, and wake up whoever waits for the connection; for another thread to call."""
        self.deadline = -math.inf
        if self._line:
            with suppress(OSError):  # it may have ended by itself just now
                self._line.shutdown(socket.SHUT_RDWR)


# --- addresses --------------------------------------------------------------------------------------------------------

_LOOPBACK, _PRIVATE = "a loopback address", "a private address"
_METADATA = "the metadata service of a cloud"
_CARRIES_IPV4 = "an IPv6 address that stands for an IPv4 one"

# IANA special-purpose address registries (iana-ipv4-special-registry, iana-ipv6-special-registry), RFC 6890 and its
# updates; metadata services from the documentation of Azure, AWS and Google. The longest prefix decides.
# `ipaddress.is_global` does not replace the table: it calls NAT64, 6to4, ::127.0.0.1 and all multicast global.
_BLOCKS: tuple[tuple[str, str | None], ...] = (
    ("0.0.0.0/8", "an address of this very network"),
    ("10.0.0.0/8", _PRIVATE),
    ("100.64.0.0/10", "an address shared behind a carrier's NAT"),
    ("127.0.0.0/8", _LOOPBACK),
    ("168.63.129.16/32", _METADATA),
    ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
    ("172.16.0.0/12", _PRIVATE),
    ("192.0.0.0/24", "an address reserved for protocols"),
    ("192.0.2.0/24", "an address for documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", _PRIVATE),
    ("198.18.0.0/15", "an address for benchmarks"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::/0", "a reserved address"),
    ("::/96", _CARRIES_IPV4),
    ("::/128", "the unspecified address"),
    ("::1/128", _LOOPBACK),
    ("::ffff:0:0/96", _CARRIES_IPV4),
    ("::ffff:0:0:0/96", _CARRIES_IPV4),
    ("64:ff9b::/96", _CARRIES_IPV4),
    ("64:ff9b:1::/48", _CARRIES_IPV4),
    ("2000::/3", None),  # all of IPv6 that is handed out
    ("2001::/23", "an address reserved for protocols"),
    ("2001::/32", _CARRIES_IPV4),
    ("2001:db8::/32", "an address for documentation"),
    ("2002::/16", _CARRIES_IPV4),
    ("3fff::/20", "an address for documentation"),
    ("fc00::/7", _PRIVATE),
    ("fd00:ec2::254/128", _METADATA),
    ("fd20:ce::254/128", _METADATA),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a site-local address"),
    ("ff00::/8", "a multicast address"),
)
_NETWORKS = sorted(((ip_network(block), why) for block, why in _BLOCKS), key=lambda row: -row[0].prefixlen)


def refused(address: str, allow_private: bool) -> str | None:
    """Why an IP address may not be connected to, in words for the operator, or None where it may.

    `allow_private` opens private and loopback addresses, never link-local ones nor the metadata services of clouds.
    What is no plain IP address is refused too: names are resolved first.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "not an IP address"
    why = next((why for network, why in _NETWORKS if ip in network), None)
    if why in (_LOOPBACK, _PRIVATE):
        return None if allow_private else f"{why}; allow_private: true opens it"
    return why


# --- connecting -------------------------------------------------------------------------------------------------------

_Answer = tuple[int, int, int, str, Any]  # what getaddrinfo says: family, type, protocol, canonical name, address


def _look_up(host: str, port: int, patience: float) -> Sequence[_Answer]:
    """What the host resolves to. A resolver cannot be interrupted, so it is left behind in a thread when time is up."""
    try:  # what is an address already, in any of its spellings, asks nobody
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        answers: SimpleQueue[Sequence[_Answer] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    Thread(target=ask, name=f"look up {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=patience)
    except Empty:
        raise Stop(Status.TIMEOUT, f"the name server did not answer in time about {host}") from None
    if isinstance(answer, Exception):
        raise Stop(Status.DNS, _no_address(host, answer)) from answer
    return answer


def _no_address(host: str, problem: Exception) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return f"the address of {host} could not be looked up for now: is this machine online?"
    return f"there is no host named {host}: is the address right?"


def _connect(host: str, port: int, limits: Limits) -> GuardedSocket:
    """A connection to one of the addresses of a host, in their order; all of them must be allowed.

    A name that leads inside even once leads nowhere: which of its addresses is tried is up to whoever answers for it.
    """
    answers = _look_up(host, port, limits.seconds())
    for *_, address in answers:
        if why := refused(address[0], limits.allow_private):
            raise Stop(Status.REFUSED_ADDRESS, f"{host} is at {address[0]}, {why}")
    problem: OSError | None = None
    for left, answer in zip(range(len(answers), 0, -1), answers, strict=True):
        try:  # an address that swallows everything leaves time for the next
            return _open(answer, limits, limits.seconds() / left)
        except OSError as failure:
            problem = failure
    if isinstance(problem, TimeoutError):
        raise Stop(Status.TIMEOUT, f"{host} did not accept a connection on port {port} in time") from problem
    reason = problem.strerror if problem else "no address"
    raise Stop(Status.CONNECT, f"{host} accepts no connection on port {port}: {reason}") from problem


def _open(answer: _Answer, limits: Limits, patience: float) -> GuardedSocket:
    family, kind, protocol, _, address = answer
    opened = GuardedSocket(family, kind, protocol)
    opened.limits = limits
    try:
        limits.hold(opened)
        opened.settimeout(patience)
        opened.connect(address)
        opened.settimeout(limits.seconds())
    except OSError:
        opened.close()
        raise
    return opened


class GuardedSocket(socket.socket):
    """A socket whose every read is bounded by what is left of the limits."""

    limits: Limits

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Read as `socket.recv_into` does; raises TimeoutError at the deadline and Stop beyond the bytes allowed."""
        self.settimeout(self.limits.seconds())
        return self.limits.spend(super().recv_into(buffer, nbytes or len(buffer), flags))


class _GuardedTLSSocket(GuardedSocket, ssl.SSLSocket):
    """The same within TLS. The handshake is bounded by the timeout that the socket has when it starts."""


class GuardedConnection(HTTPConnection):
    """A connection that opens, and checks where it leads, when its request is sent."""

    limits: Limits

    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port, self.limits)

    def getresponse(self) -> http.client.HTTPResponse:  # type: ignore[override]  # see the docstring
        """The plain answer of `http.client`: urllib3 would log the whole URL, tokens included, for a bad header."""
        return http.client.HTTPConnection.getresponse(self)


class _GuardedTLSConnection(GuardedConnection, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        cast(GuardedSocket, self.sock).limits = self.limits


@lru_cache(maxsize=4)
def tls_context(certificates: str) -> ssl.SSLContext:
    """The TLS settings that all connections share: making them costs some 35 ms. `certificates` is a path of PEM."""
    context = ssl.create_default_context(cafile=certificates)
    context.sslsocket_class = _GuardedTLSSocket
    return context


def connection_to(url: Url, limits: Limits, tls: ssl.SSLContext | None) -> GuardedConnection:
    """A connection for one request."""
    host = url.host or ""
    connection = (
        _GuardedTLSConnection(host, url.port, ssl_context=tls)
        if url.scheme == "https"
        else GuardedConnection(host, url.port)
    )
    connection.limits = limits
    return connection
