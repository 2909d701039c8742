"""A study's comparisons: fine-tuned with base on the same probes, member with control."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import comparisons, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    asked = {
        comparisons.key(run): comparisons.Asked(
            storage.read(Path(outcomes), "outcomes", ["outcome"])["outcome"].to_pylist(),
            storage.read(Path(probes), "probes", ["input_text"])["input_text"].to_pylist(),
        )
        for run, outcomes, probes in zip(params.runs, inputs.outcomes, inputs.probes, strict=True)
    }
    table = comparisons.compare(params.runs, asked, params.classified, params.statistics)
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), "comparisons", table, manifest)


job.run(main, snakemake)
