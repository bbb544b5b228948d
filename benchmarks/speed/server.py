"""The press as a server: a process of its own that answers from bytes made beforehand, and does nothing else.

    python server.py FEEDS ENTRIES SEED [CERTIFICATES]

Prints its ports as JSON when it is ready: the plain one, then those over TLS, one for each certificate (certificate and
key in one file, in the order of their names). Every feed has an address of its own on loopback: see `hosts.py`.
`GET /-/SCENARIO` says how the feeds are answered from then on; `GET /-/counts` what was answered since.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from workload import Feed, feed

LATE = 0.25  # seconds, in the scenario that is slow
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Press:
    """All feeds as whole answers, and how they are given now."""

    def __init__(self, feeds: list[Feed]) -> None:
        self._full = [_answer(one, one.body) for one in feeds]
        self._later = [_answer(one, one.later) for one in feeds]
        self._unchanged = [_unchanged(one.body) for one in feeds]
        self._changed = [one.later != one.body for one in feeds]
        self._again = [one.again for one in feeds]
        self._tags = [Feed.etag(one.body).encode() for one in feeds]
        self._asked: set[int] = set()
        self._counts: Counter[str] = Counter()
        self._began = time.process_time()
        self.scenario = "cold"

    def control(self, word: str) -> bytes:
        """Changes the scenario, or says what was answered."""
        if word == "counts":
            used = time.process_time() - self._began
            body = json.dumps(self._counts | {"feeds": len(self._asked), "cpu": used}).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        self.scenario = word
        self._asked.clear()
        self._counts.clear()
        self._began = time.process_time()
        return _NO_CONTENT

    def answer(self, number: int, head: bytes) -> bytes:
        """What a feed answers to a request."""
        self._asked.add(number)
        known = self._tags[number] in head
        trickle = self.scenario == "trickle"
        changed = trickle and self._changed[number]
        full = not known or self.scenario == "cold" or changed or (trickle and self._again[number])
        self._counts["200" if full else "304"] += 1
        return (self._later[number] if changed else self._full[number]) if full else self._unchanged[number]


def _answer(one: Feed, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {one.content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + _validators(body) + body


def _unchanged(body: bytes) -> bytes:
    return b"HTTP/1.1 304 Not Modified\r\n" + _validators(body)


def _validators(body: bytes) -> bytes:
    return f"ETag: {Feed.etag(body)}\r\nLast-Modified: Fri, 20 Nov 2026 06:00:00 GMT\r\n\r\n".encode()


class Line(asyncio.Protocol):
    """One connection. It is kept as long as the client keeps it."""

    def __init__(self, press: Press) -> None:
        self._press, self._buffer = press, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            ends = b"connection: close" in head.lower()
            if path.startswith("/-/"):
                self._give(self._press.control(path[3:]), ends)
                continue
            given = self._press.answer(int(path[1:-4]), head)
            if self._press.scenario == "slow":
                asyncio.get_running_loop().call_later(LATE, self._give, given, ends)
            else:
                self._give(given, ends)

    def _give(self, answer: bytes, ends: bool) -> None:
        self._transport.write(answer)
        if ends:
            self._transport.close()


async def serve(press: Press, certificates: list[Path]) -> None:
    loop = asyncio.get_running_loop()
    contexts: list[ssl.SSLContext | None] = [None, *map(_context, certificates)]
    servers = [await loop.create_server(lambda: Line(press), "0.0.0.0", 0, ssl=one, backlog=4096) for one in contexts]
    print(json.dumps([one.sockets[0].getsockname()[1] for one in servers]), flush=True)
    await asyncio.gather(*(one.serve_forever() for one in servers))


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def main() -> None:
    count, size, seed = map(int, sys.argv[1:4])
    certificates = sorted(Path(sys.argv[4]).glob("*.pem")) if len(sys.argv) > 4 else []
    asyncio.run(serve(Press([feed(number, seed, size) for number in range(count)]), certificates))


if __name__ == "__main__":
    main()
