"""Rates and means of the other definitions in one run, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import statistics, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    table = storage.read(Path(snakemake.input.definitions), "definitions")
    texts = storage.read(Path(snakemake.input.probes), "probes", ["input_text"])["input_text"].to_pylist()
    found = statistics.estimates(table, **snakemake.params.statistics, texts=texts)
    storage.write_table(
        Path(snakemake.output[0]),
        "definition_rates",
        statistics.table_of(found, job.run_of(snakemake), "definition_rates"),
        job.manifest(snakemake, "numpy", "scipy", statistics=snakemake.params.statistics),
    )


job.run(main, snakemake)
