"""What of the suffixes can be extracted, by length and by the number of draws, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Statistics
from memorization.extraction import extraction, table_of

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    texts = storage.read(Path(snakemake.input.probes), "probes", ["input_text"])["input_text"].to_pylist()
    found = extraction(
        storage.read(Path(snakemake.input.likelihoods), "likelihoods"),
        texts,
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
        table_of(found, job.run_of(snakemake)),
        job.manifest(snakemake, "numpy", "scipy", statistics=params.statistics, **asked),
    )


job.run(main, snakemake)
