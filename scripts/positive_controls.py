"""Outcomes of the true suffixes in place of a run's generations."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.detection import Paraphrase, Retrieval
from memorization.detector import Detector
from memorization.models.classifiers import DeferredClassifier
from memorization.positive_controls import positive_controls
from memorization.schemas.positive_controls import PositiveControlsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    paraphrase, judge = Paraphrase.model_validate(params.paraphrase), None
    if inputs.get("classifier"):
        compute = (params.device, params.threads, snakemake.config["paraphrase_batch_size"])
        classifier = DeferredClassifier(Path(inputs.classifier), str(paraphrase.classifier), *compute)
        judge = classifier.judge(paraphrase.equivalent)
    detector = Detector(
        *(Path(inputs[name]) for name in ("probes", "index", "sentences")),
        profile=snakemake.wildcards.profile,
        retrieval=Retrieval.model_validate(params.retrieval),
        paraphrase=paraphrase,
        judge=judge,
        decides=params.decides,
        threads=snakemake.threads,
    )
    table = positive_controls(Path(inputs.generations), Path(inputs.model), detector, **params.decoding)
    stated = {key: params[key] for key in ("retrieval", "paraphrase", "decides", "decoding")}
    manifest = job.manifest(snakemake, "numba", "nltk", "tantivy", "tokenizers", "torch", "transformers", **stated)
    storage.write_table(Path(snakemake.output[0]), PositiveControlsTable, table, manifest)


job.run(main, snakemake)
