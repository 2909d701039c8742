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
    record = loading.read_record(Path(snakemake.input.model))
    folders = snakemake.input.get("checkpoints")
    checkpoint = Path(folders, f"epoch-{wildcards.epoch}") if folders else None
    model = loading.load_model(record, wildcards.model, checkpoint, decoding.precision, device)
    tokenizer = loading.load_tokenizer(record, wildcards.model)
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
