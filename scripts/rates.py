"""Rates of one run, with intervals."""

from pathlib import Path

import job
import numpy as np
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.rates import RatesTable
from memorization.statistics import rates

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    outcomes = storage.read(Path(inputs.outcomes), OutcomesTable, ["outcome", "document", "own_suffix"])
    texts = storage.read(Path(inputs.probes), ProbesTable, ["input_text"])["input_text"].to_pylist()
    lengths = storage.read(Path(inputs.generations), GenerationsTable, ["generated_tokens"])["generated_tokens"]
    settings = Statistics.model_validate(params.statistics)
    table = coordinates.table(
        RatesTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        rates.rates(outcomes["outcome"].to_pylist(), settings, params.classified, texts),
        input_texts=len(set(texts)),
        generated_tokens=float(np.mean(lengths.to_numpy())),
        **rates.count_matches(outcomes),
    )
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), RatesTable, table, manifest)


job.run(main, snakemake)
