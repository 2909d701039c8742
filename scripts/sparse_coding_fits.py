"""The sparse coding experiment: draws, fits and measures, a row a fit."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage, theory

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    import torch

    torch.set_num_threads(snakemake.threads)
    manifest = job.manifest(snakemake, "numpy", "torch", study=snakemake.params.study)
    table = theory.run(snakemake.params.study)
    storage.write_table(Path(snakemake.output[0]), "sparse_coding", table, manifest)


job.run(main, snakemake)
