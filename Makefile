# The chores, each with what it does. CI runs .ci/run, which does what `make check` does on a fresh machine.

.DEFAULT_GOAL := help
.PHONY: help install test lint types check fix bench fuzz demo pictures serve clean

PYTHON ?= python3
BIN := .venv/bin

help: ## say what there is
	@sed -n 's/^\([a-z]*\):[^#]*## /\1 /p' $(MAKEFILE_LIST) | while read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

install: $(BIN)/pytest ## a virtual environment with everything to work on it

$(BIN)/pytest: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'
	@touch $@

test: install ## the tests
	$(BIN)/python -m pytest

lint: install ## style and common mistakes
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install ## types
	$(BIN)/mypy

check: lint types test ## all of the above: run it before a commit

fix: install ## mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: install ## how fast a run is, beside what others do: for a machine that does nothing else
	$(BIN)/python benchmarks/speed

fuzz: install ## ten minutes of odd inputs for each thing that reads
	$(BIN)/pip install -q -e '.[test,fuzz]'
	$(BIN)/python -m tests.fuzz --seconds 600 --crashes crashes

demo: install ## three days of a sample press, without a network
	$(BIN)/aggregator demo

pictures: install ## the pictures of the docs, from the demo, with Chromium
	$(BIN)/python docs/pictures/take.py

serve: install ## browse what the demo left in Datasette
	$(BIN)/aggregator serve --db demo/mentions.db

clean: ## take away what can be made again
	rm -rf .venv demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
