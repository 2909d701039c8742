"""A study's table: SQL over the rates, written as Parquet, CSV, Markdown and LaTeX."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    table = tables.query(
        Path(snakemake.input.query),
        rates=[Path(file) for file in [*snakemake.input.rates, *snakemake.input.differences]],
        study=snakemake.wildcards.study,
        datasets=params.study["datasets"],
        models=params.study["models"],
    )
    losses = tables.last_losses([Path(folder, "training.parquet") for folder in snakemake.input.training])
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
    )


job.run(main, snakemake)
