"""A study's table of what can be extracted: SQL over the shares of its runs, written for programs and for people."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import extraction_table, tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params, study = snakemake.params, snakemake.params.study
    axes = ("datasets", "models", "states", "decodings", "draws", "probability", "tokens")
    table = tables.query(
        Path(snakemake.input.query),
        {"rates": [Path(file) for file in snakemake.input.rates]},
        study=snakemake.wildcards.study,
        **{axis: study[axis] for axis in axes},
    )
    extraction_table.write(
        table,
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "duckdb", study=study, statistics=params.statistics, label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
