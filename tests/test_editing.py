"""Adding to feeds.yaml: what is added is there, and everything that was there stays as it was written."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import config, editing
from aggregator.editing import Addition
from aggregator.errors import ConfigError, UsageError
from aggregator.model import Kind, Outlet, Selectors, Source
from aggregator.text import plain

ROOT = Path(__file__).resolve().parents[1]
HAERAM = Addition(
    source=Source(id="haeram", url="https://haeram.example/rss?a=1&b=[2]", outlet="haeram-news", language="ko"),
    outlet=Outlet(id="haeram-news", name='해람: "통신" #1', country="KR", homepage="https://haeram.example:8080/"),
    remark="works 2026-11: added 2026-11-22",
)
PLAIN = Addition(source=Source(id="plain", url="https://plain.example/feed"))


# --- how it looks -----------------------------------------------------------------------------------------------------


def diffs() -> Iterator[object]:
    """The cases of editing.diff: what a file becomes when PLAIN is added."""
    for case in (ROOT / "tests/cases/editing.diff").read_text("utf-8").split("@@ ")[1:]:
        why, *lines = case.splitlines(keepends=True)
        before, after = ("".join(line[1:] for line in lines if line[0] in sides) for sides in (" -", " +"))
        yield pytest.param(before, after, id=why.strip())


@pytest.mark.parametrize(("before", "after"), list(diffs()))
def test_an_entry_is_written_as_the_one_before_it(before: str, after: str) -> None:
    assert editing.insert(before, [PLAIN]).text == after


def test_an_outlet_goes_to_the_end_of_the_outlets() -> None:
    before = "outlets:\n  # Korea\n  a: {name: 가}\n\nsources:\n"
    assert editing.insert(before, [HAERAM]).text == (
        "outlets:\n  # Korea\n  a: {name: 가}\n"
        '  haeram-news: {name: "해람: \\"통신\\" #1", country: KR, homepage: "https://haeram.example:8080/"}\n\n'
        "sources:\n  - id: haeram  # works 2026-11: added 2026-11-22\n    outlet: haeram-news\n"
        '    url: "https://haeram.example/rss?a=1&b=[2]"\n    language: ko\n'
    )


def test_the_shipped_file_can_be_added_to() -> None:
    before = (ROOT / "feeds.yaml").read_text("utf-8")
    after = editing.insert(before, [HAERAM]).text
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(added) == 4  # the outlet on one line; id, outlet and address, for the language stands elsewhere too
    assert "\n\n  - id: haeram  # works 2026-11: added 2026-11-22\n    outlet: haeram-news\n" in after


# --- in whatever style it is written ----------------------------------------------------------------------------------

NAMES = ("a", "b", "c")


def _source(name: str, style: str) -> list[str]:
    match style:
        case "braces":
            return [f"- {{id: {name}, url: 'https://{name}.example/x?y={{1}}'}}  # about {name}"]
        case "dash alone":
            return ["-", "  # inside", f"  id: {name}", f"  url: https://{name}.example/  # address"]
        case "wide":
            return [
                f"-   id: {name}",
                f'    url: "https://{name}.example/"',
                "    kind: page",
                "    select:",
                "      item: li",
            ]
        case "tail":
            return [f"- url: https://{name}.example/", f"  id: {name}", "  # tail of it", "    # deeper"]
    return ["- url: |", f"    https://{name}.example/", f"  id: {name}"]


def _outlet(name: str, style: str) -> list[str]:
    if style == "braces":
        return [f"{name}: {{name: '{name} 신문, 「#」', aliases: [x{name}]}}"]
    return [f"{name}:  # head", f"  name: {name}", "  aliases:", f"  - x{name}", "  # tail"]


SPACE = st.sampled_from(["", "\n", "# at the margin\n", "\n      # far in: {\n\n"])
SOURCE_STYLES = st.sampled_from(["braces", "dash alone", "wide", "tail", "text"])


@st.composite
def lists_in_lines(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    indent, text = " " * draw(st.sampled_from([0, 2, 4])), "sources:\n"
    for name in names:
        text += draw(SPACE) + "".join(f"{indent}{line}\n" for line in _source(name, draw(SOURCE_STYLES)))
    return text


@st.composite
def lists_in_brackets(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    one = draw(st.sampled_from([", ", ",\n    ", ",  # between ]\n    ", "\n    , "]))
    opening = draw(st.sampled_from(["[", "[ ", "[\n    ", "[  # open [\n    "] if names else ["["]))
    endings = ["]", " ]", "\n  ]", ",\n  ]", "  # last\n  ]", ",  # last\n  ]"]
    closing = draw(st.sampled_from(endings if names else ["]"]))
    entries = (f"{{id: {name}, url: 'https://{name}.example/,'}}" for name in names)
    return f"sources: {opening}{one.join(entries)}{closing}\n"


@st.composite
def outlets(draw: st.DrawFn) -> str:
    names = NAMES[: draw(st.integers(0, 3))]
    if not names or draw(st.booleans()):
        inside = ", ".join(f"{name}: {{name: {name}}}" for name in names)
        written = [f"outlets: {{{inside}}}\n", f"outlets: {{\n  {inside}\n  }}\n"]
        return draw(st.sampled_from([*written, *(["", "outlets:\n", "outlets: null\n"] if not names else [])]))
    lines = [line for name in names for line in _outlet(name, draw(st.sampled_from(["braces", "lines"])))]
    return "outlets:\n" + "".join(f"  {line}\n" for line in lines)


@st.composite
def files(draw: st.DrawFn) -> str:
    """feeds.yaml as people write it."""
    names = NAMES[: draw(st.integers(0, 3))]
    sources = draw(lists_in_brackets(names) | (lists_in_lines(names) if names else st.just("")))
    topics = draw(st.sampled_from(["", "topics: {t: {terms: {ko: [가]}}}\n"]))
    parts = draw(st.permutations([sources, draw(outlets()), topics]))
    text = draw(st.sampled_from(["", "---\n", "# 맨 위\n\n"])) + draw(SPACE).join(parts) + draw(SPACE)
    text += draw(st.sampled_from(["", "# the end", "...\n"])) if "".join(parts) else ""
    text = text.removesuffix("\n") if draw(st.booleans()) else text
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return draw(st.sampled_from(["", "\ufeff"])) + text


def _is_within(part: list[str] | str, whole: list[str] | str) -> bool:
    """Whether all of the part is in the whole, in its order."""
    rest = iter(whole)
    return all(one in rest for one in part)


@settings(max_examples=300, deadline=None)
@given(files(), st.sampled_from([[HAERAM], [PLAIN], [PLAIN, HAERAM]]))
def test_what_is_added_is_there_and_what_was_there_stays(before: str, additions: list[Addition]) -> None:
    then = editing.parse(before)
    after, now = editing.insert(before, additions)
    assert now == config.parse(after)
    assert [*now.sources] == [*then.sources, *(one.source.id for one in additions)]
    assert [*now.outlets] == [*then.outlets, *(one.outlet.id for one in additions if one.outlet)]
    assert {name: now.sources[name] for name in then.sources} == then.sources
    assert all(now.sources[one.source.id] == one.source for one in additions)
    assert all(now.outlets[one.outlet.id] == one.outlet for one in additions if one.outlet)
    kept = before.replace("outlets: null", "outlets: ")  # the one thing that is replaced
    assert _is_within(kept, after)
    if not set("[{") & set(before) and "null" not in before:
        lines, then_lines = (text.removeprefix("\ufeff").splitlines() for text in (kept, after))
        assert _is_within(lines, then_lines)  # a byte order mark is no line of its own
    comments = {line.replace("},", "}") for line in before.splitlines() if "#" in line}
    assert comments <= {line.replace("},", "}") for line in after.splitlines()}, "beside what they stood beside"
    assert ("\r\n" in after) == ("\r\n" in before)
    assert "\r\n" not in before or "\n" not in after.replace("\r\n", "")


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40).map(plain))
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    if name:
        addition = Addition(source=PLAIN.source, outlet=Outlet(id="x", name=name), remark=name)
        for before in ("", "outlets: {}\nsources: []\n"):
            assert editing.insert(before, [addition]).config.outlets["x"].name == name


def test_selectors_and_what_is_off_are_written_too() -> None:
    select = Selectors(item="ul.news > li:not([class~='ad'])", link="a", date="[class*=date]")
    source = Source(id="x", url="https://x.example/", kind=Kind.PAGE, zone="Asia/Seoul", select=select, enabled=False)
    assert editing.insert("", [Addition(source=source)]).config.sources["x"] == source


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_file_that_is_wrong_is_not_added_to() -> None:
    with pytest.raises(ConfigError, match="line 1: source: unknown key"):
        editing.insert("source: []\n", [PLAIN])


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("{topics: {}, sources}", id="a key without a colon"),
        pytest.param("sources: [{id: plain, url: 'https://a.example/'}]", id="an id that is there already"),
    ],
)
def test_where_it_cannot_be_added_a_person_is_shown_what_to_write(before: str) -> None:
    with pytest.raises(
        UsageError, match=r"write this yourself [\s\S]*- id: plain\n    url: https://plain.example/feed"
    ):
        editing.insert(before, [PLAIN])


def test_credentials_are_written_and_not_shown() -> None:
    secret = Addition(source=Source(id="x", url="https://me:secret@x.example/"))
    assert "me:secret@" in editing.insert("", [secret]).text
    assert "secret" not in editing.written([secret])


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_with_its_permissions_and_through_links(tmp_path: Path) -> None:
    path, link = tmp_path / "real.yaml", tmp_path / "feeds.yaml"
    path.write_text("old\n")
    path.chmod(0o640)
    link.symlink_to(path)
    editing.save(link, "old\n", "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["feeds.yaml", "real.yaml"]


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("theirs\n")
    with pytest.raises(UsageError, match="changed meanwhile"):
        editing.save(path, "old\n", "new\n")
    assert path.read_text() == "theirs\n"


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        editing.read(tmp_path / "feeds.yaml")
