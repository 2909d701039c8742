"""Mean density of a model's attention, layer by layer, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.density import DensityTable
from memorization.schemas.density_means import DensityMeansTable
from memorization.studies.attention.density_means import means

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    samples = storage.read(Path(snakemake.input[0]), DensityTable)
    table = coordinates.table(
        DensityMeansTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        means(samples, Statistics.model_validate(params.statistics)),
    )
    manifest = job.manifest(snakemake, "numpy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), DensityMeansTable, table, manifest)


job.run(main, snakemake)
