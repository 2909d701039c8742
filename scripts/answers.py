"""A model's answers to a dataset's test rows."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.generation import Decoding
from memorization.models import answers, engine, loading, torch_setup
from memorization.models.generation import GenerationSettings
from memorization.schemas.answers import AnswersTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    decoding = Decoding.model_validate(params.decoding)
    batch_size = params.batch_size or snakemake.config["generation_batch_size"]
    dataset, instruction = Path(snakemake.input.dataset), params.instructions.get(wildcards.dataset)
    rows = answers.draw_rows(dataset, params.answers["n"], params.answers["seed"], instruction)
    device = torch_setup.start(params.device, params.threads)
    base, checkpoints = Path(snakemake.input.model), snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(
        base, wildcards.model, checkpoints, wildcards.epoch, decoding.precision, device
    )
    chosen = engine.choose(params.engines, model)
    settings = GenerationSettings(decoding, batch_size, chosen)
    what = f"answers of {wildcards.model}, {wildcards.dataset}, {wildcards.state}, {wildcards.decoding}"
    table = answers.answer(model, tokenizer, rows, params.answers["max_input_tokens"], settings, what)
    stated = {"answers": params.answers, "decoding": params.decoding, "engine": chosen, "batch_size": batch_size}
    given = {"instructions": params.instructions, "device": device.type, "threads": params.threads}
    manifest = job.manifest(snakemake, *engine.load_engine(chosen).PACKAGES, **stated, **given)
    storage.write_table(Path(snakemake.output[0]), AnswersTable, table, manifest)


job.run(main, snakemake)
