"""Labelled sentence pairs for a classifier that is trained here."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.detection import FilesPairs, SyntheticPairs
from memorization.datasets.pairs import write_pairs

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    files = job.input_files(snakemake)
    pairs = TypeAdapter(SyntheticPairs | FilesPairs).validate_python(snakemake.params.pairs)
    manifest = job.manifest(snakemake, "faker", "pyarrow", pairs=snakemake.params.pairs)
    write_pairs(snakemake.wildcards.classifier, pairs, files, Path(snakemake.output[0]), manifest)


job.run(main, snakemake)
