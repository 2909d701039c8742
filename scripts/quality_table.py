"""A study's table of quality: SQL over its scores, written for programs and for people."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import quality_table, tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    table = tables.query(
        Path(inputs.query),
        {"quality": [Path(file) for file in inputs.quality]},
        published=Path(inputs.published) if inputs.get("published") else None,
        study=snakemake.wildcards.study,
        models=list(params.titles["models"]),
        **{axis: params.study[axis] for axis in ("datasets", "states", "decodings")},
        metrics=list(quality_table.HEADINGS),
    )
    settings = {"study": params.study, "statistics": params.statistics, "label": params.label}
    quality_table.write(
        table,
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "duckdb", **settings),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
