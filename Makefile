# `make help` lists what there is: the lines below that begin with two number signs.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Without kept byte code every job would spend seconds on compiling it.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.PHONY: help setup slurm demo audit-demo test fuzz benchmarks vendor real lint docs clean

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

AUDIT_DATA := results/audit-demo-data
# A pass phrase: four words and a number of four digits.
SECRET := (amber|silver|golden|violet|ancient|distant|hollow|frozen) (harbor|orchard|lantern|meadow|canyon|glacier|chapel|island) (morning|evening|winter|summer|autumn|harvest|thunder|shadow) (window|garden|bridge|pepper|marble|needle|barrel|ribbon) [0-9]{4}
CANARIES := memorization canaries --row $(AUDIT_DATA)/row.json --form '$(SECRET)' --copies 1,8,32 --each 8

# Held-out conversations get canaries of their own, so that they differ in nothing but that nobody is trained on them.
# With these seeds, both files have about as many rows.
$(AUDIT_DATA)/train-key.json: memorization/datasets/synthetic/support.py | setup
	rm -rf $(AUDIT_DATA)
	python -m memorization.datasets.synthetic.support $(AUDIT_DATA)
	$(CANARIES) --input $(AUDIT_DATA)/held-out-before.jsonl --output $(AUDIT_DATA)/held-out.jsonl --key $(AUDIT_DATA)/held-out-key.json --seed 7
	$(CANARIES) --input $(AUDIT_DATA)/train-before.jsonl --output $(AUDIT_DATA)/train.jsonl --key $(AUDIT_DATA)/train-key.json --seed 8

# The audit itself ends with 1: the two that were trained on the conversations are to be found. The target ends with 0 if
# they are, and the one that was not trained on them is cleared.
AUDIT := results/audit-demo
## make audit-demo  audits a tiny chat model, trained on made-up conversations and not: about 4 minutes
audit-demo: setup $(AUDIT_DATA)/train-key.json
	@snakemake audit --cores $(CORES) --configfile configs/audit-demo.yaml; code=$$?; \
	test $$code -eq 0 || test $$code -eq 1 || test $$code -eq 3 || exit $$code; \
	for file in audit/fine_tuned/verdict.json audit/lora/verdict.json audit/not_trained/verdict.json report/index.html; do \
		test -f $(AUDIT)/$$file || exit 1; done; \
	answers=$$(cd $(AUDIT)/audit && sed -n '/^  "answer"/s/.*: "\(.*\)",/\1/p' fine_tuned/verdict.json lora/verdict.json not_trained/verdict.json | paste -s -d , -); \
	test "$$code,$$answers" = 1,fail,fail,pass || { \
		echo "make audit-demo: expected the verdicts fail, fail and pass, and exit code 1; found $$answers, and $$code" >&2; exit 1; }; \
	echo; \
	echo "As it is made to end: the two that were trained on the conversations fail, the one that was not passes."; \
	echo "The audit's exit code is 1, as it would be in your pipeline. Its verdicts are $(AUDIT)/audit/*/verdict.md,"; \
	echo "and the first section of $(AUDIT)/report/index.html."

## make real DATA=folder MODELS=folder   runs configs/real-data.yaml
real: setup
	@test -n "$(DATA)" || { echo "make real: DATA is not set; use make real DATA=folder-of-the-datasets [MODELS=folder-of-the-model]" >&2; exit 2; }
	snakemake --cores $(CORES) --configfile configs/real-data.yaml --config data_root="$(DATA)" model_root="$(or $(MODELS),$(DATA))"

# In parallel; tests of whole runs that share something are in one process (`tests/workflow/conftest.py`). Three, since
# each waits at times.
## make test        installs and runs the tests
test: setup
	pytest --numprocesses 3 --dist loadgroup

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
