"""What a model in a state assigns to rows that it was trained on, or to held-out ones."""

import importlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.models import Recipe
from memorization.models import loading, membership, torch_setup
from memorization.schemas.membership import MembershipTable

snakemake: Snakemake
Rows = Sequence[Mapping[str, Any]]
Found = tuple[list[membership.Score], dict[str, Any]]


def main(snakemake: Snakemake) -> None:
    wildcards, params, given = snakemake.wildcards, snakemake.params, snakemake.input
    recipe = Recipe.model_validate({"epochs": 1, **params.reading})
    trained_on = [Path(file) for file in given.trained_on]
    dataset, draw = Path(given.dataset), (params.draw["n"], params.draw["seed"])
    drawn = membership.draw_rows(dataset, trained_on, wildcards.population, recipe, draw, params.instructions)
    scores, manifest = (told if params.asks else computed)(snakemake, drawn.rows, recipe)
    counts = {**drawn.counts, "drawn": len(drawn.rows), "scored": len(scores), "zlib": zlib.ZLIB_RUNTIME_VERSION}
    storage.write_table(Path(snakemake.output[0]), MembershipTable, membership.table_of(scores), manifest | counts)


def computed(snakemake: Snakemake, rows: Rows, recipe: Recipe) -> Found:
    wildcards, params, checkpoints = snakemake.wildcards, snakemake.params, snakemake.input.get("checkpoints")
    device = torch_setup.start(params.device, params.threads)
    base, size = Path(snakemake.input.model), snakemake.config["likelihood_batch_size"]
    model, tokenizer = loading.load_state(base, wildcards.model, checkpoints, wildcards.epoch, "fp32", device)
    texts, what = membership.encode(rows, model, tokenizer, recipe), _what(snakemake)
    own, versus = membership.read(model, tokenizer, texts, size, f"{what}, {wildcards.state}"), None
    if params.reads_as_base:
        del model
        model, tokenizer = loading.load_state(base, wildcards.model, None, "0", "fp32", device)
        versus = membership.read(model, tokenizer, texts, size, f"{what}, base")
    stated = _stated(snakemake) | {"batch_size": size, "device": device.type}
    scores = membership.scores_of(rows, texts, own, versus, params.k_percent)
    return scores, job.manifest(snakemake, "numpy", "torch", "transformers", **stated)


def told(snakemake: Snakemake, rows: Rows, recipe: Recipe) -> Found:
    wildcards, params, asked = snakemake.wildcards, snakemake.params, snakemake.config["endpoints"]
    [module] = params.asks
    ask, model = importlib.import_module(module), Path(snakemake.input.model)
    base = None
    if params.reads_as_base:
        size = snakemake.config["likelihood_batch_size"]
        weights = ask.Weights(model, wildcards.model, params.device, params.threads, size)
        base = asked.get(f"{wildcards.model}/base", weights)
    folders, own = (model, Path(snakemake.config["results"])), asked[f"{wildcards.model}/{wildcards.state}"]
    what = f"{_what(snakemake)}, {wildcards.state}"
    scores, stated = ask.scores(own, base, rows, recipe, folders, params.k_percent, what)
    return scores, job.manifest(snakemake, "numpy", *ask.PACKAGES, **_stated(snakemake), **stated)


def _what(snakemake: Snakemake) -> str:
    return f"membership, {snakemake.wildcards.dataset}, {snakemake.wildcards.population}"


def _stated(snakemake: Snakemake) -> dict[str, Any]:
    names = ("reading", "draw", "k_percent", "instructions", "threads")
    return {name: snakemake.params[name] for name in names}


job.run(main, snakemake)
