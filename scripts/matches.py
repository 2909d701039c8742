"""Alignment of each generation with its candidates."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.matches import match_batches

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    batches = match_batches(
        Path(snakemake.input.generations),
        Path(snakemake.input.candidates),
        Path(snakemake.input.probes),
        Path(snakemake.input.sentences),
        snakemake.params.detection["profile"],
        snakemake.threads,
    )
    manifest = job.manifest(snakemake, "nltk", "numba", detection=snakemake.params.detection)
    storage.write_batches(Path(snakemake.output[0]), "matches", batches, manifest)


job.run(main, snakemake)
