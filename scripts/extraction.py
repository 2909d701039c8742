"""Which shares of the suffixes are extracted, by length and by the number of draws, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.extraction import ExtractionTable
from memorization.schemas.likelihoods import LikelihoodsTable
from memorization.statistics.clusters import read_clusters
from memorization.studies.likelihood.extraction import ExtractionGrid, extraction

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    clusters = read_clusters(Path(snakemake.input.probes))
    likelihoods = storage.read(Path(snakemake.input.likelihoods), LikelihoodsTable)
    grid = ExtractionGrid(params.greedy, params.lengths, params.draws, params.probability)
    table = coordinates.table(
        ExtractionTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        extraction(likelihoods, clusters, grid, Statistics.model_validate(params.statistics)),
    )
    settings = {"lengths": params.lengths, "draws": params.draws, "probability": params.probability}
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics, **settings)
    storage.write_table(Path(snakemake.output[0]), ExtractionTable, table, manifest)


job.run(main, snakemake)
