"""f(p) for every probe."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.generation import Decoding
from memorization.models import engine, generation, loading
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    decoding, batch_size = Decoding.model_validate(params.decoding), snakemake.config["generation_batch_size"]
    device = loading.start_torch(params.device, params.threads)
    base, checkpoints = Path(snakemake.input.model), snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        base, wildcards.model, checkpoints, wildcards.epoch, decoding.precision, device
    )
    probes = storage.read(Path(snakemake.input.probes), ProbesTable, ["probe", "prefix"])
    settings = generation.GenerationSettings(decoding, batch_size, params.engine)
    what = f"{wildcards.model}, {wildcards.dataset}, {wildcards.state}, {wildcards.decoding}"
    generations = generation.generate(model, tokenizer, probes, settings, what)
    stated = {
        "decoding": params.decoding,
        "engine": params.engine,
        "batch_size": batch_size,
        "device": device.type,
        "threads": params.threads,
    }
    manifest = job.manifest(snakemake, *engine.load_engine(params.engine).PACKAGES, **stated)
    storage.write_table(Path(snakemake.output[0]), GenerationsTable, generation.table_of(generations), manifest)


job.run(main, snakemake)
