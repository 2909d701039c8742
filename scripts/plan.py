"""What the configuration will take, printed."""

import job
from snakemake.script import Snakemake

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    print(snakemake.params.summary, flush=True)


job.run(main, snakemake)
