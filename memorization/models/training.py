"""Training: fine-tuning of a base model with a recipe. One training gives the checkpoints of all kept epochs."""

from __future__ import annotations

import importlib
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from memorization import storage
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models import fitting
from memorization.models.examples import Widths, collate, encode_examples
from memorization.models.recipes.chosen import chosen
from memorization.models.recipes.switch import Encode, Row, Switch, SwitchModule
from memorization.models.resumption import TrainingJob, file_digest, identity_of
from memorization.models.rows import read_rows
from memorization.schemas.training import TrainingTable

log = logging.getLogger(__name__)


LENGTHS = "`max_input_tokens` or `max_target_tokens` of the recipe, which cut inputs and targets"


@dataclass(frozen=True)
class BaseModel:
    """A loaded base model with its tokenizer, and the digest of its files."""

    model: Any
    tokenizer: Any
    digest: str


def fine_tune(
    base: BaseModel,
    datasets: Sequence[Path],
    recipe: Recipe,
    job: TrainingJob,
    manifest: Mapping[str, Any],
    instructions: Mapping[str, str] | None = None,
) -> None:
    """Fine-tune on the train splits of datasets, and write the folder `job.output`: `epoch-N` per kept epoch.

    `instructions` has those that all rows of a dataset share, by its name. The folder also contains `training.parquet`
    (schema `training`). Changes `base.model` in place. Raises UserError where the loss is not finite, the disk is full,
    a dataset lacks the split that early stopping needs, or the model lacks what the recipe trains, or positions for it.
    """
    shared = instructions or {}
    tokenizer, encoder_decoder = base.tokenizer, bool(base.model.config.is_encoder_decoder)
    switches = load_switches(recipe)
    all_rows = _rows(datasets, "train", shared)
    validation_rows = _rows(datasets, "validation", shared) if recipe.early_stopping else []
    rows: Sequence[Row] = all_rows
    encode: Encode = partial(encode_examples, tokenizer=tokenizer, recipe=recipe, encoder_decoder=encoder_decoder)
    for switch in switches:
        rows = switch.choose_rows(rows)
        encode = switch.choose_encoding(encode, base.model, tokenizer)
    examples = encode(rows)
    if job.gradient_checkpointing:
        fitting.checkpoint_gradients(base.model)
    start = getattr(base.model.config, "decoder_start_token_id", None) if encoder_decoder else None
    model = base.model
    for switch in switches:
        examples = switch.change_examples(examples, start)
        model = switch.choose_weights(model)
    _log_trainable(model, recipe)

    def save(folder: Path) -> None:
        plain = model
        for switch in switches:
            plain = switch.plain_model(plain)
        fitting.save_checkpoint(plain, tokenizer, folder)

    kept = recipe.keep or [recipe.epochs]
    unfinished = job.unfinished(_identity(base, datasets, shared, recipe, kept, job))
    validation = encode(validation_rows)
    fitting.check_positions(base.model, [*examples, *validation], LENGTHS)
    widths = Widths.within([*examples, *validation]) if fitting.is_compiled(recipe, job.device) else None
    batch_of = partial(collate, pad=tokenizer.pad_token_id, encoder_decoder=encoder_decoder, widths=widths)
    data = fitting.TrainingData(examples, batch_of, validation, fitting.NO_CACHE)
    what = f"training on {' and '.join(dataset.stem for dataset in datasets)}"
    reports = fitting.Trainer(model, data, recipe, unfinished, what).train(dict.fromkeys(kept, save))
    log.info("%s: %d examples, last loss %.4f nats/token", what, len(examples), reports[-1].loss)
    epochs_in_checkpoints = [fitting.best_epoch(reports)] if recipe.early_stopping else kept
    table = pa.Table.from_pylist(
        [{**asdict(report), "kept": report.epoch in epochs_in_checkpoints} for report in reports],
        schema=TrainingTable.arrow(),
    )
    counts = {"rows": len(all_rows), "examples": len(examples), "dropped_duplicates": 0}
    for switch in switches:
        counts |= switch.counts
    with storage.replacing(job.output) as folder:
        folder.mkdir()
        for epoch in kept:
            shutil.copytree(unfinished.checkpoint(epoch), folder / f"epoch-{epoch}")
        storage.write_table(folder / "training.parquet", TrainingTable, table, {**manifest, **counts})
    unfinished.remove()


def load_switches(recipe: Recipe) -> list[Switch]:
    """The switches of a recipe, in the order in which they apply."""
    # By name: only what a recipe uses is part of the digest of its training.
    modules = [cast(SwitchModule, importlib.import_module(name)) for name in chosen(recipe)]
    return [module.switch(recipe) for module in modules]


def _identity(
    base: BaseModel,
    datasets: Sequence[Path],
    shared: Mapping[str, str],
    recipe: Recipe,
    kept: list[int],
    job: TrainingJob,
) -> str:
    return identity_of(
        recipe.model_dump_json(exclude={"keep"}),
        str(kept),
        base.digest,
        job.source_digest,
        str(job.device),
        *map(file_digest, datasets),
        *(str(shared.get(dataset.stem)) for dataset in datasets),
    )


def _log_trainable(model: Any, recipe: Recipe) -> None:
    parameters = list(model.parameters())
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    log.info("trains %s: %d of %d parameters", recipe.trains, trainable, sum(each.numel() for each in parameters))


def _rows(datasets: Sequence[Path], split: str, shared: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of a split, dataset after dataset; UserError where one has none to validate on."""
    rows: list[dict[str, Any]] = []
    for dataset in datasets:
        before = len(rows)
        rows += read_rows(dataset, split, ["id", "input", "target", "turns"], shared.get(dataset.stem))
        if split == "validation" and len(rows) == before:
            raise UserError(
                f"datasets.{dataset.stem}: no rows in split {split!r}. Early stopping needs some: set "
                f"`datasets.{dataset.stem}.validation` to the number of test rows to set aside, or leave "
                "`early_stopping` out of the recipe."
            )
    return rows
