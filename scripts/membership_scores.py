"""What a model in a state assigns to rows that it was trained on, or to held-out ones."""

import zlib
from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.models import Recipe
from memorization.models import loading, membership
from memorization.schemas.membership import MembershipTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
    recipe = Recipe.model_validate({"epochs": 1, **params.reading})
    trained_on = [Path(file) for file in given.trained_on]
    dataset, draw = Path(given.dataset), (params.draw["n"], params.draw["seed"])
    drawn = membership.draw_rows(dataset, trained_on, wildcards.population, recipe, draw, params.instructions)
    device = loading.start_torch(params.device, params.threads)
    base, checkpoints, size = Path(given.model), given.get("checkpoints"), snakemake.config["likelihood_batch_size"]
    model, tokenizer = loading.load_state(base, wildcards.model, checkpoints, wildcards.epoch, "fp32", device)
    texts = membership.encode(drawn.rows, model, tokenizer, recipe)
    what = f"membership, {wildcards.dataset}, {wildcards.population}"
    own, versus = membership.read(model, tokenizer, texts, size, f"{what}, {wildcards.state}"), None
    if checkpoints:
        del model
        model, tokenizer = loading.load_state(base, wildcards.model, None, "0", "fp32", device)
        versus = membership.read(model, tokenizer, texts, size, f"{what}, base")
    scores = membership.scores_of(drawn.rows, texts, own, versus, params.k_percent)
    counts = {**drawn.counts, "drawn": len(drawn.rows), "scored": len(scores), "zlib": zlib.ZLIB_RUNTIME_VERSION}
    given_by = {name: params[name] for name in ("reading", "draw", "k_percent", "instructions", "threads")}
    stated = {**given_by, "batch_size": size, "device": device.type}
    manifest = job.manifest(snakemake, "numpy", "torch", "transformers", **stated) | counts
    storage.write_table(Path(snakemake.output[0]), MembershipTable, membership.table_of(scores), manifest)


job.run(main, snakemake)
