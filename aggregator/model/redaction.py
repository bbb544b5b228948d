"""Addresses without their secrets: the only form that may be stored or shown."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote, urlsplit, urlunsplit

# Names of parameters whose values open doors; `keyword` and `author` are none.
_SECRET = re.compile(
    r"token|secret|passw|passcode|passphrase|credential|signature|session|jwt|api[-_]?key|access[-_]?key"
    r"|(?:auth|authorization|hmac|key|pass|pw|pwd|sid|sig)$",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?<![^?&;])([^?&;=]++)=(?!hidden-[0-9a-f]{4}(?:[?&;]|\Z))([^?&;]+)")
_WAS_HIDDEN = re.compile(r"(?<=[?&;#])([^?&;=#]++)=hidden-[0-9a-f]{4}(?=[?&;#]|\Z)")

_WITHOUT_SECRETS = re.compile(r"https?://[^@?#\s\0-\x1f]+")  # most addresses are such
_LOGIN = re.compile(r"(?<=//)[^/?#\\\s]*@")


def without_login(url: str) -> str:
    """An address, of whatever shape, without credentials. The rest of it stays as it is."""
    return _LOGIN.sub("", url)


def public(url: str) -> str:
    """An address without its secrets: no credentials, and `hidden-3f2a` for what a query calls a token, a key, ….

    The four digits differ where the secrets do: a source whose token was changed has another address.
    """
    if _WITHOUT_SECRETS.fullmatch(url):
        return url
    parts = urlsplit(url)
    query, fragment = (_PARAMETER.sub(_hidden, part) for part in (parts.query, parts.fragment))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment=fragment))


def is_hidden(url: str) -> bool:
    """Whether an address lacks a secret that `public` has hidden, so that nobody can ask for it."""
    return any(_SECRET.search(unquote(name)) for name in _WAS_HIDDEN.findall(url))


def _hidden(parameter: re.Match[str]) -> str:
    if not _SECRET.search(unquote(parameter[1])):
        return parameter[0]
    return f"{parameter[1]}=hidden-{hashlib.sha256(parameter[2].encode('utf-8', 'replace')).hexdigest()[:4]}"
