# `make help` lists what there is: the lines below that begin with two number signs.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without kept byte code every job would spend seconds on compiling it.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.PHONY: help setup slurm demo test fuzz benchmarks vendor real lint docs clean

## make setup       installs into .venv
setup: .venv/.complete

# Written last, so that an interrupted installation is repeated. Byte code is compiled when it is first needed.
.venv/.complete: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	touch $@

## make slurm       installs what runs on a Slurm cluster need
slurm: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[slurm]'

## make demo        installs and runs the embedded demonstration, and writes results/report/index.html
demo: setup
	snakemake --cores $(CORES)

## make real DATA=folder MODELS=folder   runs configs/real-data.yaml
real: setup
	@test -n "$(DATA)" || { echo "make real: DATA is not set; use make real DATA=folder-of-the-datasets [MODELS=folder-of-the-model]" >&2; exit 2; }
	snakemake --cores $(CORES) --configfile configs/real-data.yaml --config data_root="$(DATA)" model_root="$(or $(MODELS),$(DATA))"

# In parallel; tests of whole runs are in one process, because they share a finished run.
## make test        installs and runs the tests
test: setup
	pytest --numprocesses 2 --dist loadgroup

## make fuzz        tries 10,000 hostile inputs (make test tries 300)
fuzz: setup
	FUZZ_CASES=10000 pytest --numprocesses 2 tests/fuzz

# Without other work on the machine; `benchmarks/*.py --help` says how to compare with another checkout.
## make benchmarks  prints the tables of docs/performance.md for this machine
benchmarks: setup
	python benchmarks/start_up.py
	python benchmarks/generation.py
	python benchmarks/training.py
	python benchmarks/stages.py

## make vendor      brings in third-party files again, as tests/page/vendor/vendored.json names them (needs npm)
vendor: setup
	python tests/page/vendored.py

## make lint        runs the linters
lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

## make docs        writes docs/configuration.md and the JSON Schema again
docs: setup
	python -m memorization.reference

## make clean       removes .venv and results
clean:
	rm -rf .venv results .snakemake
