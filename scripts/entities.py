"""Entities of every match, and which of them leaked."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.detection import Entities
from memorization.detection.entities import annotate, finder
from memorization.detection.spans import read_texts
from memorization.models.classifiers import DeferredClassifier
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.matches import MatchesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, batch_size = snakemake.input, snakemake.params, snakemake.config["entities_batch_size"]
    settings = Entities.model_validate(params.entities)
    tagger = None
    if settings.tagger:
        tagger = DeferredClassifier(Path(inputs.tagger), settings.tagger, params.device, params.threads, batch_size)
    matches = storage.read(Path(inputs.matches), MatchesTable)
    texts = read_texts(Path(inputs.generations), Path(inputs.probes))
    table = annotate(matches, texts, finder(settings.patterns, settings.region, tagger and tagger.entities))
    used = {
        "tagger": tagger.digest if tagger else None,
        "device": tagger.device_type if tagger else None,
        "threads": params.threads,
    }
    manifest = job.manifest(
        snakemake, "phonenumbers", "python-stdnum", "torch", "transformers", entities=params.entities, **used
    )
    storage.write_table(Path(snakemake.output[0]), EntitiesTable, table, manifest)


job.run(main, snakemake)
