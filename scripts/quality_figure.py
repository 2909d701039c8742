"""A study's figure of quality."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import figures, storage
from memorization.report.quality_figure import quality

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    rows = storage.read(Path(snakemake.input[0]), "quality_table").to_pylist()
    figures.write(
        quality(rows, params.titles, params.label, params.statistics),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
