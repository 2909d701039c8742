"""Comparison of generations with every suffix, beside their candidates."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.all_pairs import all_pairs, drawn_probes
from memorization.detection.matches import MatchFiles
from memorization.detection.text import read_sentence_model
from memorization.schemas.all_pairs import AllPairsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    files = MatchFiles(Path(inputs.generations), Path(inputs.candidates), Path(inputs.probes))
    sentences = read_sentence_model(Path(inputs.sentences))
    parameters = AlignmentParameters.profile(wildcards.profile, **params.thresholds)
    probes = drawn_probes(files.probes, int(wildcards.all_pairs), params.seed)
    table = all_pairs(files, probes, sentences, parameters, snakemake.threads, params.segmentation)
    used = {"profile": wildcards.profile, "sentences": sentences.name, "segmentation": params.segmentation}
    manifest = job.manifest(snakemake, "nltk", "numba", seed=params.seed, **used, **params.thresholds)
    storage.write_table(Path(snakemake.output[0]), AllPairsTable, table, manifest)


job.run(main, snakemake)
