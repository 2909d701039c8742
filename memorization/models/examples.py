"""Examples: the token ids of training rows, as training, answers and attention read them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memorization.config.models import Recipe
from memorization.models.chat import Chat, chats_of
from memorization.models.padding import padded

log = logging.getLogger(__name__)

IGNORED = -100
"""Label of a token without loss."""
TEXTS_PER_CALL = 1000


@dataclass(frozen=True)
class Example:
    """Token ids of one example, int32 arrays: what the model reads, and the labels (IGNORED: no loss).

    `decoder_inputs` is what a decoder reads while it writes the labels; None: the start token, then the labels without
    their last.
    """

    inputs: np.ndarray
    labels: np.ndarray
    decoder_inputs: np.ndarray | None = None


def source_text(instruction: str, text: str) -> str:
    """What an encoder reads in training: instruction + input (Table 8)."""
    return f"{instruction} {text}".strip()


def source_ids(
    rows: Sequence[Mapping[str, Any]], tokenizer: Any, limit: int, encoder_decoder: bool
) -> list[np.ndarray]:
    """Token ids (int32 arrays) of what a model reads of rows (`instruction, input`), at most `limit` of each.

    Encoder-decoder: instruction + input. Decoder-only: the same without an end token; where the row has `turns`, these
    in the model's chat template, and of more tokens the last ones, after which the answer follows.
    """
    if encoder_decoder:
        return plain_ids(tokenizer, [source_text(row["instruction"], row["input"]) for row in rows], limit, True)
    return _prompt_ids(rows, chats_of(rows, tokenizer), tokenizer, limit)


def plain_ids(tokenizer: Any, texts: Sequence[str], limit: int, encoder_decoder: bool) -> list[np.ndarray]:
    """The first token ids (int32 arrays) of what a model reads as plain text, at most `limit` of each text."""
    ids = _token_ids(tokenizer, texts, limit)
    # Some tokenizers end every text, but a decoder-only model continues it.
    return ids if encoder_decoder else [_without_end(each, tokenizer) for each in ids]


def _prompt_ids(
    rows: Sequence[Mapping[str, Any]], chats: Sequence[Chat | None], tokenizer: Any, limit: int
) -> list[np.ndarray]:
    plain = [source_text(row["instruction"], row["input"]) for row, chat in zip(rows, chats, strict=True) if not chat]
    sources = iter(plain_ids(tokenizer, plain, limit, encoder_decoder=False))
    prompts = iter(last_ids(tokenizer, [chat.prompt for chat in chats if chat], limit))
    return [next(prompts if chat else sources) for chat in chats]


def _without_end(ids: np.ndarray, tokenizer: Any) -> np.ndarray:
    return ids[:-1] if len(ids) and ids[-1] == tokenizer.eos_token_id else ids


def encode_examples(
    rows: Sequence[Mapping[str, Any]], tokenizer: Any, recipe: Recipe, encoder_decoder: bool
) -> list[Example]:
    """Token ids of training rows (`instruction, input, target`, and perhaps `id, turns`).

    Encoder-decoder: the encoder reads instruction + input, the labels are the target. Decoder-only: one sequence
    instruction + input, newline, target, end token, or what the chat template makes of the turns and the target; the
    loss covers all of it or, with `loss: target`, the target alone. Input and target are each cut to the recipe's
    limits. What encoder-decoder models learn beside the target is added by the switch `inputs`.
    """
    targets = [row["target"] for row in rows]
    if encoder_decoder:
        sources = source_ids(rows, tokenizer, recipe.max_input_tokens, encoder_decoder)
        labels = _token_ids(tokenizer, targets, recipe.max_target_tokens)
        return [Example(*pair) for pair in zip(sources, labels, strict=True)]
    chats = chats_of(rows, tokenizer)
    sources = _prompt_ids(rows, chats, tokenizer, recipe.max_input_tokens)
    answers = [chat.answer if chat else f"\n{target}" for chat, target in zip(chats, targets, strict=True)]
    written = _token_ids(tokenizer, answers, recipe.max_target_tokens, special=False)
    end = np.array([tokenizer.eos_token_id], dtype=np.int32)
    examples = []
    for chat, source, target in zip(chats, sources, written, strict=True):
        # A template may have ended the answer.
        ended = chat is not None and tokenizer.eos_token_id in target
        tokens = np.concatenate([source, target] if ended else [source, target, end])
        learned = tokens.copy()
        if recipe.loss == "target":
            learned[: len(source)] = IGNORED
        examples.append(Example(tokens, learned))
    return examples


def continuation(ids: np.ndarray, cut: int, start: np.ndarray, end: np.ndarray) -> Example:
    """A text's token ids (int32 arrays) as an example: the encoder reads the first `cut`, the labels are the others.

    `start` and `end` are the special tokens around each of both.
    """
    return Example(np.concatenate([start, ids[:cut], end]), np.concatenate([start, ids[cut:], end]))


def _token_ids(tokenizer: Any, texts: Sequence[str], limit: int, special: bool = True) -> list[np.ndarray]:
    ids: list[np.ndarray] = []
    cut = 0
    for start in range(0, len(texts), TEXTS_PER_CALL):
        part = list(texts[start : start + TEXTS_PER_CALL])
        whole = tokenizer(part, add_special_tokens=special, verbose=False)["input_ids"]
        cut += sum(len(tokens) > limit for tokens in whole)
        shortened = tokenizer(part, add_special_tokens=special, truncation=True, max_length=limit)["input_ids"]
        ids += [np.array(tokens, dtype=np.int32) for tokens in shortened]
    if cut:
        log.info("%d of %d texts cut to %d tokens", cut, len(texts), limit)
    return ids


def last_ids(tokenizer: Any, texts: Sequence[str], limit: int | None) -> list[np.ndarray]:
    """The last token ids of texts that contain their special tokens; all of them without a limit."""
    if not texts:
        return []
    whole = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    if limit is not None and (cut := sum(len(tokens) > limit for tokens in whole)):
        log.info("%d of %d conversations cut to their last %d tokens", cut, len(texts), limit)
    return [np.array(tokens if limit is None else tokens[-limit:], dtype=np.int32) for tokens in whole]


@dataclass(frozen=True)
class Widths:
    """The few numbers of tokens that batches are padded to, so that compiled code is not compiled anew for each.

    They are multiples of `multiple`, and at most those of the longest of all examples, `inputs` and `labels`.
    """

    inputs: int
    labels: int
    multiple: int = 64

    @classmethod
    def within(cls, examples: Sequence[Example]) -> Widths:
        """Widths for batches of these examples."""
        return cls(*_longest(examples))

    def of(self, examples: Sequence[Example]) -> tuple[int, int]:
        """Numbers of tokens for the inputs and for the labels of one batch."""
        inputs, labels = (-(-longest // self.multiple) * self.multiple for longest in _longest(examples))
        return min(inputs, self.inputs), min(labels, self.labels)


def _longest(examples: Sequence[Example]) -> tuple[int, int]:
    return max(len(example.inputs) for example in examples), max(len(example.labels) for example in examples)


def collate(
    examples: Sequence[Example], pad: int, encoder_decoder: bool, widths: Widths | None = None
) -> dict[str, np.ndarray]:
    """Padded int64 arrays (batch, longest): `input_ids`, `attention_mask`, `labels`; padding on the right.

    Also `decoder_input_ids` where the examples contain them. As wide as the longest example, or as one of `widths`.
    """
    read, written = (1, 1) if widths is None else widths.of(examples)
    ids, mask = padded([example.inputs for example in examples], pad, length=read)
    batch = {
        "input_ids": ids,
        "attention_mask": mask,
        "labels": padded([example.labels for example in examples], IGNORED, length=written)[0],
    }
    if not encoder_decoder:
        # Nothing predicts a first token; transformers leaves it out of the loss, and so it does not count.
        batch["labels"][:, 0] = IGNORED
    decoder_inputs = [example.decoder_inputs for example in examples if example.decoder_inputs is not None]
    if encoder_decoder and decoder_inputs:
        batch["decoder_input_ids"] = padded(decoder_inputs, pad, length=written)[0]
    return batch
