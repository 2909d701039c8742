"""Rates of one run, with intervals."""

from pathlib import Path

import job
import numpy as np
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.rates import RatesTable
from memorization.statistics import rates
from memorization.statistics.entities import mean_entities

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    controls = inputs.get("positive_controls")
    run = rates.read_outcomes(Path(inputs.outcomes), Path(inputs.probes), Path(controls) if controls else None)
    matched = storage.read(Path(inputs.outcomes), OutcomesTable, ["document", "own_suffix", "condenses"])
    lengths = storage.read(Path(inputs.generations), GenerationsTable, ["generated_tokens"])["generated_tokens"]
    settings = Statistics.model_validate(params.statistics)
    table = coordinates.table(
        RatesTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        rates.rates(run, settings, params.classified),
        input_texts=len(set(run.texts or [])),
        prefixes=len(set(run.prefixes or [])),
        generated_tokens=float(np.mean(lengths.to_numpy())),
        **rates.count_matches(matched),
        **mean_entities([run], settings),
    )
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), RatesTable, table, manifest)


job.run(main, snakemake)
