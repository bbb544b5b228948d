"""The sample press on the wire: a real HTTP server on loopback, with conditional requests and compression.

It knows HTTP and nothing of the press: `press.answer` says what a path is answered on a day. The day is set from
outside, and so is every date it sends: no clock is read here.
"""

from __future__ import annotations

import gzip
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from aggregator.demo import press
from aggregator.demo.formats import rfc822

_POLL = 0.02  # seconds between two looks at whether to stop


class PressServer(ThreadingHTTPServer):
    """The sample press at a free port of 127.0.0.1, while the context lasts. `day` (1 to 3) may be set at any time."""

    def __init__(self, day: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.day = day

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(_POLL,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        super().__exit__(kind, error, trace)

    def url(self, path: str = "") -> str:
        """The address of a path of the press; without one, the base for `press.render`."""
        return f"http://127.0.0.1:{self.server_port}{path}"

    def server_bind(self) -> None:
        """Bind without asking the resolver for a name, which takes seconds on a machine without network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that hangs up is no error of the press; everything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PressServer
    protocol_version = "HTTP/1.1"
    server_version = "press"
    sys_version = ""
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        found = press.answer(urlsplit(self.path).path, self.server.day)
        headers, body = dict(found.headers), found.body
        if self._has(headers):
            self._send(304, headers, b"")
            return
        if found.gzip and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            body = gzip.compress(body, mtime=0)
        self._send(found.status, headers, body)

    def _has(self, headers: dict[str, str]) -> bool:
        """Whether the reader has this version: by its ETag where it sent one, else by the date (RFC 9110, 13.2.2)."""
        known = self.headers.get("If-None-Match")
        if known is not None:
            return headers.get("ETag", "") in (tag.strip() for tag in known.split(","))
        since = self.headers.get("If-Modified-Since")
        return since is not None and since == headers.get("Last-Modified")

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the signature is http.server's
        return rfc822(press.RUN_AT[self.server.day])

    def log_message(self, *_: object) -> None:
        """Be silent: the run that asks has its own log."""
