"""A classifier's record, after checking that it can be used; or a classifier trained on labelled pairs."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.detection import TrainedClassifier
from memorization.config.models import FolderModel, HubModel
from memorization.models import classifier_training, classifiers, torch_setup
from memorization.models.resumption import TrainingJob

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params = snakemake.params
    name, output = snakemake.wildcards.classifier, Path(snakemake.output[0])
    source = TypeAdapter(FolderModel | HubModel | TrainedClassifier).validate_python(params.classifier)
    files = snakemake.input.get("files")
    folder = Path(files[0]).parent if files else None
    if isinstance(source, TrainedClassifier):
        device = torch_setup.start(params.device, params.threads)
        training = TrainingJob(
            output, job.unfinished(output), device, params.source, state_minutes=snakemake.config["state_minutes"]
        )
        classifier_training.train(name, source, Path(snakemake.input.pairs), folder, training)
    else:
        torch_setup.start("cpu", params.threads)
        classifiers.prepare(name, source, folder, params.head, output)


job.run(main, snakemake)
