"""The least that can be done with Python: bytes over sockets, lxml, one table. `floor.py ADDRESSES DATABASE`.

One thread, and a selector that says which of many connections can go on; nothing is checked, nothing may go wrong.
Without a database nothing is read and nothing stored: what is measured then is the server. REQUESTS_CA_BUNDLE names the
certificates to trust, as it does for requests.
"""

import os
import selectors
import socket
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

_TABLES = """
CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, url TEXT UNIQUE, title TEXT, summary TEXT, date TEXT);
CREATE INDEX IF NOT EXISTS entries_date ON entries(date);
"""
_NAMES = {"title": "title", "link": "url", "description": "summary", "summary": "summary"}
_DATES = ("pubDate", "date", "published")
_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
AT_ONCE = 1000


class Asked:
    """A connection: what is still to be sent, and what has come."""

    def __init__(self, url: str, validators: tuple[str, str] | None, context: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
        if validators:
            lines += [f"If-None-Match: {validators[0]}", f"If-Modified-Since: {validators[1]}"]
        self.url, self.request = url, "\r\n".join([*lines, "", ""]).encode()
        self.pieces: list[bytes] = []
        self.line = socket.socket()
        self.line.setblocking(False)
        self.line.connect_ex((parts.hostname, parts.port))
        self._host, self._context = parts.hostname, context

    def go_on(self) -> bool:
        """Does what can be done; whether the answer is complete, which it is when the connection ends."""
        if self._context:
            self.line = self._context.wrap_socket(self.line, server_hostname=self._host, do_handshake_on_connect=False)
            self._context = None
        if isinstance(self.line, ssl.SSLSocket) and self.request:
            self.line.do_handshake()
        if self.request:
            self.line.send(self.request)
            self.request = b""
        while piece := self.line.recv(65_536):
            self.pieces.append(piece)
        self.line.close()
        return True


def answers(
    addresses: list[str], known: dict[str, tuple[str, str]], context: ssl.SSLContext | None
) -> Iterator[tuple[str, bytes, bytes]]:
    """Address, head and body of each answer, as they come."""
    waiting = list(reversed(addresses))
    selector, under_way = selectors.DefaultSelector(), 0
    while waiting or under_way:
        while waiting and under_way < AT_ONCE:
            asked = Asked(url := waiting.pop(), known.get(url), context)
            selector.register(asked.line.fileno(), selectors.EVENT_WRITE, asked)
            under_way += 1
        for key, events in selector.select():
            asked = key.data
            complete = False
            with suppress(*_WAITS):
                complete = asked.go_on()
            if complete:
                selector.unregister(key.fd)
                under_way -= 1
                head, _, body = b"".join(asked.pieces).partition(b"\r\n\r\n")
                yield asked.url, head, body
            elif events & selectors.EVENT_WRITE:
                selector.modify(key.fd, selectors.EVENT_READ, asked)


def entries(body: bytes) -> list[dict[str, str]]:
    """The fields of each entry."""
    from lxml import etree

    found = []
    for one in etree.fromstring(body).iter("{*}item", "{*}entry"):
        fields = {}
        for child in one:
            name = etree.QName(child).localname
            name = "date" if name in _DATES else _NAMES.get(name, "")
            if name and name not in fields:
                fields[name] = child.text or child.get("href", "")
        found.append(fields)
    return found


def store(database: sqlite3.Connection, url: str, head: bytes, body: bytes) -> None:
    """What a feed says, in a transaction."""
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    rows = entries(body)
    database.executemany(
        "INSERT OR IGNORE INTO entries (url, title, summary, date) VALUES (:url, :title, :summary, :date)", rows
    )
    database.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?)", (url, lines["ETag"], lines["Last-Modified"]))
    database.commit()


def main() -> None:
    addresses = Path(sys.argv[1]).read_text().split()
    database = sqlite3.connect(sys.argv[2] if len(sys.argv) > 2 else ":memory:")
    database.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = normal;" + _TABLES)
    known = {url: (etag, modified) for url, etag, modified in database.execute("SELECT * FROM feeds")}
    tls = addresses[0].startswith("https")
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]) if tls else None
    for url, head, body in answers(addresses, known, context):
        if len(sys.argv) > 2 and head.startswith(b"HTTP/1.1 200"):
            store(database, url, head, body)


if __name__ == "__main__":
    main()
