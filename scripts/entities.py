"""Entities of every match, and which of them leaked."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Entities
from memorization.detection.entities import Span, annotate, finder
from memorization.models import classifiers, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    settings = Entities.model_validate(params.entities)
    devices: list[str] = []

    def tag(texts: list[str]) -> list[list[Span]]:
        device = loading.start_torch(params.device, params.threads)
        devices.append(device.type)
        classifier = classifiers.load(record, str(settings.tagger), device)
        return classifiers.entities(classifier, texts, snakemake.config["entities_batch_size"])

    record = loading.read_record(Path(inputs.tagger)) if settings.tagger else None
    probes = storage.read(Path(inputs.probes), "probes", ["prefix", "suffix"])
    table = annotate(
        storage.read(Path(inputs.matches), "matches"),
        storage.read(Path(inputs.generations), "generations", ["generation"])["generation"].to_pylist(),
        probes["prefix"].to_pylist(),
        probes["suffix"].to_pylist(),
        finder(settings.patterns, settings.region, tag if settings.tagger else None),
    )
    manifest = job.manifest(
        snakemake,
        "phonenumbers",
        "torch",
        "transformers",
        entities=params.entities,
        tagger=record["digest"] if record else None,
        device=devices[0] if devices else None,
        threads=params.threads,
    )
    storage.write_table(Path(snakemake.output[0]), "entities", table, manifest)


job.run(main, snakemake)
