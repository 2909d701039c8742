"""Correlation of the base models' density of attention with memorization after fine-tuning."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import correlation, storage
from memorization.report import attention_table

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    cells = [
        correlation.cell_of(
            storage.read(Path(density), "density"),
            storage.read(Path(outcomes), "outcomes", ["probe", "id", "outcome"]),
            run,
        )
        for run, density, outcomes in zip(params.runs, inputs.density, inputs.outcomes, strict=True)
    ]
    found = correlation.correlations(cells, **params.statistics)
    attention_table.write_correlations(
        correlation.correlations_table(found, snakemake.wildcards.study),
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "numpy", statistics=params.statistics, label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
