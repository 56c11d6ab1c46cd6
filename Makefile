# Needs make and Python 3.11 or newer; everything else is installed into .venv.
# PYTHON=… picks another interpreter, VENV=… another folder.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; \
done)
endif

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz docs clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 8

demo: $(VENV)/runtime.stamp ## Analyse the sample bank: exports in, an auditor's files out
	@# The sample holds planted gaps, so that its honest answer is 4: input incomplete.
	@code=0; $(BIN)/sod run --config samples/northbank/sod.yaml --out out/northbank --force || code=$$?; \
	if [ $$code -ne 4 ]; then \
	  echo "make demo: expected exit code 4 for the planted gaps, got $$code" >&2; exit 1; \
	fi

test: $(VENV)/dev.stamp ## Run the tests that need nothing but Python
	@$(BIN)/python -m pytest -n 2

check: $(VENV)/dev.stamp ## Format, lint, types, import contracts and layout
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_layout.py

# SIZES="S" measures less; docs/performance.md says what the sizes are.
bench: $(VENV)/dev.stamp ## Measure beside DuckDB and networkx, M then L, into docs/performance.md
	@$(BIN)/python -m tests.benchmarks $(SIZES)

# FUZZ="csv ldif --count 1000" asks for less; docs/add-an-importer.md says what it does.
fuzz: $(VENV)/dev.stamp ## Read 100,000 damaged documents with each importer
	@$(BIN)/python -m tests.fuzz $(FUZZ)

docs: $(VENV)/dev.stamp ## Write docs/commands.md anew from the commands' own help
	@$(BIN)/python -m tests.command_pages

clean: ## Remove what the other targets made
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "make: no Python 3.11 or newer found; name one with PYTHON=…" >&2; exit 1; fi
	@$(PYTHON) -m venv $(VENV)

# A changed pyproject.toml may name a new plugin or dependency: install again to see it.
# Python compiles what it imports; compiling everything here would take longer than the demo.
$(VENV)/runtime.stamp: pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV)" >&2
	@$(PIP) install --no-compile --editable .
	@touch $@

# The group is read here because the pip that Python 3.11 brings does not know --group.
$(VENV)/dev.stamp: $(VENV)/runtime.stamp
	@$(BIN)/python -c 'import pathlib, tomllib; print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]["dev"], sep="\n")' > $(VENV)/dev.txt
	@$(PIP) install --no-compile --editable . --requirement $(VENV)/dev.txt
	@touch $@
