"""The generations of a run whose probes were divided into shards."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.schemas.generations import GenerationsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    shards = [Path(file) for file in snakemake.input.shards]
    table = pa.concat_tables([storage.read(file, GenerationsTable) for file in shards])
    # As if one job had written them.
    manifest = storage.manifest_of(shards[0])
    manifest |= {"rule": "generations", "coordinates": dict(snakemake.wildcards.items())}
    storage.write_table(Path(snakemake.output[0]), GenerationsTable, table, manifest)


job.run(main, snakemake)
