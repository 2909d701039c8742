"""The likelihood that a model writes a probe's own suffix: from one forward pass, without sampling.

The model reads the prompt as in `generation`, then the first m tokens of the suffix one after another (teacher
forcing), and its scores at each place give the distribution of the next token. From that follow, for any decoding,

- greedy extractability at every length (Carlini et al., 2023, "Quantifying Memorization Across Neural Language
  Models"): the number of tokens at the suffix's beginning that greedy search writes;
- q, the probability that one draw begins with those m tokens, from which `extraction` computes what n draws
  give (Hayes et al., 2024, "Measuring Memorization through Probabilistic Discoverable Extraction").

**The tokens** are those that a model trained on such text would write, so that decoding them gives the suffix:

- decoder-only: the suffix's part of the tokens of prefix and suffix together. A word that the cut divides continues as
  in the text, whereas the suffix alone would be encoded as the beginning of a text; only the rare token that reaches
  over the cut is encoded that way.
- encoder-decoder: the tokens of the suffix as a text of its own, as targets are encoded in training: after the special
  tokens that the tokenizer puts before a target, or the one that the checkpoint forces, and without leading white
  space. The probability of those special tokens is multiplied into the first token's.

Other tokens can decode to the same text, and their probabilities are not added: q is that of one way to write it, a
lower bound. A suffix ends before an end token in it, after which no model continues.

**Numbers do not depend on the batch.** The order of floating-point sums follows the shape of a batch, so shapes are
fixed as in `classifiers`: lengths and numbers of probes are multiples of `STEP`. On the CPU, batches of any such size
then give the same bits; elsewhere the differences are mostly below the `DECIMALS` that a log-probability keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.generation import Decoding
from memorization.models.batches import in_batches
from memorization.models.distribution import end_tokens, plain_configuration, warpers
from memorization.models.padding import padded
from memorization.models.prefixes import check_positions, position_limit, prompt_tokens
from memorization.progress import Progress
from memorization.schemas.likelihoods import LikelihoodsTable

STEP = 8
DECIMALS = 6
TEXTS_PER_CALL = 1_000
# Scores that one step of warping processes: sorting needs five times their four bytes.
SCORES_PER_STEP = 1 << 23


@dataclass(frozen=True)
class SuffixLikelihood:
    """Row of schema `likelihoods`."""

    probe: int
    decoding: str
    tokens: int
    greedy_tokens: int
    log_probability: float
    token_log_probabilities: list[float]


@dataclass(frozen=True)
class LikelihoodSettings:
    """The decodings by name, the number of the suffix's first tokens that count, and the probes per batch."""

    decodings: Mapping[str, Decoding]
    tokens: int
    batch_size: int


@dataclass(frozen=True)
class Continuation:
    """Token ids of one probe: the prompt that the model reads, and what it would have to write after it.

    `lead` are special tokens that it writes before a text, `suffix` the suffix's first tokens.
    """

    prompt: list[int]
    lead: list[int]
    suffix: list[int]

    @property
    def written(self) -> list[int]:
        """Everything that the model would have to write."""
        return self.lead + self.suffix


def likelihoods(
    model: Any, tokenizer: Any, probes: pa.Table, settings: LikelihoodSettings, what: str
) -> list[SuffixLikelihood]:
    """The likelihood of each suffix's first tokens after its prefix under each decoding.

    `probes` has the columns `probe`, `prefix` and `suffix`. Rows are in the order of the probes, and for each probe in
    that of the decodings. Only what shapes a decoding's distribution matters, including `min_new_tokens`; seed,
    `max_new_tokens` and `with_prompt` do not. `what` names the work in the log. Raises UserError where prefix and
    tokens together exceed the model's positions.
    """
    import torch

    tokens = settings.tokens
    prefixes, suffixes = probes["prefix"].to_pylist(), probes["suffix"].to_pylist()
    numbers = probes["probe"].to_pylist()
    all_continuations = continuations(model, tokenizer, prefixes, suffixes, tokens)
    check_positions(model, [each.prompt for each in all_continuations], "tokens", tokens)
    plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy"))
    rows_by_index: list[list[SuffixLikelihood]] = [[] for _ in all_continuations]

    def read(indices: list[int]) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        chosen = [all_continuations[index] for index in indices]
        # Copies of the first one fill up the last batch.
        batch = chosen + chosen[:1] * (-len(chosen) % STEP)
        length = _padded_length(model, chosen[0])
        logits = _logits(model, plain, batch, length, tokens)
        return {
            name: _score(logits, chosen, model.config.is_encoder_decoder, decoding, plain)
            for name, decoding in settings.decodings.items()
        }

    batches = _batches(model, all_continuations, settings.batch_size)
    with Progress(len(all_continuations), what, "probes") as progress, torch.inference_mode():
        for indices, scores in in_batches(batches, read, may_halve=True):
            for name, scored in scores.items():
                for index, (values, likeliest) in zip(indices, scored, strict=True):
                    lead = len(all_continuations[index].lead)
                    rows_by_index[index].append(_likelihood(numbers[index], name, lead, values, likeliest))
            progress.advance(len(indices))
    return [row for rows in rows_by_index for row in rows]


def table_of(rows: Sequence[SuffixLikelihood]) -> pa.Table:
    """Likelihoods as a table of schema `likelihoods`."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=LikelihoodsTable.arrow())


def continuations(
    model: Any, tokenizer: Any, prefixes: Sequence[str], suffixes: Sequence[str], tokens: int
) -> list[Continuation]:
    """The token ids of each probe's prefix and suffix (n,), with at most `tokens` tokens of its suffix."""
    plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy"))
    encoder_decoder = bool(model.config.is_encoder_decoder)
    ends = end_tokens(plain)

    def until_end(ids: Sequence[int]) -> list[int]:
        return list(takewhile(lambda token: token not in ends, ids))

    lead = until_end(tokenizer(text_target="")["input_ids"]) if encoder_decoder else []
    if encoder_decoder and plain.forced_bos_token_id not in (None, *lead[:1]):
        lead = [plain.forced_bos_token_id]
    encode = _alone if encoder_decoder else _continued
    prompts = prompt_tokens(model, tokenizer, prefixes)
    encoded = []
    for start in range(0, len(prompts), TEXTS_PER_CALL):
        part = slice(start, start + TEXTS_PER_CALL)
        for prompt, ids in zip(prompts[part], encode(tokenizer, prefixes[part], suffixes[part]), strict=True):
            encoded.append(Continuation(prompt, lead, until_end(ids[:tokens])))
    return encoded


def _alone(tokenizer: Any, _: Sequence[str], suffixes: Sequence[str]) -> list[list[int]]:
    texts = [suffix.lstrip() for suffix in suffixes]
    ids: list[list[int]] = tokenizer(text_target=texts, add_special_tokens=False, verbose=False)["input_ids"]
    return ids


def _continued(tokenizer: Any, prefixes: Sequence[str], suffixes: Sequence[str]) -> Iterator[list[int]]:
    options = {"add_special_tokens": False, "verbose": False}
    texts = [prefix + suffix for prefix, suffix in zip(prefixes, suffixes, strict=True)]
    heads = tokenizer(list(prefixes), **options)["input_ids"]
    whole = tokenizer(texts, return_offsets_mapping=True, **options)
    for row, (head, ids) in enumerate(zip(heads, whole["input_ids"], strict=True)):
        tail = [
            token for token, (_, end) in zip(ids, whole["offset_mapping"][row], strict=True) if end > len(prefixes[row])
        ]
        if [*head, *tail] != ids and tokenizer.decode([*head, *tail]) != tokenizer.decode(ids):
            # A token of both together reaches over the cut: a space with the first byte of what follows it.
            tail = tokenizer(suffixes[row], **options)["input_ids"]
        yield tail


def _read(model: Any, continuation: Continuation) -> list[int]:
    """What the encoder or the decoder-only model reads: not the last token, which those before it predict."""
    if model.config.is_encoder_decoder:
        return continuation.prompt
    return continuation.prompt + continuation.written[:-1]


def _padded_length(model: Any, continuation: Continuation) -> int:
    """The length to which what a continuation reads is padded: the same for all of a batch."""
    length = STEP * -(-len(_read(model, continuation)) // STEP)
    return min(length, position_limit(model) or length)


def _batches(model: Any, all_continuations: Sequence[Continuation], batch_size: int) -> Iterator[list[int]]:
    """Indices of the continuations of each batch, which are padded to one length."""
    by_length: dict[int, list[int]] = {}
    for index, continuation in enumerate(all_continuations):
        by_length.setdefault(_padded_length(model, continuation), []).append(index)
    batch_size = STEP * -(-batch_size // STEP)
    for _, indices in sorted(by_length.items()):
        for start in range(0, len(indices), batch_size):
            yield indices[start : start + batch_size]


def _logits(model: Any, plain: Any, batch: Sequence[Continuation], length: int, tokens: int) -> Any:
    """Scores (batch, places, vocabulary) of one forward pass; padding is on the right, where no token attends to it."""
    import torch

    def on_device(array: np.ndarray) -> Any:
        return torch.from_numpy(array).to(model.device)

    ids, mask = padded([_read(model, continuation) for continuation in batch], plain.pad_token_id, length=length)
    inputs = {"input_ids": on_device(ids), "attention_mask": on_device(mask)}
    if model.config.is_encoder_decoder:
        start = plain.bos_token_id if plain.decoder_start_token_id is None else plain.decoder_start_token_id
        rows = [[start, *continuation.written[:-1]] for continuation in batch]
        width = len(batch[0].lead) + tokens
        inputs["decoder_input_ids"] = on_device(padded(rows, plain.pad_token_id, length=width)[0])
    return model(**inputs, use_cache=False).logits


def _score(
    logits: Any, batch: Sequence[Continuation], encoder_decoder: bool, decoding: Decoding, plain: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each continuation, of all its `written` tokens: log-probabilities, and which tokens are the likeliest.

    Arrays (written,): float64 in nats, and boolean.
    """
    import torch

    sizes = [len(continuation.written) for continuation in batch]
    first = [0 if encoder_decoder else len(continuation.prompt) - 1 for continuation in batch]
    rows = np.repeat(np.arange(len(batch)), sizes)
    steps = np.concatenate([np.arange(size) for size in sizes])
    places = np.repeat(first, sizes) + steps
    written = np.array([token for continuation in batch for token in continuation.written], dtype=np.int64)
    values, likeliest = np.empty(len(written)), np.empty(len(written), dtype=bool)
    height = max(1, SCORES_PER_STEP // logits.shape[-1])
    for start in range(0, len(written), height):
        part = slice(start, start + height)
        scores = logits[rows[part], places[part]].float()
        token = torch.from_numpy(written[part]).to(scores.device)
        # As in generation, before the distribution is shaped.
        early = torch.from_numpy(steps[part] < decoding.min_new_tokens).to(scores.device)
        for end in end_tokens(plain):
            scores[early, end] = -torch.inf
        for warper in warpers(decoding):
            scores = warper(None, scores)
        best = scores.argmax(dim=-1) == token
        if decoding.strategy == "greedy":
            logs = torch.where(best, 0.0, -torch.inf)
        else:
            # In double precision, as the draw is.
            logs = scores.double().log_softmax(dim=-1).gather(1, token[:, None])[:, 0]
        values[part], likeliest[part] = logs.cpu().numpy(), best.cpu().numpy()
    if encoder_decoder and plain.forced_bos_token_id is not None:
        starts = np.cumsum([0, *sizes[:-1]])
        values[starts], likeliest[starts] = 0.0, True
    cuts = np.cumsum(sizes)[:-1]
    return list(zip(np.split(values, cuts), np.split(likeliest, cuts), strict=True))


def _likelihood(probe: int, decoding: str, lead: int, values: np.ndarray, likeliest: np.ndarray) -> SuffixLikelihood:
    """The row of one continuation; the `lead` special tokens before a text are counted with its first token."""
    tokens = values[lead:].copy()
    if len(tokens):
        tokens[0] += values[:lead].sum()
    # Minus zero is written as zero.
    tokens = np.round(tokens, DECIMALS) + 0.0
    greedy = sum(1 for _ in takewhile(bool, likeliest))
    return SuffixLikelihood(probe, decoding, len(tokens), max(0, greedy - lead), float(tokens.sum()), tokens.tolist())
