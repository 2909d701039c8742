"""The figure of a sparse coding study."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures, storage
from memorization.report.sparse_coding_figure import sparse_coding

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    rows = storage.read(Path(snakemake.input[0]), "sparse_coding_table").to_pylist()
    figure = sparse_coding(rows, params.label, params.statistics)
    figures.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
