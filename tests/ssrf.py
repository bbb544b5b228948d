"""An internet on loopback: two servers of a press that may be asked, and everything else, which nobody may reach.

    with Internet() as internet:
        internet.says[("93.184.216.34", "/feed")] = moved("http://127.1/")
        ...  # ask for http://93.184.216.34/feed
        assert not internet.intruders

Wherever a connection of the fetcher leads, it ends here: at the press where its address is one of PUBLIC, else at a
listener that writes down what it hears. That is done by the connection itself (`detour`), or by the kernel, in a
network namespace in which every address of the world is this machine's (`IN_A_NETWORK_OF_ITS_OWN`): then nothing of the
program is touched. Names are answered from `names`, one answer after the other, the last for ever.

`SPELLINGS` are addresses that lead, or try to lead, to what may not be asked.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from threading import Thread
from typing import Any, NamedTuple

IN_A_NETWORK_OF_ITS_OWN = "PRESS_PINGBACKS_NETWORK" in os.environ
PUBLIC = ("93.184.216.34", "203.0.114.9", "2606:4700::34")
PORTS = (22, 80, 443, 6379, 8080)  # on which the kernel's detour listens

# --- what may not be asked --------------------------------------------------------------------------------------------

LOOPBACK, METADATA = "127.0.0.1", "169.254.169.254"
_IPV4 = (
    LOOPBACK, METADATA, "10.0.0.1", "172.31.255.254", "192.168.1.1", "169.254.170.2", "127.255.255.254", "100.64.0.1",
    "100.100.100.200", "0.0.0.0", "0.1.2.3", "168.63.129.16", "192.0.0.192", "192.88.99.1", "198.18.0.1",
    "240.0.0.1",
)  # fmt: skip
_NO_TCP = ("224.0.0.1", "239.255.255.250", "255.255.255.255", "[ff02::1]", "[ff0e::1]")  # no kernel connects to these
_IPV6 = (
    "::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::0001", "::0.0.0.1", "fc00::1",
    "FD00::2", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "febf::1", "fec0::1", "2001::1", "2001:db8::1", "3fff::1",
    "100::1", "64:ff9b:1::1", "5f00::1",
)  # fmt: skip
_NAMES = {
    "localhost": LOOPBACK, "LOCALHOST": LOOPBACK, "localhost.": LOOPBACK, "ip6-localhost": "::1",
    "app.localhost": LOOPBACK, "127.0.0.1.nip.io": LOOPBACK, "metadata.google.internal": METADATA,
    "metadata": METADATA, "intranet": "10.0.0.1", "inside.example": "192.168.1.1", "INSIDE.EXAMPLE.": "192.168.1.1",
    "mapped.example": "::ffff:127.0.0.1", "nat64.example": "64:ff9b::7f00:1", "six.example": "fd00::2",
    "안.example": "10.0.0.1", "内部.example": "10.0.0.1",
}  # fmt: skip


def _octets(address: str) -> tuple[int, ...]:
    return tuple(map(int, address.split(".")))


def _dotted(form: Callable[[int], str]) -> Callable[[str], str]:
    return lambda address: ".".join(form(octet) for octet in _octets(address))


def _folded(address: str, digits: str, stop: str = ".") -> str:
    return address.translate({ord(str(number)): digit for number, digit in enumerate(digits)}).replace(".", stop)


def _number(address: str) -> int:
    return int(IPv4Address(address))


def _in_ipv6(prefix: int, shift: int = 0) -> Callable[[str], str]:
    return lambda address: f"[{IPv6Address(prefix | _number(address) << shift)}]"


# Form of an IPv4 address -> how a host of a URL spells it.
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "a dot behind": lambda a: f"{a}.",
    "one number": lambda a: str(_number(a)),
    "one number in hex": lambda a: hex(_number(a)),
    "one number in capital hex": lambda a: f"0X{_number(a):08X}",
    "one number in octal": lambda a: f"0{_number(a):o}",
    "octal": _dotted(lambda octet: f"0{octet:o}"),
    "octal with many noughts": _dotted(lambda octet: f"0000{octet:o}"),
    "hex": _dotted(hex),
    "mixed": lambda a: "0x{:x}.{}.0{:o}.{}".format(*_octets(a)),
    "three numbers": lambda a: "{}.{}.{}".format(*_octets(a)[:2], _number(a) & 0xFFFF),
    "two numbers": lambda a: f"{_octets(a)[0]}.{_number(a) & 0xFFFFFF}",
    "two numbers in hex": lambda a: f"0x{_octets(a)[0]:x}.0x{_number(a) & 0xFFFFFF:x}",
    "full width": lambda a: _folded(a, "０１２３４５６７８９", "．"),
    "ideographic full stops": lambda a: _folded(a, "0123456789", "。"),
    "half-width full stops": lambda a: _folded(a, "0123456789", "｡"),
    "circled": lambda a: _folded(a, "⓪①②③④⑤⑥⑦⑧⑨"),
    "bold": lambda a: _folded(a, "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"),
    "mapped": lambda a: f"[::ffff:{a}]",
    "mapped in capital hex": lambda a: f"[{IPv6Address(0xFFFF << 32 | _number(a))}]".upper(),
    "mapped at length": lambda a: f"[{IPv6Address(0xFFFF << 32 | _number(a)).exploded}]",
    "translated": _in_ipv6(0xFFFF << 48),
    "compatible": _in_ipv6(0),
    "NAT64": _in_ipv6(0x64_FF9B << 96),
    "local NAT64": _in_ipv6(0x64_FF9B_0001 << 80),
    "6to4": _in_ipv6(0x2002 << 112, 80),
    "Teredo": lambda a: f"[{IPv6Address(0x2001_0000 << 96 | (_number(a) ^ 0xFFFF_FFFF))}]",
}

# What stands around a host: how a URL may hide where it leads. {} is the host, {p} a public one.
GUISES: dict[str, str] = {
    "a name before it": "http://{p}@{}/",
    "credentials before it": "http://{p}:80@{}/",
    "credentials that look escaped": "http://%40{p}%2F@{}/",
    "a backslash behind it": r"http://{}\@{p}/",
    "a fragment behind it": "http://{}#@{p}/",
    "a query behind it": "http://{}?@{p}/",
    "capitals": "HTTP://{}/",
    "a space before it": " http://{}/",
    "a tab within": "ht\ttp://{}/",
    "line ends within": "http://\r\n{}/\r\n",
    "a control before it": "\x01http://{}/",
    "SSH": "http://{}:22/",
    "Redis": "http://{}:6379/",
    "a port with noughts": "http://{}:00080/",
    "an empty port": "http://{}:/",
    "a path that goes up": "http://{}/%2e%2e/../latest",
    "TLS": "https://{}/",
}
# The same, of which parsers make different things or nothing: none of them may lead there, whatever they mean.
PUZZLES: dict[str, str] = {
    "two at signs": "http://{p}@{}@{p}/",
    "a slash in credentials": "http://{}/@{p}/",
    "three slashes": "http:///{}/",
    "one slash": "http:/{}/",
    "no slash": "http:{}/",
    "backslashes": r"http:\\{}/",
    "a slash and a backslash": r"http:/\{}/",
    "a backslash before an at sign": r"http://{p}\@{}/",
    "a NUL behind it": "http://{}\0.{p}/",
    "an escaped NUL behind it": "http://{}%00.{p}/",
    "an escaped host": "http://%31%32%37.0.0.1/",
    "an escaped dot": "http://127%2e0.0.1/",
    "an escaped line end": "http://{}%0d%0a.{p}/",
    "a space behind it": "http://{} .{p}/",
    "a tab behind it": "http://{}\t.{p}/",
    "a port that is a name": "http://{}:http/",
    "a port too many": "http://{}:80:80/",
    "a port beyond all": "http://{}:65616/",
    "full-width slashes": "http:／／{}／",
    "a soft hyphen within": "http://127.0.\xad0.1/",
    "a joiner within": "http://127.0.\u200d0.1/",
    "a zone": "http://[::1%25lo]/",
    "a zone, not escaped": "http://[fe80::1%lo]/",
    "brackets around IPv4": "http://[127.0.0.1]/",
    "an IP of the future": "http://[v1.127.0.0.1]/",
    "brackets that do not close": "http://[::1/",
    "five numbers": "http://127.0.0.0.1/",
    "a number too large": "http://127.0.0.257/",
    "more than 32 bits": "http://6425673729/",
    "two dots": "http://127..0.1/",
    "a dot before it": "http://.127.0.0.1/",
    "gopher": "gopher://{}:6379/_INFO",
    "a file": "file://{}/etc/passwd",
    "view-source": "view-source:http://{}/",
    "no scheme": "//{}/",
}


# Forms that no address of a source may have, so that nothing is asked at all; they lead there in other parsers.
UNREADABLE = {
    "a control before it", "a dot behind", "a tab within", "bold", "circled", "full width", "half-width full stops",
    "ideographic full stops", "line ends within",
}  # fmt: skip


class Spelling(NamedTuple):
    """An address; `leads` says that it does lead there where nothing guards it."""

    why: str
    url: str
    leads: bool = True


def _spellings() -> Iterator[Spelling]:
    for form, spell in FORMS.items():
        some = _IPV4 if form in ("as it is", "one number", "octal", "mapped") else _IPV4[:6]
        for address in some:
            yield Spelling(f"{address}: {form}", f"http://{spell(address)}/", form not in UNREADABLE)
    yield from (Spelling(address, f"http://[{address}]/") for address in _IPV6)
    yield from (Spelling(name, f"http://{name}/") for name in _NAMES)
    yield from (Spelling(host, f"http://{host}/", leads=False) for host in _NO_TCP)
    for address in (METADATA, LOOPBACK):
        for why, guise in GUISES.items():
            yield Spelling(f"{address}: {why}", guise.format(address, p=PUBLIC[0]), why not in UNREADABLE)
        for why, puzzle in PUZZLES.items():
            yield Spelling(f"{address}: {why}", puzzle.format(address, p=PUBLIC[0]), leads=False)


SPELLINGS = tuple({one.url: one for one in _spellings()}.values())
ADDRESSES = (*_IPV4, *_IPV6, *_NO_TCP[:3], *(str(IPv6Address(0x64_FF9B << 96 | _number(one))) for one in _IPV4))

# --- the internet -----------------------------------------------------------------------------------------------------

_REQUEST = re.compile(r"GET (?P<path>\S+) .*?\r\nHost: (?P<host>\S+)\r\n", re.DOTALL)
_END = b"that is all"
NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def moved(location: str) -> bytes:
    """A redirect."""
    return b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n"


def sent(body: bytes, content_type: str = "application/xml") -> bytes:
    """A document."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Internet:
    """The servers, for as long as the `with` lasts. `visited` are the requests to the press, as (host, path)."""

    def __init__(self) -> None:
        self.says: dict[tuple[str, str], bytes] = {}
        self.names: dict[str, list[Sequence[str]]] = {}
        self.visited: list[tuple[str, str]] = []
        self.intruders: list[bytes] = []
        self._lines = selectors.DefaultSelector()
        self._press, self._other = self._listening()
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Internet:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket() as last:
            last.connect(("127.0.0.1", self._press))
            last.sendall(_END)
        self._thread.join()
        for key in list(self._lines.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._lines.close()

    def _listening(self) -> tuple[int, int]:
        """The ports of the press and of the listener: they are told apart by the address, or by the port."""
        wanted = [("0.0.0.0", port, socket.AF_INET) for port in PORTS] + [
            ("::", port, socket.AF_INET6) for port in PORTS
        ]
        if not IN_A_NETWORK_OF_ITS_OWN:
            wanted = [("127.0.0.1", 0, socket.AF_INET)] * 2
        servers = [
            socket.create_server((address, port), family=family, backlog=100) for address, port, family in wanted
        ]
        for server in servers:
            self._lines.register(server, selectors.EVENT_READ)
        return servers[0].getsockname()[1], servers[1].getsockname()[1]

    def _serve(self) -> None:
        while True:
            for key, _ in self._lines.select():
                line, _ = key.fileobj.accept()  # type: ignore[union-attr]
                with line, suppress(OSError):
                    if self._answer(line):
                        return

    def _answer(self, line: socket.socket) -> bool:
        line.settimeout(2)
        heard = line.recv(65536)
        if heard == _END:
            return True
        address, port = line.getsockname()[:2]
        if address not in PUBLIC if IN_A_NETWORK_OF_ITS_OWN else port != self._press:
            self.intruders.append(heard)
            line.sendall(NOTHING)
            return False
        if asked := _REQUEST.match(heard.decode("latin-1")):
            self.visited.append((asked["host"], asked["path"]))
            line.sendall(self.says.get(self.visited[-1], NOTHING))
        return False

    def detour(self, line: socket.socket, address: tuple[Any, ...]) -> int:
        """Connects to what stands here for an address."""
        here = self._press if address[0] in PUBLIC else self._other
        host = "::ffff:127.0.0.1" if line.family == socket.AF_INET6 else "127.0.0.1"
        return super(socket.socket, line).connect_ex((host, here))

    def looked_up(self, host: str, port: int, *rest: Any, flags: int = 0, **named: Any) -> Any:
        """What `socket.getaddrinfo` says here."""
        if flags & socket.AI_NUMERICHOST:
            return _REAL(host, port, *rest, flags=flags, **named)
        answers = self.names.get(host) or ([[_NAMES[host]]] if host in _NAMES else self._spelt(host))
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [row for one in found for row in _REAL(one, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)]

    @staticmethod
    def _spelt(host: str) -> list[Sequence[str]]:
        """Names are the same in capitals, in Punycode and with a dot behind them."""
        known = {_plain(name): address for name, address in _NAMES.items()}
        if _plain(host) not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [[known[_plain(host)]]]


_REAL = socket.getaddrinfo


def _plain(name: str) -> str:
    return name.lower().rstrip(".").encode("idna").decode()


def open_to(internet: Internet, patch: Any) -> None:
    """Has names looked up, and connections made, in this internet; `patch` is pytest's monkeypatch."""
    patch.setattr(socket, "getaddrinfo", internet.looked_up)
    if not IN_A_NETWORK_OF_ITS_OWN:
        patch.setattr(socket.socket, "connect_ex", lambda line, address: internet.detour(line, address))
