"""Quality of a model's answers, with intervals."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.answers import AnswersTable
from memorization.schemas.quality import QualityScoresTable
from memorization.studies.quality.scores import scores

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    answers = storage.read(Path(snakemake.input[0]), AnswersTable)
    table = coordinates.table(
        QualityScoresTable,
        coordinates.coordinates_of(snakemake.wildcards, params.task),
        scores(answers, params.task, Statistics.model_validate(params.statistics)),
    )
    packages = ("nltk", "numpy", "rouge-score", "sacrebleu", "scipy")
    manifest = job.manifest(snakemake, *packages, statistics=params.statistics)
    storage.write_table(Path(snakemake.output[0]), QualityScoresTable, table, manifest)


job.run(main, snakemake)
