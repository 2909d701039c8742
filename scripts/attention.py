"""Attention of the output on the input: maps of some samples, and the density of more."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.generation import AttentionMaps
from memorization.models import attention, loading, torch_setup
from memorization.probes import SPLIT_OF
from memorization.schemas.density import DensityTable
from memorization.studies.attention import density

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
    settings = AttentionMaps.model_validate(params.attention)
    device = torch_setup.start(params.device, params.threads)
    base, checkpoints = Path(given.model), given.get("checkpoints")
    model, tokenizer = loading.load_state(base, wildcards.model, checkpoints, wildcards.epoch, "fp32", device)
    probes, dataset, split = Path(given.probes), Path(given.dataset), SPLIT_OF[wildcards.population]
    instruction = params.instructions.get(wildcards.dataset)
    samples = attention.draw_samples(probes, dataset, split, settings.samples, settings.seed, instruction)
    what = f"attention, {wildcards.dataset}, {wildcards.state}"
    stated = {"attention": params.attention, "instructions": params.instructions}
    where = {"device": device.type, "threads": params.threads}
    manifest = job.manifest(snakemake, "numpy", "torch", "transformers", **stated, **where)
    maps = attention.attend(model, tokenizer, samples, settings, what)
    rows = attention.write_maps(Path(snakemake.output.maps), maps, settings.heatmaps, density.rows, manifest)
    table = pa.Table.from_pylist(rows, schema=DensityTable.arrow())
    storage.write_table(Path(snakemake.output.density), DensityTable, table, manifest)


job.run(main, snakemake)
