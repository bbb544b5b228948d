"""One HTTP exchange: a request goes out, the answer is awaited as far as it is wanted.

What arrives is read by `http.client`, as it was sent and as soon as there is enough of it: the whole body where it is a
document, the head where it is not. The connection is closed then: a host is asked once in a long while.

Knows where an answer ends. Does not know what it means.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPMessage, HTTPResponse
from typing import NamedTuple

from aggregator import answers, guard
from aggregator.guard import Limits, Stop

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 64 * 1024  # bytes of a line that are waited for
_NOT_MODIFIED = re.compile(  # the whole of a plain answer that nothing changed, which most are
    rb"HTTP/1\.[01] 304(?: [ -~]*)?\r\n((?:[A-Za-z0-9-]+:[ -~]*\r\n){0,99})\r\n"
)
_INTERIM = re.compile(  # a head that says: another follows (RFC 9110, 15.2); after 101 there is no HTTP any more
    rb"HTTP/1\.\d 1(?!01)\d\d\b[^\n]*\n(?:[^\r\n][^\n]*\n)*+\r?\n"
)


class Request(NamedTuple):
    """What is asked: `target` is the path with its query, `host` without brackets; without a `body` it is a GET."""

    scheme: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def place(self) -> str:
        """The host as an address has it, with its port where that is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def head(self) -> bytes:
        """What goes over the wire before the body."""
        lines = [f"{'POST' if self.body else 'GET'} {self.target} HTTP/1.1", f"Host: {self.place}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join((*lines, "", "")).encode("latin-1")


async def exchange(request: Request, limits: Limits, tls: ssl.SSLContext | None, cap: int) -> HTTPResponse:
    """Asks, and gives the answer as far as it is wanted: `cap` are the bytes of body from which it is not.

    Raises Stop where there is no connection, OSError or HTTPException where there is no answer on it. Where a body
    breaks off, reading it raises what happened.
    """
    line = await guard.connect(request.host, request.port, limits)
    with closing(line):
        if tls:
            line = await guard.secure(line, request.host, limits, tls)
        with closing(line):
            await guard.send(line, request.head() + request.body, limits)
            return await _Answer(cap).arrive(line, limits)


class _More(Exception):
    """What is read has not arrived yet."""


class _Arrived(io.BufferedIOBase):
    """What has arrived, as the file that `http.client` reads. Beyond it is the `end`: nothing, or an exception."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.place = 0
        self.end: Exception | None = _More()

    def makefile(self, _mode: str) -> _Arrived:
        """What `http.client` asks a socket for."""
        return self

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes, or all."""
        there = len(self.data) - self.place
        if size is None or size < 0 or size > there:
            self._reach_end()
            size = there
        return self.read1(size)

    def read1(self, size: int = -1) -> bytes:
        """At most as many bytes."""
        end = len(self.data) if size < 0 else self.place + size
        piece = bytes(self.data[self.place : end])
        self.place += len(piece)
        return piece

    def readline(self, size: int | None = -1) -> bytes:
        """A line, or as many bytes of it."""
        longest = len(self.data) - self.place if size is None or size < 0 else size
        end = self.data.find(b"\n", self.place, self.place + longest) + 1
        return self.read1(end - self.place) if end else self.read(longest)

    def _reach_end(self) -> None:
        if self.end:
            raise self.end


class _Answer:
    """An answer while it arrives. `cap` are the bytes of body from which it is not wanted."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._arrived = _Arrived()
        self._response: HTTPResponse | None = None  # as soon as its head has arrived
        self._head = 0  # where the head begins that counts
        self._try_at = 1  # bytes from which the head is read again, though no empty line came
        self._searched = 0  # bytes in which there is no other empty line
        self._chunk = 0  # where the next chunk begins

    async def arrive(self, line: socket.socket, limits: Limits) -> HTTPResponse:
        """Receives what is wanted of it. Raises what ends it before its head does."""
        end: Exception | None = None
        try:
            while not self._is_there():
                piece = await guard.receive(line, limits)
                if not piece:
                    break
                self._arrived.data += piece
        except (OSError, Stop) as problem:
            end = problem
        self._arrived.end = end
        return self._response or self._begun()

    def _is_there(self) -> bool:
        """Whether all has arrived that is wanted."""
        response = self._response = self._response or self._with_head()
        if response is None:
            return False
        there = len(self._arrived.data) - self._arrived.place
        if response.status in answers.WALLED:
            return there > 0 or response.length == 0
        if response.status not in answers.COMPLETE:
            return True
        if response.chunked:
            return self._has_last_chunk()
        return response.length is not None and (response.length > self._cap or there >= response.length)

    def _has_empty_line(self, start: int) -> bool:
        """Whether an empty line has come since it was last looked for."""
        data, start = self._arrived.data, max(start, self._searched)
        self._searched = max(start, len(data) - 2)
        return data.find(b"\n\r\n", start) >= 0 or data.find(b"\n\n", start) >= 0

    # --- the head -----------------------------------------------------------------------------------------------------

    def _with_head(self) -> HTTPResponse | None:
        """The answer if its head has arrived; it is tried where there is an empty line, and at twice the length."""
        data = self._arrived.data
        ends = self._has_empty_line(0)
        if ends and (unchanged := _NOT_MODIFIED.match(data)):
            return self._not_modified(unchanged[1])
        if not ends and len(data) < self._try_at:
            return None
        self._try_at = 2 * len(data)
        with suppress(_More):
            return self._begun()
        return None

    def _not_modified(self, fields: bytes) -> HTTPResponse:
        """What `http.client` makes of it, too, in five times the time. No such answer has a body."""
        response = HTTPResponse(self._arrived, method="GET")  # type: ignore[arg-type]  # makefile is all it asks for
        response.status = HTTPStatus.NOT_MODIFIED
        response.headers = response.msg = HTTPMessage()
        for field in fields.decode("ascii").split("\r\n")[:-1]:
            name, _, value = field.partition(":")
            response.headers[name] = value.lstrip(" ")
        response.chunked, response.length, response.will_close = False, 0, True
        return response

    def _begun(self) -> HTTPResponse:
        while interim := _INTERIM.match(self._arrived.data, self._head):
            self._head = interim.end()
        self._arrived.place = self._head
        response = HTTPResponse(self._arrived, method="GET")  # type: ignore[arg-type]  # makefile is all it asks for
        response.begin()
        self._chunk = self._searched = self._arrived.place
        return response

    # --- the body -----------------------------------------------------------------------------------------------------

    def _has_last_chunk(self) -> bool:
        """Whether a chunked body is complete, or damaged, which reading it will tell."""
        data = self._arrived.data
        while self._chunk < len(data):
            newline = data.find(b"\n", self._chunk)
            if newline < 0:
                return len(data) - self._chunk > _LONGEST
            size = _size(data[self._chunk : newline])
            if size <= 0:
                return size < 0 or self._has_empty_line(newline)
            self._chunk = newline + 1 + size + len("\r\n")
        return False


def _size(line: bytearray) -> int:
    """The size that the first line of a chunk gives: -1 where it gives none."""
    try:
        return int(bytes(line.partition(b";")[0]), 16)
    except ValueError:
        return -1
