"""What fuzzing begins from: small documents of every format in our languages and their encodings, lines of the case
tables, and the tokens that mutations put in.

A document seed begins with a line of its own: `content type | encoding of feeds.yaml | language | kind of the source`.
A seed of several texts has one on each line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aggregator.demo.formats import DATES, FORMATS, Channel, Entry

HERE = Path(__file__).parent

# Language, Python's codec, the label that the document bears, how it prints dates, a headline, a summary.
PRESS = (
    ("ko", "cp949", "euc-kr", "dotted", "통일부 “탈북민 600명 북송”", "<p><b>유감</b>을 표했다.<br/>12일 오후</p>"),
    ("ko", "utf-8", "utf-8", "rfc822", "尹, 訪美 앞두고 與野 회동 &amp; 논의", "‘뷁’ 외치던 누리꾼들"),
    ("ja", "cp932", "Shift_JIS", "japanese", "脱北者６００人を強制送還　①～", "政府は「遺憾」を表明した。ｶﾀｶﾅ"),
    ("ja", "euc_jp", "EUC-JP", "iso", "北朝鮮の脱北者、送還か", '<a href="/a?utm_source=rss&amp;id=1">こちら</a>'),
    ("ja", "iso2022_jp_ext", "ISO-2022-JP", "rfc822-jst", "令和五年の首相会見", "一覧はこちら"),
    ("zh-Hans", "gb18030", "gb2312", "sql", "韩国政府对脱北者被遣返表示遗憾", "记者 王小明 3小时前"),
    ("zh-Hant", "big5hkscs", "Big5", "slashed", "南韓政府：確認多人遭遣返", "「強制遣返」引發關注"),
    ("en", "cp1252", "windows-1252", "gmt+9", "Seoul voices “regret” over return", "600 refugees – <i>sent back</i>"),
    ("en", "utf-16", "utf-16", "utc", "Naïve café ﷺ ŉ ǆ", "<script>alert(1)</script> &#x110000; &nbsp; 👩‍👩‍👧"),
)  # fmt: skip
_AT = datetime(2023, 10, 12, 14, 5, 9, tzinfo=ZoneInfo("Asia/Seoul"))
_HOME = "https://haeram.example"
_TYPES = {"json": "application/feed+json", "page": "text/html"}


def documents(*formats: str) -> Iterator[bytes]:
    """A document of two articles for each of the formats, in every language and encoding of the press."""
    kinds = {"page": "page", "sitemap": "sitemap"}
    for name in formats:
        for language, codec, label, dates, title, summary in PRESS:
            channel = Channel(title="해람 News", home=_HOME, language=language, label=label, changed=_AT)
            entries = [_entry(number, title, summary, dates) for number in (1, 2)]
            body = FORMATS[name](channel, entries).encode(codec, "replace")
            head = f"{_TYPES.get(name, 'text/xml')}; charset={label}||{language}|{kinds.get(name, 'feed')}\n"
            yield head.encode() + body


def _entry(number: int, title: str, summary: str, dates: str) -> Entry:
    link = f"{_HOME}/view/{number}?utm_source=rss"
    date = DATES[dates](_AT)
    return Entry(title=f"{title} {number}", link=link, guid=f"{number}", summary=summary, date=date, updated=date)


def feeds() -> Iterator[bytes]:
    """Feeds: those of the press, and those that stand beside the tests."""
    yield from documents("rss2", "rss092", "rdf", "atom", "json")
    for path in sorted((HERE / "feeds").iterdir()):
        yield b"\n" + path.read_bytes()


def pages() -> Iterator[bytes]:
    """List pages, article pages, and what stands in the way of one."""
    yield from documents("page")
    for body in _PAGES:
        yield b"text/html||ko|page\n" + body.encode()


_PAGES = (
    """<html lang=ja><head><meta property="og:type" content="article"><meta property="og:title" content="首相が訪韓へ">
<meta property="article:published_time" content="2023-10-12T06:00:00+09:00"><link rel=canonical href=/a/1>
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "首相が訪韓へ", "datePublished": "2023-10-12",
"author": [{"name": "記者"}], "@graph": [{"@type": ["Article"]}]}</script></head>
<body><article><h1>首相が訪韓へ</h1><time datetime="2023-10-12">10月12日</time><p>政府は</p></article></body></html>""",
    """<table><tr><td><a href="/1"><img alt="탈북민 북송"></a></td><td>2023.10.12 오후 2:14</td></tr>
<tr><td><a href="javascript:go('2')" onclick="go(2)">여야 회동</a></td><td>3시간 전</td></tr></table>""",
    "<form action=/login><input type=password></form><title>Just a moment</title><div class=h-captcha></div>",
    '<meta http-equiv=refresh content="0; url=/en/"><frameset><frame src="/top.html"></frameset>',
    "<base href='//other.example/x/'><ul><li><a href=?a=1&amp;b>기사 하나</a><li><a href=../2>기사 둘</a></ul>",
    "<![foo]><!DOCTYPE html><ruby>脱北<rt>だっぽく</rt></ruby><h1>속보</h1><p class=date>입력 2023-10-12 14:05 | 수정",
)


def sitemaps() -> Iterator[bytes]:
    """Sitemaps with news, an index, and a packed one."""
    yield from documents("sitemap")
    yield b"""text/xml||ko|sitemap
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>https://haeram.example/1.xml</loc>
<lastmod>2023-10-12</lastmod></sitemap><sitemap><loc>/2.xml</loc><lastmod>9999-12-31T23:59:59-12:00</lastmod></sitemap>
</sitemapindex>"""
    yield (
        b"application/gzip||ko|sitemap\n"
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xb3)-\xca)N-\xb1\xb3)-\xca\xb1\xb3\xc9\xc9O\xb6\xb3\xd1\x07"
    )


_POST = "https://ours.example/archive/"
_EXCERPT = f"""[&#8230;] 參考新聞:2023/10/12 産経 送還2023/10/14 <a href="{_POST}">BBC</a> 遺憾 [&#8230;]"""
_RECEIVED = (
    f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">
<entry><title>By: 界河</title><link rel="alternate" href="{_POST}comment-page-2/#comment-7"/><author><name>界河</name>
<uri>https://blog.example/1</uri></author><id>{_POST}#comment-7</id><published>2023-10-15T04:12:07Z</published>
<content type="html"><![CDATA[{_EXCERPT}]]></content><thr:in-reply-to ref="{_POST}" href="{_POST}"/></entry></feed>""",
    f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><item><title>作者：界河</title><link>{_POST}#comment-7</link><dc:creator>界河</dc:creator>
<pubDate>Sun, 15 Oct 2023 04:12:07 +0000</pubDate><content:encoded><![CDATA[{_EXCERPT}]]></content:encoded></item>
</channel></rss>""",
    f"""<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><item><link>{_POST}</link><wp:comment>
<wp:comment_id>7</wp:comment_id><wp:comment_author>界河</wp:comment_author><wp:comment_approved>1</wp:comment_approved>
<wp:comment_author_url>https://blog.example/1</wp:comment_author_url><wp:comment_type>pingback</wp:comment_type>
<wp:comment_date_gmt>2023-10-15 04:12:07</wp:comment_date_gmt><wp:comment_content><![CDATA[{_EXCERPT}]]>
</wp:comment_content></wp:comment></item></channel></rss>""",
    json.dumps(
        {
            "type": "feed",
            "children": [
                {
                    "type": "entry", "wm-source": "https://blog.example/1", "wm-target": _POST, "wm-id": 7,
                    "name": "界河", "content": {"html": _EXCERPT, "text": "words"}, "published": "2023-10-15T04:12:07Z",
                    "wm-private": False, "summary": {"value": "words"},
                },
            ],
        }
    ),
)  # fmt: skip


def received() -> Iterator[bytes]:
    """Comments feeds, an export of WordPress, JF2."""
    for body in _RECEIVED:
        yield b"||zh|references\n" + body.encode()


def references() -> Iterator[bytes]:
    """The reference lists of the case table."""
    for row in _table("references.tsv"):
        yield row["text"].replace("\\n", "\n").replace("\\t", "\t").encode()


def dates() -> Iterator[bytes]:
    """The date texts of the case table."""
    for row in _table("dates.tsv"):
        yield row["text"].encode()


def urls() -> Iterator[bytes]:
    """An address, and what it is relative to."""
    for row in _table("urls.tsv"):
        yield f"{row['url']}\n{row['base']}".encode()


def encoding() -> Iterator[bytes]:
    """Documents in their encodings, headlines under their labels, declarations."""
    yield from documents("rss092")
    for row in _table("encoding.tsv"):
        body = row["text"].encode(row["codec"], "replace")
        yield f"text/html; charset={row['label']}||{row['language']}\n".encode() + body
    for row in _table("encoding_declarations.tsv"):
        yield b"|euc-kr|\n" + row["head"].encode()


def text() -> Iterator[bytes]:
    """Markup and headlines."""
    for row in _table("text_visible.tsv"):
        yield row["markup"].encode().decode("unicode_escape", "replace").encode("latin-1", "replace")
    for row in _table("text_fold.tsv"):
        yield f"{row['one']} {row['other']}".encode()
    for *_, title, summary in PRESS:
        yield f"{title} {summary}".encode()


def language() -> Iterator[bytes]:
    """A hint, and a text."""
    for row in _table("language.tsv"):
        yield f"{row['hint']}\n{row['text']}".encode()
    yield "ko\nSeoul voices regret. 정부는 유감을 표했다。政府は遺憾を表明。韩国政府表示遗憾。\nTwo lines".encode()


_QUERIES = (
    ("ko", "탈북민 AND (북송 OR 송환)", "축구", "통일부 “탈북민 강제 북송”"),
    ("ja", '"強制 送還" NEAR/5 脱北者', "サッカー*", "脱北者６００人を強制送還"),
    ("zh", "强制遣返 OR 脱北者", "NOT 足球 足", "強制遣返脫北者"),
    ("en", 'refugee* AND NOT (football OR "world cup")', "sports", "Refugees sent-back to North Korea"),
    ("any", "OKN", "“o k n”", "ＯＫＮ 보도: OKN says Ŀ ﬃ ß"),
)


def topics() -> Iterator[bytes]:
    """Language, query, exclusion, headline, summary."""
    for tag, query, exclusion, title in _QUERIES:
        yield f"{tag}\n{query}\n{exclusion}\n{title}\n{title}, {title}".encode()
        yield f"{tag}\n{query}\n\n{title}\n".encode()


SECRET = "hunter2hunter2"
LOGIN = f"://desk:{SECRET}@"
_SETTINGS = f"""fetch: {{every: 1h, contact: https://example.org/about, allow_private: false, timeout: 30s}}
outlets:
  yonhap: {{name: 연합뉴스, aliases: [聯合ニュース, 韩联社], country: KR, homepage: https://www.yna.co.kr}}
sources:
  - id: yonhap-nk
    outlet: yonhap
    url: https{LOGIN}www.yna.co.kr/rss/northkorea.xml?token=1  # works
    language: ko
    zone: Asia/Seoul
    encoding: euc-kr
  - id: section
    url: "https://example.org/news"
    kind: page
    select: {{item: "ul.news > li", link: a, title: a, date: .date, summary: p}}

topics:
  forced-repatriation:
    name: Forced repatriation
    pages: [https://example.org/archive]
    terms: {{ko: [강제북송, 탈북민 AND (북송 OR 송환)], en: ['"forced repatriation"', refugee* AND "North Korea"]}}
    exclude: {{en: [football]}}
stories: {{method: concepts}}
"""
_YAML = (
    _SETTINGS,
    f"sources: [{{id: a, url: 'https{LOGIN}a.example/'}},  # first\n  {{id: b, url: &x https://b.example/}}]\n",
    f"outlets: &o {{}}\nsources:\n- id: a\n  url: >-\n    https{LOGIN}a.example/\n- *o\n",
    "# nothing yet\n",
    "{sources: [], outlets: {a: {name: A}}}",
    "sources:\noutlets: ~\ntopics: null\r\n",
)


def config() -> Iterator[bytes]:
    """feeds.yaml in several styles."""
    yield from (text.encode() for text in _YAML)


def editing() -> Iterator[bytes]:
    """An address, a name, a comment, and the feeds.yaml that they are added to."""
    for text in _YAML:
        yield f"https://new.example/feed?a=1#b\tNew: 'outlet' — 新聞\tworks 2023-10\n{text}".encode()


def robots() -> Iterator[bytes]:
    """A path, and the rules."""
    yield b"/news/1?print=y\nUser-agent: *\nDisallow: /private/\nAllow: /news/*.html$\nCrawl-delay: 2.5\n"
    yield b"/1\nUser-agent: GPTBot\nUser-agent: Press-Pingbacks/0.1 # hello\nDisallow: /\nRequest-rate: 1/5s\n"
    yield "/뉴스/1\n\ufeffUser agent: *\r\nDisallow: /뉴스/\r\nSitemap: https://a.example/s.xml".encode()


def opml() -> Iterator[bytes]:
    """Lists of subscriptions, as several readers write them."""
    yield """<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0" xmlns:pingbacks="https://pypi.org/project/press-pingbacks/opml"><body><outline text="한국">
<outline type="rss" text="연합뉴스" title="yonhap" xmlUrl="https://yna.co.kr/rss?a=1&b=2" htmlUrl="https://yna.kr"
 language="ko"/></outline><outline type="page" text="p" xmlUrl="https://p.kr/" pingbacks:item="li" pingbacks:link="a"
/></body></opml>""".encode()
    yield """<?xml version="1.0" encoding="euc-kr"?><OPML><body><outline xmlurl="http://a.example/" frss:ttl="-1"
 miniflux:disabled="true" type="HTML+XPath" text="가 &amp; &lt;나&gt;"/></body></OPML>""".encode("cp949")


def everything() -> Iterator[bytes]:
    """Documents of every kind, as a run takes them in."""
    yield from documents("rss2", "atom", "json", "page", "sitemap")
    yield from received()
    for row in [*_table("references.tsv")][:10]:
        yield f"text/plain||zh|references\n{row['text']}".replace("\\n", "\n").encode()


def _table(name: str) -> Iterator[dict[str, str]]:
    with (HERE / "cases" / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE)


# What mutations put in: structure of every format that is read, and letters that normalise, join, or cannot be.
_STRUCTURE = """
< > & ; " ' / \\ = : , . # % ? @ [ ] { } ( ) | * ~ - _ $ ^ ` !
<!-- --> <![CDATA[ ]]> <!DOCTYPE <?xml ?> <item> </item> <entry> <channel> <rss> <feed> </rss> <a> </a> <title>
</title> <link> <link/> <guid> <pubDate> <dc:date> <author> <source> <script> </script> <style> <svg> <table> <tr> <td>
<li> <ul> <p> <br/> <h1> <time> <select> <textarea> <template> <base> <frame> <url> <loc> <sitemap> <lastmod>
<news:title> <outline <body> <ttl> <hour>25</hour> <sy:updatePeriod> xml:base= xml:lang= href= src= rel=alternate
datetime= content= charset= encoding= type= xmlns= isPermaLink= &#0; &#x110000; &#9999999999; &#xD800; &#55296; &nbsp;
&lt; &amp;amp; &#38; &NotEqualTilde; &x &#x
http:// https:// http://[ //[::1]/ javascript: data: mailto: file:/// //user:pw@host:99999/ %00 %ff ../ ./ ?utm_source=
&aid= n.news.naver.com m.yna.co.kr/amp/view/ xn-- xn--a .example :80 :443
utf-8 utf-16 euc-kr shift_jis euc-jp iso-2022-jp gb18030 big5 johab cp1361 cp866 mac-roman unicode ~{
2023 1970-01-01 0001-01-01 9999-12-31 23:59:60 24:00 T Z +09:00 -12 GMT+14 KST Mon, May 5月 AM p.m. noon midnight ago
年 月 日 時 分 년 월 일 시 오전 오후 午後 上午 令和 平成 民國 주체 전 前 hours 小时前 어제 昨日 반 정오 입력 수정 발행
更新 published updated […] [...] 2023/10/12 産経 BBC 연합뉴스 (BBC, 【NHK】 ](https:// AND OR NOT NEAR/3
NEAR/99999999999999999999 "" ” “ null true false 1e999 -0 NaN \\u0000 \\ud800 {} [] 1e400 inf nan -1
id: url: kind: &a *a << !!python/object >- |+ --- ... sources: outlets: topics: terms:
User-agent: Disallow: Allow: Crawl-delay: Sitemap:
"""
_LETTERS = """
ﷺ ﬃ ß İ ı ŉ ǆ Ŀ ŀ ſ ẞ Ω Å K ﾊﾟ ㌀ ㈱ ① ½ ㍻ ㋿ ﬁ ª ² ㉠ ᄀ ᅡ ᆨ 각 가 ㄱ ﾡ ゛ ゜ ´ ¨ ˜ ‥ … ⋯ ・ · ㆍ ۲ ２ 〇 十 廿 百 万 兆
👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇰🇷
"""
_CONTROLS = (
    "\0 \x01 \x0b \x0c \x1b \x1c \x1f \x7f \x85 \xa0 \xad \u0301 \u200b \u200c \u200d \u2028 \u202e \u2060 \u2066"
    " \u3000 \u3099 \ufdd0 \ufeff \uff9e \ufffe \uffff \ud800 \udfff \ud83d\ude00 \U000e0001 \U000e0067 \U0010ffff"
    " \x1b$B \x1b(J \x1b$(D"
)
_SPACES = ("\n", "\r\n", "\r", " ", "\t", "\n\n", ": ", "- ", "\n  - ")
WORDS = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in (*_STRUCTURE.split(), *_LETTERS.split(), *_CONTROLS.split(" "), *_SPACES)
)
