"""A press on loopback: a real HTTP server whose answers a test writes down, and whose visitors it can look at.

    with Press() as press:
        press.serve("/feed", b"<rss/>", content_type="application/rss+xml")
        ...  # ask for press.url("/feed")
        assert press.requests[0].headers["User-Agent"]

`serve` answers politely (ETag, Last-Modified, 304), `raw` sends bytes as they are, and `route` hands request and socket
to a function that may do anything.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Event, Thread
from typing import Any, NamedTuple

Handler = Callable[[BaseHTTPRequestHandler, socket], None]


class Request(NamedTuple):
    """One request as it arrived. `headers` answers to names in any case."""

    method: str
    path: str
    headers: Message
    body: bytes = b""


class Press:
    """A server on 127.0.0.1, on a port of its own, for as long as the `with` lasts; over TLS if given a context.

    At the address 0.0.0.0 it is on 127.0.0.2, 127.0.0.3 … as well, which are hosts of their own to a client.

    `closing` is set at the end: a route that dawdles waits on it instead of sleeping.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.closing = Event()
        self._routes: dict[str, Handler] = {}
        self._tls = tls
        self._server = _Server((address, 0), self._visitor(), bind_and_activate=True)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Press:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """The address of a path; over TLS the host is `localhost`, as certificates name hosts."""
        scheme, own = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        return f"{scheme}://{host or own}:{self.port}{path}"

    def clear(self) -> None:
        """Forget all answers and all requests."""
        self.requests.clear()
        self._routes.clear()

    def asked(self, path: str) -> list[Request]:
        """The requests for one path, in their order."""
        return [request for request in self.requests if request.path == path]

    def serve(
        self,
        path: str,
        body: bytes = b"",
        *,
        content_type: str | None = "application/xml",
        status: int = 200,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        etag: bool = True,
    ) -> None:
        """Answer a path with a body. With `etag`, a 200 has ETag and Last-Modified, and who knows them gets a 304."""
        fixed = list(headers.items() if isinstance(headers, Mapping) else headers)
        if content_type:
            fixed.append(("Content-Type", content_type))
        validators: dict[str, str] = {}
        if etag and status == 200:
            validators = {
                "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
                "Last-Modified": formatdate(0, usegmt=True),
            }

        def answer(request: BaseHTTPRequestHandler, _: socket) -> None:
            tag, date = request.headers["If-None-Match"], request.headers["If-Modified-Since"]
            known = validators and (tag == validators["ETag"] if tag else date == validators["Last-Modified"])
            request.send_response(304 if known else status)
            for name, value in [*fixed, *validators.items()]:
                request.send_header(name, value)
            if known:
                request.end_headers()
                return
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.route(path, answer)

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        """Answer a path with a redirect."""
        self.serve(path, status=status, headers={"Location": location}, content_type=None)

    def route(self, path: str, handler: Handler) -> None:
        """Hand requests for a path to a function of the request and its socket. The connection is closed afterwards."""
        self._routes[path] = handler

    def raw(self, path: str, *parts: bytes, pause: float = 0) -> None:
        """Answer a path with these bytes as they are, waiting `pause` seconds after each part."""

        def answer(_: BaseHTTPRequestHandler, line: socket) -> None:
            for part in parts:
                line.sendall(part)
                if pause and self.closing.wait(pause):
                    return

        self.route(path, answer)

    def _visitor(self) -> type[BaseHTTPRequestHandler]:
        press = self

        class Visitor(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                press.requests.append(Request(self.command, self.path, self.headers, body))
                self.close_connection = True
                handler = press._routes.get(self.path)
                if handler:
                    handler(self, self.connection)
                else:
                    self.send_error(404)

            do_HEAD = do_POST = do_GET  # noqa: N815 - the names are the server's

            def log_message(self, *_: Any) -> None:
                """Say nothing: the log is `requests`."""

        return Visitor


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Visitors that leave early are what many tests are about."""
