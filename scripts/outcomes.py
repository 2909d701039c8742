"""One outcome per probe."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.outcomes import outcomes

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    rows = outcomes(
        storage.read(Path(snakemake.input.probes), "probes", ["id"]),
        storage.read(Path(snakemake.input.matches), "matches"),
    )
    table = pa.Table.from_pylist(list(rows), schema=storage.SCHEMAS["outcomes"])
    storage.write_table(Path(snakemake.output[0]), "outcomes", table, job.manifest(snakemake, "pyarrow"))


job.run(main, snakemake)
