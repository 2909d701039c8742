"""What tests of training share: rows, recipes with every switch, fine-tuning of tiny models, and what it changed."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tiny import TEXTS, tiny_model

from memorization import storage
from memorization.config.models import Recipe
from memorization.models import training
from memorization.models.examples import collate, encode_examples
from memorization.models.fitting import EpochReport, Trainer, TrainingData
from memorization.models.resumption import TrainingJob, Unfinished
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.training import TrainingTable

BOTH_KINDS = ("t5", "gpt_neo")
TRAINS = ("all", "last_layer", "head", "lora")
PLAIN: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 4,
    "learning_rate": 0.02,
    "max_input_tokens": 24,
    "max_target_tokens": 24,
}
SWITCHES: dict[str, dict[str, Any]] = {
    "all": {},
    "last_layer": {"trains": "last_layer"},
    "head": {"trains": "head"},
    "lora": {"trains": "lora", "lora": {"rank": 2, "alpha": 6, "dropout": 0.1}},
    "early_stopping": {"epochs": 12, "learning_rate": 0.05, "early_stopping": {"patience": 2}},
    "lora and early_stopping": {"epochs": 6, "trains": "lora", "early_stopping": {"patience": 2}},
    "exact": {"deduplicate": "exact"},
    "near": {"deduplicate": "near"},
    "goldfish": {"goldfish": {"every": 3, "context": 2}},
    "inputs": {"loss": "input_and_target"},
    "adafactor": {"optimizer": "adafactor", "learning_rate": 0.1},
    "group_by_length": {"group_by_length": True, "batch_size": 3},
    "weights of bf16": {"precision": "bf16", "weights": "bf16"},
}
BLOCKS: dict[str, Any] = {"blocks": {"tokens": 20, "text": "{input} {instruction}\n{target}"}}
"""The switch of decoder-only models alone."""


def recipe_of(switch: str, **changed: Any) -> Recipe:
    return Recipe.model_validate({**PLAIN, **SWITCHES[switch], **changed})


def row(text: str, split: str = "train", **changed: Any) -> dict[str, Any]:
    return {
        "id": "row",
        "split": split,
        "instruction": "Shorten.",
        "input": text,
        "target": " ".join(text.split()[:6]),
        **changed,
    }


# Without the text that differs from another in one capital letter.
READ = [text for text in TEXTS if not text.startswith("the")]
# One input twice; and rows to validate on that differ from the others, so that more training increases their loss.
ROWS = [
    *(row(text) for text in [*READ[:9], READ[0]]),
    *(row(text, "validation", target=" ".join(reversed(text.split()))) for text in READ[9:13]),
    row(READ[14], "test"),
]


def dataset(file: Path, rows: Sequence[dict[str, Any]] = ROWS) -> Path:
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(list(rows), schema=DatasetTable.arrow()), {})
    return file


def small(architecture: str, tokenizer: Any, **changed: Any) -> Any:
    """Two layers, so that the last one is not the only one."""
    return tiny_model(architecture, tokenizer, num_layers=2, spread=0.3, **changed)


def still() -> float:
    """A clock that stands still: states are saved at the end of every epoch, and at no other time."""
    return 0.0


def hurried() -> Callable[[], float]:
    """A clock of which an hour passes between any two looks: states are saved after every step."""
    return itertools.count(0.0, 3600.0).__next__


def fine_tune(
    model: Any,
    tokenizer: Any,
    folder: Path,
    recipe: Recipe,
    files: Sequence[Path] | None = None,
    instructions: Mapping[str, str] | None = None,
    clock: Callable[[], float] = still,
) -> Path:
    """Fine-tune on `ROWS`, or on given files; return the output, the same again for the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = files or [dataset(folder / "rows.parquet")]
    job = TrainingJob(folder / "out", folder / "work", model.device, "source", clock=clock)
    training.fine_tune(training.BaseModel(model, tokenizer, "base"), files, recipe, job, {}, instructions)
    return job.output


def loaded(folder: Path) -> Any:
    """A checkpoint, as anyone loads it."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    encoder_decoder = AutoConfig.from_pretrained(folder).is_encoder_decoder
    return (AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM).from_pretrained(folder).eval()


def weights(model: Any) -> dict[str, np.ndarray]:
    """All weights under all their names, tied ones under each."""
    return {name: value.detach().numpy().copy() for name, value in model.named_parameters(remove_duplicate=False)}


def logits(model: Any) -> np.ndarray:
    import torch

    tokens = torch.arange(3, 40)[None]
    with torch.no_grad():
        scores: np.ndarray = model(input_ids=tokens, labels=tokens).logits.numpy()
    return scores


def moved(base: Any, tuned: Any) -> set[str]:
    before, after = weights(base), weights(tuned)
    assert before.keys() == after.keys()
    return {name for name in before if not np.array_equal(before[name], after[name])}


def report(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = storage.read(folder / "training.parquet", TrainingTable).to_pylist()
    return rows


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Equal bit by bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


class KilledError(Exception):
    """Simulates a process that ends at once."""


FIT_ROWS = [row(text, target=" ".join(text.split()[:3])) for text in TEXTS[:10]]
FIT_RECIPE = Recipe(
    epochs=4, batch_size=4, learning_rate=0.01, max_input_tokens=24, max_target_tokens=16, warmup_steps=2
)


def data_of(model: Any, tokenizer: Any, rows: Sequence[dict[str, str]], recipe: Recipe) -> TrainingData:
    """The training data of rows, as fine-tuning makes it."""
    encoder_decoder = bool(model.config.is_encoder_decoder)
    examples = encode_examples(rows, tokenizer, recipe, encoder_decoder)
    return TrainingData(examples, partial(collate, pad=tokenizer.pad_token_id, encoder_decoder=encoder_decoder))


def fit_rows(
    model: Any,
    tokenizer: Any,
    work: Path,
    recipe: Recipe = FIT_RECIPE,
    identity: str = "one",
    killed_in: int | None = None,
    clock: Callable[[], float] = still,
) -> list[EpochReport]:
    """Fit `FIT_ROWS`; `killed_in` ends training at the end of that epoch, before its state is saved."""

    def die(folder: Path) -> None:
        raise KilledError

    keep = {killed_in: die} if killed_in else {}
    data = data_of(model, tokenizer, FIT_ROWS, recipe)
    return Trainer(model, data, recipe, Unfinished(work, identity, clock=clock), "test").train(keep)
