"""Mean density of a model's attention, layer by layer, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import correlation, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    samples = storage.read(Path(snakemake.input[0]), "density")
    means = correlation.means(samples, **snakemake.params.statistics)
    manifest = job.manifest(snakemake, "numpy", statistics=snakemake.params.statistics)
    table = correlation.table_of(means, job.run_of(snakemake))
    storage.write_table(Path(snakemake.output[0]), "density_means", table, manifest)


job.run(main, snakemake)
