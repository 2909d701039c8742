"""Inputs to prefixes and suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config import Probes
from memorization.probes import read_tokenizer, write_probes

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards = snakemake.wildcards
    write_probes(
        Path(snakemake.input.dataset),
        read_tokenizer(Path(snakemake.input.model)),
        Probes.model_validate(snakemake.params.probes),
        int(wildcards.prefix_tokens),
        wildcards.population,
        Path(snakemake.output[0]),
        job.manifest(snakemake, "tokenizers", probes=snakemake.params.probes),
    )


job.run(main, snakemake)
