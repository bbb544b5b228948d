"""Numbers, whatever the language prints."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import numbers
from aggregator.text import fold

with (Path(__file__).parent / "cases" / "numbers.tsv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_numbers(case: dict[str, str]) -> None:
    found = ", ".join(f"{one.digits} {one.kind}".strip() for one in numbers.found(case["text"]))
    assert found == case["numbers"]


@given(st.text(alphabet="0123456789.,만억조천백십万億千百十一二三六〇% 명人年월日-:/대 abMm$", max_size=30))
def test_whatever_comes_in_numbers_stand_in_their_order_within_the_text(text: str) -> None:
    found = numbers.found(text)
    places = [(one.start, one.end) for one in found]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(fold(text)) for start, end in places)


@given(st.integers(1, 10**15))
def test_a_number_is_the_same_in_digits_and_with_commas(number: int) -> None:
    for written in (f"{number}명", f"{number:,}명"):
        (found,) = numbers.found(written)
        assert (int(found.value), found.kind) == (number, "people")
