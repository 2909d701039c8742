"""The record of a model that others fine-tuned, after checking that it belongs to its base model."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.models import FolderSource, HubSource
from memorization.models import loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
    source = TypeAdapter(FolderSource | HubSource).validate_python(params.model)
    loading.start_torch(params.device, params.threads)
    name, output = f"{wildcards.model}.fine_tuned.{wildcards.state}", Path(snakemake.output[0])
    folder, base = folder_of(given.get("files")), folder_of(given.get("base"))
    loading.prepare_fine_tuned(name, source, Path(given.model), folder, output, base)


def folder_of(files: list[str] | None) -> Path | None:
    return Path(files[0]).parent if files else None


job.run(main, snakemake)
