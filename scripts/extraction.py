"""What of the suffixes can be extracted, by length and by the number of draws, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import statistics, storage
from memorization.config import Statistics

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    found = statistics.extraction(
        storage.read(Path(snakemake.input[0]), "likelihoods"),
        params.greedy,
        params.lengths,
        params.draws,
        params.probability,
        Statistics.model_validate(params.statistics),
    )
    asked = {"lengths": params.lengths, "draws": params.draws, "probability": params.probability}
    storage.write_table(
        Path(snakemake.output[0]),
        "extraction",
        statistics.table_of(found, job.run_of(snakemake), "extraction"),
        job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics, **asked),
    )


job.run(main, snakemake)
