"""What a model knows of each canary: how likely it is to write its secret, and others of the form in its place.

A canary's row is rendered by the dataset's templates, as training rows are, and read as in training up to its secret:

- in the target: an encoder reads instruction + input, and the decoder has begun the target; a decoder-only model reads
  instruction + input, the newline and the beginning of the target;
- in the input: a decoder-only model reads the instruction and the beginning of the input; an encoder reads that
  beginning, as it reads a probe's prefix, and the decoder begins with the secret.

A decoder-only model that is trained on conversations in its chat template reads what that writes before the secret.

The tokens of a secret are those that follow what all candidates begin with. Other tokens may decode to the same text,
and their probabilities are not added. Candidates that differ in their last token alone are read once.

**Numbers do not depend on the batch**: of one canary, all batches are padded to one length, and their rows are
multiples of `STEP`, as in `models.likelihood`.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.data import CanaryRanks, Dataset
from memorization.config.generation import Decoding
from memorization.datasets.canary_key import Canary, CanaryKey
from memorization.datasets.rendering import rendered
from memorization.datasets.rows import Row
from memorization.datasets.secret_forms import Space, space_of
from memorization.errors import UserError
from memorization.models.batches import in_batches
from memorization.models.chat import chats_of
from memorization.models.distribution import plain_configuration
from memorization.models.examples import source_ids, source_text
from memorization.models.padding import padded
from memorization.models.prefixes import position_limit, prompt_tokens
from memorization.models.rows import read_rows
from memorization.progress import Progress
from memorization.schemas.canaries import CanariesTable
from memorization.studies.canaries.exposure import DECIMALS, exposure_of

STEP = 8
# Stands where a secret will: of Unicode's private use, so that no text of a template contains it.
PLACE = "\ue0ca"


@dataclass(frozen=True)
class Limits:
    """Longest input and target in tokens, as in training; None where targets are not cut."""

    max_input_tokens: int
    max_target_tokens: int | None


@dataclass(frozen=True)
class Asked:
    """A canary's row, up to its secret, which is in `side`, and what follows it there.

    The row has PLACE in place of the secret: `id, instruction, input, target` and, where it is read in a chat template,
    `turns`.
    """

    row: Mapping[str, Any]
    side: str
    head: str
    tail: str


def asked(name: str, dataset: Dataset, instruction: str | None, key: CanaryKey, canary: Canary) -> Asked:
    """A canary as the dataset's templates render it; `instruction` is what all rows share.

    UserError where they leave its row out, do not use its secret or use it more than once, or where nothing of the
    person that it is asked for by is read before it.
    """
    values = key.row_of(canary, PLACE)
    row = next(rendered(name, dataset, [Row("train", f"canary {canary.number}", 0, values)], Counter()), None)
    if row is None:
        raise UserError(
            f"datasets.{name}.canaries: the dataset's settings leave out the row of canary {canary.number}."
        )
    texts = {**row, "instruction": row["instruction"] if instruction is None else instruction}
    sides = [side for side in ("input", "target") for _ in range(texts[side].count(PLACE))]
    if len(sides) != 1 or PLACE in texts["instruction"]:
        raise UserError(
            f"datasets.{name}.canaries: the secret of a canary's row is {len(sides)} times in its input and target; "
            "templates must use it once, and not in the instruction."
        )
    side = sides[0]
    head, _, tail = texts[side].partition(PLACE)
    before = head if side == "input" else f"{texts['instruction']} {texts['input']} {head}"
    if canary.name not in before:
        raise UserError(
            f"datasets.{name}.canaries: the person of a canary is not in what a model reads before its secret: the "
            f"{side} has it there alone; change `input`, `target` or `instruction`."
        )
    return Asked({each: texts[each] for each in ("id", "instruction", "input", "target", "turns")}, side, head, tail)


def all_asked(
    name: str, settings: Mapping[str, Any], instruction: str | None, key: CanaryKey, file: Path
) -> list[Asked]:
    """All canaries of a key as the settings of a dataset render them; `file` is the dataset's (schema `dataset`).

    UserError like `asked`, and where the dataset's training rows do not have each canary as often as the key says.
    """
    dataset = Dataset.model_validate(settings)
    canaries = [asked(name, dataset, instruction, key, canary) for canary in key.canaries]
    rows = Counter((row["input"], row["target"]) for row in read_rows(file, "train", ["input", "target"], instruction))
    missing = 0
    for canary, each in zip(key.canaries, canaries, strict=True):
        texts = {**each.row, each.side: f"{each.head}{canary.secret}{each.tail}"}
        missing += rows[texts["input"], texts["target"]] != len(canary.rows)
    if missing:
        raise UserError(
            f"datasets.{name}.canaries: {missing} of {len(key.canaries)} canaries are not in the training rows as "
            "often as the key says. Rows may be left out by `split_column`, `labels`, `limit` or "
            "`minimum_input_characters`; plant canaries in the rows that are used."
        )
    return canaries


@dataclass(frozen=True)
class Reading:
    """Token ids: what an encoder reads (None: there is none), what is read before the secret, and each candidate's."""

    source: list[int] | None
    context: list[int]
    candidates: list[list[int]]


def reading(model: Any, tokenizer: Any, canary: Asked, secrets: Sequence[str], limits: Limits) -> Reading:
    """The tokens of a canary with each of the secrets, of which the first is its own.

    UserError where training would cut the secret off.
    """
    encoder_decoder = bool(model.config.is_encoder_decoder)
    in_target, source, start = canary.side == "target", None, []
    chat = None if encoder_decoder else chats_of([canary.row], tokenizer)[0]
    if encoder_decoder:
        plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy"))
        start = [plain.bos_token_id if plain.decoder_start_token_id is None else plain.decoder_start_token_id]
    if in_target:
        [ids] = source_ids([dict(canary.row)], tokenizer, limits.max_input_tokens, encoder_decoder)
        source = ids.tolist()
        head = _before_secret(chat.answer) if chat else ("" if encoder_decoder else "\n") + canary.head
        texts = [head + secret for secret in secrets]
        limit = limits.max_target_tokens
    elif encoder_decoder:
        [source] = prompt_tokens(model, tokenizer, [canary.head])
        texts = list(secrets)
        limit = None
    elif chat:
        head = _before_secret(chat.prompt)
        texts = [head + secret for secret in secrets]
        # Of a longer prompt training reads the end alone.
        limit = limits.max_input_tokens - len(
            tokenizer(chat.prompt[len(head) :], add_special_tokens=False)["input_ids"]
        )
    else:
        texts = [source_text(canary.row["instruction"], canary.head + secret) for secret in secrets]
        limit = limits.max_input_tokens
    special = encoder_decoder or not (in_target or chat)
    written = [_without_end(tokenizer, ids) for ids in tokenizer(texts, add_special_tokens=special)["input_ids"]]
    # The end of a text counts too, where the tokenizer writes one.
    if limit is not None and len(written[0]) + special > limit:
        raise UserError(
            f"canaries: the secret ends at token {len(written[0])} of its {canary.side}, which training cuts to "
            f"{limit}: raise the recipe's limit, or shorten the row."
        )
    if in_target and not encoder_decoder and source is not None:
        start, source = source, None
    whole = [[*start, *ids] for ids in written]
    common, longest = _shared(min(whole), max(whole)), max(map(len, whole))
    own = whole[0][common:]
    if common == 0:
        raise UserError("canaries: a row begins with its secret, before which a model reads nothing.")
    if not own or tokenizer.unk_token_id in own:
        raise UserError("canaries: the tokenizer has no tokens for the characters of a secret: choose another form.")
    if (positions := position_limit(model)) is not None and longest > positions:
        raise UserError(f"canaries: a row with its secret has {longest} tokens; the model has {positions} positions.")
    return Reading(source, whole[0][:common], [ids[common:] for ids in whole])


def _before_secret(text: str) -> str:
    """What a chat template writes before the secret; UserError where it does not write it."""
    head, found, _ = text.partition(PLACE)
    if not found:
        raise UserError("canaries: the model's chat template does not write the text that a secret is in.")
    return head


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """The number of tokens at the head of two lists that are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _without_end(tokenizer: Any, ids: list[int]) -> list[int]:
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def log_probabilities(model: Any, pad: int, read: Reading, batch_size: int) -> tuple[np.ndarray, int]:
    """Log-probabilities (candidates,) in nats, and how many tokens of the first candidate greedy decoding writes.

    `pad` is the id of padding.
    """
    import torch

    # What is read of each candidate: all but its last token.
    number: dict[tuple[int, ...], int] = {}
    rows = np.array([number.setdefault(tuple(ids[:-1]), len(number)) for ids in read.candidates])
    reads, last = list(number), np.array([ids[-1] if ids else -1 for ids in read.candidates])
    width = 1 + max(map(len, reads))
    logs, greedy = np.zeros(len(read.candidates)), 0
    ask = _Asking(model, read, pad, width)

    def score(indices: list[int]) -> tuple[np.ndarray, np.ndarray, int]:
        """For the candidates of some reads: their numbers, log-probabilities, and the greedy tokens of the first."""
        chosen = [list(reads[index]) for index in indices]
        filled = chosen + chosen[:1] * (-len(chosen) % STEP)
        scores = ask.scores(filled).float().log_softmax(dim=-1)[: len(chosen)]
        ids, mask = (torch.from_numpy(each).to(scores.device) for each in padded(chosen, 0, length=width))
        paths = (scores.gather(2, ids[:, :, None])[:, :, 0].double() * mask).sum(dim=1)
        own = np.flatnonzero((rows >= indices[0]) & (rows <= indices[-1]) & (last >= 0))
        places = torch.from_numpy(rows[own] - indices[0]).to(scores.device)
        ends = scores[places, mask.sum(dim=1)[places], torch.from_numpy(last[own]).to(scores.device)].double()
        head = 0
        if indices[0] == 0:
            head = _shared(scores[0].argmax(dim=-1).tolist(), read.candidates[0])
        return own, (paths[places] + ends).cpu().numpy(), head

    step = STEP * -(-batch_size // STEP)
    batches = ([*range(start, min(start + step, len(reads)))] for start in range(0, len(reads), step))
    with torch.inference_mode():
        for indices, (own, values, head) in in_batches(batches, score, may_halve=True):
            logs[own] = values
            greedy = head if indices[0] == 0 else greedy
    return logs, greedy


class _Asking:
    """A model after one context, which it reads once where that can be kept."""

    def __init__(self, model: Any, read: Reading, pad: int, width: int) -> None:
        import torch

        self._model, self._context, self._pad, self._width = model, read.context, pad, width
        self._encoded: Any = None
        self._kept: Any = None
        with torch.inference_mode():
            if read.source is not None:
                self._source = torch.tensor([read.source], device=model.device)
                self._encoded = model.get_encoder()(input_ids=self._source).last_hidden_state
            elif len(read.context) > 1:
                before = torch.tensor([read.context[:-1]], device=model.device)
                self._kept = model(input_ids=before, use_cache=True).past_key_values

    def scores(self, reads: Sequence[Sequence[int]]) -> Any:
        """Scores (reads, width, vocabulary) of the token after the context and 0, 1, 2, ... tokens of each read."""
        import torch

        before = self._context if self._encoded is not None else self._context[-1:]
        length = len(before) - 1 + self._width
        ids = torch.from_numpy(padded([[*before, *each] for each in reads], self._pad, length=length)[0])
        ids, count = ids.to(self._model.device), len(reads)
        if self._encoded is not None:
            from transformers.modeling_outputs import BaseModelOutput

            encoded = BaseModelOutput(last_hidden_state=self._encoded.expand(count, -1, -1))
            source = self._source.expand(count, -1)
            # FSMT hides later tokens from earlier ones only where it is given the encoder's tokens too.
            scores = self._model(
                input_ids=source,
                encoder_outputs=encoded,
                attention_mask=torch.ones_like(source),
                decoder_input_ids=ids,
                use_cache=False,
            ).logits
            return scores[:, len(before) - 1 :]
        if self._kept is None:
            return self._model(input_ids=ids, use_cache=False).logits
        # A pass writes into what is kept.
        kept = copy.deepcopy(self._kept)
        kept.batch_repeat_interleave(count)
        mask = torch.ones((count, len(self._context) - 1 + length), dtype=torch.long, device=self._model.device)
        return self._model(input_ids=ids, attention_mask=mask, past_key_values=kept, use_cache=True).logits


def others(space: Space, canary: Canary, ranks: CanaryRanks) -> list[str]:
    """The secrets that a canary's own is ranked among: all others of its space, or a sample, with replacement."""
    if space.size <= ranks.enumerated:
        return [text for text in space.texts() if text != canary.secret]
    generator = random.Random(f"{ranks.seed} {canary.number}")
    drawn: list[str] = []
    while len(drawn) < ranks.sample:
        text = space.text(generator.randrange(space.size))
        if text != canary.secret:
            drawn.append(text)
    return drawn


@dataclass(frozen=True)
class Settings:
    """Limits of training, which secrets a canary's own is ranked among, and rows per batch."""

    limits: Limits
    ranks: CanaryRanks
    batch_size: int


def evidence(
    model: Any, tokenizer: Any, key: CanaryKey, canaries: Sequence[Asked], settings: Settings, what: str
) -> pa.Table:
    """The table of schema `canaries`, in the order of the key; `what` names the work in the log."""
    spaces = {form: space_of(of_form.pattern) for form, of_form in key.forms.items()}
    rows = []
    with Progress(len(canaries), what, "canaries") as progress:
        for canary, each in zip(key.canaries, canaries, strict=True):
            space = spaces[canary.form]
            secrets = [canary.secret, *others(space, canary, settings.ranks)]
            read = reading(model, tokenizer, each, secrets, settings.limits)
            logs, greedy = log_probabilities(model, tokenizer.pad_token_id, read, settings.batch_size)
            exposure = exposure_of(float(logs[0]), logs[1:], space.size)
            rows.append(
                {
                    "number": canary.number,
                    "form": canary.form,
                    "copies": canary.copies,
                    "held_out": canary.held_out,
                    "held_out_share": key.held_out_share,
                    "secret": canary.secret,
                    "tokens": len(read.candidates[0]),
                    "log_probability": round(float(logs[0]), DECIMALS) + 0.0,
                    "greedy_tokens": greedy,
                    "extracted": greedy == len(read.candidates[0]),
                    "space": float(space.size),
                    **asdict(exposure),
                }
            )
            progress.advance()
    return pa.Table.from_pylist(rows, schema=CanariesTable.arrow())
