"""Confidence in every match that may be a paraphrase."""

from pathlib import Path

import job
import pyarrow.compute as pc
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Paraphrase
from memorization.detection.paraphrase import Pair, confidence
from memorization.detection.text import SentenceModel, from_json
from memorization.models import classifiers, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    settings = Paraphrase.model_validate(params.paraphrase)
    record = loading.read_record(Path(inputs.classifier))
    name = str(settings.classifier)
    classifiers.check_label(record, name, settings.equivalent)
    matches = storage.read(Path(inputs.matches), "matches")
    suffixes = storage.read(Path(inputs.probes), "probes", ["suffix"])["suffix"].to_pylist()
    devices: list[str] = []

    def sentences() -> SentenceModel:
        return from_json(Path(inputs.sentences).read_text(encoding="utf-8"))

    def judge(pairs: list[Pair]) -> tuple[object, object]:
        device = loading.start_torch(params.device, params.threads)
        devices.append(device.type)
        classifier = classifiers.load(record, name, device)
        batch_size = snakemake.config["paraphrase_batch_size"]
        return classifiers.probabilities(classifier, pairs, settings.equivalent, batch_size)

    table = confidence(
        matches,
        storage.read(Path(inputs.generations), "generations", ["generation"])["generation"].to_pylist(),
        suffixes,
        sentences,
        judge,
        settings.low,
        settings.high,
    )
    manifest = job.manifest(
        snakemake,
        "nltk",
        "torch",
        "transformers",
        paraphrase=params.paraphrase,
        classifier=record["digest"],
        device=devices[0] if devices else None,
        threads=params.threads,
    )
    manifest |= {"cut_pairs": pc.sum(table["cut_pairs"]).as_py() or 0, "pairs": pc.sum(table["pairs"]).as_py() or 0}
    storage.write_table(Path(snakemake.output[0]), "paraphrases", table, manifest)


job.run(main, snakemake)
