"""A study's heatmaps."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures
from memorization.report import attention_figures

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    shown = [
        attention_figures.Shown(attention_figures.heading(cell, params.cells, params.titles), Path(file))
        for cell, file in zip(params.cells, snakemake.input, strict=True)
    ]
    figure = attention_figures.heatmaps(shown, params.shows, params.label)
    figures.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
