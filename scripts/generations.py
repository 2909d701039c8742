"""f(p) for every probe."""

from dataclasses import asdict
from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Decoding
from memorization.models import generation, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    decoding = Decoding.model_validate(params.decoding)
    device = loading.start_torch(params.device, params.threads)
    checkpoints = snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        Path(snakemake.input.model), wildcards.model, checkpoints, wildcards.epoch, decoding.precision, device
    )
    prefixes = storage.read(Path(snakemake.input.probes), "probes", ["prefix"])["prefix"].to_pylist()
    batch_size = snakemake.config["generation_batch_size"]
    generations = generation.generate(
        model,
        tokenizer,
        prefixes,
        decoding,
        batch_size,
        f"{wildcards.dataset}, {wildcards.state}, {wildcards.decoding}",
    )
    storage.write_table(
        Path(snakemake.output[0]),
        "generations",
        pa.Table.from_pylist([asdict(each) for each in generations], schema=storage.SCHEMAS["generations"]),
        job.manifest(
            snakemake,
            "torch",
            "transformers",
            decoding=params.decoding,
            batch_size=batch_size,
            device=device.type,
            threads=params.threads,
        ),
    )


job.run(main, snakemake)
