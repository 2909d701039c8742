"""Alignment of each generation with its candidates."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.text import read_sentence_model
from memorization.schemas.matches import MatchesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, profile = snakemake.input, snakemake.wildcards.profile
    segmentation = snakemake.params.segmentation
    files = MatchFiles(Path(inputs.generations), Path(inputs.candidates), Path(inputs.probes))
    sentences = read_sentence_model(Path(inputs.sentences))
    batches = match_batches(files, sentences, profile, snakemake.threads, segmentation)
    used = {"profile": profile, "sentences": sentences.name, "segmentation": segmentation}
    manifest = job.manifest(snakemake, "nltk", "numba", **used)
    storage.write_batches(Path(snakemake.output[0]), MatchesTable, batches, manifest)


job.run(main, snakemake)
