"""robots.txt: which pages of a site may be visited, and how slowly (RFC 9309).

Asked as `press-pingbacks`, the first word of our User-Agent. protego knows the rules. It is given no more than half a
megabyte, and the groups of all other robots as one: it copies every rule to every robot that a group names, which a
file made for it turns into gigabytes. Fetches nothing and stores nothing.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator import urls
from aggregator.model import Fetched, Robots, Status

if TYPE_CHECKING:
    from protego import Protego

TOKEN = "press-pingbacks"  # noqa: S105 - the product token of RFC 9309, no secret
KIND = "robots.txt"  # as `fetch` knows what is asked for
MAX_BYTES = 500 * 1024  # what is read of a body: RFC 9309, section 2.5
LIFE = timedelta(days=1)  # how long a body is good for: section 2.4
PAUSE = timedelta(minutes=10)  # how long a site is left alone whose robots.txt cannot be had

_TOO_MANY_REQUESTS = 429  # "not now", though RFC 9309 counts it among those that allow everything
_AGENT = re.compile(r"\s*user[- ]?agent\s*[:\s]\s*([^#]*)", re.IGNORECASE)
_PRODUCT = re.compile(r"[a-z_-]+", re.IGNORECASE)


def origin(url: str) -> str | None:
    """What a robots.txt speaks for: scheme, host and port of a URL; None where it is no http(s) URL."""
    address = urls.canonical(url)
    return "/".join(address.split("/", 3)[:3]) if address else None


def address(site: str) -> str:
    """Where the robots.txt of an origin is."""
    return f"{site}/robots.txt"


def judged(site: str, fetched: Fetched, now: datetime) -> Robots:
    """What the answer means: a body, everything allowed (4xx), or nothing for now (5xx, or no answer at all)."""
    if fetched.document is not None:
        body = fetched.document.body[:MAX_BYTES].decode("utf-8-sig", "replace")
        return Robots(host=site, status=Status.OK, fetched_at=now, body=body)
    code = fetched.http_status or 0
    none = 400 <= code < 500 and code != _TOO_MANY_REQUESTS
    return Robots(host=site, status=Status.NOT_FOUND if none else Status.UNAVAILABLE, fetched_at=now)


def fresh(robots: Robots, now: datetime) -> bool:
    """Whether it need not be asked again. One from the future was dated by a clock that was wrong."""
    life = PAUSE if robots.status is Status.UNAVAILABLE else LIFE
    return timedelta() <= now - robots.fetched_at < life


def allows(robots: Robots, url: str) -> bool:
    """Whether a page may be visited."""
    if robots.status is Status.UNAVAILABLE:
        return False
    return robots.status is Status.NOT_FOUND or _rules(robots.body).can_fetch(url, TOKEN)


def delay(robots: Robots) -> timedelta:
    """How long to wait between two pages, at most a day."""
    seconds = _rules(robots.body).crawl_delay(TOKEN) if robots.body else None
    return timedelta(seconds=min(seconds or 0.0, LIFE.total_seconds()))


@lru_cache(maxsize=8)
def _rules(body: str) -> Protego:
    from protego import Protego

    return Protego.parse("\n".join(map(_line, body.splitlines())))


def _line(line: str) -> str:
    """A line of robots.txt; one that names a robot names us, all of them (`*`), or simply another one."""
    named = _AGENT.match(line)
    if named is None:
        return line
    product = _PRODUCT.match(named[1])
    own = product is not None and product[0].lower() == TOKEN
    return f"User-agent: {TOKEN if own else '*' if named[1].strip() == '*' else 'another'}"
