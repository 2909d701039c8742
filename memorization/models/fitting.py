"""Fitting: the plain training loop that fine-tuning, pretraining and the training of classifiers share.

A killed training continues with the same numbers that it would have had: the order of examples is drawn anew from
(seed, epoch), and `resumption` keeps weights, optimizer and the streams of random numbers in full.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.config.detection import TrainedClassifier
from memorization.config.models import Pretraining, Recipe
from memorization.errors import UserError
from memorization.models import resumption
from memorization.models.allocation import keep_freed_memory
from memorization.models.captured import CapturedPasses, can_be_captured
from memorization.models.examples import IGNORED, Example
from memorization.models.prefixes import position_limit
from memorization.models.resumption import Unfinished
from memorization.progress import Progress

log = logging.getLogger(__name__)

Batch = Mapping[str, np.ndarray]
"""A model's arguments by name, arrays (batch, ...); `labels` are among them."""
# Batches among which texts of similar length are grouped, as transformers' trainer has them.
BATCHES_PER_GROUP = 50
NO_CACHE = {"use_cache": False}
"""For language models, which would otherwise keep a copy of their keys and values, to write with."""


def preload() -> None:
    """Import torch's compiler, which optimizers load at their first step."""
    import torch._dynamo  # noqa: F401


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
    """Examples to train on, and those to validate on for early stopping; `batch_of` makes a batch of some of them.

    `arguments` are what the model is called with beside a batch.
    """

    examples: Sequence[Any]
    batch_of: Callable[[Sequence[Any]], Batch]
    validation: Sequence[Any] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Steps:
    """What the steps of an epoch have given so far: losses (nats per token), and the tokens that each is a mean of."""

    losses: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


class Trainer:
    """One training: changes the trainable weights of `model` in place, and keeps its state in `unfinished`.

    `what` names it in logs and messages.
    """

    def __init__(self, model: Any, data: TrainingData, recipe: Recipe, unfinished: Unfinished, what: str) -> None:
        import torch

        self.model, self.data, self.recipe, self.unfinished, self.what = model, data, recipe, unfinished, what
        self.device = next(model.parameters()).device
        self.trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.captured: CapturedPasses | None = None
        if is_compiled(recipe, self.device):
            compiled = compile_layers(model)
            if can_be_captured(model):
                self.captured = CapturedPasses(self._backward, self.trainable)
            log.info("%s: compiles %d layers%s", what, compiled, ", records passes" if self.captured else "")
        rate, decay = recipe.learning_rate, recipe.weight_decay
        # Either way one weight after another, without copies of all of them.
        self.optimizer: Any = (
            torch.optim.Adafactor(self.trainable, lr=rate, weight_decay=decay, foreach=False)
            if recipe.optimizer == "adafactor"
            else torch.optim.AdamW(self.trainable, lr=rate, weight_decay=decay, fused=True)
        )
        self.steps_per_epoch = math.ceil(len(data.examples) / recipe.batch_size)
        self.reports: list[EpochReport] = []
        """Of the epochs that are over."""
        self.steps = Steps()
        """Of the epoch at work."""

    def train(self, keep: Mapping[int, Callable[[Path], None]]) -> list[EpochReport]:
        """Train to the end, from the state in `unfinished` if it has one of this training; return a report per epoch.

        `keep` maps an epoch to a function that saves the model into a folder: it is called at the end of that epoch,
        with the folder `unfinished.checkpoint(epoch)`. With early stopping it is called whenever the validation loss is
        lower than ever before, for the recipe's last epoch. Raises UserError where a loss is not finite, and where the
        memory of a GPU does not suffice.
        """
        if self.device.type == "cpu":
            keep_freed_memory()
        self.resume()
        with Progress(self.steps_per_epoch * self.recipe.epochs - self.steps_done, self.what, "steps") as progress:
            while len(self.reports) < self.recipe.epochs:
                if is_over(self.reports, self.recipe):
                    done, best = len(self.reports), best_epoch(self.reports)
                    log.info("%s: ends after epoch %d: epoch %d was the best", self.what, done, best)
                    break
                with self._errors_for_users():
                    self.epoch(progress)
                checkpoint = _checkpoint_to_write(self.reports, self.recipe)
                if checkpoint in keep:
                    with storage.replacing(self.unfinished.checkpoint(checkpoint)) as folder:
                        keep[checkpoint](folder)
                self._save_if_due(epoch_is_over=True)
        return self.reports

    @contextlib.contextmanager
    def _errors_for_users(self) -> Iterator[None]:
        """UserError where a GPU's memory does not suffice, or the layers cannot be compiled."""
        import torch

        try:
            yield
        except torch.OutOfMemoryError as error:
            raise UserError(
                f"{self.what}: the GPU's memory does not suffice: set `gradient_checkpointing: true` for the model, "
                "which changes no number, or more `accumulation_steps` in the recipe."
            ) from error
        except Exception as error:
            if not self.recipe.torch_compile or not isinstance(error, torch._dynamo.exc.TorchDynamoException):
                raise
            raise UserError(
                f"{self.what}: the model's layers cannot be compiled ({' '.join(str(error).split())[:300]}): leave "
                "`torch_compile` out of the recipe, or install what PyTorch compiles with (Triton and a C compiler)."
            ) from error

    @property
    def steps_done(self) -> int:
        """Steps since the beginning of the training."""
        return len(self.reports) * self.steps_per_epoch + len(self.steps.losses)

    def resume(self) -> None:
        """Go on from the state in `unfinished`, where that has the same identity."""
        state = resumption.resume(self.unfinished, self.model, self.optimizer)
        if not state:
            return
        self.reports = [EpochReport(**report) for report in state["reports"]]
        self.steps = Steps(**state["steps"])
        within = f" and step {len(self.steps.losses)} of the next" if self.steps.losses else ""
        log.info("%s: resumes after epoch %d of %d%s", self.what, len(self.reports), self.recipe.epochs, within)

    def _save_if_due(self, epoch_is_over: bool) -> None:
        if self.unfinished.is_due(epoch_is_over):
            state = {"reports": [asdict(report) for report in self.reports], "steps": asdict(self.steps)}
            resumption.save_state(self.unfinished, self.model, self.optimizer, self.steps_done, state)

    def epoch(self, progress: Progress) -> None:
        """Train to the end of an epoch, compute the validation loss where the recipe stops early by it, and report."""
        import torch

        number = len(self.reports) + 1
        generator = np.random.default_rng([self.recipe.seed, number])
        seed = int(generator.integers(2**62))
        if not self.steps.losses:
            torch.manual_seed(seed)
        rest = batches_of_epoch(self.data.examples, self.recipe, generator)[len(self.steps.losses) :]
        self.model.train()
        upcoming = (self._passes([self.data.examples[index] for index in chosen]) for chosen in rest)
        batches = next(upcoming, None)
        while batches is not None:
            self._set_learning_rate(self.steps_done)
            losses = self.step(batches)
            self.steps.tokens.append(sum(map(_learned_tokens, batches)))
            # Made before the losses are read, while a GPU computes them.
            batches = next(upcoming, None)
            message = f"the loss is {{}} in epoch {number}, step {len(self.steps.losses) + 1}"
            self.steps.losses.append(self._finite(sum(losses.tolist()), message))
            progress.advance(note=f"epoch {number} of {self.recipe.epochs}, loss {self.steps.losses[-1]:.3f}")
            if batches is not None:
                self._save_if_due(epoch_is_over=False)
        self.model.eval()
        mean = float(np.average(self.steps.losses, weights=self.steps.tokens))
        validation = self.validate() if self.recipe.early_stopping else None
        rate = self.optimizer.param_groups[0]["lr"]
        self.reports.append(EpochReport(number, number * self.steps_per_epoch, mean, rate, validation))
        self.steps = Steps()

    def _set_learning_rate(self, step: int) -> None:
        factor = learning_rate_factor(step, self.steps_per_epoch * self.recipe.epochs, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * factor

    def _passes(self, examples: Sequence[Any]) -> list[Batch]:
        size = math.ceil(self.recipe.batch_size / self.recipe.accumulation_steps)
        return [self.data.batch_of(part) for part in _parts(examples, size)]

    def step(self, batches: Sequence[Batch]) -> Any:
        """One step of the optimizer; return the losses before it, a tensor (batches,), whose sum is in nats per token.

        Each of several batches counts by its tokens, so that their gradients add up to that of all examples at once.
        """
        import torch

        # Recorded passes have their gradients in one place.
        self.optimizer.zero_grad(set_to_none=self.captured is None)
        tokens = [_learned_tokens(batch) for batch in batches]
        losses = []
        for batch, count in zip(batches, tokens, strict=True):
            if not count:
                # The mean over no token is not a number.
                continue
            backward = self.captured or self._backward
            losses.append(backward(self._on_device(batch), count / max(1, sum(tokens))))
        torch.nn.utils.clip_grad_norm_(self.trainable, self.recipe.max_gradient_norm)
        self.optimizer.step()
        return torch.stack(losses) if losses else torch.zeros(0)

    def _on_device(self, batch: Batch) -> dict[str, Any]:
        import torch

        return {key: torch.from_numpy(value).to(self.device) for key, value in batch.items()}

    def _backward(self, batch: Mapping[str, Any], share: Any) -> Any:
        loss = self._loss(batch) * share
        loss.backward()
        return loss.detach()

    def _loss(self, batch: Mapping[str, Any]) -> Any:
        import torch

        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return self.model(**batch, **self.data.arguments).loss

    def validate(self) -> float:
        """The loss on the validation examples, nats per token; UserError where it is not finite."""
        import torch

        losses, tokens = [], []
        with torch.no_grad():
            for batch in self._passes(self.data.validation):
                losses.append(float(self._loss(self._on_device(batch))))
                tokens.append(_learned_tokens(batch))
        mean = float(np.average(losses, weights=tokens))
        return self._finite(mean, f"the validation loss is {{}} after epoch {len(self.reports) + 1}")

    def _finite(self, loss: float, message: str) -> float:
        if not math.isfinite(loss):
            raise UserError(
                f"{self.what}: {message.format(loss)}: lower `learning_rate` ({self.recipe.learning_rate})."
            )
        return loss


def check_positions(model: Any, examples: Sequence[Example], keys: str) -> None:
    """UserError where an example has more tokens than the model has positions; `keys` are the settings that cut it.

    A model with rotary embeddings would read further, and be trained on what it cannot be asked afterwards.
    """
    limit = position_limit(model)
    longest = max((max(len(each.inputs), len(each.labels)) for each in examples), default=0)
    if limit is not None and longest > limit:
        raise UserError(f"the model has {limit} positions, and an example has {longest} tokens: lower {keys}.")


def fit_new_model(
    model: Any,
    tokenizer: Any,
    data: TrainingData,
    settings: Pretraining | TrainedClassifier,
    unfinished: Unfinished,
    what: str,
) -> float:
    """Train a model that is not fine-tuned; return the loss of the last epoch, whose checkpoint is kept.

    As `Trainer.train`, with the epochs, batch size, learning rate and seed of `settings`, and a recipe's defaults for
    the rest.
    """
    shared = settings.model_dump(include={"epochs", "batch_size", "learning_rate"})
    recipe = Recipe(**shared, seeds=[settings.seed])
    keep = {recipe.epochs: partial(save_checkpoint, model, tokenizer)}
    return Trainer(model, data, recipe, unfinished, what).train(keep)[-1].loss


def batches_of_epoch(examples: Sequence[Any], recipe: Recipe, generator: np.random.Generator) -> list[np.ndarray]:
    """Indices of the examples of each step of an epoch, in random order; the last batch drawn may be smaller.

    With `group_by_length` the examples of 50 batches are sorted by their tokens before they are cut into batches, and
    the batches of the epoch are shuffled.
    """
    order = generator.permutation(len(examples))
    if not recipe.group_by_length:
        return _parts(order, recipe.batch_size)
    lengths = np.array([len(example.inputs) + len(example.labels) for example in examples])
    groups = _parts(order, BATCHES_PER_GROUP * recipe.batch_size)
    batches = [
        batch
        for group in groups
        for batch in _parts(group[np.argsort(lengths[group], kind="stable")], recipe.batch_size)
    ]
    return [batches[place] for place in generator.permutation(len(batches))]


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


def is_compiled(recipe: Recipe, device: Any) -> bool:
    """Whether a training on that device compiles the model's layers."""
    return recipe.torch_compile and device.type == "cuda"


def compile_layers(model: Any, backend: str | Callable[..., Any] = "inductor") -> int:
    """Let the layers of a model be compiled when they are first called, and return their number.

    Layers of one kind share the code. A whole model of 24 layers would be one program, for which the compiler takes
    minutes. Layers with embeddings, as T5's first have those of relative positions, are not compiled: the compiled
    gradient of an embedding takes a third of the time of a step.
    """
    import torch

    # Kinds of layers, lengths, and training or not make a variant each.
    torch._dynamo.config.recompile_limit = 64
    kinds = set(model._no_split_modules or ())
    layers = [
        layer
        for layer in model.modules()
        if type(layer).__name__ in kinds and not any(isinstance(each, torch.nn.Embedding) for each in layer.modules())
    ]
    for layer in layers:
        layer.compile(backend=backend)
    if model.config.model_type == "t5":
        # No fused kernel has a gradient for learned biases, and what takes its place multiplies in fp32.
        for stack in (model.get_encoder(), model.get_decoder()):
            stack.set_attn_implementation("eager")
    return len(layers)


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
