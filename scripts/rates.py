"""Rates of one run, with intervals."""

from pathlib import Path

import job
import numpy as np
from snakemake.script import Snakemake

from memorization import statistics, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs = snakemake.input
    outcomes = storage.read(Path(inputs.outcomes), "outcomes", ["outcome", "document", "own_suffix"])
    texts = storage.read(Path(inputs.probes), "probes", ["input_text"])["input_text"].to_pylist()
    lengths = storage.read(Path(inputs.generations), "generations", ["generated_tokens"])["generated_tokens"]
    rates = statistics.rates(
        outcomes["outcome"].to_pylist(),
        **snakemake.params.statistics,
        classified=snakemake.params.classified,
        texts=texts,
    )
    table = statistics.table_of(
        rates,
        job.run_of(snakemake),
        input_texts=len(set(texts)),
        generated_tokens=float(np.mean(lengths.to_numpy())),
        **statistics.matches(outcomes),
    )
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=snakemake.params.statistics)
    storage.write_table(Path(snakemake.output[0]), "rates", table, manifest)


job.run(main, snakemake)
