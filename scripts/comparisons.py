"""A study's comparisons: fine-tuned with base on the same probes, members with controls."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.project import Statistics
from memorization.schemas.comparisons import ComparisonsTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.studies.memorization import comparisons

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    outcomes_by_run = {
        comparisons.key(run): comparisons.RunOutcomes(
            storage.read(Path(outcomes), OutcomesTable, ["outcome"])["outcome"].to_pylist(),
            storage.read(Path(probes), ProbesTable, ["input_text"])["input_text"].to_pylist(),
        )
        for run, outcomes, probes in zip(params.runs, inputs.outcomes, inputs.probes, strict=True)
    }
    settings = Statistics.model_validate(params.statistics)
    table = comparisons.compare(params.runs, outcomes_by_run, params.classified, settings)
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), ComparisonsTable, table, manifest)


job.run(main, snakemake)
