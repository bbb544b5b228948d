"""The shipped feeds.yaml: whole, evidenced, and in step with the built-in press names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aggregator import config, outlets, topics
from aggregator.model import Config, Kind
from aggregator.text import fold

PATH = Path(__file__).resolve().parents[1] / "feeds.yaml"
EVIDENCE = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "feeds_list" / "feeds_real.csv"

IN_NOTES = {"mingpao", "scmp-china"}  # seen to work too, but the list names them beside another address only

# "works 2026-09", "works, month unknown" or "assumed", and after a colon what is odd about the source.
COMMENT = re.compile(r"(works 20[0-9]{2}-(?:0[1-9]|1[0-2])|works, month unknown|assumed)(?:: (\S.*))?")


@pytest.fixture(scope="module")
def shipped() -> Config:
    return config.load(PATH)


@pytest.fixture(scope="module")
def comments() -> dict[str, str]:
    """What stands behind the id of each source."""
    found = re.findall(r"^  - id: (\S+)(?:  # (.*))?$", PATH.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def test_there_are_sources_in_every_language(shipped: Config) -> None:
    counts = Counter(source.language for source in shipped.sources.values() if source.enabled)
    assert set(counts) == {"ko", "ja", "zh-Hans", "zh-Hant", "en"}
    assert min(counts.values()) >= 12
    assert counts.total() >= 80


def test_most_sources_are_known_to_work(shipped: Config, comments: dict[str, str]) -> None:
    works = [name for name, comment in comments.items() if comment.startswith("works")]
    assert len(works) >= 80


def test_every_source_has_an_outlet_a_language_and_an_interval_of_its_own(shipped: Config) -> None:
    written = PATH.read_text(encoding="utf-8").split("\nsources:\n")[1].split("\ntopics:\n")[0]
    blocks = re.split(r"^  - ", written, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(shipped.sources)
    for block in blocks:
        assert all(f"\n    {key}: " in block for key in ("outlet", "url", "language", "every")), block


def test_every_outlet_has_a_source(shipped: Config) -> None:
    assert set(shipped.outlets) == {source.outlet for source in shipped.sources.values()}


def test_every_source_says_how_much_is_known_of_it(shipped: Config, comments: dict[str, str]) -> None:
    assert set(comments) == set(shipped.sources)
    assert [name for name, comment in comments.items() if not COMMENT.fullmatch(comment)] == []


def test_no_address_stands_twice(shipped: Config) -> None:
    addresses = Counter(urlsplit(source.url)._replace(scheme="").geturl() for source in shipped.sources.values())
    assert [address for address, count in addresses.items() if count > 1] == []


def test_no_page_needs_selectors_that_nobody_has_seen_work(shipped: Config) -> None:
    assert [source.id for source in shipped.sources.values() if source.select] == []


def test_agencies_are_polled_more_often_than_weeklies(shipped: Config) -> None:
    assert shipped.sources["yonhap"].every < shipped.sources["chosun"].every < shipped.sources["weekly-khan"].every


# why, outlet, language, a part of the address, a part of the comment
REQUIRED = [
    ("One Korea Network", "okn", "en", "https://onekoreanetwork.com/feed/", "unverified"),
    ("中央日報日本語版, without a known feed", "joongang-ja", "ja", "site:japanese.joins.com", "unverified"),
    ("産経, whose feed is dead", "sankei", "ja", "site:sankei.com", "Google News"),
    ("産経, as an index of sitemaps", "sankei", "ja", "www.sankei.com/feeds/sitemapindex-category", "sitemap"),
    ("BBC in Korean", "bbc-korean", "ko", "feeds.bbci.co.uk/korean/", "works"),
    ("BBC in Japanese", "bbc-japanese", "ja", "feeds.bbci.co.uk/japanese/", "assumed"),
    ("BBC in simplified Chinese", "bbc-zh", "zh-Hans", "feeds.bbci.co.uk/zhongwen/simp/", "works"),
    ("BBC in traditional Chinese", "bbc-zh", "zh-Hant", "feeds.bbci.co.uk/zhongwen/trad/", "works"),
    ("BBC in English", "bbc", "en", "feeds.bbci.co.uk/news/world/rss.xml", "works"),
    ("연합뉴스", "yonhap", "ko", "https://www.yna.co.kr/rss/news.xml", "works"),
    ("연합뉴스 북한", "yonhap", "ko", "https://www.yna.co.kr/rss/northkorea.xml", "works"),
    ("聯合ニュース", "yonhap", "ja", "https://jp.yna.co.kr/RSS/news.xml", "works"),
    ("韩联社", "yonhap", "zh-Hans", "https://cn.yna.co.kr/RSS/news.xml", "TLS"),
    ("Yonhap News", "yonhap", "en", "https://en.yna.co.kr/RSS/news.xml", "works"),
    ("Reuters, without a feed since 2020", "reuters", "en", "when:24h+allinurl:reuters.com", "Google News"),
    ("ロイター, likewise", "reuters", "ja", "when:24h+allinurl:jp.reuters.com", "Google News"),
    ("ロイター at Yahoo! Japan", "reuters", "ja", "news.yahoo.co.jp/rss/media/reut/", "no items"),
]


@pytest.mark.parametrize("row", REQUIRED, ids=[row[0] for row in REQUIRED])
def test_the_press_that_the_lists_quote_is_there(
    row: tuple[str, ...], shipped: Config, comments: dict[str, str]
) -> None:
    _, outlet, language, address, comment = row
    found = [
        source.id
        for source in shipped.sources.values()
        if (source.outlet, source.language) == (outlet, language) and address in source.url
    ]
    assert len(found) == 1
    assert comment in comments[found[0]]


def test_a_date_without_an_offset_has_a_zone(shipped: Config) -> None:
    """The country of an outlet settles the zone, but not in the United States, nor where there is no country."""
    without = [
        source.id
        for source in shipped.sources.values()
        if source.outlet and shipped.outlets[source.outlet].country in (None, "US") and not source.zone
    ]
    assert without == []


def test_an_outlet_is_the_one_that_the_built_in_list_knows_by_that_id(shipped: Config) -> None:
    known = outlets.directory().outlets
    for name in shipped.outlets.keys() & known.keys():
        own, built_in = shipped.outlets[name], known[name]
        assert {fold(one) for one in (own.name, *own.aliases)} & {
            fold(one) for one in (built_in.name, *built_in.aliases)
        }
        assert own.country == built_in.country
    assert len(shipped.outlets.keys() & known.keys()) >= 60


def test_an_outlet_that_the_built_in_list_knows_has_its_id(shipped: Config) -> None:
    directory = outlets.directory()
    others = {name: directory.find(outlet.name) for name, outlet in shipped.outlets.items()}
    assert {name: found.id for name, found in others.items() if found and found.id != name} == {}


def test_three_topics_speak_four_languages_and_compile(shipped: Config) -> None:
    assert list(shipped.topics) == ["forced-repatriation", "north-korea-missiles", "press-freedom-hong-kong"]
    assert all({"ko", "ja", "zh", "en"} <= set(topic.terms) for topic in shipped.topics.values())
    assert topics.compile(shipped.topics) is not None


# why, topic (or none), title, language
HEADLINES = [
    ("the Korean word", "forced-repatriation", "중국, 탈북민 수백 명 강제북송", "ko"),
    ("the Korean words apart", "forced-repatriation", "정부 “탈북민 의사에 반한 송환 안 돼”", "ko"),
    ("Japanese", "forced-repatriation", "中国が脱北者を強制送還、人権団体が抗議", "ja"),
    ("traditional Chinese", "forced-repatriation", "中國遭批強制遣返北韓難民", "zh-Hant"),
    ("English", "forced-repatriation", "Activists decry forced repatriation from China", "en"),
    ("a deportation from Japan", None, "入管、難民申請者を強制送還", "ja"),
    ("a migrant worker in Taiwan", None, "逃逸移工遭強制遣返", "zh-Hant"),
    ("Korean missiles", "north-korea-missiles", "합참 “북한, 동해상으로 탄도미사일 발사”", "ko"),
    ("Chinese missiles of the North", "north-korea-missiles", "朝鲜发射一枚弹道导弹", "zh-Hans"),
    ("missiles of another country", None, "Iran test-fires a ballistic missile", "en"),
    ("Hong Kong in Japanese", "press-freedom-hong-kong", "香港、報道の自由の指数が最低に", "ja"),
    ("Hong Kong in English", "press-freedom-hong-kong", "Jimmy Lai’s trial resumes", "en"),
    ("Hong Kong, but the weather", None, "Hong Kong braces for typhoon", "en"),
]


@pytest.mark.parametrize("row", HEADLINES, ids=[row[0] for row in HEADLINES])
def test_topics_find_what_they_are_about(row: tuple[str, str | None, str, str], shipped: Config) -> None:
    _, topic, title, language = row
    found = {mention.topic for mention in topics.compile(shipped.topics).match(title, "", language)}
    assert found == ({topic} if topic else set())


def test_no_address_is_one_that_was_found_dead(shipped: Config, comments: dict[str, str]) -> None:
    if not EVIDENCE.exists():
        pytest.skip("the list of evidence is not part of the project")
    with EVIDENCE.open(encoding="utf-8", newline="") as file:
        status = {row["feed_url"]: row["status"] for row in csv.DictReader(file) if row["feed_url"]}
    for source in shipped.sources.values():
        said = status.get(source.url, "")
        assert not re.match(r"DEAD|STALE|FROZEN|NO ", said), source.id
        if comments[source.id].startswith("works") and source.id not in IN_NOTES:
            assert re.match(r"works|200|403.*ok", said), f"{source.id}: {said or 'not in the list'}"


def test_only_a_source_that_waits_for_proof_is_switched_off(shipped: Config, comments: dict[str, str]) -> None:
    assert {source.id for source in shipped.sources.values() if not source.enabled} == {"sankei-sitemap"}
    assert shipped.sources["sankei-sitemap"].kind is Kind.SITEMAP
    assert comments["sankei-sitemap"].startswith("assumed")
