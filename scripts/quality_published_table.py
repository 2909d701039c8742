"""A study's quality beside the published one."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.report import quality_table

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    quality_table.write_published(
        storage.read(Path(snakemake.input[0]), "quality_table").to_pylist(),
        params.titles,
        params.title,
        params.label,
        params.statistics,
        job.manifest(snakemake, "pyarrow", label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
