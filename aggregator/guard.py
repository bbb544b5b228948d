"""Which addresses may be connected to, and the connecting that enforces it.

Feeds.yaml, a redirect or a name server can each point this program at the machine it runs on, at its private network or
at the metadata service of its cloud. So the check stands where it cannot be walked around: at connect time, on the
addresses that the name resolved to, and the connection goes to exactly the address that was checked. Every wait and
every read is held to the limits of the fetch (one deadline for everything, bytes on the wire), because a timeout per
read stops nobody who sends one byte a second.

Knows addresses and sockets. Knows nothing of sources, documents and what an answer means.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from aggregator.lines import READ, WRITE, elsewhere, turn
from aggregator.model import Status

T = TypeVar("T")

# --- why a fetch ends -------------------------------------------------------------------------------------------------


class Stop(Exception):
    """Ends a fetch early: the status and the note that its source gets. `size` counts the decoded bytes read so far."""

    def __init__(self, status: Status, note: str, *, size: int = 0) -> None:
        self.status, self.note, self.size = status, note, size
        super().__init__(f"{status}: {note}")


@dataclass(slots=True, kw_only=True)
class Limits:
    """What one fetch may still use up, all its redirects included. `deadline` is on the monotonic clock.

    `inside` says whether the last host that was looked up has an address that only `allow_private` opens.
    """

    deadline: float
    wire_bytes: int
    allow_private: bool
    inside: bool = False

    def spend(self, count: int) -> None:
        """Take bytes off what may still arrive; raises Stop where that was too much."""
        self.wire_bytes -= count
        if self.wire_bytes < 0:
            raise Stop(
                Status.TOO_LARGE, "more arrives than max_bytes allows: raise it if the source is meant to be large"
            )


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
_NETWORKS: dict[int, list[tuple[int, int, str | None]]] = {4: [], 6: []}  # by version: mask, network, why
for _network, _why in sorted(((ip_network(block), why) for block, why in _BLOCKS), key=lambda row: -row[0].prefixlen):
    _NETWORKS[_network.version].append((int(_network.netmask), int(_network.network_address), _why))


@lru_cache(maxsize=4096)
def refused(address: str, allow_private: bool) -> str | None:
    """Why an IP address may not be connected to, in words for the operator, or None where it may.

    `allow_private` opens private and loopback addresses, never link-local ones nor the metadata services of clouds.
    What is no plain IP address is refused too: names are resolved first.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "not an IP address"
    number = int(ip)
    why = next((why for mask, network, why in _NETWORKS[ip.version] if number & mask == network), None)
    if why in (_LOOPBACK, _PRIVATE):
        return None if allow_private else f"{why}; allow_private: true opens those of the source's own site"
    return why


# --- connecting -------------------------------------------------------------------------------------------------------

_Answer = tuple[int, int, int, str, Any]  # what getaddrinfo says: family, type, protocol, canonical name, address

_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_PIECE = 64 * 1024  # bytes received at once


async def _look_up(host: str, port: int, limits: Limits) -> Sequence[_Answer]:
    """What the host resolves to. A resolver cannot be interrupted, so it is left behind when time is up."""
    try:  # what is an address already, in any of its spellings, asks nobody
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass

    try:
        return await elsewhere(partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM), limits.deadline)
    except TimeoutError:
        raise Stop(Status.TIMEOUT, f"the name server did not answer in time about {host}") from None
    except (OSError, UnicodeError) as problem:
        raise Stop(Status.DNS, _no_address(host, problem)) from problem


def _no_address(host: str, problem: Exception) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return f"the address of {host} could not be looked up for now: is this machine online?"
    return f"there is no host named {host}: is the address right?"


async def connect(host: str, port: int, limits: Limits) -> socket.socket:
    """A connection to one of the addresses of a host, in their order; all of them must be allowed.

    A name that leads inside even once leads nowhere: which of its addresses is tried is up to whoever answers for it.
    Raises Stop where there is none.
    """
    answers = await _look_up(host, port, limits)
    for *_, address in answers:
        if why := refused(address[0], limits.allow_private):
            raise Stop(Status.REFUSED_ADDRESS, f"{host} is at {address[0]}, {why}")
    limits.inside = any(refused(address[0], False) for *_, address in answers)
    problem: OSError | None = None
    for left, answer in zip(range(len(answers), 0, -1), answers, strict=True):
        now = time.monotonic()
        try:  # an address that swallows everything leaves time for the next
            return await _open(answer, now + (limits.deadline - now) / left)
        except OSError as failure:
            problem = failure
    if isinstance(problem, TimeoutError):
        raise Stop(Status.TIMEOUT, f"{host} did not accept a connection on port {port} in time") from problem
    reason = problem.strerror if problem else "no address"
    raise Stop(Status.CONNECT, f"{host} accepts no connection on port {port}: {reason}") from problem


async def _open(answer: _Answer, until: float) -> socket.socket:
    family, kind, protocol, _, address = answer
    line = socket.socket(family, kind, protocol)
    try:
        line.setblocking(False)
        code = line.connect_ex(address)
        if code in _UNDER_WAY:
            await turn(line, WRITE, until)
            code = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))  # noqa: TRY301 - closed below, as after every other end
    except BaseException:
        line.close()
        raise
    return line


@lru_cache(maxsize=4)
def tls_context(certificates: str) -> ssl.SSLContext:
    """The TLS settings that all connections share: making them costs some 35 ms. `certificates` is a path of PEM."""
    context = ssl.create_default_context(cafile=certificates)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def secure(line: socket.socket, host: str, limits: Limits, tls: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection within TLS, by a host that has proven its name. Raises OSError; then the connection is closed."""
    secured = tls.wrap_socket(line, server_hostname=host.rstrip("."), do_handshake_on_connect=False)
    try:
        await _ready(secured, secured.do_handshake, READ, limits)
    except BaseException:
        secured.close()
        raise
    return secured


async def send(line: socket.socket, data: bytes, limits: Limits) -> None:
    """Sends all of it; raises OSError."""
    sent = 0
    while sent < len(data):
        sent += await _ready(line, partial(line.send, data[sent:]), WRITE, limits)


async def receive(line: socket.socket, limits: Limits) -> bytes:
    """What arrives next, nothing at the end; raises OSError, and Stop beyond the bytes that are allowed."""
    piece = await _ready(line, partial(line.recv, _PIECE), READ, limits)
    limits.spend(len(piece))
    return piece


async def _ready(line: socket.socket, act: Callable[[], T], usual: int, limits: Limits) -> T:
    """What an act on a socket comes to when the socket is ready for it; raises TimeoutError at the deadline.

    What is there already is taken even then: it came in time, and this program was busy with something else.
    """
    while True:
        try:
            return act()
        except ssl.SSLWantReadError:
            events = READ
        except ssl.SSLWantWriteError:
            events = WRITE
        except BlockingIOError:
            events = usual
        await turn(line, events, limits.deadline)
