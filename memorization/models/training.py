"""Training: fine-tuning with a recipe, and the loop that pretraining shares.

One run gives the checkpoints of all kept epochs. After every epoch its state lies in a folder of its own outside the
declared outputs, so that a killed run goes on from the last finished epoch with the very numbers it would have had: the
order of examples and dropout are drawn anew from (seed, epoch), and weights and optimizer are kept in full.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.config import Recipe
from memorization.errors import UserError
from memorization.progress import Progress

log = logging.getLogger(__name__)

IGNORED = -100
STATE = "state.json"


@dataclass(frozen=True)
class Example:
    """Token ids of one example, int32 arrays: what the model reads and the labels (IGNORED: no loss there)."""

    inputs: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class EpochReport:
    """Row of schema `training`."""

    epoch: int
    step: int
    loss: float
    learning_rate: float


def source_text(instruction: str, text: str) -> str:
    """What an encoder reads in training: instruction + input (Table 8)."""
    return f"{instruction} {text}".strip()


def encode_examples(
    rows: Sequence[Mapping[str, str]], tokenizer: Any, recipe: Recipe, encoder_decoder: bool
) -> list[Example]:
    """Token ids of training rows (`instruction, input, target`).

    Encoder-decoder: the encoder reads instruction + input, the labels are the target. Decoder-only: one sequence
    instruction + input, newline, target, end token; the loss runs over all of it or over the target alone.
    """
    targets = [row["target"] for row in rows]
    read = source_ids(rows, tokenizer, recipe.max_input_tokens, encoder_decoder)
    if encoder_decoder:
        written = _token_ids(tokenizer, targets, recipe.max_target_tokens)
        return [Example(i, t) for i, t in zip(read, written, strict=True)]
    written = _token_ids(tokenizer, [f"\n{target}" for target in targets], recipe.max_target_tokens, special=False)
    end = np.array([tokenizer.eos_token_id], dtype=np.int32)
    examples = []
    for source, target in zip(read, written, strict=True):
        tokens = np.concatenate([source, target, end])
        labels = tokens.copy()
        if recipe.loss == "target":
            labels[: len(source)] = IGNORED
        examples.append(Example(tokens, labels))
    return examples


def source_ids(
    rows: Sequence[Mapping[str, str]], tokenizer: Any, limit: int, encoder_decoder: bool
) -> list[np.ndarray]:
    """Token ids (int32 arrays) of instruction + input, at most `limit` a row; decoder-only: without an end token."""
    found = _token_ids(tokenizer, [source_text(row["instruction"], row["input"]) for row in rows], limit)
    if encoder_decoder:
        return found
    # Some tokenizers end every text; the sequence goes on with its target.
    return [ids[:-1] if len(ids) and ids[-1] == tokenizer.eos_token_id else ids for ids in found]


def _token_ids(tokenizer: Any, texts: Sequence[str], limit: int, special: bool = True) -> list[np.ndarray]:
    ids: list[np.ndarray] = []
    cut = 0
    for start in range(0, len(texts), 1000):
        part = list(texts[start : start + 1000])
        whole = tokenizer(part, add_special_tokens=special, verbose=False)["input_ids"]
        cut += sum(len(tokens) > limit for tokens in whole)
        shortened = tokenizer(part, add_special_tokens=special, truncation=True, max_length=limit)["input_ids"]
        ids += [np.array(tokens, dtype=np.int32) for tokens in shortened]
    if cut:
        log.info("%d of %d texts cut to %d tokens", cut, len(texts), limit)
    return ids


def fit(
    model: Any,
    examples: Sequence[Any],
    recipe: Recipe,
    pad: int,
    device: Any,
    work: Path,
    identity: str,
    keep: Mapping[int, Callable[[Path], None]],
    what: str,
    batch_of: Callable[[Sequence[Any], int], dict[str, np.ndarray]] | None = None,
) -> list[EpochReport]:
    """Train `model` in place with AdamW, and return a report an epoch.

    `batch_of` makes the model's arguments of some examples and the padding token; without it `collate` does, and the
    examples are of class `Example`.

    `keep` maps an epoch to a function that saves the model into a folder: it is called when that epoch ends, with a
    folder below `work`. `identity` digests everything that decides the numbers: what lies in `work` is taken up where
    it has the same one, and removed otherwise. Raises UserError where the loss is not finite.
    """
    import torch

    batch_of = batch_of or partial(collate, encoder_decoder=model.config.is_encoder_decoder)
    steps_an_epoch = math.ceil(len(examples) / recipe.batch_size)
    total = steps_an_epoch * recipe.epochs
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    reports = _resume(model, optimizer, work, identity, device)
    if reports:
        log.info("%s: goes on after epoch %d of %d", what, len(reports), recipe.epochs)
    with Progress(total - len(reports) * steps_an_epoch, what, "steps") as progress:
        for epoch in range(len(reports) + 1, recipe.epochs + 1):
            generator = np.random.default_rng([recipe.seed, epoch])
            torch.manual_seed(int(generator.integers(2**62)))
            order = generator.permutation(len(examples))
            losses: list[float] = []
            weights: list[int] = []
            model.train()
            for number in range(steps_an_epoch):
                step = (epoch - 1) * steps_an_epoch + number
                rate = recipe.learning_rate * learning_rate_factor(step, total, recipe)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                chosen = order[number * recipe.batch_size : (number + 1) * recipe.batch_size]
                batch = batch_of([examples[index] for index in chosen], pad)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=recipe.precision == "bf16"):
                    loss = model(**{key: torch.from_numpy(value).to(device) for key, value in batch.items()}).loss
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise UserError(
                        f"{what}: the loss is {value} in epoch {epoch}, step {number + 1}: lower `learning_rate` "
                        f"({recipe.learning_rate})."
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_gradient_norm)
                optimizer.step()
                losses.append(value)
                weights.append(int((batch["labels"] != IGNORED).sum()))
                progress.advance(note=f"epoch {epoch}, loss {value:.3f}")
            model.eval()
            mean = float(np.average(losses, weights=weights))
            reports.append(EpochReport(epoch, epoch * steps_an_epoch, mean, rate))
            if epoch in keep:
                with storage.replacing(work / f"kept-{epoch}") as folder:
                    keep[epoch](folder)
            _save_state(model, optimizer, work, identity, reports)
    return reports


def learning_rate_factor(step: int, total: int, recipe: Recipe) -> float:
    """The part of the peak learning rate at a step (from 0) of `total`: linear warm-up, then the schedule."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, total - recipe.warmup_steps)
    return {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}[recipe.schedule]


def collate(examples: Sequence[Example], pad: int, encoder_decoder: bool) -> dict[str, np.ndarray]:
    """Padded int64 arrays (batch, longest): `input_ids`, `attention_mask`, `labels`; padding on the right."""

    def padded(rows: Sequence[np.ndarray], value: int) -> np.ndarray:
        array = np.full((len(rows), max(len(row) for row in rows)), value, dtype=np.int64)
        for index, row in enumerate(rows):
            array[index, : len(row)] = row
        return array

    inputs = [example.inputs for example in examples]
    mask = padded([np.ones(len(row), dtype=np.int64) for row in inputs], 0)
    return {
        "input_ids": padded(inputs, pad),
        "attention_mask": mask,
        "labels": padded([example.labels for example in examples], IGNORED),
    }


def _save_state(model: Any, optimizer: Any, work: Path, identity: str, reports: Sequence[EpochReport]) -> None:
    from safetensors.torch import save_file

    epoch = reports[-1].epoch
    with storage.replacing(work / f"epoch-{epoch}") as folder:
        folder.mkdir()
        # Tied weights share memory, which safetensors refuses: parameters() names each once.
        save_file(
            {key: value.detach().contiguous() for key, value in model.named_parameters()},
            folder / "weights.safetensors",
        )
        moments = {
            f"{index}.{key}": value.contiguous()
            for index, state in optimizer.state_dict()["state"].items()
            for key, value in state.items()
        }
        save_file(moments, folder / "optimizer.safetensors")
        state = {"identity": identity, "reports": [asdict(report) for report in reports]}
        (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
    for older in work.glob("epoch-*"):
        if older.name != f"epoch-{epoch}":
            shutil.rmtree(older)


def _resume(model: Any, optimizer: Any, work: Path, identity: str, device: Any) -> list[EpochReport]:
    """Load the last finished epoch of the same identity from `work`, and take away everything else there."""
    from safetensors.torch import load_file

    found = sorted(work.glob("epoch-*/" + STATE), key=lambda file: int(file.parent.name.removeprefix("epoch-")))
    state = json.loads(found[-1].read_text(encoding="utf-8")) if found else {}
    if state.get("identity") != identity:
        shutil.rmtree(work, ignore_errors=True)
        return []
    folder = found[-1].parent
    weights = load_file(folder / "weights.safetensors", device=str(device))
    for key, parameter in model.named_parameters():
        parameter.data.copy_(weights[key])
    moments: dict[int, dict[str, Any]] = {}
    for key, value in load_file(folder / "optimizer.safetensors", device=str(device)).items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return [EpochReport(**report) for report in state["reports"]]


def fine_tune(
    model: Any,
    tokenizer: Any,
    dataset: Path,
    recipe: Recipe,
    device: Any,
    work: Path,
    base_digest: str,
    source_digest: str,
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Fine-tune on the train split of a dataset and write one folder of checkpoints, `epoch-N` a kept epoch.

    The folder also holds `training.parquet` (schema `training`). Raises UserError where the loss is not finite or the
    disk full.
    """
    rows = [
        row
        for batch in storage.stream(dataset, ["split", "instruction", "input", "target"])
        for row in batch.to_pylist()
        if row["split"] == "train"
    ]
    examples = encode_examples(rows, tokenizer, recipe, model.config.is_encoder_decoder)
    kept = recipe.keep or [recipe.epochs]
    identity = identify(
        recipe.model_dump_json(exclude={"keep"}),
        str(kept),
        base_digest,
        source_digest,
        str(device),
        file_digest(dataset),
    )

    reports = fit(
        model,
        examples,
        recipe,
        tokenizer.pad_token_id,
        device,
        work,
        identity,
        dict.fromkeys(kept, saving(model, tokenizer)),
        f"training on {dataset.stem}",
    )
    log.info("training on %s: %d examples, last loss %.4f nats/token", dataset.stem, len(rows), reports[-1].loss)
    with storage.replacing(output) as folder:
        folder.mkdir()
        for epoch in kept:
            shutil.copytree(work / f"kept-{epoch}", folder / f"epoch-{epoch}")
        table = pa.Table.from_pylist([asdict(report) for report in reports], schema=storage.SCHEMAS["training"])
        storage.write_table(folder / "training.parquet", "training", table, manifest)
    shutil.rmtree(work, ignore_errors=True)


def saving(model: Any, tokenizer: Any) -> Callable[[Path], None]:
    """What writes the model, as it then is, and its tokenizer into a plain transformers folder."""

    def save(folder: Path) -> None:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    return save


def identify(*parts: str) -> str:
    """One digest of everything that decides a training run's numbers."""
    import torch

    return hashlib.sha256("\n".join([*parts, torch.__version__, str(torch.get_num_threads())]).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
