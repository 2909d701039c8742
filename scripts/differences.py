"""Fine-tuned minus base on the same probes, with paired intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import statistics, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    base, fine_tuned = (
        storage.read(Path(file), "outcomes", ["outcome"])["outcome"].to_pylist()
        for file in (snakemake.input.base, snakemake.input.fine_tuned)
    )
    rates = statistics.differences(
        base, fine_tuned, **snakemake.params.statistics, classified=snakemake.params.classified
    )
    manifest = job.manifest(snakemake, "numpy", statistics=snakemake.params.statistics)
    storage.write_table(
        Path(snakemake.output[0]),
        "rates",
        statistics.table_of(rates, job.run_of(snakemake, state="difference")),
        manifest,
    )


job.run(main, snakemake)
