"""A base model's record, after checking that it can be used; or a model trained from scratch."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.models import EndpointSource, FolderSource, HubSource, ScratchModel
from memorization.models import loading, scratch, torch_setup
from memorization.models.resumption import TrainingJob

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    name, params, output = snakemake.wildcards.model, snakemake.params, Path(snakemake.output[0])
    source = TypeAdapter(FolderSource | HubSource | ScratchModel | EndpointSource).validate_python(params.model)
    if isinstance(source, ScratchModel):
        device = torch_setup.start(params.device, params.threads)
        checkpointing = name in snakemake.config["gradient_checkpointing"]
        training = TrainingJob(
            output, job.unfinished(output), device, params.source, checkpointing, snakemake.config["state_minutes"]
        )
        scratch.build(
            name, source, Path(snakemake.input.dataset), folder_of(snakemake.input.get("tokenizer")), training
        )
    elif isinstance(source, EndpointSource):
        loading.prepare_endpoint(name, source, folder_of(snakemake.input.get("tokenizer")), output)
    else:
        torch_setup.start("cpu", params.threads)
        given, base = folder_of(snakemake.input.get("files")), folder_of(snakemake.input.get("base"))
        loading.prepare(name, source, given, output, base)


def folder_of(files: list[str] | None) -> Path | None:
    return Path(files[0]).parent if files else None


job.run(main, snakemake)
