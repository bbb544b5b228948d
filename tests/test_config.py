"""feeds.yaml is refused whole, with every mistake, its line and its key; what is accepted means what was written."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import config, keys
from aggregator.errors import ConfigError, Mistake
from aggregator.model import Channels, Config, Kind, Outlet, Selectors, Source, Stories, Topic

SOURCE = "sources:\n  - id: a\n    url: https://example.org/a\n"  # three lines; what follows is line 4


def refused(text: str) -> list[Mistake]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text)
    return list(caught.value.mistakes)


def source(**keys: str) -> Source:
    lines = "".join(f"    {name}: {value}\n" for name, value in keys.items())
    return config.parse(SOURCE + lines).sources["a"]


# --- one mistake each -------------------------------------------------------------------------------------------------

# why, text, line, key, a part of the message
MISTAKES = [
    ("a mapping is wanted at the top", "- a\n- b\n", 1, "file", "mapping"),
    ("a section that does not exist", "feeds: []\n", 1, "feeds", "known are fetch, outlets, sources, topics"),
    ("a section misspelt", "source: []\n", 1, "source", "did you mean sources?"),
    ("sources as a mapping", "sources:\n  a: {url: https://x.org}\n", 1, "sources", "list of mappings"),
    ("outlets as a list", "outlets:\n  - yonhap\n", 1, "outlets", "mapping"),
    ("a source that is an address", "sources:\n  - https://x.org/feed\n", 2, "sources[0]", "mapping"),
    ("a key misspelt", SOURCE + "    langauge: ko\n", 4, "sources.a.langauge", "did you mean language?"),
    ("a key of nothing", SOURCE + "    colour: red\n", 4, "sources.a.colour", "known are id, url, kind"),
    ("a key twice", SOURCE + "    url: https://example.org/b\n", 4, "sources.a.url", "on line 3 already"),
    ("a section twice", "topics: {}\nsources: []\ntopics: {}\n", 3, "topics", "on line 1 already"),
    ("a merge key", "fetch:\n  <<: {every: 1h}\n", 2, "fetch.<<", "unknown key"),
    ("a list as a key", "fetch:\n  [a]: 1\n", 2, "fetch", "plain word"),
    ("a tagged key", "fetch:\n  !!python/name:os.system every: 1h\n", 2, "fetch", "plain word"),
    ("no id", "sources:\n  - url: https://x.org/\n", 2, "sources[0]", "id is missing"),
    ("no url", "sources:\n\n  - id: b\n", 3, "sources.b", "url is missing"),
    ("an id with capitals", "sources:\n  - id: Yonhap\n    url: https://x.org/\n", 2, "sources[0].id", "lower-case"),
    ("an id of an outlet with a space", "outlets:\n  a b: {name: A}\n", 2, "outlets.a b", "lower-case"),
    ("an id twice", SOURCE + "  - id: a\n    url: https://x.org/\n", 4, "sources.a.id", "sources.a.id on line 2"),
    (
        "an address twice, but for the case of its host and a fragment",
        SOURCE + "  - id: b\n    url: https://EXAMPLE.org/a#top\n",
        5,
        "sources.b.url",
        "the same url as sources.a.url on line 3",
    ),
    ("a source aliased whole", "sources:\n- &a {id: a, url: https://x.org}\n- *a\n", 2, "sources.a.id", "the same id"),
    ("another scheme", "sources:\n  - id: a\n    url: ftp://x.org/f\n", 3, "sources.a.url", "http:// or https://"),
    ("no scheme", "sources:\n  - id: a\n    url: x.org/feed\n", 3, "sources.a.url", "http:// or https://"),
    ("no host", "sources:\n  - id: a\n    url: https:///feed\n", 3, "sources.a.url", "names a host"),
    ("a port alone", "sources:\n  - id: a\n    url: https://:443/\n", 3, "sources.a.url", "names a host"),
    ("a port that is none", "sources:\n  - id: a\n    url: https://x.org:99999/\n", 3, "sources.a.url", "host"),
    ("a bracket too few", "sources:\n  - id: a\n    url: 'https://[::1/'\n", 3, "sources.a.url", "host"),
    ("a space in an address", "sources:\n  - id: a\n    url: https://x.org/a b\n", 3, "sources.a.url", "host"),
    ("a file", "sources:\n  - id: a\n    url: file:///etc/passwd\n", 3, "sources.a.url", "http:// or https://"),
    ("a kind that is none", SOURCE + "    kind: rss\n", 4, "sources.a.kind", "feed, page, sitemap, references"),
    ("an outlet that is not there", SOURCE + "    outlet: b\n", 4, "sources.a.outlet", "not under outlets"),
    (
        "an outlet misspelt",
        "outlets: {yonhap: {name: 연합뉴스}}\n" + SOURCE + "    outlet: yonhp\n",
        5,
        "sources.a.outlet",
        "did you mean yonhap?",
    ),
    ("a time of day as an interval", SOURCE + "    every: 12:30\n", 4, "sources.a.every", "15m, 6h, 1d"),
    ("an interval without a unit", SOURCE + "    every: 60\n", 4, "sources.a.every", "a number and a unit"),
    ("no time at all", SOURCE + "    every: 0m\n", 4, "sources.a.every", "a number and a unit"),
    ("a month, or a minute?", SOURCE + "    every: 5M\n", 4, "sources.a.every", "a number and a unit"),
    ("half an hour as a fraction", "fetch:\n  every: 0.5h\n", 2, "fetch.every", "a number and a unit"),
    ("digits of another script", "fetch:\n  every: １５m\n", 2, "fetch.every", "a number and a unit"),
    ("an age of the world", "fetch:\n  timeout: 99999999999d\n", 2, "fetch.timeout", "a number and a unit"),
    ("days for seconds", "fetch:\n  timeout: 30d\n", 2, "fetch.timeout", "1h at most"),
    ("days for seconds, of a source", SOURCE + "    timeout: 30d\n", 4, "sources.a.timeout", "1h at most"),
    ("a rest of days", "fetch:\n  pause: 61m\n", 2, "fetch.pause", "1h at most"),
    ("a size without a unit", "fetch:\n  max_bytes: 10000000\n", 2, "fetch.max_bytes", "10MB, 500kB, 1GiB"),
    ("no size at all", "fetch:\n  max_bytes: 0MB\n", 2, "fetch.max_bytes", "10MB, 500kB, 1GiB"),
    ("a yes", SOURCE + "    enabled: yes\n", 4, "sources.a.enabled", "true or false"),
    ("a number as a boolean", "fetch:\n  allow_private: 0\n", 2, "fetch.allow_private", "true or false"),
    ("a method that nobody brings", "stories: {method: nosuch}\n", 1, "stories.method", "there are: concepts"),
    ("a contact that reaches nobody", "fetch:\n  contact: the desk\n", 2, "fetch.contact", "desk@example.org"),
    (
        "a contact with a password",
        "fetch:\n  contact: https://u:p@x.org/\n",
        2,
        "fetch.contact",
        "the address of a page",
    ),
    ("a zone that is none", SOURCE + "    zone: Asia/Soul\n", 4, "sources.a.zone", "IANA"),
    ("a continent", SOURCE + "    zone: Asia\n", 4, "sources.a.zone", "IANA"),
    ("a path", SOURCE + "    zone: ../../etc/passwd\n", 4, "sources.a.zone", "IANA"),
    ("an offset", SOURCE + "    zone: +09:00\n", 4, "sources.a.zone", "IANA"),
    ("the name of a language", SOURCE + "    language: Korean\n", 4, "sources.a.language", "ko, ja, zh-Hans"),
    ("a language that is none", SOURCE + "    language: qq\n", 4, "sources.a.language", "ko, ja, zh-Hans"),
    ("a country for its language", SOURCE + "    language: kr\n", 4, "sources.a.language", "write ko, not kr"),
    ("a code that is too long", SOURCE + "    language: jpn\n", 4, "sources.a.language", "write ja, not jpn"),
    ("an underscore", SOURCE + "    language: zh_TW\n", 4, "sources.a.language", "ko, ja, zh-Hans"),
    ("an encoding that is none", SOURCE + "    encoding: euc-xx\n", 4, "sources.a.encoding", "text encoding"),
    ("a codec from text to text", SOURCE + "    encoding: rot13\n", 4, "sources.a.encoding", "text encoding"),
    ("a codec of host names", SOURCE + "    encoding: idna\n", 4, "sources.a.encoding", "text encoding"),
    (
        "a selector that does not parse",
        SOURCE + "    kind: page\n    select:\n      item: 'ul >'\n",
        6,
        "sources.a.select.item",
        "CSS",
    ),
    ("selectors without an item", SOURCE + "    kind: page\n    select: {date: p}\n", 5, "sources.a.select", "item"),
    ("selectors of a feed", SOURCE + "    select: {item: li}\n", 4, "sources.a.select", "kind: page"),
    ("selectors of a sitemap", SOURCE + "    kind: sitemap\n    select: {item: li}\n", 5, "sources.a.select", "kind"),
    ("an outlet without a name", "outlets:\n  a: {country: KR}\n", 2, "outlets.a", "name is missing"),
    ("an outlet of nothing", "outlets:\n  a:\n", 2, "outlets.a", "name is missing"),
    ("one alias, not a list", "outlets:\n  a: {name: A, aliases: B}\n", 2, "outlets.a.aliases", "a list"),
    ("a country in words", "outlets:\n  a: {name: A, country: Korea}\n", 2, "outlets.a.country", "KR, JP, TW"),
    ("a homepage without a scheme", "outlets:\n  a: {name: A, homepage: a.org}\n", 2, "outlets.a.homepage", "http"),
    ("a topic of nothing", "topics:\n  a: {name: A}\n", 2, "topics.a", "terms or pages"),
    ("terms of nothing", "topics:\n  a:\n    terms: {ko: []}\n", 2, "topics.a", "terms or pages"),
    ("terms without a language", "topics:\n  a:\n    terms: [x]\n", 3, "topics.a.terms", "from languages"),
    ("terms of no language", "topics:\n  a:\n    terms:\n      xx: [x]\n", 4, "topics.a.terms.xx", "language tag"),
    ("one term, not a list", "topics:\n  a:\n    terms: {ko: 북송}\n", 3, "topics.a.terms.ko", "a list"),
    ("a term within a list", "topics:\n  a:\n    terms: {ko: [[북송]]}\n", 3, "topics.a.terms.ko[0]", "a query"),
    (
        "a query that breaks off",
        "topics:\n  a:\n    terms:\n      ko: [북송, 북송 AND]\n",
        4,
        "topics.a.terms.ko[1]",
        "column 7",
    ),
    ("a parenthesis too few", "topics:\n  a: {terms: {en: [(refugee]}}\n", 2, "topics.a.terms.en[0]", "column 9"),
    (
        "an exclusion that does not parse",
        "topics:\n  a: {pages: [https://x.org], exclude: {en: [)]}}\n",
        2,
        "topics.a.exclude.en[0]",
        "column 1",
    ),
    ("a page that is a path", "topics:\n  a: {pages: [/archive]}\n", 2, "topics.a.pages[0]", "http:// or https://"),
    ("nothing written", SOURCE + "    language:\n", 4, "sources.a.language", "nothing is written here"),
    ("nothing in quotes", SOURCE + '    language: ""\n', 4, "sources.a.language", "a language tag"),
    ("a list where a text is wanted", SOURCE + "    language: [ko]\n", 4, "sources.a.language", "a language tag"),
    (
        "a Python object",
        SOURCE + "    language: !!python/object/apply:os.system [id]\n",
        4,
        "sources.a.language",
        "tags",
    ),
    ("a tag of one's own", SOURCE + "    language: !lang ko\n", 4, "sources.a.language", "tags"),
    ("a text far too long", SOURCE + f"    language: {'k' * 5_000}\n", 4, "sources.a.language", "longer than"),
]


@pytest.mark.parametrize(
    ("text", "line", "key", "part"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_one_line_with_its_key(text: str, line: int, key: str, part: str) -> None:
    mistakes = refused(text)
    assert (line, key) in [(mistake.line, mistake.key) for mistake in mistakes]
    assert any(part in mistake.message for mistake in mistakes if mistake.key == key)
    assert len(mistakes) <= 2


def test_all_mistakes_come_at_once_in_the_order_of_their_lines() -> None:
    text = (
        "fetch: {every: 12:30}\n"
        "outlets:\n"
        "  yonhap: {name: 연합뉴스, country: korea}\n"
        "sources:\n"
        "  - id: Bad\n"
        "    url: gopher://example.org\n"
        "  - id: good\n"
        "    url: https://example.org/\n"
        "    outlet: yonhap\n"
        "    zone: Nowhere\n"
        "topics:\n"
        "  one: {terms: {ko: ['(']}}\n"
        "extra: 1\n"
    )
    assert [(mistake.line, mistake.key) for mistake in refused(text)] == [
        (1, "fetch.every"),
        (3, "outlets.yonhap.country"),
        (5, "sources[0].id"),
        (6, "sources[0].url"),
        (10, "sources.good.zone"),
        (12, "topics.one.terms.ko[0]"),
        (13, "extra"),
    ]


def test_the_error_reads_as_path_line_key_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse("fetch: {every: 60}\n", "press.yaml")
    assert str(caught.value) == "press.yaml: line 1: fetch.every: write a number and a unit: 15m, 6h, 1d"


@pytest.mark.parametrize(
    "text",
    [
        "sources:\n  - id: a\n    url: htp://user:secret@example.org/\n",
        "sources:\n  - id: a\n    url: user:secret@example.org/feed\n",
        "sources:\n  - id: a\n    url: 'https://user:secret@[example.org/'\n",
        "sources:\n  - id: a\n    url: https://user:secret@example.org:port/\n",
        "sources:\n  - id: https://user:secret@example.org/\n    url: https://example.org/\n",
        "sources:\n  - https://user:secret@example.org/: x\n",
        "sources:\n  - id: a\n    url: https://user:secret@h.org/\n  - id: b\n    url: https://user:secret@h.org/\n",
        "topics:\n  a: {terms: {en: ['https://user:secret@h.org/ AND']}}\n",
        "outlets:\n  https://user:secret@h.org/: {name: A}\n",
        "fetch:\n  contact: https://user:secret@h.org/\n",
        "fetch:\n  contact: *user:secret@h.org\n",
        "fetch: {contact: https://user:secret@h.org/\n",
    ],
)
def test_no_message_holds_credentials(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(text)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


# --- what YAML would make of it ---------------------------------------------------------------------------------------


def test_scalars_mean_what_is_written_not_what_yaml_makes_of_them() -> None:
    assert source(language="no").language == "no"
    assert source(encoding="949").encoding == "949"
    assert list(config.parse("sources:\n  - {id: 010, url: https://x.org}\n").sources) == ["010"]
    assert list(config.parse("sources:\n  - {id: 1e3, url: https://x.org}\n").sources) == ["1e3"]
    outlets = config.parse(
        "outlets:\n  on: {name: 2024, aliases: [1_000, 12:30, yes, 2024-05-08], country: NO}\n"
    ).outlets
    assert outlets["on"] == Outlet(id="on", name="2024", aliases=("1_000", "12:30", "yes", "2024-05-08"), country="NO")
    terms = config.parse("topics:\n  t: {terms: {no: [no, 010, 1.50]}}\n").topics["t"].terms
    assert terms == {"no": ("no", "010", "1.50")}


def test_quoted_scalars_are_read_as_plain_ones_are() -> None:
    quoted = source(every="'15m'", enabled='"false"', kind="'page'", language='"ko"')
    assert quoted == source(every="15m", enabled="false", kind="page", language="ko")


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("15m", 900), ("6h", 21_600), ("1d", 86_400), ("15 m", 900)]
)
def test_durations(written: str, seconds: int) -> None:
    assert source(every=written).every == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "size"), [("10MB", 10_000_000), ("500kB", 500_000), ("500KB", 500_000), ("1GiB", 2**30), ("512B", 512)]
)
def test_sizes(written: str, size: int) -> None:
    assert source(max_bytes=written).max_bytes == size


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("ko", "ko"),
        ("zh-hans", "zh-Hans"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("en-gb", "en-GB"),
        ("yue", "yue"),
        ("es-419", "es-419"),
    ],
)
def test_language_tags_are_written_as_bcp_47_writes_them(written: str, tag: str) -> None:
    assert source(language=written).language == tag


@pytest.mark.parametrize(
    "label",
    ["Shift_JIS", "big5-hkscs", "euc-kr", "gb2312", "ks_c_5601-1987", "utf-8", "windows-31j", "x-gbk", "x-sjis"],
)
def test_labels_of_vendors_are_encodings(label: str) -> None:
    assert source(encoding=label).encoding == label


@pytest.mark.parametrize("contact", ["https://example.org/about", "desk@example.org", "mailto:desk@example.org"])
def test_contacts_are_pages_or_mailboxes(contact: str) -> None:
    assert source(contact=contact).contact == contact


def test_credentials_are_kept_in_the_address_and_left_out_of_the_public_one() -> None:
    kept = config.parse("sources:\n  - {id: a, url: 'https://user:secret@example.org/a'}\n").sources["a"]
    assert (kept.url, kept.public_url) == ("https://user:secret@example.org/a", "https://example.org/a")


# --- what is accepted -------------------------------------------------------------------------------------------------


def test_without_more_a_source_has_the_defaults_of_its_record() -> None:
    assert source() == Source(id="a", url="https://example.org/a")


def test_fetch_is_the_default_and_a_source_overrides_each_of_its_keys() -> None:
    fetch = "fetch: {every: 2h, contact: a@example.org, allow_private: true, timeout: 10s, max_bytes: 1MB}\n"
    own = "    every: 5m\n    contact: b@example.org\n    allow_private: false\n    timeout: 1m\n    max_bytes: 1GB\n"
    inherited = config.parse(fetch + SOURCE).sources["a"]
    overridden = config.parse(fetch + SOURCE + own).sources["a"]
    assert inherited == Source(
        id="a",
        url="https://example.org/a",
        every=timedelta(hours=2),
        contact="a@example.org",
        allow_private=True,
        timeout=timedelta(seconds=10),
        max_bytes=10**6,
    )
    assert overridden == Source(
        id="a",
        url="https://example.org/a",
        every=timedelta(minutes=5),
        contact="b@example.org",
        timeout=timedelta(minutes=1),
        max_bytes=10**9,
    )


def test_every_key_arrives_in_its_record() -> None:
    text = """
outlets:
  some: {name: 어느 신문, aliases: [ある新聞, Some Paper], country: KR, homepage: https://example.org}
sources:
  - id: some-section
    outlet: some
    url: https://example.org/news
    kind: page
    language: ko
    zone: Asia/Seoul
    encoding: euc-kr
    enabled: false
    select: {item: "ul.news > li", link: a.more, title: h2, date: .date, summary: p}
topics:
  returned:
    name: Returned
    pages: [https://example.org/archive]
    terms: {ko: [강제북송, 탈북민 AND (북송 OR 송환)], any: [OKN]}
    exclude: {en: [football]}
"""
    expected = Config(
        outlets={
            "some": Outlet(
                id="some",
                name="어느 신문",
                aliases=("ある新聞", "Some Paper"),
                country="KR",
                homepage="https://example.org",
            )
        },
        sources={
            "some-section": Source(
                id="some-section",
                outlet="some",
                url="https://example.org/news",
                kind=Kind.PAGE,
                language="ko",
                zone="Asia/Seoul",
                encoding="euc-kr",
                enabled=False,
                select=Selectors(item="ul.news > li", link="a.more", title="h2", date=".date", summary="p"),
            )
        },
        topics={
            "returned": Topic(
                id="returned",
                name="Returned",
                pages=("https://example.org/archive",),
                terms={"ko": ("강제북송", "탈북민 AND (북송 OR 송환)"), "any": ("OKN",)},
                exclude={"en": ("football",)},
            )
        },
    )
    assert config.parse(text) == expected


def test_sections_may_be_missing_or_empty_and_a_topic_is_named_by_its_id() -> None:
    assert config.parse("fetch:\noutlets:\nsources:\ntopics:\n") == Config(sources={}, outlets={}, topics={})
    assert config.parse("topics: {a: {terms: {ko: [북송]}}}\n").topics["a"].name == "a"


def test_a_page_may_go_without_selectors_and_selectors_may_be_shared_by_an_alias() -> None:
    assert source(kind="page").select is None
    text = (
        "sources:\n"
        "  - {id: a, url: https://x.org/a, kind: page, select: &list {item: li}}\n"
        "  - {id: b, url: https://x.org/b, kind: page, select: *list}\n"
    )
    assert config.parse(text).sources["b"].select == Selectors(item="li")


def test_order_is_kept() -> None:
    text = "sources:\n" + "".join(f"  - {{id: s{n}, url: https://x.org/{n}}}\n" for n in (3, 1, 2))
    assert list(config.parse(text).sources) == ["s3", "s1", "s2"]


# --- files that cannot be read at all ---------------------------------------------------------------------------------

# why, bytes, line, a part of the message
UNREADABLE = [
    ("empty", b"", 1, "aggregator init"),
    ("comments only", b"# nothing\n\n", 1, "aggregator init"),
    ("not UTF-8", "fetch: {}\n# 한국\n".encode("euc-kr"), 2, "UTF-8"),
    ("UTF-16", "fetch: {}\n".encode("utf-16"), 1, "UTF-8"),
    ("NUL", b"fetch: {}\n\ntopics:\0 {}\n", 3, "U+0000"),
    ("an escape character", b"fetch: {}\ntopics: \x1b[0m{}\n", 2, "U+001B"),
    ("a tab as indentation", b"fetch:\n\tevery: 1h\n", 2, "tab"),
    ("a quote that stays open", b"fetch:\n  every: '1h\ntopics: {}\n", 2, "never closed"),
    ("a bracket that stays open", b"fetch: {every: 1h\nsources: []\n", 2, "begins on line 1"),
    ("a colon in a value", b"outlets:\n  a:\n    name: Daily: News\n", 3, "put a value that holds ': ' in quotes"),
    ("two documents", b"fetch: {}\n---\ntopics: {}\n", 2, "---"),
    ("a star without quotes", b"topics: {a: {terms: {en: [*fugee]}}}\n", 1, "alias"),
    ("a backquote", b"fetch: `x`\n", 1, "quotes"),
]


@pytest.mark.parametrize(
    ("body", "line", "part"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE]
)
def test_a_file_that_cannot_be_read_is_one_mistake_with_its_line(
    tmp_path: Path, body: bytes, line: int, part: str
) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(body)
    with pytest.raises(ConfigError, match=r"feeds\.yaml") as caught:
        config.load(path)
    (mistake,) = caught.value.mistakes
    assert mistake.line == line
    assert part in mistake.message


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="aggregator init"):
        config.load(tmp_path / "feeds.yaml")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        config.load(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode())
    assert list(config.load(path).sources) == ["a"]


# --- hostile YAML -----------------------------------------------------------------------------------------------------


def _bomb() -> str:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    return "l0: &l0 [x, x, x, x, x, x, x, x, x]\n" + levels


HOSTILE = [
    ("aliases of aliases", _bomb()),
    ("an alias of itself", "topics: &a {b: *a}\n"),
    (
        "wide aliases in every place",
        "topics:\n  a: &t {terms: {ko: &q [x, y]}}\n" + "".join(f"  t{n}: *t\n" for n in range(60_000)),
    ),
    ("lists in lists", "[" * 200_000),
    ("mappings in mappings", "{a: " * 200_000),
    ("lists in lists, on one line", "- " * 200_000),
    ("keys in keys", "? " * 200_000),
    ("one long word", "fetch: " + "x" * 1_000_000),
    ("one long key", "x" * 1_000_000 + ": 1\n"),
    ("one long word with a sign", "fetch: {contact: " + "x@" * 500_000 + "}"),
    ("a query without an end", "topics: {a: {terms: {en: ['" + "NOT " * 490 + "(']}}}\n"),
    (
        "a selector without an end",
        "sources: [{id: a, url: 'http://x', kind: page, select: {item: '" + ":not(" * 390 + "'}}]\n",
    ),
]


@pytest.mark.parametrize("text", [case[1] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_yaml_is_refused_soon_and_in_few_words(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(ConfigError) as caught:
        config.parse(text)
    assert time.perf_counter() - begun < 5
    assert max(len(str(mistake)) for mistake in caught.value.mistakes) < 400


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text("-:[]{}&*!#'\"|>%@ \n\tabско", max_size=60)))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    try:
        result: Config | ConfigError = config.parse(text)
    except ConfigError as error:
        result = error
    mistakes = () if isinstance(result, Config) else result.mistakes
    assert isinstance(result, Config) or mistakes
    assert all(mistake.line >= 1 and mistake.key and mistake.message for mistake in mistakes)


# --- the description of the keys --------------------------------------------------------------------------------------


def test_every_key_has_a_known_type_and_a_meaning() -> None:
    names = [key.name for key in keys.KEYS]
    assert len(names) == len(set(names))
    assert {key.type for key in keys.KEYS} <= set(keys.TYPES)
    assert all(key.meaning.endswith(".") for key in keys.KEYS)


@pytest.mark.parametrize(
    ("section", "record"),
    [
        ("sources[]", Source),
        ("sources[].select", Selectors),
        ("outlets.ID", Outlet),
        ("topics.ID", Topic),
        ("stories", Stories),
        ("alerts", Channels),
        ("", Config),
    ],
)
def test_the_keys_of_a_section_are_the_fields_of_its_record(section: str, record: type) -> None:
    names = {key.name.rpartition(".")[2] for key in keys.KEYS if key.name.rpartition(".")[0] == section}
    implied = {"outlets.ID": {"id"}, "topics.ID": {"id"}, "": {"origin"}}.get(section, set())
    beside = {"": {"fetch"}}.get(section, set())
    assert names - beside == set(record.__dataclass_fields__) - implied


# --- cost -------------------------------------------------------------------------------------------------------------


def test_importing_config_imports_no_parser() -> None:
    parsers = ("yaml", "zoneinfo", "soupsieve", "lark")
    code = f"import sys, aggregator.config; print([name for name in {parsers} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_tables_of_names_begin_where_the_file_is_and_must_be_right(tmp_path: Path) -> None:
    (tmp_path / "names.tsv").write_text("id\tkind\tko\nnamyang\tplace\t남양\n", "utf-8")
    (tmp_path / "feeds.yaml").write_text("stories: {names: [names.tsv]}\n", "utf-8")
    found = config.load(tmp_path / "feeds.yaml").stories
    assert (found.method, found.names) == ("concepts", (str(tmp_path / "names.tsv"),))
    (tmp_path / "names.tsv").write_text("id\tkind\tko\nnamyang\triver\t남양\n", "utf-8")
    (tmp_path / "feeds.yaml").write_text("stories:\n  names:\n  - names.tsv\n  - none.tsv\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "feeds.yaml")
    assert [(one.line, one.key) for one in caught.value.mistakes] == [(3, "stories.names[0]"), (4, "stories.names[1]")]
    assert "line 2: 'river' is no kind" in str(caught.value)


AGAIN = [
    ("", "fetch:\n", "a section of nothing"),
    (
        "outlets:\n  a: {name: '  A   &amp; Press ', homepage: ' https://a.example ', aliases: [에이, ' A  신문 ']}\n",
        "sources:\n  - {id: a, outlet: a, kind: page, url: ' https://a.example/x ', select: {item: 'ul  >  li'}}\n",
        "spaces that do not count",
    ),
    (
        "fetch: {every: 2h, timeout: 9s, pause: 3s, max_bytes: 2MB, visit: true, contact: desk@example.org}\n",
        (
            "sources:\n  - {id: a, url: 'https://u:p@a.example/', every: 1d, enabled: false, encoding: euc-kr}\n"
            "  - {id: 010, url: 'https://b.example/', language: no, zone: Asia/Seoul, visit: false}\n"
        ),
        "defaults, some of which a source overrules; what YAML would take for a number or for false",
    ),
    (
        "topics:\n  t: {terms: {ko: ['탈북민   AND  북송'], en: []}, pages: [' https://a.example/page ']}\n",
        "  u:\n    name: U\n    terms: &same\n      any: [북송]\n    exclude: *same\n",
        "queries, some of them by an alias",
    ),
    (
        "stories: {method: concepts, names: [names.tsv]}\n",
        "alerts: {command: mail -s Press desk@example.org, webhook: 'https://hooks.example/x?token=1'}\n",
        "a table of names beside the file, ways for alerts",
    ),
    ("\ufeff# a comment\nsources: []\n", "topics: {}\n", "a mark of the byte order, and nothing"),
    ("sources: ~\n", "topics: null\n", "nothing, in YAML's other words"),
]


@pytest.mark.parametrize(("first", "then", "why"), AGAIN, ids=[row[-1] for row in AGAIN])
def test_what_was_right_before_comes_to_the_same_without_the_checks(
    tmp_path: Path, first: str, then: str, why: str
) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(first + then, "utf-8")
    (tmp_path / "names.tsv").write_text("id\tkind\tko\nnamyang\tplace\t남양\n", "utf-8")
    assert config.load(path, known=True) == config.load(path), why


def test_so_does_the_list_that_comes_with_the_program() -> None:
    path = Path(__file__).parents[1] / "feeds.yaml"
    assert config.load(path, known=True) == config.load(path)
    assert config.load(path, known=True).origin == config.load(path).origin == config.parse(path.read_text()).origin
    assert config.parse(path.read_text() + "# a word\n").origin != config.load(path).origin


CHANGED = [
    ("sources:\n  - {id: a, url: 'https://a.example/', zone: Asia/Atlantis}\n", 2, "a zone that this machine has not"),
    ("sources:\n  - {id: a, url: 'https://a.example/', colour: red}\n", 2, "a key that this version does not know"),
    ("sources: {\n", 1, "another text by now"),
]


@pytest.mark.parametrize(("text", "line", "why"), CHANGED, ids=[row[-1] for row in CHANGED])
def test_what_is_not_right_any_more_is_said_as_ever(tmp_path: Path, text: str, line: int, why: str) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, known=True)
    assert caught.value.mistakes[0].line >= line, why


def test_a_file_that_was_right_and_has_gone_is_said_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.load(tmp_path / "feeds.yaml", known=True)
