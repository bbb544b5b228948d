"""RSS, RSS 1.0 and Atom that keep to their formats, read by lxml in a tenth of the time that feedparser takes.

What comes out is what feedparser would make of it, as far as `feeds` asks for it: the same keys and values, with its
habits. What is not certain is not read here: markup within text, elements that occur twice, names outside of the tables
below, errors of any kind. There feedparser decides. A test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from lxml import etree

_ATOM, _RSS1 = "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANG, _BASE = (f"{{http://www.w3.org/XML/1998/namespace}}{name}" for name in ("lang", "base"))
_PREFIXES = {  # as feedparser knows them
    "": "",
    _ATOM: "",
    _RSS1: "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://wellformedweb.org/CommentAPI/": "wfw:",
}

# What may stand in an item and says nothing that is asked for.
_SILENT = frozenset(
    {
        *("category", "comments", "dc:rights", "dc:subject", "enclosure", "media:content", "media:credit", "rights"),
        *("media:thumbnail", "slash:comments", "slash:department", "slash:section", "wfw:comment", "wfw:commentrss"),
    }
)
# What may stand in a feed, with whatever is in it, and says nothing either; and what may not.
_BRANCHES = frozenset({"author", "contributor", "image", "items", "skipdays", "skiphours", "textinput"})
_NOT_OF_A_FEED = frozenset({"channel", "entry", "feed", "item", "rdf", "rss", "source"})
_LINK_ATTRIBUTES = frozenset({"href", "hreflang", "length", "rel", "title", "type"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXT_TYPES = {None: "text/plain", "text": "text/plain", "html": "text/html", "text/html": "text/html"}
_STRAY_SLASHES = re.compile(r"[A-Za-z][A-Za-z0-9+-.]*:///")
_NAMED = re.compile(r"&([A-Za-z0-9_]+);")

# feedparser takes C1 controls for the letters that windows-1252 has in their places.
_C1 = re.compile("[\x80-\x9f]")
_CP1252 = {n: bytes([n]).decode("cp1252") for n in range(0x80, 0xA0) if n not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}

Entry = dict[str, Any]


class _Unsure(Exception):
    """This is for feedparser."""


def parse(source: str) -> Entry | None:
    """What feedparser says of the text of a feed: `version`, `feed`, `entries`, `bozo`; None where that is not certain.

    `source` begins at the root element; its dates are renamed (`printed-…`), so that nothing reads them.
    """
    try:
        return _feed(_root(source))
    except (etree.XMLSyntaxError, UnicodeEncodeError, _Unsure):
        return None


def is_well_formed(source: str) -> bool:
    """Whether a text is XML."""
    try:
        _root(source)
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        return False
    return True


def _root(source: str) -> Any:
    return etree.fromstring(source.encode(), etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _feed(root: Any) -> Entry:
    version, children, item = _opened(root)
    language = root.get(_LANG)
    spoken = language and version != "rss10"  # feedparser knows `rdf:RDF` by no name that it ever meets
    feed: Entry = {"language": language.replace("_", "-")} if spoken else {}
    entries = []
    for element in children:
        name = _name(element)
        if name == item:
            entries.append(_entry(element, language, version == "atom10"))
        elif name not in _BRANCHES:
            _add_to_feed(feed, element, name)
    return {"version": version, "feed": feed, "entries": entries, "bozo": False}


def _opened(root: Any) -> tuple[str, list[Any], str]:
    """The version of a feed, the elements that it and its channel hold, and what its items are called."""
    _certain(not set(root.attrib) & {_BASE, "base", "lang"})
    children = list(root)
    if root.tag == f"{{{_ATOM}}}feed":
        return "atom10", children, "entry"
    _certain(
        len(children) > 0 and _name(children[0]) == "channel" and not set(children[0].attrib) - {f"{{{_RDF}}}about"}
    )
    if root.tag == "rss" and len(children) == 1:
        return "rss", list(children[0]), "item"
    _certain(root.tag == f"{{{_RDF}}}RDF" and root.nsmap.get(None) == _RSS1 and _ATOM not in root.nsmap.values())
    return "rss10", [*children[0], *children[1:]], "item"


def _certain(condition: bool) -> None:
    if not condition:
        raise _Unsure


def _name(element: Any) -> str:
    """The name of an element as feedparser calls it; `?` before those of namespaces that say nothing to us."""
    if not isinstance(element.tag, str):
        raise _Unsure  # a comment, an entity
    return _called(element.tag)


@lru_cache(maxsize=1024)
def _called(tag: str) -> str:
    namespace, _, name = tag[1:].partition("}") if tag[0] == "{" else ("", "", tag)
    prefix = _PREFIXES.get(namespace)
    return f"?{name}" if prefix is None else prefix + name.lower()


def _text(element: Any) -> str:
    """The text of an element that holds nothing else, as feedparser leaves it."""
    _certain(len(element) == 0)
    text = (element.text or "").strip()
    if not text.isascii():
        with suppress(UnicodeError):  # UTF-8 that somebody took for Latin-1 and encoded again
            text = text.encode("latin-1").decode()
        if _C1.search(text):
            text = text.translate(_CP1252)
    return text


def _bare(element: Any) -> str:
    """The text of an element without attributes."""
    _certain(not element.attrib)
    return _text(element)


def _add_to_feed(feed: Entry, element: Any, name: str) -> None:
    _certain(len(element) == 0 and name not in _NOT_OF_A_FEED and _LANG not in element.attrib)
    if name == "link":
        _add_link(feed, element)
    elif name in ("language", "dc:language"):
        feed["language"] = _bare(element)
    elif name in ("ttl", "sy:updateperiod", "sy:updatefrequency"):
        feed[name.replace(":", "_")] = _bare(element)


# --- items ------------------------------------------------------------------------------------------------------------


def _entry(element: Any, language: str | None, atom: bool) -> Entry:
    about = element.get(f"{{{_RDF}}}about")
    _certain(set(element.attrib) <= {f"{{{_RDF}}}about"})
    entry: Entry = {"id": about} if about else {}
    seen: set[str] = set()
    for child in element:
        name = _name(child)
        if name in _SILENT:
            _certain(len(child) == 0 and _LANG not in child.attrib)
            continue
        if name not in ("link", "author", "dc:creator"):
            _certain(name not in seen)
            seen.add(name)
        _read(name, child, entry, atom)
        if name == "title":
            entry["title_detail"]["language"] = language
    _certain(not {"description", "summary"} <= seen and not {"guid", "id"} <= seen)
    return entry


def _read(name: str, element: Any, entry: Entry, atom: bool) -> None:
    """Adds to an entry what one of its elements says."""
    if name.startswith("printed-"):
        entry[name] = _bare(element)
        return
    reader = (_OF_ATOM if atom else _OF_RSS).get(name)
    if reader is None:
        raise _Unsure
    reader(entry, element)


def _add_title(entry: Entry, element: Any) -> None:
    entry["title"] = _bare(element)
    entry["title_detail"] = {"value": entry["title"]}


def _add_description(entry: Entry, element: Any) -> None:
    entry["summary_detail"] = {"value": _bare(element), "type": "text/html"}


def _add_content(entry: Entry, element: Any) -> None:
    entry["content"] = [{"value": _bare(element), "type": "text/html"}]


def _typed(element: Any) -> Entry:
    """A text of Atom: plain text, or markup as text."""
    _certain(set(element.attrib) <= {"type"})
    kind = element.get("type")
    _certain(kind in _TEXT_TYPES)
    return {"value": _text(element), "type": _TEXT_TYPES[kind]}


def _add_typed_title(entry: Entry, element: Any) -> None:
    entry["title_detail"] = _typed(element)
    entry["title"] = entry["title_detail"]["value"]


def _add_typed_summary(entry: Entry, element: Any) -> None:
    entry["summary_detail"] = _typed(element)


def _add_typed_content(entry: Entry, element: Any) -> None:
    entry["content"] = [_typed(element)]


def _add_link(entry: Entry, element: Any) -> None:
    _certain(set(element.attrib) <= _LINK_ATTRIBUTES)
    href, rel = element.get("href"), element.get("rel", "alternate").lower()
    if href is None:
        link = _NAMED.sub(r"&\1", _plain_address(_bare(element)).replace("&amp;", "&"))
        entry["link"] = link
        entry.setdefault("links", []).append({"rel": "alternate"} | ({"href": link} if link else {}))
        return
    _certain(len(element) == 0 and not (element.text or "").strip())
    entry.setdefault("links", []).append({"rel": rel, "href": _plain_address(href)})
    kind = element.get("type", "application/atom+xml" if rel == "self" else "text/html").lower()
    if rel == "alternate" and kind in _HTML:
        entry["link"] = href


def _plain_address(address: str) -> str:
    """An address that feedparser would leave as it is."""
    _certain(not _STRAY_SLASHES.match(address))
    return address


def _add_guid(entry: Entry, element: Any) -> None:
    _certain(set(element.attrib) <= {"isPermaLink"})
    is_link = element.get("isPermaLink", "true") == "true"
    guid = entry["id"] = _text(element) if not is_link else _plain_address(_text(element))
    entry["guidislink"] = is_link and "link" not in entry
    if is_link:
        entry.setdefault("link", guid)


def _add_author(entry: Entry, element: Any) -> None:
    name = _bare(element)
    _certain("@" not in name and name != "")
    entry["author"] = name
    entry.setdefault("authors", []).append({"name": name})


def _add_person(entry: Entry, element: Any) -> None:
    """An author of Atom: a name, and perhaps addresses, of which the one for mail is said with the name."""
    parts = {_name(part): _bare(part) for part in element}
    _certain(not element.attrib and len(parts) == len(element) and set(parts) <= {"name", "email", "uri"})
    name, mail = parts.get("name"), parts.get("email")
    _certain(bool(name) and mail != "" and not (element.text or "").strip())
    entry["author"] = f"{name} ({mail})" if mail else name
    entry.setdefault("authors", []).append({"name": name})


def _add_source(entry: Entry, element: Any) -> None:
    _certain(set(element.attrib) <= {"url"})
    title = _text(element)
    entry["source"] = {"title": title} if title else {}


def _add_under(key: str) -> Callable[[Entry, Any], None]:
    def add(entry: Entry, element: Any) -> None:
        entry[key] = _bare(element)

    return add


_Readers = Mapping[str, Callable[[Entry, Any], None]]
_OF_RSS: _Readers = {
    "author": _add_author,
    "content:encoded": _add_content,
    "dc:creator": _add_author,
    "dc:language": _add_under("language"),
    "dc:publisher": _add_under("publisher"),
    "description": _add_description,
    "guid": _add_guid,
    "link": _add_link,
    "source": _add_source,
    "title": _add_title,
}
_OF_ATOM: _Readers = {
    "author": _add_person,
    "content": _add_typed_content,
    "id": _add_guid,
    "link": _add_link,
    "summary": _add_typed_summary,
    "title": _add_typed_title,
}
