"""Fifty healthy sources and fifty hostile ones in one run: the healthy ones are read, within bounds."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from aggregator.model import Status
from tests.press import Press

SECONDS = 3  # for one source
HEALTHY = 50


def feed(name: str, items: int = 3, title: Callable[[int], str] | None = None) -> bytes:
    entries = "".join(
        f"<item><title>{title(n) if title else f'북송 {name} {n}'}</title><link>https://{name}.example/{n}</link></item>"
        for n in range(items)
    )
    return rss(f"<title>x</title>{entries}")


def rss(channel: str, doctype: str = "") -> bytes:
    return f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel>{channel}</channel></rss>'.encode()


Behaviour = Callable[[BaseHTTPRequestHandler, socket.socket], None]


def says(*parts: bytes, pause: float = 0.0) -> Behaviour:
    """Sends parts, and then closes."""

    def answer(_: BaseHTTPRequestHandler, connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return answer


def for_ever(start: bytes, part: bytes, pause: float = 0.0) -> Behaviour:
    """Sends a part again and again for longer than anybody should listen."""

    def answer(_: BaseHTTPRequestHandler, connection: socket.socket) -> None:
        connection.sendall(start)
        end = time.monotonic() + 4 * SECONDS
        while time.monotonic() < end:
            connection.sendall(part)
            time.sleep(pause)

    return answer


def resets(_: BaseHTTPRequestHandler, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes, *lines: str) -> Behaviour:
    return says(head(f"Content-Length: {len(body)}", *lines) + body)


def redirects(location: str, body: bytes = b"", *lines: str) -> Behaviour:
    return says(head(f"Location: {location}", f"Content-Length: {len(body)}", *lines, status="302 Found") + body)


def refuses(status: str, *lines: str) -> Behaviour:
    return says(head("Content-Length: 0", *lines, status=status))


BOMB = gzip.compress(bytes(100_000_000), 9)
PACKED = "Content-Encoding: gzip"
CHUNKED = head("Transfer-Encoding: chunked")
NOISE = random.Random(1).randbytes(50_000)
LAUGHS = "".join(f'<!ENTITY l{n + 1} "&l{n};&l{n};">' for n in range(30))
UNREADABLE = {Status.NOT_A_FEED, Status.PARSE_ERROR, Status.BAD_ENCODING, Status.EMPTY}
LATE, LONG = {Status.TIMEOUT}, {Status.TOO_LARGE, Status.TIMEOUT}

HOSTILE: dict[str, tuple[Behaviour, set[Status]]] = {
    "silent": (for_ever(b"", b"", 0.2), LATE),
    "drips-body": (for_ever(head("Content-Length: 100000"), b"<", 0.2), LATE),
    "drips-head": (for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.2), LATE),
    "continues": (for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01), {*LATE, Status.HTTP_ERROR}),
    "endless": (for_ever(head(), b"x" * 65536), LONG),
    "endless-head": (for_ever(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", 0.001), {*LATE, Status.HTTP_ERROR}),
    "long-line": (says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"), {Status.HTTP_ERROR}),
    "bomb": (whole(BOMB, PACKED), LONG),
    "bomb-twice": (whole(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"), {*LONG, Status.HTTP_ERROR}),
    "bomb-behind-302": (redirects("/bomb-behind-302", BOMB, PACKED), {Status.TOO_MANY_REDIRECTS}),
    "circle": (redirects("/circle"), {Status.TOO_MANY_REDIRECTS}),
    "to-a-file": (redirects("file:///etc/passwd"), {Status.HTTP_ERROR, Status.REFUSED_ADDRESS}),
    "to-metadata": (redirects("http://169.254.169.254/latest"), {Status.REFUSED_ADDRESS}),
    "cut": (says(head("Content-Length: 5000") + feed("cut")), {Status.TRUNCATED}),
    "cut-gzip": (whole(gzip.compress(feed("cut", 500))[:-20], PACKED), {Status.TRUNCATED}),
    "bad-chunk": (says(CHUNKED + b"zz\r\n"), {Status.TRUNCATED, Status.HTTP_ERROR}),
    "cut-chunk": (says(CHUNKED + b"ffff\r\n<rss"), {Status.TRUNCATED}),
    "resets": (resets, {Status.CONNECT}),
    "noise": (says(NOISE), {Status.HTTP_ERROR, Status.CONNECT}),
    "empty": (whole(b""), UNREADABLE),
    "nothing-in-it": (whole(feed("nothing", 0)), {Status.EMPTY}),
    "page": (whole(b"<!DOCTYPE html><title>Just a moment</title><form>"), {Status.NOT_A_FEED, Status.BLOCKED}),
    "json": (whole(b'{"error": true}'), UNREADABLE),
    "nul": (whole(bytes(10_000)), UNREADABLE),
    "noise-in-body": (whole(NOISE), UNREADABLE),
    "laughs": (whole(rss("<title>&l30;</title>", f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>')), UNREADABLE),
    "outside": (whole(rss("<title>&x;</title>", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>')), UNREADABLE),
    "deep": (whole(b"<rss version='2.0'><channel>" + b"<a>" * 50_000), {Status.TRUNCATED, *UNREADABLE, *LATE}),
    "limited": (refuses("429 Too Many Requests", "Retry-After: 600"), {Status.RATE_LIMITED}),
    "tired": (refuses("503 Service Unavailable"), {Status.UNAVAILABLE}),
    "odd-numbers": (whole(feed("odd", 3, lambda n: f"&#9999999999; &#xD800; &#x110000; &#0; {n}")), {Status.OK}),
    "huge-title": (whole(feed("huge", 1, lambda n: "가" * 2_000_000)), {Status.OK, *LONG}),
    "many-items": (whole(feed("many", 30_000, lambda n: hashlib.sha256(bytes(n)).hexdigest())), {Status.OK, *LONG}),
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_fifty_healthy_sources_are_read_among_fifty_hostile_ones(tmp_path: Path) -> None:
    with Press(address="0.0.0.0") as press:
        sources = []
        hostile = [f"{name}-{turn}" for turn in (1, 2) for name in HOSTILE][:50]
        for number, name in enumerate([f"healthy-{n}" for n in range(HEALTHY)] + hostile):
            behaviour, _ = HOSTILE.get(name.rpartition("-")[0], (None, None))
            if behaviour:
                press.route(f"/{name}", _quietly(behaviour))
                press.route(f"/{name.rpartition('-')[0]}", _quietly(behaviour))
            else:
                press.serve(f"/{name}", feed(name))
            address = press.url(f"/{name}", host=f"127.0.{1 + number // 200}.{2 + number % 200}")
            sources.append(f'  - {{id: {name}, url: "{address}"}}\n')
        random.Random(2).shuffle(sources)
        settings = f"fetch: {{allow_private: true, timeout: {SECONDS}s, max_bytes: 10MB}}\n"
        topics = "topics:\n  t: {terms: {ko: [북송]}}\n"
        (tmp_path / "feeds.yaml").write_text(f"{settings}sources:\n{''.join(sources)}{topics}", "utf-8")
        begin = time.monotonic()
        peak, out, err = measured(tmp_path)
        seconds = time.monotonic() - begin
    assert "Traceback" not in err
    assert json.loads(out)["due"] == HEALTHY + len(hostile)
    connection = sqlite3.connect(tmp_path / "mentions.db")
    found = dict(connection.execute("SELECT id, status FROM sources"))
    articles = {url for (url,) in connection.execute("SELECT url FROM articles")}
    (longest,) = connection.execute("SELECT max(length(title)) FROM articles").fetchone()
    connection.close()
    healthy = [f"healthy-{n}" for n in range(HEALTHY)]
    assert [name for name in healthy if found[name] != Status.OK] == []
    assert {f"https://{name}.example/{n}" for name in healthy for n in range(3)} <= articles
    surprises = {name: found[name] for name in hostile if found[name] not in HOSTILE[name.rpartition("-")[0]][1]}
    assert surprises == {}
    assert longest == 2_001, "the headline of two million letters, cut"
    assert peak < 500, "megabytes: six documents of ten may be read at once; one unbounded thing takes more"
    assert seconds < 90, "a run that waited for all of them in turn would take longer"


def measured(folder: Path) -> tuple[int, str, str]:
    """A run in a folder: its peak of memory in MB, and what it printed."""
    root = Path(__file__).resolve().parents[1]
    meter, out = str(root / "benchmarks/growth/meter.py"), folder / "out.txt"
    command = [sys.executable, "-S", meter, str(out), sys.executable, "-m", "aggregator", "run", "--json"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return int(json.loads(done.stdout)["peak"]), out.read_text(), done.stderr


def _quietly(behaviour: Behaviour) -> Behaviour:
    """A client that hangs up is what these servers deserve."""

    def answer(request: BaseHTTPRequestHandler, connection: socket.socket) -> None:
        with suppress(OSError):
            behaviour(request, connection)

    return answer
