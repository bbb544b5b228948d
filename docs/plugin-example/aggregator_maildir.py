"""Newsletters in a Maildir as a source: every link of a letter is an item, dated and named as the letter is."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as as_messages
from mailbox import Maildir, NoSuchMailboxError
from urllib.parse import unquote, urlsplit

from aggregator import encoding, text
from aggregator.kinds import Ask, SourceKind, hookimpl
from aggregator.model import Document, Fetched, Item, Reading, Source, SourceState, Status

LETTERS = 50  # are read, the newest
BETWEEN = b"\0"  # the one byte that no letter holds: RFC 5322, section 3.5


@hookimpl
def register_kinds() -> list[SourceKind]:
    """`kind: maildir`, for addresses such as maildir:/home/desk/Maildir/.Press."""
    return [SourceKind(name="maildir", read=read, fetch=fetch, schemes=("maildir",), options=("links",))]


def fetch(source: Source, _state: SourceState, _ask: Ask) -> Fetched:
    """The newest letters as they lie there. An empty folder is no failure: nothing has come."""
    folder = unquote(urlsplit(source.url).path)
    try:
        box = Maildir(folder, create=False)
        newest = sorted(box.keys())[-LETTERS:]  # a key begins with the second in which its letter came
    except (NoSuchMailboxError, FileNotFoundError):
        return Fetched(status=Status.NOT_FOUND, note=f"there is no Maildir at {folder}")
    if not newest:
        return Fetched(status=Status.UNCHANGED, note="no letters")
    body = BETWEEN.join(map(box.get_bytes, newest))
    return Fetched(status=Status.OK, document=Document(url=source.url, body=body))


def read(document: Document, source: Source) -> Reading:
    """The links of all letters whose address begins as the option `links` says."""
    prefix = source.options.get("links", "")
    letters = [message_from_bytes(one, policy=as_messages) for one in document.body.split(BETWEEN)]
    items = [item for letter in letters for item in _items(letter, document)]
    return Reading(items=tuple(item for item in items if item.title and str(item.link).startswith(prefix)))


def _items(letter: EmailMessage, document: Document) -> Iterator[Item]:
    sender, date = letter["From"], letter["Date"]
    name = sender.addresses[0].display_name if sender and sender.addresses else None
    dates = (("Date", str(date)),) if date else ()
    for link in text.links(_markup(letter, document), None):
        yield Item(title=link.text, link=link.url, outlet_text=name or None, dates=dates)


def _markup(letter: EmailMessage, document: Document) -> str:
    """The HTML of a letter, whatever encoding it is in and says it is in."""
    part = letter.get_body(("html",))
    body = part.get_payload(decode=True) if part else None
    if part is None or not isinstance(body, bytes):
        return ""
    declared = part.get_content_charset()
    return encoding.decode(body, declared=declared, override=document.encoding, language=document.language).text
