# The same steps on a laptop, in CI and in the Dockerfile.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 3
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.DEFAULT_GOAL := help
.PHONY: help install install-dev run demo test lint types contracts migrations fresh check format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("GreenLIT needs Python 3.11 or newer; say which with: make run PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[worker,postgres]'
	touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[worker,training,postgres,dev]'
	touch $@

install: .venv/run  ## make .venv with everything the bot and the worker need
install-dev: .venv/dev  ## the same, with training and the tools for tests

run: install  ## the whole room: worker, bot, one round in the terminal, then the page until Ctrl-C
	$(BIN)/greenlit up

demo: install  ## play one round in the terminal and stop
	$(BIN)/greenlit demo

test: install-dev  ## unit, contract and end-to-end tests, JOBS files at a time
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: install-dev  ## format and ruff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install-dev  ## mypy, strict
	$(BIN)/mypy

contracts: install-dev  ## which package may import which
	$(BIN)/lint-imports

migrations: install-dev  ## do the migrations make the tables of the code?
	$(BIN)/greenlit db check

fresh:  ## play a round in a fresh clone of the last commit
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && git clone --quiet . "$$folder/greenlit" \
		&& $(MAKE) --directory "$$folder/greenlit" demo

check: lint types contracts migrations test fresh  ## exactly what CI runs

format: install-dev  ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## forget the environment (not what the room remembers)
	rm -rf .venv
