# Two commands do all the set-up on a machine with Python 3.10+: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TESTS ?= tests
# Tests here start servers, browsers and hundreds of processes, side by side. They wait as much as they
# compute, so there is one more at a time than there are cores. Each file stays with one worker, that
# its servers are started once; tests/support/order.py says which begin. One test that failed beside its
# neighbours is run once more by itself; one that fails again has failed.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN || echo 2); echo $$((cores < 6 ? cores + 1 : 6)))
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
ONCE_MORE = { echo "Once more, alone:"; $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(TESTS); }
# Where this is set, each of those processes compiles all sources anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test check check-python check-web format bench web system-packages lock clean test-unit test-clients test-integrations

help:
	@echo "make demo        set up, train a small model with both clients, and keep the server running"
	@echo "make test        set up, check, and run every test"
	@echo "make test-clients   the wandb door's tests under every published client we cover"
	@echo "make check       ruff, mypy, import arrows and circles, and the UI's lint and types"
	@echo "make bench       the benchmarks, with figures"
	@echo "make web         build the web UI into the package"

# What is installed is remembered by a stamp, so that a second call costs nothing. The stamps lie in
# the environment itself: removing .venv removes them.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml requirements.lock hatch_build.py | $(BIN)/python
	UI_BUILD=require $(PIP) install -q -c requirements.lock -e ".[demo]"
	@touch "$@"

$(VENV)/.dev: pyproject.toml requirements.lock hatch_build.py | $(BIN)/python
	UI_BUILD=require $(PIP) install -q -c requirements.lock -e ".[dev,demo]"
	@touch "$@"

web/node_modules/.dev: web/package-lock.json
	@command -v npm > /dev/null || { echo "The UI's checks need node >= 20.19 and npm on PATH."; exit 1; }
	cd web && npm ci --no-audit --no-fund
	@touch "$@"

web: | $(BIN)/python
	UI_BUILD=require $(BIN)/python hatch_build.py

# Chromium drives the browser tests; a PostgreSQL server program runs the store suites a second time.
system-packages:
	@scripts/system-packages

demo: $(VENV)/.demo web
	$(BIN)/python examples/demo.py

# Both sides at once, where make can keep their words apart (GNU make 4). npm's packages come first: the
# install builds the UI, and would fetch them for itself.
check: web/node_modules/.dev $(VENV)/.dev
	@$(MAKE) --no-print-directory $(if $(filter output-sync,$(.FEATURES)),-j2 --output-sync=target) check-web check-python

check-python: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/import_circles.py

check-web: web/node_modules/.dev $(VENV)/.dev
	cd web && npm run --silent lint && npm run --silent typecheck && npm run --silent test
	cd web && RUNSTONE_PYTHON="$(CURDIR)/$(BIN)/python" npm run --silent types -- --check

test: system-packages check web
	cd web && npm run --silent budget
	$(PYTEST) $(TESTS) || $(ONCE_MORE)

test-unit: $(VENV)/.dev
	$(PYTEST) -m "not slow and not browser and not faults" $(TESTS)

# Each client has an environment of its own under .cache/clients.
test-clients: $(VENV)/.dev
	RUNSTONE_TEST_CLIENTS=all $(PYTEST) tests/wandb

# Training libraries, in environments of their own under .cache/integrations (about 3 GB).
test-integrations: $(VENV)/.dev
	$(BIN)/python -m tests.support.integrations
	RUNSTONE_INTEGRATIONS=1 $(BIN)/python -m pytest tests/integrations tests/agents/test_engines.py

bench: $(VENV)/.dev
	$(BIN)/python -m bench

format: $(VENV)/.dev
	$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

# One set of versions for every Python and platform we support.
lock: $(VENV)/.dev
	$(PIP) install -q uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --extra dev --extra demo --no-header \
	  --no-emit-index-url --no-annotate pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) web/node_modules src/runstone/static .demo build dist
