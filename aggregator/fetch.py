"""HTTP: one source asked politely, within limits, behind the guard; whatever happens comes back as a Fetched.

Polite: conditional wherever a validator is known, byte for byte as it was received; an honest name with a way to reach
whoever runs it; no cookies, no referrer. Bounded: one deadline over names, redirects, heads and bodies, a cap on bytes
as sent and as decoded. Guarded: every connection of every redirect goes through `guard`.

requests writes an address as it goes over the wire and names the trusted certificates. Its sessions are not used: they
read the bodies of redirects whatever they are told, their timeouts are per read, and each connection takes a thread.

Knows how to ask; `exchanges` sends and receives, `answers` knows what comes back. Does not know what a feed is, nor
what to store. No note of it holds credentials or queries.
"""

from __future__ import annotations

import base64
import re
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from aggregator import __version__, answers
from aggregator.errors import NO_MEMORY, whereabouts
from aggregator.exchanges import Request, exchange
from aggregator.guard import Limits, Stop, tls_context
from aggregator.lines import Lines, Results
from aggregator.model import Document, Fetched, Kind, Source, SourceState, Status, public

MAX_REDIRECTS = 5
MAX_VALIDATOR = 1_000  # bytes of an ETag or Last-Modified; real ones have fewer than 100
HEAD_ROOM = 256 * 1024  # bytes on the wire for the heads of all answers, beside the body

_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_SEGMENT = r"[\w-]+(?:\.\w+)*"
_PLAIN_ADDRESS = re.compile(  # goes over the wire as it is
    rf"(https?)://(([a-z0-9]+(?:[.-][a-z0-9]+)*)(?::([1-9]\d{{0,4}}))?)(/(?:{_SEGMENT}/)*(?:{_SEGMENT})?)", re.ASCII
)
_PORTS, _LAST_PORT = {"http": 80, "https": 443}, 65_535
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]+")

_FEED_TYPES = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.5"
_ACCEPT: Mapping[str, str] = {
    Kind.FEED: _FEED_TYPES,
    Kind.PAGE: _PAGE_TYPES,
    Kind.SITEMAP: "application/xml, text/xml, */*;q=0.5",
    Kind.REFERENCES: f"text/plain, {_PAGE_TYPES}",
    "robots.txt": "text/plain, */*;q=0.5",  # no kind of source, but asked for like one
}


class Fetcher:
    """Asks sources over HTTP, as many at once as it is asked for; one per run, for any number of threads.

    `version` goes into the User-Agent, `clock` (aware, UTC) is what Retry-After and Expires count from where a server
    gives no Date of its own, `certificates` is a PEM file to trust instead of the bundle that requests brings.
    """

    def __init__(self, *, version: str, clock: Callable[[], datetime], certificates: str | None = None) -> None:
        self._version = version
        self._clock = clock
        self._certificates = certificates
        self._lines = Lines()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    def close(self) -> None:
        """End what is under way, and whatever is asked for from now on: a run was interrupted."""
        self._lines.end()

    def fetch(self, source: Source, state: SourceState, *, stay: bool = False) -> Fetched:
        """Ask the source once, following redirects. Never raises: every failure is a status and a note.

        `etag`, `last_modified` and `moved_to` (the address to ask from now on) are filled only where the status is ok
        or unchanged, `document` only where it is ok. `bytes` counts decoded ones. With `stay`, a redirect to another
        origin is not followed: `leads_to` says where it leads, and the status is http_error.
        """
        asked = self._lines.begin(self._fetch(source, state, stay=stay))
        self._lines.ring()
        return asked.result()

    def begin(self, source: Source, state: SourceState) -> Future[Fetched]:
        """The same for whoever does not wait."""
        return self._lines.begin(self._fetch(source, state))

    def results(self) -> Results[Any]:
        """Where the calling thread waits for what comes of what it begins."""
        return self._lines.results()

    async def _fetch(self, source: Source, state: SourceState, *, stay: bool = False) -> Fetched:
        started = time.monotonic()
        limits = Limits(
            deadline=started + source.timeout.total_seconds(),
            wire_bytes=source.max_bytes + HEAD_ROOM,
            allow_private=source.allow_private,
        )
        try:
            fetched = await self._follow(source, state, limits, stay=stay)
        except Stop as stop:
            fetched = Fetched(status=stop.status, note=stop.note, bytes=stop.size)
        except MemoryError:
            fetched = Fetched(status=Status.TOO_LARGE, note=NO_MEMORY)
        except Exception as problem:  # noqa: BLE001 - a bug that one source meets must not end the run of the others
            fetched = Fetched(status=Status.BUG, note=whereabouts(problem))
        return replace(fetched, ms=round((time.monotonic() - started) * 1_000))

    async def _follow(self, source: Source, state: SourceState, limits: Limits, *, stay: bool) -> Fetched:
        try:
            return await self._follow_from(state.moved_to, source, state, limits, stay=stay)
        except Stop as stop:
            if stop.status is not Status.REFUSED_ADDRESS or state.moved_to is None:
                raise
        return await self._follow_from(None, source, state, limits, stay=stay)  # what is at home may lead there

    async def _follow_from(
        self, moved_to: str | None, source: Source, state: SourceState, limits: Limits, *, stay: bool
    ) -> Fetched:
        home, login = _address(source.url)
        url = _address(moved_to)[0] if moved_to else home
        permanent, seen, limits.inside = True, {url}, False
        for _ in range(MAX_REDIRECTS + 1):
            # Who is inside may lead around there; a press may not.
            limits.allow_private = source.allow_private and (limits.inside or _is_of_site(url.host, home.host))
            headers = self._headers(source, state)
            if login and url.origin == home.origin:
                headers["Authorization"] = _basic(login)
            response = await _answer(_request(url, headers), limits, self._certificates, source.max_bytes)
            location = _location(response)
            if location is None:
                known = url == home and state.url == source.url  # then there is nothing to hide in it
                place = url.url if known else public(url.url)
                fetched = self._judge(response, place, source, state)
                return replace(fetched, moved_to=moved_to) if moved_to and not fetched.status.failed else fetched
            url, credentials = _address(location, base=url.url)
            secret = credentials or public(url.url) != url.url
            permanent = permanent and response.status in _PERMANENT and not secret
            moved_to = url.url if permanent else moved_to
            if stay and url.origin != home.origin:
                note = f"it leads to another host, {_shown(url)}"
                return Fetched(status=Status.HTTP_ERROR, note=note, http_status=response.status, leads_to=url.url)
            if url in seen:
                raise Stop(Status.TOO_MANY_REDIRECTS, f"redirects lead in a circle, back to {_shown(url)}")
            seen.add(url)
        raise Stop(Status.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects, at last to {_shown(url)}")

    def _headers(self, source: Source, state: SourceState) -> dict[str, str]:
        headers = {
            "User-Agent": _agent(self._version, source.contact),
            "Accept": _ACCEPT.get(source.kind, "*/*"),
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }
        return headers | _validators(state)

    def _judge(self, response: HTTPResponse, place: str, source: Source, state: SourceState) -> Fetched:
        headers = response.headers

        def now() -> datetime:
            return answers.instant(headers.get("Date")) or self._clock()

        unchanged = response.status == HTTPStatus.NOT_MODIFIED and bool(_validators(state))
        fetched = Fetched(
            status=Status.UNCHANGED if unchanged else Status.OK,
            http_status=response.status,
            etag=_validator(headers.get("ETag")) or (_validator(state.etag) if unchanged else None),
            last_modified=_validator(headers.get("Last-Modified"))
            or (_validator(state.last_modified) if unchanged else None),
            retry_after=answers.retry_after(headers.get("Retry-After"), now),
            max_age=answers.max_age(headers, now),
        )
        if unchanged:
            return fetched
        try:
            body = answers.document(response, place.partition("?")[0], source.max_bytes)
        except Stop as stop:
            return replace(fetched, status=stop.status, note=stop.note, bytes=stop.size, etag=None, last_modified=None)
        document = Document(
            url=place,
            body=body,
            content_type=headers.get("Content-Type"),
            source=source.id,
            encoding=source.encoding,
            language=source.language,
        )
        return replace(fetched, document=document, bytes=len(body))


# --- asking -----------------------------------------------------------------------------------------------------------


class _Address(NamedTuple):
    """An address as it goes over the wire. `host` is without brackets, `target` the path with its query."""

    scheme: str
    place: str
    host: str
    port: int
    target: str

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.place}{self.target}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials are for."""
        return self.scheme, self.host, self.port


def _address(text: str, *, base: str = "") -> tuple[_Address, str | None]:
    """An address as it goes over the wire, and the credentials taken out of it; raises Stop if it is not http(s)."""
    if plain := _PLAIN_ADDRESS.fullmatch(text):
        scheme, place, host, number, target = plain.groups()
        if (port := int(number or _PORTS[scheme])) <= _LAST_PORT:
            return _Address(scheme, place, host, port, target), None
    try:
        parts = urlsplit(_as_requests_writes_it(urljoin(base, text)))
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as problem:
        raise Stop(Status.HTTP_ERROR, "an address, of the source or of a redirect, cannot be read") from problem
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Stop(Status.HTTP_ERROR, "an address, of the source or of a redirect, is not of http or https")
    login, _, place = parts.netloc.rpartition("@")
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return _Address(parts.scheme, place, parts.hostname, port, target), login or None


def _is_of_site(host: str, home: str) -> bool:
    """Whether a host is the one of a source, or one of the two lies within the other."""
    if host == home:
        return True
    shorter, longer = sorted((host, home), key=len)
    is_name = "." in shorter and not shorter.rpartition(".")[2][:1].isdigit()
    return is_name and longer.endswith(f".{shorter}")


def _as_requests_writes_it(text: str) -> str:
    """An address in the letters that go over the wire; raises ValueError where it is none."""
    import requests

    request = requests.PreparedRequest()
    request.prepare_url(_STRAY_PERCENT.sub("%25", text), None)
    return request.url or ""


def _shown(address: _Address) -> str:
    """An address for a note: no query, which may hold a token."""
    return f"{address.scheme}://{address.place}{address.target.partition('?')[0]}"


def _basic(login: str) -> str:
    user, _, password = login.partition(":")
    return "Basic " + base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode("ascii")


@lru_cache(maxsize=64)
def _agent(version: str, contact: str | None) -> str:
    """The name of the program, with a way to reach whoever runs it."""
    reached = quote(contact or "https://pypi.org/project/press-pingbacks/", safe=_PRINTABLE)
    return f"press-pingbacks/{version} (+{reached})"


def _validators(state: SourceState) -> dict[str, str]:
    known = {"If-None-Match": _validator(state.etag), "If-Modified-Since": _validator(state.last_modified)}
    return {name: value for name, value in known.items() if value}


def _validator(value: str | None) -> str | None:
    """A validator that can be sent back byte for byte, or None."""
    return value if value and len(value) <= MAX_VALIDATOR and _FIELD_VALUE.fullmatch(value) else None


def post(url: str, body: bytes, patience: float) -> str:
    """Sends JSON to an address of the operator's, which may be private, and waits so many seconds.

    Returns why it was not accepted: nothing where it was. The words name the host alone, as such addresses are secrets.
    """
    address, login = _address(url)
    limits = Limits(deadline=time.monotonic() + patience, wire_bytes=HEAD_ROOM, allow_private=True)
    headers = {"User-Agent": _agent(__version__, None), "Content-Type": "application/json", "Connection": "close"}
    headers |= {"Authorization": _basic(login)} if login else {}
    lines = Lines()
    try:
        response = lines.begin(_answer(_request(address, headers, body), limits, None, 0)).result()
    except Stop as stop:
        return stop.note
    finally:
        lines.close()
    return "" if response.status in range(200, 300) else f"{address.host} answered {response.status}"


def _request(address: _Address, headers: dict[str, str], body: bytes = b"") -> Request:
    return Request(address.scheme, address.host, address.port, address.target, headers, body)


async def _answer(request: Request, limits: Limits, certificates: str | None, cap: int) -> HTTPResponse:
    """One answer, as far as it is wanted; raises Stop where there is none."""
    tls = _trusted(certificates) if request.scheme == "https" else None
    try:
        return await exchange(request, limits, tls, cap)
    except (OSError, HTTPException) as problem:
        raise _no_answer(problem, request) from problem


def _trusted(certificates: str | None) -> ssl.SSLContext:
    """Whom to believe: the certificates of a PEM file, or those that requests brings."""
    if certificates is None:
        from requests.utils import DEFAULT_CA_BUNDLE_PATH

        certificates = DEFAULT_CA_BUNDLE_PATH
    return tls_context(certificates)


def _no_answer(problem: OSError | HTTPException, request: Request) -> Stop:
    host, place = request.host, request.place
    match problem:
        case ssl.SSLCertVerificationError():
            return Stop(Status.TLS, f"the certificate of {host} is not accepted: {problem.verify_message}")
        case ssl.SSLError():
            reason = (problem.reason or "broken off").replace("_", " ").lower()
            return Stop(Status.TLS, f"no secure connection to {place}: {reason}")
        case TimeoutError():
            return Stop(Status.TIMEOUT, f"{place} did not answer in time: raise `timeout` if it is always slow")
        case ConnectionError():
            return Stop(Status.CONNECT, f"{place} broke the connection off without an answer")
        case HTTPException():
            return Stop(Status.HTTP_ERROR, f"what {place} answers is not HTTP: is the address right?")
        case _:
            return Stop(Status.CONNECT, f"no connection to {place}: {problem.strerror}")


def _location(response: HTTPResponse) -> str | None:
    """Where a redirect leads, as text: UTF-8 where it is that, other bytes percent-encoded as they are."""
    location = response.headers.get("Location") if response.status in _REDIRECTS else None
    if not location:
        return None
    raw = location.encode("latin-1")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = quote(raw, safe=_PRINTABLE)
    return text.replace("\t", "").strip()
