PY ?= .venv/bin/python
BIN = $(dir $(PY))

.PHONY: check lint types contracts test bench house mutants

check: lint types contracts test

lint:
	$(BIN)ruff check .
	$(BIN)ruff format --check .

types:
	$(BIN)mypy

contracts:
	$(BIN)lint-imports

test:
	$(PY) -m pytest

bench:
	$(PY) -m benchmarks.sweeps --curves --docs

# how the source is laid out, in figures
house:
	$(PY) -m benchmarks.house

# docs/mutation-testing.md; one package: make mutants PACKAGE=policy
mutants:
	$(BIN)mutmut run $(if $(PACKAGE),'engine.$(PACKAGE).*')
	$(BIN)mutmut results
