"""A Tantivy index over the suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import retrieval

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    retrieval.index_suffixes(Path(snakemake.input[0]), Path(snakemake.output[0]), snakemake.params.segmentation)


job.run(main, snakemake)
