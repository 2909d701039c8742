"""A study's rates beside the published ones."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.report import published_table

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    published_table.write(
        storage.read(Path(snakemake.input[0]), "table").to_pylist(),
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "pyarrow", label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
