"""What an HTTP answer means: its document, or why it is none; and when it wants to be asked again.

A body is read in pieces and decoded in pieces, so a small one that unpacks into a large one costs no more than the cap.
A body that ends early is no document: half a feed would look like a feed from which articles were withdrawn.

Knows answers, one at a time. Opens no connection and follows no redirect.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, IncompleteRead

from aggregator.guard import Stop
from aggregator.model import Status

MAX_WAIT = timedelta(days=32)
PIECE = 64 * 1024  # bytes read at once, and decoded at once

COMPLETE = frozenset({200, 203, 204, 205})  # answers that are documents
WALLED = frozenset({403, 429, 503})  # challenge pages come with these, besides 200

_DIGITS = re.compile(r"[0-9]+")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]+)")
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b")

_GZIP, _ZLIB, _RAW = 31, 15, -15  # what zlib calls the window of each format
_GZIP_MAGIC, _ZLIB_METHOD = b"\x1f", 8  # how a gzip member starts; the low half of the first byte of zlib

# What an answer that is no document means, and what to do about it.
_MEANINGS: Mapping[int, tuple[Status, str]] = {
    206: (Status.HTTP_ERROR, "only a part of the document was sent, though all of it was asked for"),
    304: (Status.HTTP_ERROR, "the server says that nothing changed, but nothing was known before; it is asked again"),
    401: (Status.BLOCKED, "credentials are asked for: write them into the address, https://user:password@host/"),
    403: (Status.BLOCKED, "the server does not let this program in: ask the outlet, or use another address of it"),
    404: (Status.NOT_FOUND, "there is nothing at this address: look for the new one if this lasts"),
    406: (Status.HTTP_ERROR, "the server has no version of the document that it takes this program to understand"),
    410: (Status.GONE, "withdrawn for good: the source is asked no more"),
    421: (Status.HTTP_ERROR, "this server does not answer for this host: is the address right?"),
    429: (Status.RATE_LIMITED, "asked too often: raise `every` of this source"),
    451: (Status.BLOCKED, "withheld for legal reasons, perhaps only in this country"),
    503: (Status.UNAVAILABLE, "the server is overloaded or in maintenance; it is asked again later"),
}
_OTHER_MEANINGS = {
    2: "an answer without a document, which this program did not ask for",
    3: "a redirect that names no address",
    4: "the server refuses the request: is the address right?",
    5: "the server has a problem; it is asked again later",
}

# Pages that ask whether a person is reading: https://developers.cloudflare.com/cloudflare-challenges/, and the
# challenge action of AWS WAF. The title of Cloudflare's page is translated, its script variable is not.
_CHALLENGE_HEADERS = ("cf-mitigated", "x-amzn-waf-action")
_CHALLENGE_MARKS = (
    b"<title>Just a moment...</title>",
    b"<title>Attention Required! | Cloudflare</title>",
    b"_cf_chl_opt",
)
_CHALLENGE = "a page that asks whether a person is reading: ask the outlet to let this program in"

# --- reading ----------------------------------------------------------------------------------------------------------


def document(response: HTTPResponse, place: str, cap: int) -> bytes:
    """The decoded body of an answer that is a document; raises Stop with what it means where it is none.

    `place` is the address as notes may show it, `cap` the most decoded bytes that are taken.
    """
    if any(name in response.headers for name in _CHALLENGE_HEADERS):
        raise Stop(Status.BLOCKED, f"{place} answered with {_CHALLENGE}")
    if response.status in COMPLETE:
        body = _body(response, place, cap)
        if _is_challenge(response, body):
            raise Stop(Status.BLOCKED, f"{place} answered with {_CHALLENGE}", size=len(body))
        return body
    if response.status in WALLED and _is_challenge(response, _opening(response)):
        raise Stop(Status.BLOCKED, f"{place} answered with {_CHALLENGE}")
    other = Status.HTTP_ERROR, _OTHER_MEANINGS.get(response.status // 100, "no code that HTTP knows")
    status, meaning = _MEANINGS.get(response.status, other)
    raise Stop(status, f"{place} answered {_named(response.status)}: {meaning}")


def _named(code: int) -> str:
    """A status code with its name, from the standard and not from the server, whose words are its own."""
    return f"{code} {HTTPStatus(code).phrase}" if code in set(HTTPStatus) else str(code)


def _is_challenge(response: HTTPResponse, body: bytes) -> bool:
    opening = body[:PIECE]
    return response.headers.get_content_type() == "text/html" and any(mark in opening for mark in _CHALLENGE_MARKS)


def _opening(response: HTTPResponse) -> bytes:
    """What has arrived of a body, decoded; an error page is not worth waiting for."""
    with suppress(Stop, EOFError, OSError, HTTPException, zlib.error):
        return next(_decoded(iter([response.read1(PIECE)]), response), b"")
    return b""


def _body(response: HTTPResponse, place: str, cap: int) -> bytes:
    too_large = f"{place} is larger than max_bytes ({cap:,}): raise it if the source is meant to be"
    if (response.length or 0) > cap:
        raise Stop(Status.TOO_LARGE, too_large)
    body = bytearray()
    try:
        for piece in _decoded(_pieces(response), response):
            body += piece
            if len(body) > cap:
                raise Stop(Status.TOO_LARGE, too_large)  # noqa: TRY301 - the size is added below, as for every other end
    except Stop as stop:
        stop.size = len(body)
        raise
    except TimeoutError as problem:
        raise Stop(Status.TIMEOUT, f"the body of {place} was not complete in time", size=len(body)) from problem
    except (EOFError, OSError, HTTPException, zlib.error) as problem:
        raise Stop(Status.TRUNCATED, f"the body of {place} is cut or damaged", size=len(body)) from problem
    return bytes(body)


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    """The body as it was sent; raises HTTPException where it ends before its length or its last chunk."""
    while piece := response.read(PIECE):
        yield piece
    if response.length:
        raise IncompleteRead(b"", response.length)


def _decoded(pieces: Iterator[bytes], response: HTTPResponse) -> Iterator[bytes]:
    match ", ".join(response.headers.get_all("Content-Encoding", [])).strip().lower():
        case "" | "identity":
            return pieces
        case "gzip" | "x-gzip":
            return inflated(pieces, lambda _: _GZIP)
        case "deflate":
            return inflated(pieces, lambda start: _ZLIB if start[0] & 0x0F == _ZLIB_METHOD else _RAW)
        case other:
            raise Stop(Status.HTTP_ERROR, f"compressed with {other[:20]!r}, though only gzip and deflate were offered")


def inflated(pieces: Iterator[bytes], window: Callable[[bytes], int]) -> Iterator[bytes]:
    """What a compressed body holds, never more than a PIECE at a time; raises EOFError where it is cut.

    A gzip body may have several members, and padding after the last.
    """
    decoder, members = None, 0
    for piece in pieces:
        while piece:
            if decoder is None:
                if members and not piece.startswith(_GZIP_MAGIC):
                    return
                decoder, members = zlib.decompressobj(window(piece)), members + 1
            yield decoder.decompress(piece, PIECE)
            piece, decoder = (decoder.unused_data, None) if decoder.eof else (decoder.unconsumed_tail, decoder)
    if decoder is not None:
        yield decoder.flush()
        if not decoder.eof:
            raise EOFError


# --- when to ask again ------------------------------------------------------------------------------------------------


def retry_after(value: str | None, now: Callable[[], datetime]) -> timedelta | None:
    """How long Retry-After asks to wait (RFC 9110, 10.2.3), in seconds or as a date; None for junk and the past."""
    if value is None:
        return None
    if _DIGITS.fullmatch(value.strip()):
        return _wait(float(value.strip()))
    until = instant(value)
    return _wait((until - now()).total_seconds()) if until else None


def max_age(headers: Message, now: Callable[[], datetime]) -> timedelta | None:
    """How long the answer stays fresh (RFC 9111, 4.2.1): max-age less Age, else Expires."""
    directives = ",".join(headers.get_all("Cache-Control", [])).lower()
    if _NOT_KEPT.search(directives):
        return None
    if found := _MAX_AGE.search(directives):
        age = headers.get("Age", "").strip()
        return _wait(float(found[1]) - (float(age) if _DIGITS.fullmatch(age) else 0))
    expires = instant(headers.get("Expires"))
    return _wait((expires - now()).total_seconds()) if expires else None


def _wait(seconds: float) -> timedelta | None:
    return timedelta(seconds=min(seconds, MAX_WAIT.total_seconds())) if seconds >= 0 else None


def instant(value: str | None) -> datetime | None:
    """The instant of an HTTP-date, or None. What names no zone is in UTC, as the standard has it."""
    if not value:
        return None
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
