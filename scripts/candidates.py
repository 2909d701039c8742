"""The best suffixes for each generation."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import retrieval, storage
from memorization.config.detection import Retrieval
from memorization.schemas.candidates import CandidatesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    batches = retrieval.candidate_batches(
        Path(snakemake.input.generations),
        Path(snakemake.input.index),
        Retrieval.model_validate(snakemake.params.retrieval),
        snakemake.threads,
        snakemake.params.segmentation,
    )
    manifest = job.manifest(snakemake, "tantivy", retrieval=snakemake.params.retrieval)
    storage.write_batches(Path(snakemake.output[0]), CandidatesTable, batches, manifest)


job.run(main, snakemake)
