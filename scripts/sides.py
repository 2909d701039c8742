"""Targets of probes, or suffixes with targets, in place of suffixes."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.sides import write_side

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, wildcards, minimum = snakemake.input, snakemake.wildcards, snakemake.params.minimum_characters
    manifest = job.manifest(snakemake, "pyarrow", minimum_characters=minimum)
    where = (wildcards.side, wildcards.population, minimum, Path(snakemake.output[0]))
    write_side(Path(inputs.probes), Path(inputs.dataset), *where, manifest)


job.run(main, snakemake)
