"""One outcome per probe."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.outcomes import outcomes

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs = snakemake.input
    # Not there where they are not asked for.
    annotations = {name: inputs.get(name) for name in ("paraphrases", "entities")}
    rows = outcomes(
        storage.read(Path(inputs.probes), "probes", ["id"]),
        storage.read(Path(inputs.matches), "matches"),
        **{name: storage.read(Path(file), name) for name, file in annotations.items() if file},
        decides=snakemake.params.decides,
    )
    table = pa.Table.from_pylist(list(rows), schema=storage.SCHEMAS["outcomes"])
    manifest = job.manifest(snakemake, "pyarrow", decides=snakemake.params.decides)
    storage.write_table(Path(snakemake.output[0]), "outcomes", table, manifest)


job.run(main, snakemake)
