"""How the sample press writes: the formats of its feeds, and its dates as the real press prints them.

Pure functions of values: a channel and its entries to the text of a document. Which paper writes which format, and in
which encoding, is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The head of a feed. `label` is the encoding that the document claims; `changed` is an aware instant."""

    title: str
    home: str
    language: str
    label: str
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article in a feed. `date` is its date as printed, or empty; the summary may hold HTML."""

    title: str
    link: str
    guid: str
    summary: str
    date: str
    updated: str


# --- dates ------------------------------------------------------------------------------------------------------------


def rfc822(at: datetime) -> str:
    """RFC 822 in UTC, as HTTP headers and feed heads print it: `Thu, 12 Oct 2023 06:05:00 GMT`."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _rfc822_bare(at: datetime) -> str:
    return format_datetime(at.replace(tzinfo=None)).removesuffix(" -0000")


def _gmt_plus(at: datetime) -> str:
    weekday, day = _rfc822_bare(at).split(", ")
    day_month_year = day.rpartition(" ")[0]
    return f"{weekday},{day_month_year} {at.hour}:{at.minute}:{at.second} GMT+9"


DATES: Mapping[str, Callable[[datetime], str]] = {
    "dotted": lambda at: f"{at:%Y.%m.%d %H:%M}",
    "gmt+9": _gmt_plus,
    "iso": lambda at: at.isoformat(),
    "iso-minutes": lambda at: at.isoformat(timespec="minutes"),
    "japanese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
    "korean": lambda at: f"{at.year}년 {at.month}월 {at.day}일",
    "none": lambda at: "",  # noqa: ARG005 - one shape for all of them, and this one prints nothing
    "rfc822": format_datetime,
    "rfc822-bare": _rfc822_bare,
    "rfc822-gmt": rfc822,
    "rfc822-jst": lambda at: f"{_rfc822_bare(at)} JST",
    "slashed": lambda at: f"{at:%Y/%m/%d %H:%M}",
    "sql": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "utc": lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
}


# --- formats ----------------------------------------------------------------------------------------------------------


def rss2(channel: Channel, entries: Sequence[Entry]) -> str:
    """RSS 2.0, texts in CDATA."""
    items = "".join(
        f"""
  <item>
    <title><![CDATA[{entry.title}]]></title>
    <link>{escape(entry.link)}</link>
    <guid isPermaLink="false">{escape(entry.guid)}</guid>
    <description><![CDATA[{entry.summary}]]></description>
    <pubDate>{entry.date}</pubDate>
  </item>"""
        for entry in entries
    )
    return f"""{_declaration(channel)}
<rss version="2.0">
<channel>
  <title>{escape(channel.title)}</title>
  <link>{channel.home}/</link>
  <description>{escape(channel.title)}</description>
  <language>{channel.language}</language>
  <lastBuildDate>{rfc822(channel.changed)}</lastBuildDate>{items}
</channel>
</rss>
"""


def rss092(channel: Channel, entries: Sequence[Entry]) -> str:
    """RSS 0.92: no guid, no dates."""
    items = "".join(
        f"""
  <item>
    <title>{escape(entry.title)}</title>
    <link>{escape(entry.link)}</link>
    <description>{escape(entry.summary)}</description>
  </item>"""
        for entry in entries
    )
    return f"""{_declaration(channel)}
<rss version="0.92">
<channel>
  <title>{escape(channel.title)}</title>
  <link>{channel.home}/</link>
  <description>{escape(channel.title)}</description>
  <language>{channel.language}</language>{items}
</channel>
</rss>
"""


def rdf(channel: Channel, entries: Sequence[Entry]) -> str:
    """RSS 1.0 with Dublin Core: dates in `dc:date`."""
    listed = "".join(f'\n      <rdf:li rdf:resource="{escape(entry.link)}"/>' for entry in entries)
    items = "".join(
        f"""
  <item rdf:about="{escape(entry.link)}">
    <title>{escape(entry.title)}</title>
    <link>{escape(entry.link)}</link>
    <description>{escape(entry.summary)}</description>
    <dc:date>{entry.date}</dc:date>
  </item>"""
        for entry in entries
    )
    return f"""{_declaration(channel)}
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
         xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xml:lang="{channel.language}">
  <channel rdf:about="{channel.home}/">
    <title>{escape(channel.title)}</title>
    <link>{channel.home}/</link>
    <description>{escape(channel.title)}</description>
    <dc:date>{channel.changed.isoformat()}</dc:date>
    <items><rdf:Seq>{listed}
    </rdf:Seq></items>
  </channel>{items}
</rdf:RDF>
"""


def atom(channel: Channel, entries: Sequence[Entry]) -> str:
    """Atom 1.0, texts as HTML content."""
    items = "".join(
        f"""
  <entry>
    <title>{escape(entry.title)}</title>
    <link rel="alternate" href="{escape(entry.link)}"/>
    <id>{escape(entry.guid)}</id>
    <published>{entry.date}</published>
    <updated>{entry.updated}</updated>
    <content type="html">{escape(entry.summary)}</content>
  </entry>"""
        for entry in entries
    )
    return f"""{_declaration(channel)}
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{channel.language}">
  <title>{escape(channel.title)}</title>
  <link href="{channel.home}/"/>
  <id>{channel.home}/</id>
  <updated>{channel.changed.isoformat()}</updated>
  <author><name>{escape(channel.title)}</name></author>{items}
</feed>
"""


def json_feed(channel: Channel, entries: Sequence[Entry]) -> str:
    """JSON Feed 1.1."""
    items = [
        {
            "id": entry.guid,
            "url": entry.link,
            "title": entry.title,
            "content_text": entry.summary,
            "date_published": entry.date,
        }
        for entry in entries
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": f"{channel.home}/",
        "language": channel.language,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def sitemap(channel: Channel, entries: Sequence[Entry]) -> str:
    """A news sitemap: titles and dates, no summaries."""
    pages = "".join(
        f"""
  <url>
    <loc>{escape(entry.link)}</loc>
    <news:news>
      <news:publication>
        <news:name>{escape(channel.title)}</news:name>
        <news:language>{channel.language}</news:language>
      </news:publication>
      <news:publication_date>{entry.date}</news:publication_date>
      <news:title>{escape(entry.title)}</news:title>
    </news:news>
  </url>"""
        for entry in entries
    )
    return f"""{_declaration(channel)}
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{pages}
</urlset>
"""


def page(channel: Channel, entries: Sequence[Entry]) -> str:
    """A list page: headline, date and first lines, with the site's own links around."""
    items = "".join(
        f"""
  <li><a href="{escape(entry.link)}">{escape(entry.title)}</a> <span class="date">{entry.date}</span>
    <p>{escape(entry.summary)}</p></li>"""
        for entry in entries
    )
    return f"""<!doctype html>
<html lang="{channel.language}">
<head><meta charset="{channel.label}"><title>{escape(channel.title)}</title></head>
<body>
<nav><a href="{channel.home}/">{escape(channel.title)}</a></nav>
<ul class="news">{items}
</ul>
</body>
</html>
"""


def _declaration(channel: Channel) -> str:
    return f'<?xml version="1.0" encoding="{channel.label}"?>'


FORMATS: Mapping[str, Callable[[Channel, Sequence[Entry]], str]] = {
    "atom": atom,
    "json": json_feed,
    "page": page,
    "rdf": rdf,
    "rss092": rss092,
    "rss2": rss2,
    "sitemap": sitemap,
}
