"""A study's figure of memorization against quality."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures, storage
from memorization.report.trade_off_figure import trade_off

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    rows = storage.read(Path(snakemake.input[0]), "trade_off").to_pylist()
    figure = trade_off(rows, params.titles, params.label, params.statistics)
    figures.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
