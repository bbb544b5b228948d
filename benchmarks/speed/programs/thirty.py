"""What a person writes first: requests, feedparser, sixteen threads, a table. `thirty.py ADDRESSES DATABASE`."""

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import feedparser
import requests

addresses = Path(sys.argv[1]).read_text().split()
database = sqlite3.connect(sys.argv[2])
database.execute("CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, etag TEXT, modified TEXT)")
database.execute("CREATE TABLE IF NOT EXISTS entries (url TEXT PRIMARY KEY, title TEXT, summary TEXT, published TEXT)")
known = {url: (etag, modified) for url, etag, modified in database.execute("SELECT * FROM feeds")}


def fetch(url: str) -> tuple[str, requests.Response, list[feedparser.FeedParserDict]]:
    etag, modified = known.get(url, (None, None))
    response = requests.get(url, headers={"If-None-Match": etag, "If-Modified-Since": modified}, timeout=30)
    return url, response, [] if response.status_code == 304 else feedparser.parse(response.content).entries


with ThreadPoolExecutor(16) as pool:
    for url, response, entries in pool.map(fetch, addresses):
        if response.status_code == 304:
            continue
        rows = [(one.link, one.title, one.get("summary"), one.get("published", one.get("updated"))) for one in entries]
        database.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?)", rows)
        validators = (response.headers.get("ETag"), response.headers.get("Last-Modified"))
        database.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?)", (url, *validators))
        database.commit()
