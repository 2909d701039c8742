"""One outcome per probe."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.detection.outcomes import outcomes
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.paraphrases import ParaphrasesTable
from memorization.schemas.probes import ProbesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, decides = snakemake.input, snakemake.params.decides
    # These inputs exist only where the configuration wants them.
    annotations = {"paraphrases": ParaphrasesTable, "entities": EntitiesTable}
    rows = outcomes(
        storage.read(Path(inputs.probes), ProbesTable, ["probe", "id"]),
        storage.read(Path(inputs.matches), MatchesTable),
        **{name: storage.read(Path(inputs[name]), table) for name, table in annotations.items() if inputs.get(name)},
        decides=decides,
    )
    table = pa.Table.from_pylist(list(rows), schema=OutcomesTable.arrow())
    manifest = job.manifest(snakemake, "pyarrow", decides=decides)
    storage.write_table(Path(snakemake.output[0]), OutcomesTable, table, manifest)


job.run(main, snakemake)
