"""Rates of one run, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import statistics, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    outcomes = storage.read(Path(snakemake.input[0]), "outcomes", ["outcome"])["outcome"].to_pylist()
    rates = statistics.rates(outcomes, **snakemake.params.statistics, classified=snakemake.params.classified)
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=snakemake.params.statistics)
    storage.write_table(Path(snakemake.output[0]), "rates", statistics.table_of(rates, job.run_of(snakemake)), manifest)


job.run(main, snakemake)
