"""A study's figure, as its kind draws it."""

import importlib
from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import drawing
from memorization.report.context import Context

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    exhibit = importlib.import_module(snakemake.params.module)
    figure = exhibit.figure(job.input_files(snakemake), Context(**snakemake.params.context))
    drawing.write(figure, Path(snakemake.output[0]).with_suffix(""))


job.run(main, snakemake)
