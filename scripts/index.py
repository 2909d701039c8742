"""A Tantivy index over the suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import retrieval, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    batches = storage.stream(Path(snakemake.input[0]), ["suffix"])
    suffixes = (suffix for batch in batches for suffix in batch["suffix"].to_pylist())
    retrieval.build_index(suffixes, Path(snakemake.output[0]))


job.run(main, snakemake)
