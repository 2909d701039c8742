"""Which training records came back in an audit's runs, and the training data without them."""

from itertools import repeat
from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.data import Dataset
from memorization.schemas.leaked_records import LeakedRecordsTable
from memorization.studies.audit import leaks, remaining

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    files, params, output = job.input_files(snakemake), snakemake.params, snakemake.output
    of_runs = [files.get(name, repeat(None)) for name in leaks.RunFiles._fields]
    runs = [leaks.RunFiles(*each) for each in zip(*of_runs, strict=False)]
    collected = leaks.collect(zip(params.runs, runs, files["searched"], strict=True), params.audited)
    rows, counts = [], {}
    with storage.replacing(Path(output.remaining)) as folder:
        for number, (name, settings) in enumerate(params.datasets.items()):
            dataset, source = Dataset.model_validate(settings), files.get(f"source_{number}", [])
            found = collected.get(name, leaks.Leaks())
            leaked, counts[name] = leaks.leaked_records(name, files["datasets"][number], found)
            placed, removed = remaining.find_rows(name, dataset, source, leaked, found)
            remaining.write_remaining(name, dataset, source, removed, folder / name)
            rows += placed
        manifest = job.manifest(snakemake, "numba", "pyarrow", datasets=params.datasets, audited=params.audited)
        manifest["records"] = {name: counted._asdict() for name, counted in counts.items()}
        storage.write_table(Path(output.records), LeakedRecordsTable, leaks.by_severity(rows), manifest)


job.run(main, snakemake)
