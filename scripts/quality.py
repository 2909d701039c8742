"""Quality of a model's answers, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import quality, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    answers = storage.read(Path(snakemake.input[0]), "answers")
    found = quality.scores(answers, snakemake.params.task, **snakemake.params.statistics)
    packages = ("nltk", "numpy", "rouge-score", "sacrebleu", "scipy")
    manifest = job.manifest(snakemake, *packages, statistics=snakemake.params.statistics)
    storage.write_table(Path(snakemake.output[0]), "quality", quality.table_of(found, job.run_of(snakemake)), manifest)


job.run(main, snakemake)
