"""Other definitions of memorization, for every probe."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Definitions
from memorization.detection.definitions import definition_batches
from memorization.probes import read_tokenizer

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    files, definitions = snakemake.input, snakemake.params.definitions
    batches = definition_batches(
        Path(files.probes),
        Path(files.generations),
        Path(files.outcomes),
        Path(files.matches),
        Path(files.dataset),
        read_tokenizer(Path(files.model)),
        snakemake.wildcards.population,
        snakemake.params.max_new_tokens,
        snakemake.params.with_prompt,
        Definitions.model_validate(definitions),
    )
    manifest = job.manifest(snakemake, "rapidfuzz", "sacrebleu", "tokenizers", definitions=definitions)
    storage.write_batches(Path(snakemake.output[0]), "definitions", batches, manifest)


job.run(main, snakemake)
