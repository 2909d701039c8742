"""A study's comparisons: fine-tuned with base on the same probes, members with controls; and means over trainings."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.project import Statistics
from memorization.schemas.comparisons import ComparisonsTable
from memorization.schemas.means import MeansTable
from memorization.statistics.rates import read_outcomes
from memorization.studies.memorization import comparisons

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, output = snakemake.input, snakemake.params, snakemake.output
    # Controls have no positive controls of their own.
    controls = map(Path, inputs.positive_controls)
    outcomes_by_run = {
        comparisons.key(run): read_outcomes(
            Path(outcomes), Path(probes), next(controls) if run["population"] == "member" else None
        )
        for run, outcomes, probes in zip(params.runs, inputs.outcomes, inputs.probes, strict=True)
    }
    settings = Statistics.model_validate(params.statistics)
    compared = comparisons.compare(params.runs, outcomes_by_run, params.classified, settings)
    rates = [row for file in inputs.rates for row in storage.rows(Path(file))]
    averaged = comparisons.means(params.runs, outcomes_by_run, rates, params.classified, settings)
    manifest = job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics)
    storage.write_table(Path(output.comparisons), ComparisonsTable, compared, manifest)
    storage.write_table(Path(output.means), MeansTable, averaged, manifest)


job.run(main, snakemake)
