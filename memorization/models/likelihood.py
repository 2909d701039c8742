"""How likely a model is to write a probe's own suffix: from one forward pass, without sampling.

The model reads what `generation` lets it read, is shown the first m tokens of the suffix one after another (teacher
forcing), and tells at each place what it would have written there. From that follow, for any decoding,

- greedy extractability at every length (Carlini et al., 2023, "Quantifying Memorization Across Neural Language
  Models"): the number of tokens at the suffix's head that greedy search writes;
- q, the probability that one draw begins with those m tokens, from which `extraction` tells what n draws
  give (Hayes et al., 2024, "Measuring Memorization through Probabilistic Discoverable Extraction").

**The tokens** are those that a model trained on such text would write, so that decoding them gives the suffix:

- decoder-only: the suffix's part of the tokens of prefix and suffix together. A word that the cut divides goes on as
  it does in the text, where the suffix alone would be encoded as the beginning of a text; that is left for the rare
  token that reaches over the cut.
- encoder-decoder: the tokens of the suffix as a text of its own, as targets are encoded in training: after the special
  tokens that the tokenizer puts before a target, or the one that the checkpoint forces, and without white space at
  the head. The probability of those special tokens counts with the first token's.

Other tokens can decode to the same text, and their probabilities are not added: q is that of one way to write it, a
lower bound. A suffix ends before an end token in it, after which no model goes on.

**Numbers do not depend on the batch.** The order of floating-point sums follows the shape of a batch, so shapes are
fixed as in `classifiers`: lengths and numbers of probes are multiples of `STEP`. On the CPU, batches of any such size
then give the same bits; what is left elsewhere is mostly below the `DECIMALS` that a log-probability keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from memorization.config import Decoding
from memorization.models.generation import check_positions, padded, plain_configuration, prompt_tokens, warpers
from memorization.progress import Progress

STEP = 8
DECIMALS = 6
TEXTS_AT_ONCE = 1_000
# Scores that one step of warping holds: sorting takes five times their four bytes.
SCORES_AT_ONCE = 1 << 23


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
class Question:
    """Token ids of one probe: what the model reads, and what it would have to write.

    `lead` are special tokens that it writes before a text, `suffix` the suffix's first tokens.
    """

    prompt: list[int]
    lead: list[int]
    suffix: list[int]

    @property
    def written(self) -> list[int]:
        """All that it would have to write."""
        return self.lead + self.suffix


def likelihoods(
    model: Any,
    tokenizer: Any,
    prefixes: Sequence[str],
    suffixes: Sequence[str],
    decodings: Mapping[str, Decoding],
    tokens: int,
    batch_size: int,
    what: str,
) -> list[SuffixLikelihood]:
    """The likelihood of the first `tokens` tokens of each suffix (n,) after its prefix (n,) under each decoding.

    Rows are in the probes' order, each with the decodings in theirs. Of a decoding counts what shapes its distribution,
    `min_new_tokens` too; seed, `max_new_tokens` and `with_prompt` do not. Raises UserError where prefix and tokens
    together exceed the model's positions.
    """
    import torch

    asked = questions(model, tokenizer, prefixes, suffixes, tokens)
    check_positions(model, [question.prompt for question in asked], "tokens", tokens)
    plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy"))
    found: list[list[SuffixLikelihood]] = [[] for _ in asked]
    with Progress(len(asked), what, "probes") as progress, torch.inference_mode():
        for chosen, length in _batches(model, asked, batch_size):
            # The first one stands in for those that a last batch lacks.
            batch = [asked[probe] for probe in chosen + chosen[:1] * (-len(chosen) % STEP)]
            logits = _logits(model, plain, batch, length, tokens)
            for name, decoding in decodings.items():
                told = _tell(logits, batch[: len(chosen)], model.config.is_encoder_decoder, decoding, plain)
                for probe, row in zip(chosen, told, strict=True):
                    found[probe].append(_likelihood(probe, name, asked[probe], *row))
            progress.advance(len(chosen))
    return [row for rows in found for row in rows]


def questions(
    model: Any, tokenizer: Any, prefixes: Sequence[str], suffixes: Sequence[str], tokens: int
) -> list[Question]:
    """What the model is asked for each probe (n,), with at most `tokens` tokens of its suffix."""
    plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy"))
    encoder_decoder = bool(model.config.is_encoder_decoder)
    ends = _ends(plain)

    def until_end(ids: Sequence[int]) -> list[int]:
        return list(takewhile(lambda token: token not in ends, ids))

    lead = until_end(tokenizer(text_target="")["input_ids"]) if encoder_decoder else []
    if encoder_decoder and plain.forced_bos_token_id not in (None, *lead[:1]):
        lead = [plain.forced_bos_token_id]
    encode = _alone if encoder_decoder else _continued
    prompts = prompt_tokens(model, tokenizer, prefixes)
    asked = []
    for start in range(0, len(prompts), TEXTS_AT_ONCE):
        part = slice(start, start + TEXTS_AT_ONCE)
        for prompt, ids in zip(prompts[part], encode(tokenizer, prefixes[part], suffixes[part]), strict=True):
            asked.append(Question(prompt, lead, until_end(ids[:tokens])))
    return asked


def _ends(plain: Any) -> list[int]:
    ends = plain.eos_token_id if isinstance(plain.eos_token_id, list) else [plain.eos_token_id]
    return [token for token in ends if token is not None]


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


def _read(model: Any, question: Question) -> list[int]:
    """What the encoder or the decoder-only model reads: the last token is told from those before it, and not read."""
    return question.prompt if model.config.is_encoder_decoder else question.prompt + question.written[:-1]


def _batches(model: Any, asked: Sequence[Question], batch_size: int) -> Iterator[tuple[list[int], int]]:
    """Probes that are asked side by side, and the length to which what they read is padded."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    by_length: dict[int, list[int]] = {}
    for probe, question in enumerate(asked):
        length = STEP * -(-len(_read(model, question)) // STEP)
        by_length.setdefault(min(length, limit or length), []).append(probe)
    batch_size = STEP * -(-batch_size // STEP)
    for length, probes in sorted(by_length.items()):
        for start in range(0, len(probes), batch_size):
            yield probes[start : start + batch_size], length


def _logits(model: Any, plain: Any, batch: Sequence[Question], length: int, tokens: int) -> Any:
    """Scores (batch, places, vocabulary) of one forward pass, padded on the right, where nothing looks back from."""
    import torch

    def on_device(array: np.ndarray) -> Any:
        return torch.from_numpy(array).to(model.device)

    ids, mask = padded([_read(model, question) for question in batch], plain.pad_token_id, left=False, length=length)
    inputs = {"input_ids": on_device(ids), "attention_mask": on_device(mask)}
    if model.config.is_encoder_decoder:
        start = plain.bos_token_id if plain.decoder_start_token_id is None else plain.decoder_start_token_id
        rows = [[start, *question.written[:-1]] for question in batch]
        width = len(batch[0].lead) + tokens
        inputs["decoder_input_ids"] = on_device(padded(rows, plain.pad_token_id, left=False, length=width)[0])
    return model(**inputs, use_cache=False).logits


def _tell(
    logits: Any, batch: Sequence[Question], encoder_decoder: bool, decoding: Decoding, plain: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each question, of all that is to be written: log-probabilities under a decoding, and which are its likeliest.

    Arrays (written,): float64 in nats, and boolean.
    """
    import torch

    sizes = [len(question.written) for question in batch]
    first = [0 if encoder_decoder else len(question.prompt) - 1 for question in batch]
    rows = np.repeat(np.arange(len(batch)), sizes)
    steps = np.concatenate([np.arange(size) for size in sizes])
    places = np.repeat(first, sizes) + steps
    written = np.array([token for question in batch for token in question.written], dtype=np.int64)
    values, likeliest = np.empty(len(written)), np.empty(len(written), dtype=bool)
    height = max(1, SCORES_AT_ONCE // logits.shape[-1])
    for start in range(0, len(written), height):
        part = slice(start, start + height)
        scores = logits[rows[part], places[part]].float()
        token = torch.from_numpy(written[part]).to(scores.device)
        # As in generation, before the distribution is shaped.
        early = torch.from_numpy(steps[part] < decoding.min_new_tokens).to(scores.device)
        for end in _ends(plain):
            scores[early, end] = -torch.inf
        for warper in warpers(decoding):
            scores = warper(None, scores)
        best = scores.argmax(dim=-1) == token
        if decoding.strategy == "greedy":
            found = torch.where(best, 0.0, -torch.inf)
        else:
            # In double precision, as the draw is.
            found = scores.double().log_softmax(dim=-1).gather(1, token[:, None])[:, 0]
        values[part], likeliest[part] = found.cpu().numpy(), best.cpu().numpy()
    if encoder_decoder and plain.forced_bos_token_id is not None:
        starts = np.cumsum([0, *sizes[:-1]])
        values[starts], likeliest[starts] = 0.0, True
    cuts = np.cumsum(sizes)[:-1]
    return list(zip(np.split(values, cuts), np.split(likeliest, cuts), strict=True))


def _likelihood(
    probe: int, decoding: str, question: Question, values: np.ndarray, likeliest: np.ndarray
) -> SuffixLikelihood:
    """What was told of one question, with the special tokens before a text counted with its first token."""
    lead = len(question.lead)
    tokens = values[lead:].copy()
    if len(tokens):
        tokens[0] += values[:lead].sum()
    # Minus zero is written as zero.
    tokens = np.round(tokens, DECIMALS) + 0.0
    greedy = sum(1 for _ in takewhile(bool, likeliest))
    return SuffixLikelihood(probe, decoding, len(tokens), max(0, greedy - lead), float(tokens.sum()), tokens.tolist())
