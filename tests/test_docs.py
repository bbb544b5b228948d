"""The documentation keeps its word: nothing that exists is missing in it, and nothing in it is missing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aggregator import config, keys, schema
from aggregator.cli import cli
from aggregator.model import Status, Trouble

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "CHANGELOG.md", *DOCS]


def text(path: Path | str) -> str:
    return (ROOT / path).read_text("utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    rest = page.partition(f"\n{heading}\n")[2]
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def first_cells(page: str) -> list[str]:
    """The first code in each row of the tables of a page."""
    return re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


# --- commands ---------------------------------------------------------------------------------------------------------


COMMANDS = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))}


def test_every_command_is_found_under_its_name() -> None:
    assert None not in COMMANDS.values()
    assert set(COMMANDS) == set(cli.commands)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_the_table_of_the_readme_names_every_command_and_no_other() -> None:
    named = [cell.split()[0] for cell in first_cells(section(text(README), "## Commands"))]
    assert sorted(named) == sorted(COMMANDS)


def test_every_option_is_in_the_readme() -> None:
    commands = section(text(README), "## Commands")
    options = {
        name
        for command in (cli, *cli.commands.values())
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    assert not {name for name in options if not re.search(rf"`{name}[` ]", commands)}


def test_every_choice_of_an_option_is_in_the_readme() -> None:
    commands = section(text(README), "## Commands")
    choices = {
        choice
        for command in cli.commands.values()
        for option in command.params
        if isinstance(option.type, click.Choice)
        for choice in option.type.choices
    }
    assert not {choice for choice in choices if not re.search(rf"[` ]{choice}`", commands)}


# --- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Columns by table or view, without what SQLite and sqlite-utils keep for themselves."""
    rows = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    shadows = re.compile(r"\w+_fts_\w+|sqlite_\w+|_\w+")
    return {
        f"{kind} {name}": [column for _, column, *_ in connection.execute(f'PRAGMA table_info("{name}")')]
        for kind, name in rows
        if not shadows.fullmatch(name)
    }


def test_the_columns_page_has_every_table_view_and_column_in_order(database: sqlite3.Connection) -> None:
    page = text("docs/columns.md")
    described = {
        heading: first_cells(section(page, f"## {heading}"))
        for heading in re.findall(r"^## ((?:table|view) \w+)$", page, re.MULTILINE)
    }
    assert described == tables(database)


def test_every_column_has_a_comment_in_the_database_itself(database: sqlite3.Connection) -> None:
    described = {name: list(columns) for name, _, columns in schema.described(database)}
    expected = {heading.split()[1]: columns for heading, columns in tables(database).items()}
    del expected["articles_fts"]  # SQLite gives a virtual table no room for comments
    assert described == expected


QUERIES = [pytest.param(query, id=query.splitlines()[0]) for page in DOCS for query in blocks(text(page), "sql")]


@pytest.mark.parametrize("query", QUERIES)
def test_the_questions_in_the_docs_can_be_asked(query: str, database: sqlite3.Connection) -> None:
    assert query.startswith("-- "), "a comment says what is asked"
    database.execute(query)


# --- feeds.yaml -------------------------------------------------------------------------------------------------------


def test_the_page_on_feeds_yaml_has_every_key_and_no_other() -> None:
    sections = {key.name for key in keys.KEYS if "." not in key.name}
    named = first_cells(section(text("docs/feeds.md"), "## Keys"))
    keys_named = [name for name in named if name.partition(".")[0].removesuffix("[]") in sections]
    assert sorted(keys_named) == sorted(key.name for key in keys.KEYS)


def test_the_page_on_feeds_yaml_says_which_keys_are_required() -> None:
    page = section(text("docs/feeds.md"), "## Keys")
    marked = set(re.findall(r"^\| `([^`]+)` \| \*Required", page, re.MULTILINE))
    assert marked == {key.name for key in keys.KEYS if key.required}


WHOLE_EXAMPLES = [block for block in blocks(text("docs/feeds.md"), "yaml") if block.startswith("fetch:")]


@pytest.mark.parametrize("example", WHOLE_EXAMPLES)
def test_the_example_of_a_whole_file_is_right(example: str) -> None:
    assert config.parse(example).topics


LANGUAGE_EXAMPLES = [block for block in blocks(text("docs/feeds.md"), "yaml") if re.match(r"(ko|ja|zh|en):\n", block)]


def test_the_examples_of_queries_are_right_in_all_four_languages() -> None:
    terms = "".join(LANGUAGE_EXAMPLES).replace("\n", "\n      ")
    found = config.parse(f"topics:\n  examples:\n    terms:\n      {terms}").topics["examples"].terms
    assert set(found) == {"ko", "ja", "zh", "en"}


# --- operating --------------------------------------------------------------------------------------------------------


def test_the_page_on_operating_has_every_status_in_order() -> None:
    assert first_cells(section(text("docs/operating.md"), "## Statuses")) == [str(status) for status in Status]


def test_the_page_on_operating_has_every_alert_in_order() -> None:
    assert first_cells(section(text("docs/operating.md"), "## Alerts")) == [str(trouble) for trouble in Trouble]


# --- the README -------------------------------------------------------------------------------------------------------


def test_the_python_of_the_readme_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chapter = section(text(README), "## From Python")
    (program,), (printed,) = blocks(chapter, "python"), blocks(chapter, "text")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        exec(compile(program, "README.md", "exec"), {})
        assert capsys.readouterr().out == printed
    with sqlite3.connect("mentions.db") as written:
        assert written.execute("SELECT topic, date FROM pingbacks").fetchall() == [
            ("forced-repatriation", "2023-10-12")
        ]
    written.close()


def test_the_checks_begin_with_the_test_command_of_the_readme() -> None:
    to_use, to_work = blocks(section(text(README), "## Set-up"), "sh")
    assert to_use.splitlines()[0].startswith("python3 -m venv .venv && ")
    assert to_work.strip() in text(".ci/run")


def test_the_checks_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


# --- all pages --------------------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """The name under which a heading can be linked to."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text(page)):
        path, _, fragment = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), target
        headings = re.findall(r"^#+ (.+)$", text(there), re.MULTILINE) if fragment else ()
        assert not fragment or fragment in map(anchor, headings), target


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_page_can_be_found(page: Path) -> None:
    assert f"](docs/{page.name})" in text(README)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_speak_of_the_program_alone(page: Path) -> None:
    assert not re.search(r"(?i)\b(session|(?<!User-)agent|TODO|FIXME)s?\b|/(tmp|work|root|Users)/", text(page))


def test_every_fault_names_tests_that_exist() -> None:
    named = re.findall(r"`(test_\w+)(?:::(test_\w+))?`", text("docs/faults.md"))
    assert len(named) > 50
    for module, function in named:
        source = (ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8")
        assert f"def {function}" in source, f"{module}::{function}"
