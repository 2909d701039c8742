"""Confidence in every match that may be a paraphrase."""

from functools import partial
from pathlib import Path

import job
import pyarrow.compute as pc
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.detection import Paraphrase
from memorization.detection.paraphrase import confidence
from memorization.detection.spans import read_texts
from memorization.detection.splitter import read_splitter
from memorization.models.classifiers import DeferredClassifier
from memorization.schemas.matches import MatchesTable
from memorization.schemas.paraphrases import ParaphrasesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, batch_size = snakemake.input, snakemake.params, snakemake.config["paraphrase_batch_size"]
    settings = Paraphrase.model_validate(params.paraphrase)
    compute = (params.device, params.threads, batch_size)
    classifier = DeferredClassifier(Path(inputs.classifier), str(settings.classifier), *compute)
    table = confidence(
        storage.read(Path(inputs.matches), MatchesTable),
        read_texts(Path(inputs.generations), Path(inputs.probes)),
        partial(read_splitter, Path(inputs.sentences), params.segmentation),
        classifier.judge(settings.equivalent),
        settings,
    )
    used = {"classifier": classifier.digest, "device": classifier.device_type, "threads": params.threads}
    counts = {column: pc.sum(table[column]).as_py() or 0 for column in ("cut_pairs", "pairs")}
    manifest = job.manifest(snakemake, "nltk", "torch", "transformers", paraphrase=params.paraphrase, **used) | counts
    storage.write_table(Path(snakemake.output[0]), ParaphrasesTable, table, manifest)


job.run(main, snakemake)
