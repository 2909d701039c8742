"""Inputs to prefixes and suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config import Probes
from memorization.models import loading
from memorization.probes import write_probes

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards = snakemake.wildcards
    tokenizer = loading.load_tokenizer(loading.read_record(Path(snakemake.input.model)), wildcards.model)
    write_probes(
        Path(snakemake.input.dataset),
        tokenizer,
        Probes.model_validate(snakemake.params.probes),
        int(wildcards.prefix_tokens),
        wildcards.population,
        Path(snakemake.output[0]),
        job.manifest(snakemake, "tokenizers", "transformers", probes=snakemake.params.probes),
    )


job.run(main, snakemake)
