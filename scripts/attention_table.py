"""A study's table of attention's density: SQL over its means, written for programs and for people."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.correlation import TOLD
from memorization.report import attention_table, tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    table = tables.query(
        Path(snakemake.input.query),
        {"means": [Path(file) for file in snakemake.input.means]},
        study=snakemake.wildcards.study,
        **{axis: params.study[axis] for axis in ("datasets", "models", "states")},
        measures=list(TOLD),
    )
    attention_table.write_density(
        table,
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "duckdb", study=params.study, statistics=params.statistics, label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
