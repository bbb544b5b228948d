"""The architecture is what docs/architecture.md says: its tables are read here and held against the code."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "aggregator"
PAGE = ROOT / "docs" / "architecture.md"

LONGEST_FUNCTION = 60  # lines, docstring included
MOST_PARAMETERS = 5  # self and cls aside
COLLECTORS = {"base", "common", "core", "helpers", "misc", "types", "util", "utils"}

# Functions beyond the limits, each with its reason.
EXCEPTIONS = {
    "datasette_plugin/__init__.render_cell": "a hook: its parameters are those that Datasette names",
}

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


# --- the page ---------------------------------------------------------------------------------------------------------


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, each a list of cells."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def permissions() -> dict[str, set[str]]:
    """What each module may import, in the order of the table."""
    allowed: dict[str, set[str]] = {}
    for module, _purpose, may_import in rows("Modules and what they may import"):
        allowed[module.strip("`")] = set(allowed) if may_import == "everything above" else set(named(may_import))
    return allowed


# --- the code ---------------------------------------------------------------------------------------------------------


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def unit(path: Path) -> str:
    """The module, or the package for a file in one, as the table names it."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


UNITS = sorted({unit(path) for path in FILES})


def files_of(name: str) -> list[Path]:
    return [path for path in FILES if unit(path) == name]


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """(local name, full name) of everything that a file imports, wherever the import stands."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
            yield from (
                (top, top) for alias in node.names if not alias.asname and (top := alias.name.partition(".")[0])
            )
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def own_imports(name: str) -> set[str]:
    """The modules of this program that one of its modules imports."""
    full = {full for path in files_of(name) for _, full in imported(path) if full.startswith("aggregator.")}
    return {one.split(".")[1] for one in full} - {name, "__version__"}


def touched(path: Path) -> Iterator[str]:
    """The full name of everything from outside that a file imports, calls or reaches through a dot."""
    names = dict(imported(path))
    yield from names.values()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Name | ast.Attribute) and (dotted := _dotted(node)):
            head, dot, rest = dotted.partition(".")
            if head in names:
                yield names[head] + dot + rest
            elif not dot and hasattr(builtins, head):
                yield head


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return None


def definitions(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """(qualified name, node) of every function and class of a file, nested functions included."""
    yield from _within(parsed(path), path.relative_to(PACKAGE).with_suffix("").as_posix())


def _within(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            yield f"{place}.{child.name}", child
            yield from _within(child, f"{place}.{child.name}")
        else:
            yield from _within(child, place)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [one.arg for one in every if one and one.arg not in ("self", "cls")]


# --- modules ----------------------------------------------------------------------------------------------------------


def test_the_table_names_every_module_and_no_other() -> None:
    assert sorted(permissions()) == UNITS


@pytest.mark.parametrize("name", UNITS)
def test_a_module_imports_only_what_it_may(name: str) -> None:
    assert own_imports(name) <= permissions().get(name, set())


def test_a_module_may_import_only_what_stands_above_it() -> None:
    above: set[str] = set()
    for name, allowed in permissions().items():
        assert allowed <= above, f"{name} may import what stands below it"
        above.add(name)


def test_no_module_is_named_after_a_kind_of_code() -> None:
    assert not {path.stem for path in FILES} & COLLECTORS


# --- who may touch what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "names", "places"), [pytest.param(*row, id=row[0]) for row in rows("Who may touch what")]
)
def test_what_is_touched_only_where_it_may_be(what: str, names: str, places: str) -> None:
    allowed, forbidden = set(named(places)), named(names)
    assert allowed <= set(permissions())
    found = {
        f"{path.relative_to(ROOT)} touches {one}"
        for path in FILES
        if unit(path) not in allowed
        for one in touched(path)
        if any(one == name or one.startswith(f"{name}.") for name in forbidden)
    }
    assert not found


SAMPLE = """
import http.client
import os as machine
from datetime import datetime as moment

def late():
    from time import time
    print(machine.environ, moment.now())
"""


def test_the_rules_see_through_the_ways_of_importing(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE, "utf-8")
    assert {"os.environ", "datetime.datetime.now", "time.time", "http.client", "print"} <= set(touched(path))


# --- documentation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_public_classes_and_functions_have_docstrings(path: Path) -> None:
    assert ast.get_docstring(parsed(path)), "the module says what it knows and what it may not do"
    silent = [name for name, node in _public(parsed(path), "") if not ast.get_docstring(node)]
    assert not silent


def _public(node: ast.Module | ast.ClassDef, place: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield f"{place}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{place}{child.name}.")


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        name: node.end_lineno - node.lineno + 1
        for path in FILES
        for name, node in definitions(path)
        if isinstance(node, FUNCTIONS) and node.end_lineno
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION and name not in EXCEPTIONS} == {}


def test_no_function_takes_many_parameters() -> None:
    taken = {
        name: parameters(node) for path in FILES for name, node in definitions(path) if isinstance(node, FUNCTIONS)
    }
    assert {
        name: names for name, names in taken.items() if len(names) > MOST_PARAMETERS and name not in EXCEPTIONS
    } == {}


def test_every_exception_is_still_needed() -> None:
    assert set(EXCEPTIONS) <= {name for path in FILES for name, _ in definitions(path)}
