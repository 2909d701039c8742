"""Attention of the output on the input: maps of some samples, and the density of more."""

from collections.abc import Iterator
from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import density, storage
from memorization.config import AttentionMaps
from memorization.models import attention, loading
from memorization.probes import SPLIT_OF

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    settings = AttentionMaps.model_validate(params.attention)
    device = loading.start_torch(params.device, params.threads)
    checkpoints = snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        Path(snakemake.input.model), wildcards.model, checkpoints, wildcards.epoch, "fp32", device
    )
    samples = attention.draw_samples(
        Path(snakemake.input.probes),
        Path(snakemake.input.dataset),
        SPLIT_OF[wildcards.population],
        settings.samples,
        settings.seed,
    )
    what = f"attention, {wildcards.dataset}, {wildcards.state}"
    measured: list[dict[str, object]] = []

    def kept() -> Iterator[pa.RecordBatch]:
        for number, maps in enumerate(attention.attend(model, tokenizer, samples, settings, what)):
            sample = {key: getattr(maps.sample, key) for key in ("probe", "id", "input_digest")}
            measured.extend(density.rows(sample, maps.weights, maps.input_share))
            if number < settings.heatmaps:
                yield attention.batch_of(number, maps)

    manifest = job.manifest(
        snakemake,
        "numpy",
        "torch",
        "transformers",
        attention=params.attention,
        device=device.type,
        threads=params.threads,
    )
    storage.write_batches(Path(snakemake.output.maps), "attention", kept(), manifest)
    table = pa.Table.from_pylist(measured, schema=storage.SCHEMAS["density"])
    storage.write_table(Path(snakemake.output.density), "density", table, manifest)


job.run(main, snakemake)
