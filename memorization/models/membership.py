"""What a model assigns to texts as it was trained on them: the scores that attacks of membership inference threshold.

A model reads a row as in training (`examples`): an encoder-decoder instruction + input, after which the tokens of the
target are scored; a decoder-only model one sequence, of which those tokens are scored that the recipe's loss counts.
Where an encoder-decoder also learns the second half of an input after the first (`loss: input_and_target`), these
tokens are scored, too. With `blocks`, the text of a row is read by itself, from its beginning to the length of a block.
Every text is cut where its training cuts it. Goldfish loss is ignored: who asks has the text, and not the mask.

With x_t the t-th of n scored tokens, x_<t what is read before it, and z any token of the vocabulary V:

- loss: -(1/n) sum_t log p(x_t | x_<t) (Yeom et al., 2018, "Privacy Risk in Machine Learning").
- Min-K% (Shi et al., 2024, "Detecting Pretraining Data from Large Language Models"): the mean of log p(x_t | x_<t)
  over the K% of the tokens with the lowest ones.
- Min-K%++ (Zhang et al., 2025, "Min-K%++: Improved Baseline for Detecting Pre-Training Data from Large Language
  Models"): the mean of (log p(x_t | x_<t) - mu) / sigma over the K% of the tokens with the lowest such values; mu and
  sigma are mean and standard deviation of log p(z | x_<t) for a token z drawn from p(. | x_<t).

How published programs differ. Shi et al.'s negates Min-K%, so that members are low there and high here, as in Zhang et
al.'s. Both round the number of tokens down, and have no score where that is 0; here at least one token counts. Both
score decoder-only models alone: no end token, and the first token of a text only where the tokenizer begins texts with
one of its own (Llama's does, GPT-NeoX's does not), as here; the end token is scored here, since it is learned. Sigma is
computed here from squared differences, not as a difference of squares, which may be negative where a model is certain;
where sigma is 0 the value is 0.

**Numbers do not depend on the batch.** As in `likelihood`, lengths and numbers of texts in a batch are multiples of
`STEP`, and numbers keep `DECIMALS`. The model computes in fp32; from its scores on, precision is double.
"""

from __future__ import annotations

import importlib
import logging
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.base import Population
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models.batches import in_batches
from memorization.models.draws import refuse_broken
from memorization.models.examples import IGNORED, Example, Widths, collate, encode_examples, source_text
from memorization.models.prefixes import position_limit
from memorization.models.recipes.chosen import chosen
from memorization.models.rows import read_rows
from memorization.progress import Progress
from memorization.schemas.membership import MembershipTable

log = logging.getLogger(__name__)

STEP = 8
DECIMALS = 6
# Scores of which one step computes probabilities, each several times in eight bytes.
SCORES_PER_STEP = 1 << 22


@dataclass(frozen=True)
class Drawn:
    """Rows (`row`, `id`, `instruction`, `input`, `target`) in the order of their split, and why others are left out.

    `counts`: rows of the split; without duplicates that the training leaves out (member), or without those that equal
    a training row (control).
    """

    rows: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Text:
    """A row as a training reads it: its examples, the numbers of their scored tokens, and the text of these."""

    examples: Sequence[Example]
    scored: str


@dataclass(frozen=True)
class TokenScores:
    """Of the scored tokens of a text, in their order: log-probabilities (n,) in nats, and normalized ones (n,).

    None where nobody has the distributions that these are normalized by.
    """

    logs: np.ndarray = field(default_factory=lambda: np.zeros(0))
    normalized: np.ndarray | None = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Score:
    """Row of schema `membership`."""

    row: int
    id: str
    tokens: int
    zlib_bytes: int
    loss: float
    base_loss: float | None
    min_k: float
    min_k_plus_plus: float | None


# Six parameters: which rows, of which data, as which training reads them.
def draw_rows(
    dataset: Path,
    trained_on: Sequence[Path],
    population: Population,
    recipe: Recipe,
    draw: tuple[int, int],
    instructions: Mapping[str, str],
) -> Drawn:
    """At most n rows of the dataset that a training by the recipe reads (member), or of its test split (control).

    `trained_on` are all datasets of the training, `draw` is (n, seed), and `instructions` has those that all rows of a
    dataset share, by its name. Rows that the training leaves out as duplicates are no members, and test rows that equal
    a training row no controls: the log warns of those. UserError where there is no row.
    """
    n, seed = draw
    read = {file.stem: _rows(file, "train", instructions) for file in dict.fromkeys([dataset, *trained_on])}
    members = [row for file in trained_on for row in read[file.stem]]
    for name in chosen(recipe):
        members = importlib.import_module(name).switch(recipe).choose_rows(members)
    if population == "member":
        # A training without duplicates reads others again in their place.
        kept = set(map(id, members))
        rows = [row for row in read[dataset.stem] if id(row) in kept]
        counts = {"rows": len(read[dataset.stem]), "dropped_duplicates": len(read[dataset.stem]) - len(rows)}
    else:
        split = _rows(dataset, "test", instructions)
        texts = {_texts(row) for row in members}
        rows = [row for row in split if _texts(row) not in texts]
        counts = {"rows": len(split), "also_trained_on": len(split) - len(rows)}
        if counts["also_trained_on"]:
            log.warning(
                "dataset %s: %d of %d test rows equal a training row, and are left out: they are not held out",
                dataset.stem,
                counts["also_trained_on"],
                len(split),
            )
    if not rows:
        split_name = "train" if population == "member" else "test"
        raise UserError(
            f"{dataset}: no rows in split {split_name!r}"
            + (", of which none equals a training row" if population == "control" and counts["rows"] else "")
            + ": studies of kind `membership` compare rows that a model was trained on with held-out ones."
        )
    if len(rows) < n:
        log.warning("dataset %s: n is %d rows, but %s has %d: all are used", dataset.stem, n, population, len(rows))
    drawn = sorted(random.Random(seed).sample(range(len(rows)), min(n, len(rows))))
    return Drawn([rows[place] for place in drawn], counts)


def _rows(dataset: Path, split: str, instructions: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = read_rows(dataset, split, ["id", "input", "target", "turns"], instructions.get(dataset.stem))
    return [{**row, "row": number} for number, row in enumerate(rows)]


def _texts(row: Mapping[str, Any]) -> tuple[str, str]:
    return source_text(row["instruction"], row["input"]), row["target"]


def encode(rows: Sequence[Mapping[str, Any]], model: Any, tokenizer: Any, recipe: Recipe) -> list[Text]:
    """The rows as a training of that model by the recipe reads them, in their order.

    UserError where a text has more tokens than the model has positions.
    """
    encoder_decoder = bool(model.config.is_encoder_decoder)
    examples = [[example] for example in _encoded(rows, tokenizer, recipe, encoder_decoder)]
    if encoder_decoder and recipe.loss == "input_and_target":
        # By name, as trainings load it: only where a recipe uses it, it is part of a digest.
        [inputs] = [name for name in chosen(recipe) if name.endswith(".inputs")]
        halves = importlib.import_module(inputs).halves
        for row, own in zip(rows, examples, strict=True):
            own += halves([row["input"]], tokenizer, recipe.max_input_tokens)
    limit = position_limit(model)
    longest = max((max(len(each.inputs), len(each.labels)) for own in examples for each in own), default=0)
    if limit is not None and longest > limit:
        raise UserError(
            f"the model has {limit} positions, and a row needs {longest}: lower `membership.max_input_tokens` or "
            "`membership.max_target_tokens`, or those of the recipe, which cut input and target."
        )
    texts = []
    for own in examples:
        parts = [_scored(example, encoder_decoder) for example in own]
        decoded = tokenizer.batch_decode([part.tolist() for part in parts], skip_special_tokens=True)
        texts.append(Text(own, "\n".join(decoded)))
    return texts


def _encoded(rows: Sequence[Mapping[str, Any]], tokenizer: Any, recipe: Recipe, encoder_decoder: bool) -> list[Example]:
    if recipe.blocks is None:
        return encode_examples(rows, tokenizer, recipe, encoder_decoder)
    texts = [recipe.blocks.text.format(**row).strip() for row in rows]
    options = {"add_special_tokens": False, "truncation": True, "max_length": recipe.blocks.tokens}
    ids = [np.array(tokens, dtype=np.int32) for tokens in tokenizer(texts, **options)["input_ids"]] if texts else []
    return [Example(tokens, tokens) for tokens in ids]


def _scored(example: Example, encoder_decoder: bool) -> np.ndarray:
    """The tokens that are scored; nothing predicts the first one of a decoder-only model."""
    labels = example.labels if encoder_decoder else example.labels[1:]
    scored: np.ndarray = labels[labels != IGNORED]
    return scored


def read(model: Any, tokenizer: Any, texts: Sequence[Text], batch_size: int, what: str) -> list[TokenScores]:
    """The scores of the tokens of every text, in their order; `what` names the work in the log.

    UserError where the model computes NaN or infinity.
    """
    import torch

    encoder_decoder = bool(model.config.is_encoder_decoder)
    examples = [example for text in texts for example in text.examples]
    found = [TokenScores()] * len(examples)

    def work(indices: list[int]) -> list[TokenScores]:
        own = [examples[index] for index in indices]
        # Copies of the first one fill up the last batch.
        batch = own + own[:1] * (-len(own) % STEP)
        widths = Widths(*_padded_lengths(model, own[0]), multiple=STEP)
        arrays = collate(batch, tokenizer.pad_token_id, encoder_decoder, widths)
        labels = arrays["labels"][: len(own)]
        tensors = {name: torch.from_numpy(array).to(model.device) for name, array in arrays.items()}
        logits = model(**tensors, use_cache=False).logits
        if not encoder_decoder:
            # A token is scored at the place before it.
            labels, logits = labels[:, 1:], logits[:, :-1]
        return _token_scores(logits, labels)

    batches = _batches(model, examples, batch_size)
    with Progress(len(examples), what, "texts") as progress, torch.inference_mode():
        for indices, scores in in_batches(batches, work, may_halve=True):
            for index, each in zip(indices, scores, strict=True):
                found[index] = each
            progress.advance(len(indices))
    parts = iter(found)
    return [_joined([next(parts) for _ in text.examples]) for text in texts]


def _joined(parts: Sequence[TokenScores]) -> TokenScores:
    logs, normalized = ([getattr(part, name) for part in parts] for name in ("logs", "normalized"))
    return TokenScores(np.concatenate(logs), np.concatenate(normalized))


def _padded_lengths(model: Any, example: Example) -> tuple[int, int]:
    """The lengths to which inputs and labels are padded: the same for all examples of a batch."""
    limit = position_limit(model)
    lengths = [STEP * -(-len(part) // STEP) for part in (example.inputs, example.labels)]
    inputs, labels = (length if limit is None else min(length, limit) for length in lengths)
    return max(1, inputs), max(1, labels)


def _batches(model: Any, examples: Sequence[Example], batch_size: int) -> Iterator[list[int]]:
    """Indices of the examples of each batch, which are padded to the same lengths; without those of no token."""
    by_lengths: dict[tuple[int, int], list[int]] = {}
    for index, example in enumerate(examples):
        if len(_scored(example, bool(model.config.is_encoder_decoder))):
            by_lengths.setdefault(_padded_lengths(model, example), []).append(index)
    batch_size = STEP * -(-batch_size // STEP)
    for _, indices in sorted(by_lengths.items()):
        for start in range(0, len(indices), batch_size):
            yield indices[start : start + batch_size]


def _token_scores(logits: Any, labels: np.ndarray) -> list[TokenScores]:
    """Scores of the tokens that are labels (texts, places), from a model's scores (texts, places, vocabulary)."""
    import torch

    rows, places = np.nonzero(labels != IGNORED)
    tokens = labels[rows, places]
    logs, normalized = np.empty(len(tokens)), np.empty(len(tokens))
    height = max(1, SCORES_PER_STEP // logits.shape[-1])
    for start in range(0, len(tokens), height):
        part = slice(start, start + height)
        all_logs = logits[rows[part], places[part]].double().log_softmax(dim=-1)
        refuse_broken(all_logs.isnan().any(dim=-1))
        token = torch.from_numpy(tokens[part]).to(all_logs.device)
        own = all_logs.gather(1, token[:, None])[:, 0]
        refuse_broken(own.isinf())
        chances = all_logs.exp()
        # A token that is never drawn, whose logarithm is -inf, adds nothing to a mean over draws.
        all_logs = all_logs.masked_fill(chances == 0, 0.0)
        mean = (chances * all_logs).sum(dim=-1)
        deviation = (chances * (all_logs - mean[:, None]).square()).sum(dim=-1).sqrt()
        away = torch.where(deviation > 0, (own - mean) / deviation, 0.0)
        logs[part], normalized[part] = own.cpu().numpy(), away.cpu().numpy()
    cuts = np.searchsorted(rows, np.arange(1, len(labels)))
    return [TokenScores(*pair) for pair in zip(np.split(logs, cuts), np.split(normalized, cuts), strict=True)]


def lowest(values: np.ndarray, percent: float) -> float:
    """The mean of the lowest `percent` of values (n,): of that many rounded down, at least of one."""
    count = max(1, int(len(values) * percent / 100))
    return float(np.sort(values)[:count].mean())


def scores_of(
    rows: Sequence[Mapping[str, Any]],
    texts: Sequence[Text],
    own: Sequence[TokenScores],
    base: Sequence[TokenScores] | None,
    percent: float,
) -> list[Score]:
    """The scores of the rows that have a scored token, in their order; `base` are those of the base model, if any.

    UserError where no row has one.
    """
    found = []
    for place, (row, text, tokens) in enumerate(zip(rows, texts, own, strict=True)):
        if len(tokens.logs):
            found.append(
                Score(
                    row["row"],
                    row["id"],
                    len(tokens.logs),
                    len(zlib.compress(text.scored.encode())),
                    _rounded(-tokens.logs.mean()),
                    None if base is None else _rounded(-base[place].logs.mean()),
                    _rounded(lowest(tokens.logs, percent)),
                    None if tokens.normalized is None else _rounded(lowest(tokens.normalized, percent)),
                )
            )
    if not found:
        raise UserError(
            f"none of {len(rows)} rows has a token that is scored: their texts, or their targets where these alone "
            "count, are empty. Change the dataset's `input` and `target`, or the loss (`membership.loss`, or that of "
            "the recipe)."
        )
    if len(found) < len(rows):
        log.warning("%d of %d rows have no token that is scored, and are left out", len(rows) - len(found), len(rows))
    return found


def _rounded(value: float) -> float:
    # Minus zero is written as zero.
    return round(float(value), DECIMALS) + 0.0


def table_of(scores: Sequence[Score]) -> pa.Table:
    """Scores as a table of schema `membership`."""
    return pa.Table.from_pylist([asdict(score) for score in scores], schema=MembershipTable.arrow())
