# Two commands do all the set-up: `make demo` and `make test`. Written for GNU make 3.81, which macOS still has.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LAKE   ?= lake/data

# Stamps: what they stand for is done again only when the packaging changes, so a second call starts at once.
RUN_STAMP   := $(VENV)/.saring-demo
TEST_STAMP  := $(VENV)/.saring-test
BENCH_STAMP := .bench/.installed
PIP         := -m pip --disable-pip-version-check --quiet --retries 10
# What comes over a network may fail for a moment: pip tries again, and so do we.
again        = $(1) || { sleep 20; $(1); }

.PHONY: help demo test proof bench constraints clean

help:
	@echo "make demo    set up .venv, ingest samples/ into $(LAKE), show what came of it"
	@echo "make test    lint, types, import contracts, tests"
	@echo "make proof   the lake's promises at full size: every crash, 100 kills, readers for minutes"
	@echo "make bench   time and memory as ratios against what people use instead"
	@echo "make clean   remove what the above made, the lake in $(LAKE) included"

demo: $(RUN_STAMP)
	@$(BIN)/saring ingest samples --lake $(LAKE)
	@echo "Here, python is $(BIN)/python: it has DuckDB and pandas."

test: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not shared" $(PYTEST)

proof: $(TEST_STAMP)
	$(BIN)/python -m pytest --full -rP tests/test_crash.py tests/test_crash_care.py tests/test_kills.py tests/test_looping.py tests/test_full_disk.py

bench: $(BENCH_STAMP)
	.bench/bin/python benchmarks/run.py $(BENCH)

# What today's newest versions resolve to, written by a fresh environment.
constraints:
	rm -rf .constraints-venv
	$(PYTHON) -m venv .constraints-venv
	.constraints-venv/bin/python $(PIP) install '.[test,readers]'
	{ sed -n '/^#/p' constraints.txt; .constraints-venv/bin/python -m pip freeze --exclude saring; } > constraints.new
	mv constraints.new constraints.txt
	rm -rf .constraints-venv

clean:
	rm -rf $(VENV) .bench .toolkits $(LAKE) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(RUN_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Saring into $(VENV): a minute or two, once"
	@$(call again,$(BIN)/python $(PIP) install -c constraints.txt -e '.[demo]')
	@touch $@

$(TEST_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing Saring and its test tools into $(VENV): a minute or two, once"
	@$(call again,$(BIN)/python $(PIP) install -c constraints.txt -e '.[test]')
	@touch $@ $(RUN_STAMP)

$(BENCH_STAMP): pyproject.toml constraints.txt benchmarks/requirements.txt
	@$(MAKE) --no-print-directory VENV=.bench .bench/bin/python
	@echo "installing Saring and what it is measured against into .bench: a minute or two, once"
	@.bench/bin/python $(PIP) install -c constraints.txt -r benchmarks/requirements.txt -e .
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Saring needs Python 3.11 or later, and there is no $(PYTHON)."; \
	  echo "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv"; \
	  echo "  macOS:           brew install python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Saring needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1)."; \
	  echo "  With another one:  make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) -m venv cannot be used: a part of Python that Debian and Ubuntu package by itself is missing."; \
	  echo "  sudo apt-get install $(notdir $(PYTHON))-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
