# The commands of this repository. `make setup` needs python3 (3.11 to 3.13) with pip, nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PEERS ?= .venv-peers
DEMO ?= demo-project
SQL := models macros reports src/experimentos/demo tests
WORKERS ?= 2

.PHONY: setup system demo test slow validate references lint format bench clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d. Say which: make setup PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --no-compile --disable-pip-version-check --editable '.[dev]'
	@touch $@

# What pip cannot bring: Pango for memos on paper, Chromium in which the tests look at pages.
system:
	@.ci/system

demo: setup
	$(BIN)/experimentos demo $(DEMO) --force

test: setup lint
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not bench and not slow"

slow: setup
	$(BIN)/pytest -n $(WORKERS) -m slow

# Hours: can be stopped, and goes on where it was. `make validate VALIDATE='--cells tempting --runs 2000'`
validate: setup references
	$(BIN)/python tests/validation/promises/run.py --jobs $(WORKERS) $(VALIDATE)

references: setup
	$(BIN)/python tests/validation/report.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfmt --check --quiet $(SQL)
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/sqlfmt --quiet $(SQL)

bench: setup $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/inference/run.py
	$(BIN)/python benchmarks/run.py

$(PEERS)/.installed: pyproject.toml benchmarks/inference/peers.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv --without-pip $(PEERS)
	$(PYTHON) -m pip --python $(PEERS)/bin/python install --quiet --no-compile --disable-pip-version-check --requirement benchmarks/inference/peers.txt
	$(PYTHON) -m pip --python $(PEERS)/bin/python install --quiet --no-compile --disable-pip-version-check --no-deps gbstats==0.8.0 --editable .
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) $(DEMO) build dist target logs .mypy_cache .ruff_cache .pytest_cache .hypothesis
