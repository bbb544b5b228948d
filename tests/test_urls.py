"""Every article has one address, whatever page, feed or portal named it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import urls

CASES = Path(__file__).parent / "cases"
REAL_URLS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "urls" / "real_urls_with_query.txt"

PIECES = re.findall(
    r"\S+",
    "http:// https:// HTTPS:// // / \\ ? # #! & &amp; amp; = + ; % %2e %E3%81 .. . /./ /../ .amp /amp/view/ m. m-en. "
    "www. yna.co.kr www.bbc.com theguardian.com n.news.naver.com news.naver.com /main/read.nhn /mnews /article/ oid=1 "
    "aid=12 1/2 utm_x=1 section=1 ref=rss outputType=AMP user@ : :80 :443 :8080 :99999 [::1] [ ] a A é 한국 。 ． ／ "
    "％ ß xn-- | ^ < \x00 \ud800 \u00ad",
)
BLANKS = [" ", "\t", "\n", "\u3000"]
MIXED = st.lists(st.sampled_from(PIECES + BLANKS), max_size=9).map("".join)
HOSTED = st.tuples(st.sampled_from(["https://m.yna.co.kr", "http://www.bbc.com/", "https://a.example"]), MIXED).map(
    "".join
)
ANY = st.one_of(HOSTED, MIXED, st.text(st.characters(exclude_categories=())))


def table(name: str) -> list:
    """The rows of a case table, each with its `why` as the id; `\\uXXXX` stands for a character."""
    lines = (CASES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [[unescaped(cell) for cell in line.split("\t")] for line in lines]
    return [pytest.param(*row[:-1], id=row[-1]) for row in rows]


def unescaped(cell: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), cell)


@pytest.mark.parametrize(("url", "base", "canonical"), table("urls"))
def test_the_canonical_url(url, base, canonical):
    assert (urls.canonical(url, base or None) or "none") == canonical


@pytest.mark.parametrize(("one", "other", "same"), table("urls_sites"))
def test_two_urls_of_one_site(one, other, same):
    assert urls.same_site(one, other) == urls.same_site(other, one) == (same == "yes")


@pytest.mark.parametrize(("url", "portal"), table("urls_portals"))
def test_a_portal_is_no_outlet(url, portal):
    assert urls.is_portal(url) == (portal == "yes")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("HTTP://WWW.Example.COM:8080/a", "www.example.com", id="in lower case, without the port"),
        pytest.param("https://user@뉴스.kr/", "xn--vg1b002a.kr", id="in punycode, without credentials"),
        pytest.param("https://m.yna.co.kr/view/1", "m.yna.co.kr", id="as given, not as rewritten"),
        pytest.param("/news/1", "", id="none in a relative address"),
        pytest.param("ftp://example.com/", "", id="none of another scheme"),
    ],
)
def test_the_host(url, host):
    assert urls.host(url) == host


@settings(max_examples=200, deadline=None)
@given(ANY, st.one_of(st.none(), ANY))
def test_canonical_is_total_and_idempotent(url, base):
    found = urls.canonical(url, base)
    assert found is None or urls.canonical(found) == found


@settings(max_examples=200, deadline=None)
@given(ANY)
def test_a_canonical_url_is_plain_ascii_with_a_host(url):
    found = urls.canonical(url)
    if found is not None:
        assert re.fullmatch(r"https?://[!-~]+", found)
        assert urls.host(found)


@settings(max_examples=200, deadline=None)
@given(ANY, ANY)
def test_same_site_is_total_and_symmetric(one, other):
    assert urls.same_site(one, other) == urls.same_site(other, one)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["idxno", "oid", "aid", "no", "id", "p", "cid"]), st.integers(0)), min_size=1)
)
def test_no_parameter_that_names_an_article_is_lost(pairs):
    query = "&".join(f"{name}={value}" for name, value in pairs)
    assert urls.canonical(f"https://a.example/view?{query}&utm_source=rss") == f"https://a.example/view?{query}"


@pytest.mark.skipif(not REAL_URLS.exists(), reason="the corpus of real URLs is not on this machine")
def test_real_urls_stay_apart_and_stay_put():
    """Real addresses all have a canonical form, which is its own; few of them share theirs."""
    real = REAL_URLS.read_text(encoding="utf-8").split("\n")[:-1]
    found = {url: urls.canonical(url.strip()) for url in real}
    assert None not in found.values()
    assert all(urls.canonical(one) == one for one in found.values())
    assert len(set(found.values())) > 0.95 * len(real)
