"""The desk in a real browser: what an analyst clicks through, at a desk and on a phone, with and without help.

Chromium is the one that is installed. Where there is none these tests are skipped, unless BROWSER_TESTS=required.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

pytest.importorskip("datasette", reason="Datasette is an optional part")
pytest.importorskip("playwright", reason="Playwright is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DOCS = Path(__file__).resolve().parents[1] / "docs"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

if CHROMIUM is None and os.environ.get("BROWSER_TESTS") != "required":
    pytest.skip("no Chromium is installed", allow_module_level=True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Datasette on the database of the demo, as the README starts it."""
    folder = tmp_path_factory.mktemp("desk") / "demo"
    aggregator = [sys.executable, "-m", "aggregator"]
    subprocess.run([*aggregator, "-q", "demo", str(folder)], check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "serve.log"
    command = [*aggregator, "serve", "--db", str(folder / "mentions.db"), "--port", str(port)]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urlopen(address, timeout=1).close()
                break
            except URLError:
                time.sleep(0.2)
        else:
            pytest.fail(f"Datasette did not start: {log.read_text()}")
        yield address
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "BROWSER_TESTS=required, and there is no Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, desk: str) -> Iterator[Any]:
    """Opens pages in contexts of their own. At the end nothing may have gone wrong in any of them."""
    contexts, wrong = [], []

    def open_at(path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=desk, **({"viewport": DESKTOP} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert wrong == []


SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@SIZES
def test_search_click_filter_and_read_an_article(visit: Any, size: dict[str, int]) -> None:
    page = visit("/mentions/articles", viewport=size)
    page.get_by_label("Search:").fill("強制遣返")
    page.get_by_label("Search:").press("Enter")
    expect(page.locator("h3").first).to_contain_text(re.compile(r"^\s*\d+ rows\s+where search matches"))
    titles = page.locator("td.col-title a")
    before = titles.count()
    assert before > 2
    assert "脱北者" in " ".join(titles.all_inner_texts()), "simplified and Japanese headlines are found by traditional"
    page.locator(".facet-info").get_by_role("link", name="繁體中文").click()
    expect(page.locator("td.col-language").first).to_contain_text("繁體中文")
    assert 0 < titles.count() < before
    assert titles.first.evaluate("link => link.querySelector('bdi').lang") == "zh-Hant"
    assert page.locator("td.col-title a").first.get_attribute("href", timeout=1000).startswith("http")
    page.locator("td.type-pk a").first.click()
    expect(page.locator(".press-article .line")).to_be_visible()


@SIZES
def test_follow_a_pingback_to_its_story_and_read_what_was_corrected(visit: Any, size: dict[str, int]) -> None:
    page = visit("/-/pingbacks", viewport=size)
    page.get_by_role("link", name="Forced repatriation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forced repatriation of North Korean refugees")
    lines = page.locator("ol.pingbacks > li")
    before = lines.count()
    page.get_by_label("Language").select_option("ko")
    page.get_by_label("Until").fill("2023-10-12")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Language")).to_have_value("ko")
    assert 0 < lines.count() < before
    corrected = lines.filter(has_text="정정")
    corrected.get_by_role("link", name="Story").click()
    expect(page.get_by_role("heading", level=2)).to_have_count(5)
    expect(page.locator(".first")).to_have_text("first")
    page.locator("li").filter(has=page.locator(".first")).get_by_role("link", name="Article").click()
    changes = page.locator(".press-article .diff")
    expect(changes.locator("del").first).to_have_text("남평")
    expect(changes.locator("ins").filter(has_text="난핑").first).to_be_visible()
    assert changes.locator("del").first.evaluate("it => getComputedStyle(it).textDecorationLine") == "line-through"


def test_a_bar_of_the_chart_leads_to_its_day_and_a_cell_of_the_coverage_to_its_week(visit: Any) -> None:
    page = visit("/mentions/articles")
    page.get_by_role("link", name=re.compile(r"^2023-10-13: \d+$")).click()
    expect(page.locator("td.col-date").first).to_have_text("2023-10-13")
    page = visit("/-/coverage")
    cell = page.locator("tr", has_text="日本語").locator("td a").first
    count = cell.inner_text()
    cell.click()
    expect(page.locator("ol.pingbacks > li, ol.pingbacks details li")).to_have_count(int(count))
    expect(page.get_by_label("Since")).to_have_value("2023-10-09")


def test_sources_show_what_is_wrong_and_lead_to_their_polls(visit: Any) -> None:
    page = visit("/-/sources")
    expect(page.locator("tbody tr").first).to_contain_text("failing")
    page.get_by_role("link", name=re.compile("Its last polls, the oldest first: ok")).first.click()
    expect(page.locator("td.col-status").first).to_be_visible()


OWN = ["/-/pingbacks", "/-/pingbacks/forced-repatriation", "/-/stories/3", "/-/coverage", "/-/sources"]
THEIRS = ["/mentions/articles?_size=5", "/mentions/articles/10", "/mentions/revisions", "/mentions/pingbacks?_size=5"]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone, dark"])
@pytest.mark.parametrize("path", OWN)
def test_our_pages_have_no_barriers(visit: Any, path: str, scheme: str, size: dict[str, int]) -> None:
    page = visit(path, viewport=size, color_scheme=scheme)
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "nothing sticks out sideways"
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", THEIRS)
def test_what_we_put_on_pages_of_datasette_has_no_barriers(visit: Any, path: str, scheme: str) -> None:
    page = visit(path, color_scheme=scheme)
    assert page.evaluate("document.documentElement.lang") == "en"
    ours = [
        name for name in (".press-days", ".press-article", "table.rows-and-columns td") if page.locator(name).count()
    ]
    found = Axe().run(page, context={"include": [[name] for name in ours]})
    assert found.response["violations"] == [], found.generate_report()


SQL = "/mentions?sql=select+title,+'x'+from+articles+limit+3"  # Datasette 1.0 leads on to another address
DARK = [*THEIRS, SQL, "/mentions", "/mentions/articles?author=nobody", "/mentions/coverage_gaps", "/mentions/stories/3"]
NARROW = {"width": 320, "height": 640}

# The names of columns in the cards of a phone are no elements: no tool asks for their colours.
NAMES = """
() => [...new Set([...document.querySelectorAll("table.rows-and-columns td")]
  .map(cell => getComputedStyle(cell, "::before").color))].map(color => color.match(/\\d+/g).map(Number))
"""
CUT_OFF = """
() => [...document.querySelectorAll("table.rows-and-columns td")].filter(cell =>
  cell.getBoundingClientRect().right > innerWidth + 1 || cell.scrollWidth > cell.clientWidth + 1)
  .map(cell => cell.innerText)
"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", DARK)
def test_all_of_a_page_can_be_read_in_the_dark(visit: Any, path: str, size: dict[str, int]) -> None:
    page = visit(path, color_scheme="dark", viewport=size)
    parts = {"include": [["header"], ["section.content"]]}  # the way from page to page of Datasette 1.0 stops axe
    found = Axe().run(page, context=parts, options={"runOnly": ["color-contrast"]})
    assert found.response["violations"] == [], found.generate_report()
    if size is PHONE:
        assert all(min(color) > 150 for color in page.evaluate(NAMES)), "light on dark"


@pytest.mark.parametrize("path", ["/mentions/articles", "/mentions/pingbacks", "/mentions/who_was_first"])
def test_nothing_is_cut_off_on_a_narrow_phone(visit: Any, path: str) -> None:
    page = visit(path, viewport=NARROW)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_the_keyboard_is_enough(visit: Any) -> None:
    page = visit("/-/pingbacks/forced-repatriation")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    assert page.get_by_text("Skip to the content").bounding_box()["width"] > 50
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Language")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.parametrize("path", OWN)
def test_nothing_needs_javascript(visit: Any, path: str) -> None:
    said = [visit(path, java_script_enabled=enabled).locator("main").inner_text() for enabled in (True, False)]
    assert said[0] == said[1]
    assert len(said[0]) > 100


def test_the_security_policy_of_the_docs_breaks_nothing(visit: Any) -> None:
    policy = re.search(r'Content-Security-Policy "([^"]+)"', (DOCS / "public.md").read_text(encoding="utf-8"))
    assert policy

    def guarded(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy[1]})

    page = visit("/-/pingbacks")
    page.route("**/*", guarded)
    for path in (*OWN, *THEIRS, "/mentions"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()


def test_on_paper_the_list_stands_alone_with_its_addresses(visit: Any) -> None:
    page = visit("/-/pingbacks/forced-repatriation")
    page.emulate_media(media="print")
    expect(page.locator("header")).to_be_hidden()
    expect(page.locator("form.filter")).to_be_hidden()
    after = "getComputedStyle(document.querySelector('a.headline'), '::after').content"
    assert "http" in page.evaluate(after)
