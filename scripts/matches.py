"""Alignment of each generation with its candidates."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.text import read_sentence_model
from memorization.schemas.matches import MatchesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, profile = snakemake.input, snakemake.params, snakemake.wildcards.profile
    files = MatchFiles(Path(inputs.generations), Path(inputs.candidates), Path(inputs.probes))
    sentences = read_sentence_model(Path(inputs.sentences))
    parameters = AlignmentParameters.profile(profile, **params.thresholds)
    batches = match_batches(files, sentences, parameters, snakemake.threads, params.segmentation)
    used = {"profile": profile, "sentences": sentences.name, "segmentation": params.segmentation}
    manifest = job.manifest(snakemake, "nltk", "numba", **used, **params.thresholds)
    storage.write_batches(Path(snakemake.output[0]), MatchesTable, batches, manifest)


job.run(main, snakemake)
