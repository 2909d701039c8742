"""A study's table of memorization against quality."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import tables, trade_off_table

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    table = tables.query(
        Path(inputs.query),
        {"rates": [Path(file) for file in inputs.rates], "quality": [Path(file) for file in inputs.quality]},
        study=snakemake.wildcards.study,
        **{axis: params.study[axis] for axis in ("datasets", "models", "states", "decodings")},
        tasks=list(trade_off_table.METRICS),
        metrics=list(trade_off_table.METRICS.values()),
    )
    trade_off_table.write(
        table,
        tables.trained([Path(folder, "training.parquet") for folder in inputs.training]),
        params.titles,
        params.study["title"] or "",
        params.label,
        params.statistics,
        job.manifest(snakemake, "duckdb", study=params.study, statistics=params.statistics, label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
