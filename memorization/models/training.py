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
from memorization.config import Goldfish, Recipe
from memorization.errors import UserError
from memorization.models import recipes
from memorization.progress import Progress

log = logging.getLogger(__name__)

IGNORED = -100
STATE = "state.json"


@dataclass(frozen=True)
class Example:
    """Token ids of one example, int32 arrays: what the model reads and the labels (IGNORED: no loss there).

    `decoder_inputs` is what a decoder reads while it writes the labels; None: the labels before, behind a start token.
    """

    inputs: np.ndarray
    labels: np.ndarray
    decoder_inputs: np.ndarray | None = None


@dataclass(frozen=True)
class EpochReport:
    """Row of schema `training`, without `kept`."""

    epoch: int
    step: int
    loss: float
    learning_rate: float
    validation_loss: float | None = None


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


def leave_out(examples: Sequence[Example], goldfish: Goldfish, start: int | None) -> list[Example]:
    """The examples without the labels that goldfish loss leaves out.

    `start` is the token that an encoder-decoder's decoder begins with, None for decoder-only models. Their context is
    the sequence; an encoder-decoder's is the target. A token without loss is still read: an encoder-decoder would take
    its inputs from the labels, and read padding there.
    """
    changed, left_out, learned = [], 0, 0
    for example in examples:
        mask = recipes.goldfish_mask(example.inputs if start is None else example.labels, goldfish)
        labels = np.where(mask, np.int32(IGNORED), example.labels)
        read = None if start is None else np.concatenate([np.array([start], dtype=np.int32), example.labels[:-1]])
        changed.append(Example(example.inputs, labels, read))
        learned += int((example.labels != IGNORED).sum())
        left_out += int((labels != example.labels).sum())
    log.info("goldfish: %d of %d labels left out of the loss", left_out, learned)
    return changed


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
    validation: Sequence[Any] = (),
) -> list[EpochReport]:
    """Train the trainable weights of `model` in place with AdamW, and return a report an epoch.

    `batch_of` makes the model's arguments of some examples and the padding token; without it `collate` does, and the
    examples are of class `Example`.

    `keep` maps an epoch to a function that saves the model into a folder: it is called when that epoch ends, with a
    folder below `work`. With early stopping it is called whenever the loss on `validation` is lower than ever before,
    for the epoch that the recipe would end with. `identity` digests everything that decides the numbers: what lies in
    `work` is taken up where it has the same one, and removed otherwise. Raises UserError where a loss is not finite.
    """
    import torch

    batch_of = batch_of or partial(collate, encoder_decoder=model.config.is_encoder_decoder)
    steps_an_epoch = math.ceil(len(examples) / recipe.batch_size)
    total = steps_an_epoch * recipe.epochs
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)

    def loss_of(batch: Mapping[str, np.ndarray]) -> Any:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=recipe.precision == "bf16"):
            return model(**{key: torch.from_numpy(value).to(device) for key, value in batch.items()}).loss

    def validation_loss() -> float:
        batches = [
            validation[start : start + recipe.batch_size] for start in range(0, len(validation), recipe.batch_size)
        ]
        losses, weights = [], []
        with torch.no_grad():
            for batch in (batch_of(examples, pad) for examples in batches):
                losses.append(float(loss_of(batch)))
                weights.append(_learned(batch))
        return float(np.average(losses, weights=weights))

    reports = _resume(model, optimizer, work, identity, device)
    if reports:
        log.info("%s: goes on after epoch %d of %d", what, len(reports), recipe.epochs)
    with Progress(total - len(reports) * steps_an_epoch, what, "steps") as progress:
        for epoch in range(len(reports) + 1, recipe.epochs + 1):
            if _is_over(reports, recipe):
                log.info("%s: ends after epoch %d: epoch %d was the best", what, epoch - 1, best_epoch(reports))
                break
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
                loss = loss_of(batch)
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise UserError(
                        f"{what}: the loss is {value} in epoch {epoch}, step {number + 1}: lower `learning_rate` "
                        f"({recipe.learning_rate})."
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(trainable, recipe.max_gradient_norm)
                optimizer.step()
                losses.append(value)
                weights.append(_learned(batch))
                progress.advance(note=f"epoch {epoch}, loss {value:.3f}")
            model.eval()
            mean = float(np.average(losses, weights=weights))
            judged = validation_loss() if recipe.early_stopping else None
            if judged is not None and not math.isfinite(judged):
                raise UserError(
                    f"{what}: the validation loss is {judged} after epoch {epoch}: lower `learning_rate` "
                    f"({recipe.learning_rate})."
                )
            reports.append(EpochReport(epoch, epoch * steps_an_epoch, mean, rate, judged))
            holds = epoch
            if recipe.early_stopping:
                # Where the checkpoint lies is known before training; which epoch it holds is not.
                holds = recipe.epochs if best_epoch(reports) == epoch else 0
            if holds in keep:
                with storage.replacing(work / f"kept-{holds}") as folder:
                    keep[holds](folder)
            _save_state(model, optimizer, work, identity, reports)
    return reports


def _learned(batch: Mapping[str, np.ndarray]) -> int:
    return int((batch["labels"] != IGNORED).sum())


def best_epoch(reports: Sequence[EpochReport]) -> int:
    """The first epoch with the lowest validation loss."""
    return min(reports, key=lambda report: (report.validation_loss, report.epoch)).epoch


def _is_over(reports: Sequence[EpochReport], recipe: Recipe) -> bool:
    early = recipe.early_stopping
    return early is not None and bool(reports) and len(reports) - best_epoch(reports) >= early.patience


def learning_rate_factor(step: int, total: int, recipe: Recipe) -> float:
    """The part of the peak learning rate at a step (from 0) of `total`: linear warm-up, then the schedule."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, total - recipe.warmup_steps)
    return {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}[recipe.schedule]


def collate(examples: Sequence[Example], pad: int, encoder_decoder: bool) -> dict[str, np.ndarray]:
    """Padded int64 arrays (batch, longest): `input_ids`, `attention_mask`, `labels`; padding on the right.

    `decoder_input_ids` too where the examples state them.
    """

    def padded(rows: Sequence[np.ndarray], value: int) -> np.ndarray:
        array = np.full((len(rows), max(len(row) for row in rows)), value, dtype=np.int64)
        for index, row in enumerate(rows):
            array[index, : len(row)] = row
        return array

    inputs = [example.inputs for example in examples]
    mask = padded([np.ones(len(row), dtype=np.int64) for row in inputs], 0)
    batch = {
        "input_ids": padded(inputs, pad),
        "attention_mask": mask,
        "labels": padded([example.labels for example in examples], IGNORED),
    }
    read = [example.decoder_inputs for example in examples if example.decoder_inputs is not None]
    if encoder_decoder and read:
        batch["decoder_input_ids"] = padded(read, pad)
    return batch


def _save_state(model: Any, optimizer: Any, work: Path, identity: str, reports: Sequence[EpochReport]) -> None:
    from safetensors.torch import save_file

    epoch = reports[-1].epoch
    with storage.replacing(work / f"epoch-{epoch}") as folder:
        folder.mkdir()
        # Tied weights share memory, which safetensors refuses: parameters() names each once.
        save_file(
            {key: value.detach().contiguous() for key, value in model.named_parameters() if value.requires_grad},
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
        if parameter.requires_grad:
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
    datasets: Sequence[Path],
    recipe: Recipe,
    device: Any,
    work: Path,
    base_digest: str,
    source_digest: str,
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Fine-tune on the train splits of datasets and write one folder of checkpoints, `epoch-N` a kept epoch.

    The folder also holds `training.parquet` (schema `training`). Raises UserError where the loss is not finite, the
    disk full, a dataset without the split that early stopping needs, or the model without what the recipe trains.
    """
    encoder_decoder = model.config.is_encoder_decoder
    rows, validation_rows = _rows(datasets, "train"), _rows(datasets, "validation") if recipe.early_stopping else []
    given = len(rows)
    if recipe.deduplicate is not None:
        rows = [
            rows[position] for position in recipes.without_duplicates([r["input"] for r in rows], recipe.deduplicate)
        ]
        log.info("deduplicate %s: %d of %d training examples dropped", recipe.deduplicate, given - len(rows), given)
    examples = encode_examples(rows, tokenizer, recipe, encoder_decoder)
    if recipe.goldfish is not None:
        start = model.config.decoder_start_token_id if encoder_decoder else None
        examples = leave_out(examples, recipe.goldfish, start)
    kept = recipe.keep or [recipe.epochs]
    identity = identify(
        recipe.model_dump_json(exclude={"keep"}),
        str(kept),
        base_digest,
        source_digest,
        str(device),
        *map(file_digest, datasets),
    )

    model = recipes.choose_weights(model, recipe)
    what = f"training on {' and '.join(dataset.stem for dataset in datasets)}"
    reports = fit(
        model,
        examples,
        recipe,
        tokenizer.pad_token_id,
        device,
        work,
        identity,
        dict.fromkeys(kept, saving(model, tokenizer, recipes.merged if recipe.trains == "lora" else None)),
        what,
        validation=encode_examples(validation_rows, tokenizer, recipe, encoder_decoder),
    )
    log.info("%s: %d examples, last loss %.4f nats/token", what, len(rows), reports[-1].loss)
    held = [best_epoch(reports)] if recipe.early_stopping else kept
    with storage.replacing(output) as folder:
        folder.mkdir()
        for epoch in kept:
            shutil.copytree(work / f"kept-{epoch}", folder / f"epoch-{epoch}")
        table = pa.Table.from_pylist(
            [{**asdict(report), "kept": report.epoch in held} for report in reports], schema=storage.SCHEMAS["training"]
        )
        counts = {"examples": len(rows), "dropped_duplicates": given - len(rows)}
        storage.write_table(folder / "training.parquet", "training", table, {**manifest, **counts})
    shutil.rmtree(work, ignore_errors=True)


def _rows(datasets: Sequence[Path], split: str) -> list[dict[str, str]]:
    """Rows of a split, dataset after dataset; UserError where one has none to validate on."""
    rows: list[dict[str, str]] = []
    for dataset in datasets:
        before = len(rows)
        for batch in storage.stream(dataset, ["split", "instruction", "input", "target"]):
            rows += [row for row in batch.to_pylist() if row["split"] == split]
        if split == "validation" and len(rows) == before:
            raise UserError(
                f"datasets.{dataset.stem}: no rows in split {split!r}. Early stopping needs some: set "
                f"`datasets.{dataset.stem}.validation` to the number of test rows to set aside, or leave "
                "`early_stopping` out of the recipe."
            )
    return rows


def saving(model: Any, tokenizer: Any, plain: Callable[[Any], Any] | None = None) -> Callable[[Path], None]:
    """What writes the model, as it then is, and its tokenizer into a plain transformers folder.

    `plain` makes a plain model of it first, where it is none.
    """

    def save(folder: Path) -> None:
        (plain(model) if plain else model).save_pretrained(folder)
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
