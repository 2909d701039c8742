"""Alignment of each generation with its candidates."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.matches import match_batches
from memorization.detection.text import from_json

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    sentences = from_json(Path(snakemake.input.sentences).read_text(encoding="utf-8"))
    batches = match_batches(
        Path(snakemake.input.generations),
        Path(snakemake.input.candidates),
        Path(snakemake.input.probes),
        sentences,
        snakemake.params.profile,
        snakemake.threads,
    )
    manifest = job.manifest(snakemake, "nltk", "numba", profile=snakemake.params.profile, sentences=sentences.name)
    storage.write_batches(Path(snakemake.output[0]), "matches", batches, manifest)


job.run(main, snakemake)
