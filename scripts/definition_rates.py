"""Shares and means of the other definitions in one run, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.definition_rates import DefinitionRatesTable
from memorization.schemas.definitions import DefinitionsTable
from memorization.statistics.clusters import read_clusters
from memorization.statistics.estimates import estimates

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    definitions = storage.read(Path(snakemake.input.definitions), DefinitionsTable)
    clusters = list(read_clusters(Path(snakemake.input.probes)).values())
    table = coordinates.table(
        DefinitionRatesTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        estimates(definitions, Statistics.model_validate(params.statistics), clusters),
    )
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), DefinitionRatesTable, table, manifest)


job.run(main, snakemake)
