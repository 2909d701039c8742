"""The record of a model that others fine-tuned, after checking that it belongs to its base model."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.models import Endpoint, FolderSource, HubSource
from memorization.models import loading, torch_setup

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
    source = TypeAdapter(FolderSource | HubSource | Endpoint).validate_python(params.model)
    name, output = f"{wildcards.model}.fine_tuned.{wildcards.state}", Path(snakemake.output[0])
    if isinstance(source, Endpoint):
        loading.prepare_asked_state(source, output)
        return
    torch_setup.start(params.device, params.threads)
    folder, base = folder_of(given.get("files")), folder_of(given.get("base"))
    loading.prepare_fine_tuned(name, source, Path(given.model), folder, output, base)


def folder_of(files: list[str] | None) -> Path | None:
    return Path(files[0]).parent if files else None


job.run(main, snakemake)
