"""From what was found, or imported, to entries of feeds.yaml: ids, outlets, languages, zones."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import additions, keys
from aggregator.model import Config, Item, Outlet, Reading, Source
from aggregator.opml import Subscription

TODAY = date(2026, 11, 22)
NOTHING = Config(sources={}, outlets={}, topics={})


def added(url: str, *titles: str, config: Config = NOTHING, name: str = "") -> additions.Addition:
    reading = Reading(items=tuple(Item(title=title) for title in titles))
    return additions.of_source(Source(id="", url=url), reading, name, config, TODAY)


@pytest.mark.parametrize(
    ("url", "id_", "why"),
    [
        ("https://www.haeram.example/rss/", "haeram", "the name of the host"),
        ("https://news.haeram.co.kr/feed", "haeram", "below a second level, without what is said everywhere"),
        ("https://haeram.example/rss/politics.xml", "haeram-politics", "with the section"),
        ("https://www.yna.co.kr/rss/northkorea.xml", "yonhap-northkorea", "by the outlet where it is known"),
        ("http://127.0.0.1:8001/feed", "127-0-0-1", "a number"),
        ("https://haeram.example/%EC%A0%95%EC%B9%98/rss", "haeram", "a section in letters that no id has"),
    ],
)
def test_an_id_says_whose_it_is_and_which_part(url: str, id_: str, why: str) -> None:
    assert added(url).source.id == id_, why


def test_the_outlets_of_the_file_come_before_the_built_in_ones_and_both_before_new_ones() -> None:
    own = Config(
        sources={}, outlets={"mine": Outlet(id="mine", name="내 신문", homepage="https://mine.example")}, topics={}
    )
    assert added("https://www.mine.example/rss", config=own).outlet is None
    built_in, new = added("https://www.yna.co.kr/rss").outlet, added("https://haeram.kr/rss", name="해람").outlet
    assert built_in is not None
    assert (built_in.id, built_in.name, built_in.country) == ("yonhap", "연합뉴스", "KR")
    assert new == Outlet(id="haeram", name="해람", country="KR", homepage="https://haeram.kr")


def test_a_portal_is_no_outlet() -> None:
    addition = added("https://news.yahoo.co.jp/rss/topics/top-picks.xml")
    assert (addition.outlet, addition.source.outlet, addition.source.zone) == (None, None, "Asia/Tokyo")


def test_a_zone_is_written_only_where_the_country_does_not_say_it() -> None:
    homeless = Outlet(id="haeram", name="해람", homepage="https://haeram.kr")
    known = Config(sources={}, outlets={"haeram": homeless}, topics={})
    assert added("https://haeram.kr/rss", config=known).source.zone == "Asia/Seoul"
    assert added("https://haeram.kr/rss").source.zone is None
    assert added("https://haeram.example/rss").source.zone is None


@pytest.mark.parametrize(
    ("titles", "language"),
    [
        (("통일부 “중국서 다수의 북한 주민 북송”",), "ko"),
        (("脱北者の強制送還", "政府が調査へ"), "ja"),
        (("韩国政府对遣返表示遗憾",), "zh-Hans"),
        (("", ""), None),
    ],
)
def test_the_language_is_that_of_the_headlines_together(titles: tuple[str, ...], language: str | None) -> None:
    assert added("https://haeram.example/", *titles).source.language == language


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=3), st.sets(st.sampled_from(["source", "source-2", "a", "a-2"])))
def test_an_id_is_readable_and_free(wanted: list[str], taken: set[str]) -> None:
    made = additions.fresh_id(wanted, taken)
    assert keys.slug(made)
    assert made not in taken


# --- lists of other readers -------------------------------------------------------------------------------------------


def imported(*subscriptions: Subscription) -> additions.Import:
    return additions.of_subscriptions(subscriptions, NOTHING, TODAY)


def test_ids_of_an_exported_list_are_kept() -> None:
    done = imported(Subscription(url="https://x.example/", title="my-id", text="엑스"))
    assert [one.source.id for one in done.additions] == ["my-id"]


def test_an_address_is_added_once() -> None:
    done = imported(*(Subscription(url=url) for url in ("https://x.example/a", "http://x.example/a#top")))
    assert (len(done.additions), len(done.there)) == (1, 1)


def test_an_outlet_is_called_as_the_shortest_of_its_feeds() -> None:
    names = ("해람통신 정치", "해람통신", "해람통신 사회")
    done = imported(
        *(
            Subscription(url=f"https://x.example/{name}", text=name, homepage="https://haeram.example/")
            for name in names
        )
    )
    assert [one.outlet.name for one in done.additions if one.outlet] == ["해람통신"]
    assert {one.source.outlet for one in done.additions} == {"haeram"}


@pytest.mark.parametrize(
    ("subscription", "reason"),
    [
        (Subscription(url="|program"), "not an address"),
        (Subscription(url="file:///etc/passwd"), "not an address"),
        (Subscription(url="https://x.example/", kind=None), "neither feed nor page"),
        (Subscription(url="https://x.example/" + "x" * 2_000), "longer than 2,000 characters"),
        (Subscription(url="https://x.example/?token=hidden-3f2a&a=b"), "its token is hidden"),
    ],
)
def test_what_cannot_be_polled_is_refused_with_a_reason(subscription: Subscription, reason: str) -> None:
    ((told, said),) = imported(subscription).refused
    assert said.startswith(reason)
    assert len(told) < 200
