"""A study's table: the sheet that its kind makes, in all formats."""

import dataclasses
import importlib
from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import formats
from memorization.report.context import Context

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    context = Context(**snakemake.params.context, machine=snakemake.config)
    exhibit = importlib.import_module(snakemake.params.module)
    sheet = exhibit.sheet(job.input_files(snakemake), context)
    stated = {
        key: value for key, value in snakemake.params.context.items() if key not in ("study", "titles", "options")
    }
    manifest = job.manifest(snakemake, *exhibit.PACKAGES, **stated, **context.options)
    formats.write(dataclasses.replace(sheet, manifest=manifest), Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
