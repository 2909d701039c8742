"""Outcomes of the true suffixes in place of a run's generations."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.project import Compute
from memorization.detector import PACKAGES, load_detector
from memorization.positive_controls import positive_controls
from memorization.schemas.positive_controls import PositiveControlsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    compute = Compute(device=params.device, threads=params.threads)
    detector = load_detector(
        inputs, snakemake.wildcards.profile, params.detector, compute, snakemake.config["paraphrase_batch_size"]
    )
    prompts = Path(inputs.prompts) if inputs.get("prompts") else None
    table = positive_controls(
        Path(inputs.generations), Path(inputs.model), detector, **params.decoding, prompts=prompts
    )
    stated = {"profile": snakemake.wildcards.profile, "detector": params.detector, "decoding": params.decoding}
    manifest = job.manifest(snakemake, *PACKAGES, **stated)
    storage.write_table(Path(snakemake.output[0]), PositiveControlsTable, table, manifest)


job.run(main, snakemake)
