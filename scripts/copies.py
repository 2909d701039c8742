"""How many training records have each text of a side, exactly and nearly."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.schemas.copies import CopiesTable
from memorization.studies.audit.copies import copies

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    table = copies(Path(snakemake.input[0]), snakemake.wildcards.side)
    manifest = job.manifest(snakemake, "datasketch", "numpy")
    storage.write_table(Path(snakemake.output[0]), CopiesTable, table, manifest)


job.run(main, snakemake)
