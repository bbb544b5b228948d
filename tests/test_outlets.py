"""A press name in any script leads to its outlet, and so does the head of a line or a host."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import Outlet
from aggregator.outlets import BUILT_IN, directory
from aggregator.text import fold

CASES = Path(__file__).parent / "cases"
NAMES = [name for outlet in BUILT_IN for name in (outlet.name, *outlet.aliases)]


def table(name: str) -> list:
    """The rows of a case table, each with its `why` as the id; `\\t` stands for a tab."""
    lines = (CASES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [[cell.replace("\\t", "\t").replace("\\u3000", "\u3000") for cell in line.split("\t")] for line in lines]
    return [pytest.param(*row[:-1], id=row[-1]) for row in rows]


@pytest.mark.parametrize(("name", "outlet"), table("outlets_find"))
def test_a_name_belongs_to(name, outlet):
    found = directory().find(name)
    assert (found.id if found else "") == outlet


@pytest.mark.parametrize(("text", "outlet", "written"), table("outlets_prefix"))
def test_at_the_head_of_a_text_stands(text, outlet, written):
    found = directory().prefix(text)
    assert ((found[0].id, found[1]) if found else ("", "")) == (outlet, written)


@pytest.mark.parametrize(("place", "outlet"), table("outlets_by_host"))
def test_a_host_belongs_to(place, outlet):
    found = directory().by_host(place)
    assert (found.id if found else "") == outlet


# --- the built-in list ------------------------------------------------------------------------------------------------


def test_the_rows_are_sorted_by_id_and_ids_are_slugs():
    ids = [outlet.id for outlet in BUILT_IN]
    assert ids == sorted(set(ids))
    assert [one for one in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one)] == []


def test_no_name_belongs_to_two_outlets():
    owners = {}
    for outlet in BUILT_IN:
        for name in (outlet.name, *outlet.aliases):
            assert owners.setdefault(fold(name), outlet.id) == outlet.id, name


def test_names_are_printed_once_and_trimmed():
    for outlet in BUILT_IN:
        names = (outlet.name, *outlet.aliases)
        assert len(set(names)) == len(names), outlet.id
        assert all(name and name == name.strip() for name in names), outlet.id


def test_every_outlet_has_a_country_and_a_homepage_of_the_right_form():
    for outlet in BUILT_IN:
        assert outlet.country is None or re.fullmatch("[A-Z]{2}", outlet.country), outlet.id
        assert outlet.homepage is None or re.fullmatch(r"https?://[a-z0-9.-]+(/[a-z]+)?", outlet.homepage), outlet.id


@pytest.mark.parametrize("country", ["KR", "JP", "CN", "TW", "HK", "SG", "US", "GB"])
def test_the_press_of_the_region_is_there(country):
    assert sum(outlet.country == country for outlet in BUILT_IN) >= 4


@pytest.mark.parametrize("outlet", BUILT_IN, ids=lambda outlet: outlet.id)
def test_an_outlet_is_found_by_its_names_and_its_homepage(outlet):
    names = directory()
    assert {names.find(name) for name in (outlet.name, *outlet.aliases)} == {outlet}
    assert {names.prefix(f"{name} x")[0] for name in (outlet.name, *outlet.aliases)} == {outlet}
    assert outlet.homepage is None or names.by_host(f"{outlet.homepage}/a/1?b=2") == outlet


# --- outlets of feeds.yaml --------------------------------------------------------------------------------------------


def test_a_known_id_keeps_its_names_and_what_it_does_not_say():
    own = Outlet(id="nhk", name="NHK総合", aliases=("ラジオ第1",), homepage="https://nhk.example")
    names = directory([own])
    joined = names.outlets["nhk"]
    assert (joined.name, joined.country, joined.homepage) == ("NHK総合", "JP", "https://nhk.example")
    assert joined.aliases[:2] == ("ラジオ第1", "NHK")
    assert names.find("日本放送協会") == names.find("ラジオ第1") == names.by_host("www.nhk.example") == joined
    assert names.by_host("www3.nhk.or.jp") is None


def test_a_name_claimed_twice_belongs_to_the_first_of_feeds_yaml():
    mine, yours = Outlet(id="mine", name="BBC"), Outlet(id="yours", name="BBC")
    names = directory([mine, yours])
    assert names.find("bbc") == mine
    assert names.find("英国放送協会").id == "bbc"
    assert directory().find("BBC").id == "bbc"


def test_a_host_claimed_twice_belongs_to_feeds_yaml():
    assert directory([Outlet(id="mine", name="x", homepage="https://bbc.com/")]).by_host("bbc.com").id == "mine"


def test_an_outlet_without_letters_in_its_name_is_never_found():
    names = directory([Outlet(id="mine", name=" ")])
    assert names.find("") is None
    assert names.prefix("  x") is None
    assert names.outlets["mine"].name == " "


def test_an_iterator_of_outlets_is_enough():
    assert directory(iter([Outlet(id="mine", name="새신문")])).find("새 신문").id == "mine"


# --- whatever comes ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(NAMES), st.sampled_from(["NFC", "NFD", "NFKC"]))
@settings(max_examples=150, deadline=None)
def test_a_name_is_found_and_cut_off_in_every_normal_form(name, form):
    written = unicodedata.normalize(form, name)
    found, cut = directory().prefix(f"{written} 「x」")
    assert directory().find(written) == found
    assert cut == written


@given(st.text(st.characters(exclude_categories=())) | st.lists(st.sampled_from([*NAMES, " ", "：", "x"])).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_asked(text):
    names = directory()
    found = names.prefix(text)
    assert found is None or (text.startswith(found[1]) and names.find(found[1]) == found[0])
    names.find(text)
    names.by_host(text)


def test_the_built_in_directory_is_made_once_and_extending_it_is_cheap():
    assert directory() is directory()
    extra = [Outlet(id=f"own-{number}", name=f"신문 {number}") for number in range(20)]
    fastest = min(_seconds(extra) for _ in range(5))
    assert fastest < 0.05


def _seconds(extra: list[Outlet]) -> float:
    start = time.perf_counter()
    directory(extra)
    return time.perf_counter() - start


def test_importing_needs_no_dictionaries():
    code = "import sys, aggregator.outlets; sys.exit('opencc' in sys.modules or 'bs4' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
