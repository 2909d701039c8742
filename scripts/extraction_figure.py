"""A study's figure of what can be extracted, by the number of draws and by length."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures, storage
from memorization.report.extraction_figure import extraction

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    rows = storage.read(Path(snakemake.input[0]), "extraction_table").to_pylist()
    figure = extraction(rows, params.titles, params.label, params.statistics)
    figures.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
