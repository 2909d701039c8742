"""A study's figure."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    rows = storage.read(Path(snakemake.input[0]), "table").to_pylist()
    low = params.paraphrase["low"] if params.paraphrase else 0.5
    figure = figures.memorization(rows, params.x, params.titles, params.label, params.statistics, low)
    figures.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
