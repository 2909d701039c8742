"""One training run: the checkpoints of all kept epochs."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.config.models import Recipe
from memorization.models import loading, torch_setup, training
from memorization.models.resumption import TrainingJob

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params, output = snakemake.params, Path(snakemake.output[0])
    recipe = Recipe.model_validate(params.recipe).training(int(snakemake.wildcards.seed))
    device = torch_setup.start(params.device, params.threads)
    base, name = Path(snakemake.input.model), snakemake.wildcards.model
    model, tokenizer = loading.load_state(base, name, None, "0", recipe.weights, device)
    checkpointing = name in snakemake.config["gradient_checkpointing"]
    settings = {
        "recipe": params.recipe,
        "instructions": params.instructions,
        "device": device.type,
        "threads": params.threads,
    }
    training.fine_tune(
        training.BaseModel(model, tokenizer, loading.read_record(base)["digest"]),
        [Path(dataset) for dataset in snakemake.input.datasets],
        recipe,
        TrainingJob(
            output, job.unfinished(output), device, params.source, checkpointing, snakemake.config["state_minutes"]
        ),
        job.manifest(snakemake, "datasketch", "peft", "torch", "transformers", **settings),
        params.instructions,
    )


job.run(main, snakemake)
