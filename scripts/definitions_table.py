"""A study's table of the other definitions: SQL over their rates, written for programs and for people."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import definitions_table, tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    table = tables.query(
        Path(snakemake.input.query),
        {"rates": [Path(file) for file in snakemake.input.rates]},
        study=snakemake.wildcards.study,
        **{axis: params.study[axis] for axis in ("datasets", "models", "states", "decodings")},
        definitions=list(definitions_table.HEADINGS),
    )
    settings = {"study": params.study, "statistics": params.statistics, "definitions": params.definitions}
    definitions_table.write(
        table,
        params.titles,
        params.label,
        params.statistics,
        params.definitions,
        job.manifest(snakemake, "duckdb", label=params.label, **settings),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
