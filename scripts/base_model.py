"""A base model's record, after checking that it can be used; or a model trained from scratch."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config import FolderModel, HubModel, ScratchModel
from memorization.models import loading, scratch

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    name, output = snakemake.wildcards.model, Path(snakemake.output[0])
    source = TypeAdapter(FolderModel | HubModel | ScratchModel).validate_python(snakemake.params.model)
    device = loading.start_torch(snakemake.params.device, snakemake.params.threads)
    if isinstance(source, ScratchModel):
        dataset, work = Path(snakemake.input.dataset), job.unfinished(output)
        tokenizer = folder_of(snakemake.input.get("tokenizer"))
        scratch.build(name, source, dataset, tokenizer, device, work, snakemake.params.source, output)
    else:
        loading.prepare(name, source, folder_of(snakemake.input.get("files")), output)


def folder_of(files: list[str] | None) -> Path | None:
    return Path(files[0]).parent if files else None


job.run(main, snakemake)
