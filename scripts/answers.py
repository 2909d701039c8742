"""What a model answers to a dataset's test rows."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config import Decoding
from memorization.models import answers, loading

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    decoding = Decoding.model_validate(params.decoding)
    rows = answers.draw_rows(Path(snakemake.input.dataset), params.answers["n"], params.answers["seed"])
    device = loading.start_torch(params.device, params.threads)
    checkpoints = snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        Path(snakemake.input.model), wildcards.model, checkpoints, wildcards.epoch, decoding.precision, device
    )
    batch_size = snakemake.config["generation_batch_size"]
    table = answers.answer(
        model,
        tokenizer,
        rows,
        params.answers["max_input_tokens"],
        decoding,
        batch_size,
        f"answers, {wildcards.dataset}, {wildcards.state}, {wildcards.decoding}",
    )
    settings = {"answers": params.answers, "decoding": params.decoding, "batch_size": batch_size}
    where = {"device": device.type, "threads": params.threads}
    manifest = job.manifest(snakemake, "torch", "transformers", **settings, **where)
    storage.write_table(Path(snakemake.output[0]), "answers", table, manifest)


job.run(main, snakemake)
