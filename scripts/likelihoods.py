"""How likely a model is to write each probe's own suffix, under every decoding that is asked for."""

from dataclasses import asdict
from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Decoding
from memorization.models import likelihood, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    device = loading.start_torch(params.device, params.threads)
    checkpoints = snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        Path(snakemake.input.model), wildcards.model, checkpoints, wildcards.epoch, "fp32", device
    )
    probes = storage.read(Path(snakemake.input.probes), "probes", ["prefix", "suffix"])
    batch_size = snakemake.config["generation_batch_size"]
    found = likelihood.likelihoods(
        model,
        tokenizer,
        probes["prefix"].to_pylist(),
        probes["suffix"].to_pylist(),
        {name: Decoding.model_validate(decoding) for name, decoding in params.decodings.items()},
        params.tokens,
        batch_size,
        f"{wildcards.dataset}, {wildcards.state}, likelihoods",
    )
    storage.write_table(
        Path(snakemake.output[0]),
        "likelihoods",
        pa.Table.from_pylist([asdict(each) for each in found], schema=storage.SCHEMAS["likelihoods"]),
        job.manifest(
            snakemake,
            "torch",
            "transformers",
            decodings=params.decodings,
            tokens=params.tokens,
            batch_size=batch_size,
            device=device.type,
            threads=params.threads,
        ),
    )


job.run(main, snakemake)
