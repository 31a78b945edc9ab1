# Each target makes the environment that it needs; a second call finds it there.
PYTHON ?= python3
BIN := .venv/bin
CLI := $(BIN)/python -m certvote
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo paper test test-fast lint format docs ui bench faults clean

demo: .venv/.demo                 ## a sweep over embedded data, ends with reports/html/demo/index.html
	$(BIN)/python run.py -m experiment=demo

paper: .venv/.demo                ## every figure of Jia et al. (2022), ends with reports/html/jia2022/index.html; DATASETS=mnist SKIP=network: a part
	$(CLI) paper jia2022 $(if $(DATASETS),--datasets $(DATASETS)) $(if $(SKIP),--skip $(SKIP)) $(ARGS)

test: .venv/.dev                  ## every test; full-size ones need CERTVOTE_DATA_ROOT, browser ones Chromium
	$(BIN)/python -m pytest -n auto $(ARGS)

test-fast: .venv/.dev             ## without the full-size and the browser tests
	$(BIN)/python -m pytest -n auto -m "not slow and not browser" $(ARGS)

lint: .venv/.dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: .venv/.dev
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

docs: .venv/.docs                 ## the documentation site, site/index.html; a broken link or an undocumented name fails
	$(BIN)/python -m mkdocs build --strict $(ARGS)

ui: .venv/.demo                   ## the MLflow UI on 127.0.0.1
	$(CLI) ui

bench: .venv/.dev               ## speed beside what a user would pick instead; ARGS='--size quick' for a quick look
	$(BIN)/python benchmarks $(ARGS)

faults: .venv/.dev              ## kill, fill up, damage and fuzz: SECONDS for each campaign, seeds from SEED on
	CERTVOTE_FAULT_SECONDS=$(or $(SECONDS),60) CERTVOTE_FAULT_SEED=$(or $(SEED),0) \
	CERTVOTE_FAULT_TABLE=$(or $(TABLE),/dev/stderr) $(BIN)/python -m pytest -q -s tests/faults $(ARGS)

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"expected Python 3.11 to 3.13, got {v[0]}.{v[1]} (option PYTHON=)")'
	$(PYTHON) -m venv .venv

.venv/.demo: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[cpu]'
	touch $@

.venv/.dev: .venv/.demo
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[cpu,dev]'
	touch $@

.venv/.docs: .venv/.demo
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[cpu,docs]'
	touch $@
