"""Any source to rows of instruction, input and target."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config.data import Dataset
from memorization.datasets.sources import write_dataset

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    files = job.input_files(snakemake)
    name = snakemake.wildcards.dataset
    segmentation = snakemake.config["segmentation"][name]
    dataset = Dataset.model_validate({**snakemake.params.dataset, "segmentation": segmentation})
    manifest = job.manifest(snakemake, "datasets", "datasketch", "faker", "pyarrow", dataset=snakemake.params.dataset)
    write_dataset(name, dataset, files, Path(snakemake.output[0]), manifest)


job.run(main, snakemake)
