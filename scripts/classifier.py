"""A classifier's record, after checking that it can be used; or a classifier trained on labelled pairs."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config import FolderModel, HubModel, TrainedClassifier
from memorization.models import classifier_training, classifiers, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    name, output = snakemake.wildcards.classifier, Path(snakemake.output[0])
    source = TypeAdapter(FolderModel | HubModel | TrainedClassifier).validate_python(params.classifier)
    files = snakemake.input.get("files")
    folder = Path(files[0]).parent if files else None
    device = loading.start_torch(params.device, params.threads)
    if isinstance(source, TrainedClassifier):
        pairs, work = Path(snakemake.input.pairs), job.unfinished(output)
        classifier_training.train(name, source, pairs, folder, device, work, params.source, output)
    else:
        classifiers.prepare(name, source, folder, params.head, output)


job.run(main, snakemake)
