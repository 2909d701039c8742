# make demo   installs and runs the embedded demonstration
# make test   installs and runs the tests
# make fuzz   tries 10,000 hostile inputs (make test tries 300)
# make benchmarks   prints the tables of docs/performance.md for this machine
# make vendor   brings in third-party files again, as tests/page/vendor/vendored.json names them (needs npm)
# make slurm  installs what runs on a Slurm cluster need
# make real DATA=folder MODELS=folder   runs configs/real-data.yaml

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without kept byte code every job would spend seconds on compiling it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup slurm demo test fuzz benchmarks vendor real lint docs clean

setup: .venv/.complete

# Written last, so that an interrupted installation is repeated. Byte code is compiled when it is first needed.
.venv/.complete: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	touch $@

slurm: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[slurm]'

demo: setup
	snakemake --cores $(CORES)

real: setup
	@test -n "$(DATA)" || { echo "make real: DATA is not set; use make real DATA=folder-of-the-datasets [MODELS=folder-of-the-model]" >&2; exit 2; }
	snakemake --cores $(CORES) --configfile configs/real-data.yaml --config data_root="$(DATA)" model_root="$(or $(MODELS),$(DATA))"

# In parallel; tests of whole runs are in one process, because they share a finished run.
test: setup
	pytest --numprocesses 2 --dist loadgroup

fuzz: setup
	FUZZ_CASES=10000 pytest --numprocesses 2 tests/fuzz

# Without other work on the machine; `benchmarks/*.py --help` says how to compare with another checkout.
benchmarks: setup
	python benchmarks/start_up.py
	python benchmarks/generation.py
	python benchmarks/training.py
	python benchmarks/stages.py

vendor: setup
	python tests/page/vendored.py

lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

docs: setup
	python -m memorization.reference

clean:
	rm -rf .venv results .snakemake
