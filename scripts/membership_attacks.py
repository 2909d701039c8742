"""How well attacks tell the rows that a model was trained on from held-out ones, with intervals."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import coordinates, storage
from memorization.config.project import Statistics
from memorization.schemas.attacks import AttacksTable
from memorization.studies.membership.attacks import attack, read_population

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params, given = snakemake.params, snakemake.input
    dataset = Path(given.dataset)
    members = read_population(Path(given.member), dataset, "train")
    controls = read_population(Path(given.control), dataset, "test")
    characters = params.segmentation == "characters"
    rows = attack(members, controls, Statistics.model_validate(params.statistics), params.seed, characters)
    where = coordinates.coordinates_of(snakemake.wildcards, params.task)
    table = pa.Table.from_pylist([{**where, **row} for row in rows], schema=AttacksTable.arrow())
    stated = {"statistics": params.statistics, "seed": params.seed, "segmentation": params.segmentation}
    manifest = job.manifest(snakemake, "numpy", "scikit-learn", "scipy", **stated)
    storage.write_table(Path(snakemake.output[0]), AttacksTable, table, manifest)


job.run(main, snakemake)
