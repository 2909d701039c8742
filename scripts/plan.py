"""What the configuration will take, printed."""

import job
from snakemake.script import Snakemake

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    print(snakemake.params.summary)
    print("\n`snakemake -n` with the same options shows which of it is to do, and why.", flush=True)


job.run(main, snakemake)
