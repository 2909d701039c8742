"""Shares and means of the other definitions in one run, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.definition_rates import DefinitionRatesTable
from memorization.schemas.definitions import DefinitionsTable
from memorization.schemas.probes import ProbesTable
from memorization.statistics.estimates import estimates

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    definitions = storage.read(Path(snakemake.input.definitions), DefinitionsTable)
    texts = storage.read(Path(snakemake.input.probes), ProbesTable, ["input_text"])["input_text"].to_pylist()
    table = coordinates.table(
        DefinitionRatesTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        estimates(definitions, Statistics.model_validate(params.statistics), texts),
    )
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), DefinitionRatesTable, table, manifest)


job.run(main, snakemake)
