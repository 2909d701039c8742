"""The sparse coding experiment: random draws, fits and measures, one row per fit."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable
from memorization.studies.sparse_coding import experiment

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    import torch

    torch.set_num_threads(snakemake.threads)
    study = snakemake.params.study
    manifest = job.manifest(snakemake, "numpy", "torch", study=study)
    storage.write_table(Path(snakemake.output[0]), SparseCodingFitsTable, experiment.run(study), manifest)


job.run(main, snakemake)
