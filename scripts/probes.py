"""Inputs to prefixes and suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config.data import Probes
from memorization.probes import Selection, read_tokenizer, write_probes

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, probes = snakemake.wildcards, snakemake.params.probes
    tokenizer = read_tokenizer(Path(snakemake.input.model))
    selection = Selection(Probes.model_validate(probes), int(wildcards.prefix_tokens), wildcards.population)
    manifest = job.manifest(snakemake, "tokenizers", probes=probes)
    write_probes(Path(snakemake.input.dataset), tokenizer, selection, Path(snakemake.output[0]), manifest)


job.run(main, snakemake)
