"""Outcomes of disguised suffixes in place of a model's texts."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.project import Compute
from memorization.detector import PACKAGES, load_detector
from memorization.schemas.recall import RecallTable
from memorization.studies.recall.search import Draw, search

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, cell = snakemake.input, snakemake.params, snakemake.wildcards
    compute = Compute(device=params.device, threads=params.threads)
    detector = load_detector(inputs, cell.profile, params.detector, compute, snakemake.config["paraphrase_batch_size"])
    draw = Draw(int(cell.n), int(cell.seed), int(cell.tokens))
    table = search(Path(inputs.searched), Path(inputs.model), detector, params.disguises, draw)
    manifest = job.manifest(snakemake, *PACKAGES, detector=params.detector, disguises=params.disguises)
    storage.write_table(Path(snakemake.output[0]), RecallTable, table, manifest)


job.run(main, snakemake)
