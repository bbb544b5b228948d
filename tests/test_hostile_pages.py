"""Whatever an address of the desk asks for, there is a page or a 4xx: never a 500, and never long to wait for."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("datasette", reason="Datasette is an optional part")

from datasette.app import Datasette

from tests.test_datasette import _plugin, make_ours  # noqa: F401 - the first is a fixture

VALUES = {
    "nothing": "", "nought": "0", "negative": "-1", "a float": "1e9", "many digits": "9" * 5_000, "NUL": "\0",
    "a quote": "'\"", "a lone percent sign": "%", "markup": "<script>alert(1)</script>", "no such day": "2023-02-30",
    "before all days": "0000-00-00", "after all days": "10000-01-01", "the last day": "9999-12-31",
    "a week": "2023-W01-1", "an instant": "2023-10-12T00:00:00Z", "Arabic digits": "٢٠٢٣-١٠-١٢", "bidi": "\u202e",
    "an array": '["a"]', "operators": "AND OR NOT NEAR(", "quotes": '"' * 10_001, "brackets": "(" * 10_000,
    "stars": "a* " * 500, "many words": "a OR " * 2_000, "a long word": "가" * 6_000, "as much as fits": "a" * 60_000,
}  # fmt: skip
ASKED = {
    "/-/pingbacks/return": ("language", "since", "page"),
    "/-/pingbacks/return.csv": ("until",),
    "/-/coverage": ("until", "weeks"),
    "/mentions/articles": ("_search",),
}
ADDRESSES = [
    "/-/pingbacks/%00", "/-/pingbacks/%ff%fe", "/-/pingbacks/..%2f..", f"/-/pingbacks/{'a' * 5_000}",
    "/-/pingbacks/return.xml", "/-/pingbacks/return?since=2023-01-01&since=x&page=1&page=2", "/-/stories/0",
    "/-/pingbacks/return?page[]=1&%00=%00", "/-/pingbacks/return?since=2024-01-01&until=2020-01-01",
    "/-/stories/999999999999999999", "/-/stories/9999999999999999999", "/-/stories/-1", "/-/stories/%D9%A1",
    "/mentions/articles/~00", "/mentions/articles/99999999999999999999",
]  # fmt: skip
SECONDS = 5  # of the processor, for one page; it takes a tenth of that, and a busy machine counts more


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Datasette:
    monkeypatch.setattr(
        "datasette.handle_exception.rich", None
    )  # it draws every 404, with all variables, which takes a while
    return Datasette([make_ours(tmp_path / "mentions.db")])


def opened(desk: Datasette, addresses: dict[str, str]) -> dict[str, tuple[int, float]]:
    """For every address what it answered, and how many seconds of the processor that took."""

    async def pages() -> dict[str, tuple[int, float]]:
        await desk.invoke_startup()
        found = {}
        for why, address in addresses.items():
            begun = time.process_time()
            page: Any = await desk.client.get(address)
            found[why] = page.status_code, time.process_time() - begun
        return found

    return asyncio.run(pages())


@pytest.mark.parametrize("path", ASKED)
def test_no_parameter_breaks_a_page_or_keeps_it_waiting(desk: Datasette, path: str) -> None:
    ours = path.startswith("/-/") or "PRESS_PINGBACKS_ALL" in os.environ  # Datasette's own pages take much longer
    values = list(VALUES.items())[:: 1 if ours else 4]
    addresses = {
        f"{name}: {why}": f"{path}?{urlencode({name: value})}" for name in ASKED[path] for why, value in values
    }
    found = opened(desk, {"as it is": path} | addresses)
    assert found["as it is"][0] == 200
    assert {why: answer for why, answer in found.items() if answer[0] >= 500 or answer[1] > SECONDS} == {}


def test_no_address_breaks_a_page(desk: Datasette) -> None:
    found = opened(desk, {address[:60]: address for address in ADDRESSES})
    assert {why: answer for why, answer in found.items() if answer[0] >= 500 or answer[1] > SECONDS} == {}
