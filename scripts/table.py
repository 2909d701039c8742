"""A study's table: SQL over the rates, written for programs and for people."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import statistics
from memorization.report import tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    table = tables.query(
        Path(inputs.query),
        {"rates": [Path(file) for file in inputs.rates], "comparisons": [Path(inputs.comparisons)]},
        published=Path(inputs.published) if inputs.get("published") else None,
        study=snakemake.wildcards.study,
        **{axis: params.study[axis] for axis in ("datasets", "models", "states", "decodings")},
        categories=list(statistics.categories(classified=True)),
    )
    losses = tables.last_losses([Path(folder, "training.parquet") for folder in inputs.training])
    manifest = job.manifest(snakemake, "duckdb", study=params.study, statistics=params.statistics, label=params.label)
    tables.write(
        table,
        losses,
        params.titles,
        params.label,
        params.statistics,
        manifest,
        Path(snakemake.output[0]).with_suffix(""),
        params.paraphrase,
        params.study["title"] or "",
    )


job.run(main, snakemake)
