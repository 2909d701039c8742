"""Suffixes as a model's tokenizer writes them, for all runs on them."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.references import reference_batches
from memorization.probes import read_tokenizer
from memorization.schemas.references import ReferencesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs = snakemake.input
    batches = reference_batches(Path(inputs.probes), Path(inputs.dataset), read_tokenizer(Path(inputs.model)))
    storage.write_batches(Path(snakemake.output[0]), ReferencesTable, batches, job.manifest(snakemake, "tokenizers"))


job.run(main, snakemake)
