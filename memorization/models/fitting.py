"""Fitting: the plain training loop that fine-tuning, pretraining and the training of classifiers share.

A killed training continues after the last finished epoch with the same numbers that it would have had: the order of
examples and dropout are drawn anew from (seed, epoch), and `resumption` keeps weights and optimizer in full.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.config.detection import TrainedClassifier
from memorization.config.models import Pretraining, Recipe
from memorization.errors import UserError
from memorization.models import resumption
from memorization.models.examples import IGNORED
from memorization.models.resumption import Unfinished
from memorization.progress import Progress

log = logging.getLogger(__name__)

Batch = Mapping[str, np.ndarray]
"""A model's arguments by name, arrays (batch, ...); `labels` are among them."""


@dataclass(frozen=True)
class EpochReport:
    """Row of schema `training`, without `kept`."""

    epoch: int
    step: int
    loss: float
    learning_rate: float
    validation_loss: float | None = None


@dataclass(frozen=True)
class TrainingData:
    """Examples to train on, and those to validate on for early stopping; `batch_of` makes a batch of some of them."""

    examples: Sequence[Any]
    batch_of: Callable[[Sequence[Any]], Batch]
    validation: Sequence[Any] = ()


def fit(
    model: Any,
    data: TrainingData,
    recipe: Recipe,
    unfinished: Unfinished,
    keep: Mapping[int, Callable[[Path], None]],
    what: str,
) -> list[EpochReport]:
    """Train the trainable weights of `model` in place; return one report per epoch.

    `keep` maps an epoch to a function that saves the model into a folder: it is called at the end of that epoch, with
    the folder `unfinished.checkpoint(epoch)`. With early stopping it is called whenever the validation loss is lower
    than ever before, for the recipe's last epoch. Training continues from the state in `unfinished` where that has the
    same identity. `what` names the training in logs and messages. Raises UserError where a loss is not finite, and
    where the memory of a GPU does not suffice.
    """
    import torch

    loop = _Loop(model, data, recipe, what)
    reports = [EpochReport(**report) for report in resumption.resume(unfinished, model, loop.optimizer)]
    if reports:
        log.info("%s: resumes after epoch %d of %d", what, len(reports), recipe.epochs)
    steps_left = loop.steps_per_epoch * (recipe.epochs - len(reports))
    with Progress(steps_left, what, "steps") as progress:
        for epoch in range(len(reports) + 1, recipe.epochs + 1):
            if is_over(reports, recipe):
                log.info("%s: ends after epoch %d: epoch %d was the best", what, epoch - 1, best_epoch(reports))
                break
            try:
                reports.append(loop.train_epoch(epoch, progress))
            except torch.OutOfMemoryError as error:
                raise UserError(
                    f"{what}: the GPU's memory does not suffice: set `gradient_checkpointing: true` for the model, "
                    "which changes no number, or more `accumulation_steps` in the recipe."
                ) from error
            checkpoint = _checkpoint_to_write(reports, recipe)
            if checkpoint in keep:
                with storage.replacing(unfinished.checkpoint(checkpoint)) as folder:
                    keep[checkpoint](folder)
            resumption.save_state(unfinished, model, loop.optimizer, [asdict(report) for report in reports])
    return reports


def fit_new_model(
    model: Any,
    tokenizer: Any,
    data: TrainingData,
    settings: Pretraining | TrainedClassifier,
    unfinished: Unfinished,
    what: str,
) -> float:
    """Train a model that is not fine-tuned; return the loss of the last epoch, whose checkpoint is kept.

    As `fit`, with the epochs, batch size, learning rate and seed of `settings`, and a recipe's defaults for the rest.
    """
    shared = settings.model_dump(include={"epochs", "batch_size", "learning_rate"})
    recipe = Recipe(**shared, seeds=[settings.seed])
    keep = {recipe.epochs: partial(save_checkpoint, model, tokenizer)}
    return fit(model, data, recipe, unfinished, keep, what)[-1].loss


class _Loop:
    """What the epochs of one training share: model, optimizer, data and recipe."""

    def __init__(self, model: Any, data: TrainingData, recipe: Recipe, what: str) -> None:
        import torch

        self.model, self.data, self.recipe, self.what = model, data, recipe, what
        self.device = next(model.parameters()).device
        self.trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        rate, decay = recipe.learning_rate, recipe.weight_decay
        # Either way one weight after another, without copies of all of them.
        self.optimizer: Any = (
            torch.optim.Adafactor(self.trainable, lr=rate, weight_decay=decay, foreach=False)
            if recipe.optimizer == "adafactor"
            else torch.optim.AdamW(self.trainable, lr=rate, weight_decay=decay, fused=True)
        )
        self.steps_per_epoch = math.ceil(len(data.examples) / recipe.batch_size)

    def train_epoch(self, epoch: int, progress: Progress) -> EpochReport:
        """Train for one epoch, and compute the validation loss where the recipe stops early by it."""
        import torch

        generator = np.random.default_rng([self.recipe.seed, epoch])
        torch.manual_seed(int(generator.integers(2**62)))
        order = generator.permutation(len(self.data.examples))
        losses: list[float] = []
        tokens: list[int] = []
        rate = 0.0
        self.model.train()
        for number, chosen in enumerate(_parts(order, self.recipe.batch_size)):
            rate = self._set_learning_rate((epoch - 1) * self.steps_per_epoch + number)
            batches = self._passes([self.data.examples[index] for index in chosen])
            tokens.append(sum(map(_learned_tokens, batches)))
            losses.append(self._step(batches, f"the loss is {{}} in epoch {epoch}, step {number + 1}"))
            progress.advance(note=f"epoch {epoch}, loss {losses[-1]:.3f}")
        self.model.eval()
        mean = float(np.average(losses, weights=tokens))
        validation = self._validation_loss(epoch) if self.recipe.early_stopping else None
        return EpochReport(epoch, epoch * self.steps_per_epoch, mean, rate, validation)

    def _set_learning_rate(self, step: int) -> float:
        total = self.steps_per_epoch * self.recipe.epochs
        rate = self.recipe.learning_rate * learning_rate_factor(step, total, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _passes(self, examples: Sequence[Any]) -> list[Batch]:
        size = math.ceil(self.recipe.batch_size / self.recipe.accumulation_steps)
        return [self.data.batch_of(part) for part in _parts(examples, size)]

    def _step(self, batches: Sequence[Batch], message: str) -> float:
        """One step of the optimizer; return the loss before it (nats per token).

        Each of several batches counts by its tokens, so that their gradients add up to that of all examples at once.
        """
        import torch

        self.optimizer.zero_grad(set_to_none=True)
        tokens = [_learned_tokens(batch) for batch in batches]
        value = 0.0
        for batch, count in zip(batches, tokens, strict=True):
            if not count:
                # The mean over no token is not a number.
                continue
            loss = self._loss(batch) * (count / max(1, sum(tokens)))
            value += self._finite(float(loss.detach()), message)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trainable, self.recipe.max_gradient_norm)
        self.optimizer.step()
        return value

    def _loss(self, batch: Batch) -> Any:
        import torch

        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return self.model(**{key: torch.from_numpy(value).to(self.device) for key, value in batch.items()}).loss

    def _validation_loss(self, epoch: int) -> float:
        import torch

        losses, tokens = [], []
        with torch.no_grad():
            for batch in self._passes(self.data.validation):
                losses.append(float(self._loss(batch)))
                tokens.append(_learned_tokens(batch))
        mean = float(np.average(losses, weights=tokens))
        return self._finite(mean, f"the validation loss is {{}} after epoch {epoch}")

    def _finite(self, loss: float, message: str) -> float:
        if not math.isfinite(loss):
            raise UserError(
                f"{self.what}: {message.format(loss)}: lower `learning_rate` ({self.recipe.learning_rate})."
            )
        return loss


def _parts(items: Any, size: int) -> list[Any]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _learned_tokens(batch: Batch) -> int:
    return int((batch["labels"] != IGNORED).sum())


def _checkpoint_to_write(reports: Sequence[EpochReport], recipe: Recipe) -> int:
    """Number of the checkpoint that the model of the last finished epoch is saved as, where one is kept; 0: none."""
    if recipe.early_stopping is None:
        return len(reports)
    # The checkpoint's place is known before training, but not which epoch it will contain.
    return recipe.epochs if best_epoch(reports) == len(reports) else 0


def best_epoch(reports: Sequence[EpochReport]) -> int:
    """The first epoch with the lowest validation loss."""
    return min(reports, key=lambda report: (report.validation_loss, report.epoch)).epoch


def is_over(reports: Sequence[EpochReport], recipe: Recipe) -> bool:
    """Whether early stopping ends training: no new lowest validation loss in the last `patience` epochs."""
    early = recipe.early_stopping
    return early is not None and bool(reports) and len(reports) - best_epoch(reports) >= early.patience


def learning_rate_factor(step: int, total: int, recipe: Recipe) -> float:
    """The fraction of the peak learning rate at a step (from 0) of `total`: linear warm-up, then the schedule."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, total - recipe.warmup_steps)
    return {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}[recipe.schedule]


def checkpoint_gradients(model: Any) -> None:
    """Let training keep only what each layer reads, and compute the rest again in the backward pass, dropout included.

    UserError where the architecture cannot do so.
    """
    if not model.supports_gradient_checkpointing:
        raise UserError(
            f"gradient_checkpointing: a {model.config.model_type} model cannot compute its layers again: leave it out, "
            "and set a recipe's `accumulation_steps` for less memory."
        )
    model.activation_checkpointing_enable({"use_reentrant": False})


def save_checkpoint(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model in its present state and its tokenizer as a plain transformers folder."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
