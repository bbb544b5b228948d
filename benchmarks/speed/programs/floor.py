"""The least that can be done with Python: bytes over sockets, lxml, one table. `floor.py ADDRESSES DATABASE`.

Without a database nothing is read and nothing stored: what is measured then is the server. REQUESTS_CA_BUNDLE names the
certificates to trust, as it does for requests.
"""

import os
import socket
import sqlite3
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

_TABLES = """
CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, url TEXT UNIQUE, title TEXT, summary TEXT, date TEXT);
CREATE INDEX IF NOT EXISTS entries_date ON entries(date);
"""
_NAMES = {"title": "title", "link": "url", "description": "summary", "summary": "summary"}
_DATES = ("pubDate", "date", "published")
AT_ONCE = 256


def fetch(url: str, validators: tuple[str, str] | None, context: ssl.SSLContext | None) -> tuple[bytes, bytes]:
    """The head and the body of an answer."""
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    if validators:
        lines += [f"If-None-Match: {validators[0]}", f"If-Modified-Since: {validators[1]}"]
    connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
    with context.wrap_socket(connection, server_hostname=parts.hostname) if context else connection as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        pieces = []
        while piece := line.recv(65_536):
            pieces.append(piece)
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    return head, body


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
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda url: fetch(url, known.get(url), context), addresses)
        for url, (head, body) in zip(addresses, answers, strict=True):
            if len(sys.argv) > 2 and head.startswith(b"HTTP/1.1 200"):
                store(database, url, head, body)


if __name__ == "__main__":
    main()
