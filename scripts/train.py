"""One training run: the checkpoints of all kept epochs."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config import Recipe
from memorization.models import loading, training

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    recipe = Recipe.model_validate(snakemake.params.recipe)
    device = loading.start_torch(snakemake.params.device, snakemake.params.threads)
    record = loading.read_record(Path(snakemake.input.model))
    model = loading.load_model(record, snakemake.wildcards.model, None, "fp32", device)
    tokenizer = loading.load_tokenizer(record, snakemake.wildcards.model)
    training.fine_tune(
        model,
        tokenizer,
        [Path(dataset) for dataset in snakemake.input.datasets],
        recipe,
        device,
        work=job.unfinished(Path(snakemake.output[0])),
        base_digest=record["digest"],
        source_digest=snakemake.params.source,
        manifest=job.manifest(
            snakemake,
            "datasketch",
            "peft",
            "torch",
            "transformers",
            recipe=snakemake.params.recipe,
            device=device.type,
            threads=snakemake.params.threads,
        ),
        output=Path(snakemake.output[0]),
    )


job.run(main, snakemake)
