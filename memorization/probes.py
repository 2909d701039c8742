"""From a dataset's inputs to probes: x = [p || s], p the first k tokens of the model's tokenizer (Section 3.1)."""

from __future__ import annotations

import functools
import hashlib
import logging
import random
import re
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, models

from memorization import storage
from memorization.checksums import check_folder
from memorization.config.base import Population
from memorization.config.data import Probes
from memorization.errors import UserError
from memorization.schemas.probes import ProbesTable

log = logging.getLogger(__name__)

SPLIT_OF: dict[str, str] = {"member": "train", "control": "test"}
# First characters of a text that are read per token, and tokens after the prefix that these characters must have: the
# end of a text does not change tokens further back.
CHARACTERS_PER_TOKEN, TOKENS_BEYOND = 16, 16
# First characters of a text that are encoded per token, before more are.
HEAD_CHARACTERS = 8
# An ASCII character and the space after it, as vocabularies write spaces (SentencePiece, bytes).
_WORD_AND_SPACE = re.compile("[!-~][ \u2581\u0120]")
# Rows of a dataset whose texts are in memory together while their prefixes are found.
ROWS_PER_CALL = 1_000
# Share of unspelled characters above which it is reported as a warning, and how many of them are named.
UNSPELLED_BOUND, UNSPELLED_NAMED = 0.005, 10
# Share of the probes below which prefixes that differ are reported as few: half of the questions say nothing new.
FEW_PROMPTS = 0.5
# Characters around the likely end of a prefix that are searched first.
NEAR = 8


@dataclass(frozen=True)
class Selection:
    """Which probes are taken: their settings, the tokens of a prefix, and the population (member or control)."""

    settings: Probes
    prefix_tokens: int
    population: Population


@dataclass(frozen=True)
class Encoded:
    """Token ids of a text."""

    ids: list[int]


class SlowTokenizer:
    """A tokenizer without a fast form (FSMT's and BioGPT's, which use Moses), as if it had one.

    Has the methods of `tokenizers.Tokenizer` that are used here. `tokenizer` is one of transformers' in pure Python.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        # Tokens of source texts: FSMT has another vocabulary for target texts.
        self.token_of = {number: token for token, number in tokenizer.get_vocab().items()}

    def encode_batch_fast(self, texts: Sequence[str], add_special_tokens: bool = True) -> list[Encoded]:
        """Token ids of each text."""
        # One by one: these tokenizers are not faster with many texts, and accept no empty list.
        return [Encoded(self.tokenizer.encode(text, add_special_tokens=add_special_tokens)) for text in texts]

    def decode_batch(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of token ids, without special tokens."""
        special = set(self.tokenizer.all_special_tokens)
        kept = [[token for number in row if (token := self.token_of[number]) not in special] for row in rows]
        return [str(self.tokenizer.convert_tokens_to_string(tokens)) if tokens else "" for tokens in kept]

    def end_of(self, text: str, tokens: int) -> int:
        """The character where the first `tokens` tokens of a text end; the text's length where it has no more tokens.

        Such a tokenizer does not return the places of tokens, and rewrites a text (spaces, quotes, entities). So the
        end is the first at which the text, cut there, spells as many characters as those tokens do; white space is not
        counted, and both sides are rewritten in the same way.
        """
        first = self.tokenizer.tokenize(text[: CHARACTERS_PER_TOKEN * (tokens + 1)])
        if len(first) < tokens + TOKENS_BEYOND:
            first = self.tokenizer.tokenize(text)
        if len(first) <= tokens:
            return len(text)
        length = self._spelled(first[:tokens])

        def spelled_to(end: int) -> int:
            return self._spelled(self.tokenizer.tokenize(text[:end]))

        # Near the place where the end is if nothing is rewritten, or else anywhere.
        characters = islice(re.finditer(r"\S", text), max(0, length - 1), None)
        guess = next((character.end() for character in characters), len(text))
        low, high = max(0, guess - NEAR), min(len(text), guess + NEAR)
        if not spelled_to(low) < length <= spelled_to(high):
            low, high = 0, len(text)
        return bisect_left(range(len(text)), length, low, high, key=spelled_to)

    def _spelled(self, tokens: list[str]) -> int:
        return sum(map(len, self.tokenizer.convert_tokens_to_string(tokens).split())) if tokens else 0


def write_probes(
    dataset: Path,
    tokenizer: Tokenizer | SlowTokenizer,
    selection: Selection,
    output: Path,
    manifest: Mapping[str, Any],
) -> None:
    """Take at most `n` usable inputs of the population's split and write them with schema `probes`.

    Inputs without a suffix, or with one shorter than the configured minimum (white space around it does not count), are
    left out and counted, as are those with a blank prefix. They are the first ones or a seeded draw, as the settings
    `select`; rows stay in the dataset's order.
    Raises UserError where no input is usable; warns where fewer than n are, where fewer than `FEW_PROMPTS` of the
    probes have prefixes that differ, and where the tokenizer cannot spell more than `UNSPELLED_BOUND` of the suffixes'
    characters.
    """
    settings, prefix_tokens = selection.settings, selection.prefix_tokens
    split = SPLIT_OF[selection.population]
    name = dataset.stem
    rows = 0
    usable: list[tuple[int, int]] = []
    for batch in _rows_of(dataset, split):
        texts = [row["input"] for row in batch]
        cuts = prefix_ends(texts, tokenizer, prefix_tokens)
        usable += [
            (rows + number, cut)
            for number, (text, cut) in enumerate(zip(texts, cuts, strict=True))
            if text[:cut].strip() and len(text[cut:].strip()) >= settings.minimum_suffix_characters
        ]
        rows += len(batch)
    if not rows:
        raise UserError(
            f"{dataset}: no rows in split {split!r}, which the population {selection.population!r} is drawn from."
        )
    if not usable:
        raise UserError(
            f"dataset {name!r}: none of the {rows} inputs is longer than the prefix of {prefix_tokens} tokens (with at "
            f"least {settings.minimum_suffix_characters} characters after it): lower `probes.prefix_tokens`, or the "
            "dataset's own `prefix_tokens`."
        )
    if len(usable) < settings.n:
        counts = (name, split, settings.n, len(usable), len(usable))
        log.warning("dataset %s, split %s: %d probes configured, %d usable inputs: n is %d", *counts)
    if short := rows - len(usable):
        log.info("dataset %s: %d of %d inputs left out: suffix too short", name, short, rows)
    taken: Sequence[int] = range(min(settings.n, len(usable)))
    if settings.select == "drawn":
        taken = sorted(random.Random(settings.seed).sample(range(len(usable)), len(taken)))
    stated = {"n_asked": settings.n, "n": len(taken), "inputs": rows, "left_out_suffix_too_short": short}
    # Texts are read again, so that memory does not grow with them.
    cutting = _Cutting(_rows_of(dataset, split), dict(usable[index] for index in taken))

    def counted() -> dict[str, Any]:
        return {
            **manifest,
            **stated,
            **_prompts_of(cutting, name, selection),
            **_unspelled_of(cutting, name, tokenizer),
        }

    storage.write_batches(output, ProbesTable, cutting.batches(), counted)


def _rows_of(dataset: Path, split: str) -> Iterator[list[dict[str, Any]]]:
    """Rows of a dataset's split, `ROWS_PER_CALL` or fewer at a time."""
    for batch in storage.stream(dataset, ["id", "split", "input"], ROWS_PER_CALL):
        yield [row for row in batch.to_pylist() if row["split"] == split]


class _Cutting:
    """Probes from rows, and what is counted of them on the way: different prefixes, characters of the suffixes."""

    def __init__(self, rows: Iterable[list[dict[str, Any]]], cuts: Mapping[int, int]) -> None:
        """Cut those rows whose numbers `cuts` contains, at so many characters."""
        self._rows, self.cuts = chain.from_iterable(rows), cuts
        self.prefixes: set[bytes] = set()
        self._texts: dict[bytes, int] = {}
        self._numbers = count()
        self._counts = np.zeros(sys.maxunicode + 1, np.int64)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of schema `probes`."""
        chosen = ((row, cut) for number, row in enumerate(self._rows) if (cut := self.cuts.get(number)))
        # As Arrow's texts before the next ones are read, which take less memory than Python's.
        small = map(self._batch, iter(lambda: list(islice(chosen, ROWS_PER_CALL)), []))
        together = max(1, storage.ROWS_PER_GROUP // ROWS_PER_CALL)
        while parts := list(islice(small, together)):
            yield pa.concat_batches(parts)

    def _batch(self, part: list[tuple[dict[str, Any], int]]) -> pa.RecordBatch:
        rows = [
            {
                "probe": next(self._numbers),
                "id": row["id"],
                "prefix": row["input"][:cut],
                "suffix": row["input"][cut:],
                "prefix_characters": cut,
                "suffix_characters": len(row["input"]) - cut,
                "input_text": self._texts.setdefault(_digest(row["input"]), len(self._texts)),
            }
            for row, cut in part
        ]
        self.prefixes.update(_digest(row["prefix"]) for row in rows)
        counts = np.bincount(np.frombuffer("".join(row["suffix"] for row in rows).encode("utf-32-le"), np.uint32))
        self._counts[: len(counts)] += counts
        return pa.RecordBatch.from_pylist(rows, schema=ProbesTable.arrow())

    @property
    def characters(self) -> Counter[str]:
        """How often each character occurs in the suffixes."""
        return Counter({chr(code): int(self._counts[code]) for code in np.flatnonzero(self._counts).tolist()})


def _digest(text: str) -> bytes:
    """What stands for a text where texts are told apart, in 16 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _prompts_of(cutting: _Cutting, name: str, selection: Selection) -> dict[str, int]:
    """How many prefixes of a dataset's probes differ; a warning where they are few."""
    prefixes, n = len(cutting.prefixes), len(cutting.cuts)
    if prefixes < FEW_PROMPTS * n:
        log.warning(
            "dataset %s, split %s: different prompts among %d probes with prefixes of %d tokens: %d; those of one "
            "prompt count once in intervals and tests. Where inputs begin alike, raise `probes.prefix_tokens`, or the "
            "dataset's own `prefix_tokens`, or begin the `input` after that; where they are equal, set `deduplicate`",
            *(name, SPLIT_OF[selection.population], n, selection.prefix_tokens, prefixes),
        )
    return {"prefixes": prefixes}


def unspelled(characters: Iterable[str], tokenizer: Tokenizer | SlowTokenizer) -> set[str]:
    """The characters that no text of the tokenizer contains, as T5's unknown `{` or the newline that it makes a space.

    Each is encoded between two letters and after a space, since a vocabulary may have it only there, and decoded; case
    does not count, since detection compares lower-case texts.
    """
    tested = list(dict.fromkeys(characters))
    encoded = tokenizer.encode_batch_fast(
        [f"a{character}b {character}" for character in tested], add_special_tokens=False
    )
    decoded = tokenizer.decode_batch([encoding.ids for encoding in encoded])
    return {character for character, text in zip(tested, decoded, strict=True) if character.lower() not in text.lower()}


def _unspelled_of(cutting: _Cutting, name: str, tokenizer: Tokenizer | SlowTokenizer) -> dict[str, Any]:
    """What the tokenizer cannot spell of a dataset's suffixes: share of the characters, and the most frequent ones."""
    counts = cutting.characters
    missing = unspelled(counts, tokenizer)
    ranked = sorted(((counts[character], character) for character in missing), key=lambda each: (-each[0], each[1]))
    share = sum(count for count, _ in ranked) / counts.total()
    named = ranked[:UNSPELLED_NAMED]
    if ranked:
        shown = " ".join(character.encode("unicode_escape").decode() for _, character in named)
        log.log(
            logging.WARNING if share > UNSPELLED_BOUND else logging.INFO,
            "dataset %s: the tokenizer cannot spell %.2f%% of the suffixes' characters (most frequent: %s): no "
            "generation contains them, so that copies are shorter or broken there (white space alone breaks none)",
            *(name, 100 * share, shown),
        )
    return {"unspelled_share": share, "unspelled_characters": {character: count for count, character in named}}


def read_tokenizer(folder: Path) -> Tokenizer | SlowTokenizer:
    """The tokenizer of a base model's folder, set neither to cut nor to pad texts, whatever its file states.

    UserError where the folder is damaged.
    """
    check_folder(folder)
    if not (folder / "tokenizer.json").is_file():
        from transformers import AutoTokenizer

        return SlowTokenizer(AutoTokenizer.from_pretrained(folder))
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def prefix_ends(texts: Sequence[str], tokenizer: Tokenizer | SlowTokenizer, prefix_tokens: int) -> list[int]:
    """For each text, the character where its first `prefix_tokens` tokens end; its length where it has no more tokens.

    White space after the prefix belongs to the suffix, so that prefix + suffix is the text. Where the last token
    shares its character with the next one (SentencePiece's lone word mark, the bytes of an emoji), that character
    belongs to the suffix: a prefix never contains a part of a later token.
    """
    if isinstance(tokenizer, SlowTokenizer):
        return [tokenizer.end_of(text, prefix_tokens) for text in texts]
    ends = [0] * len(texts)
    undecided = list(range(len(texts)))
    characters = HEAD_CHARACTERS * (prefix_tokens + 1) if _keeps_words_apart(tokenizer) else None
    while undecided:
        heads = [_head(texts[number], characters) for number in undecided]
        encodings = tokenizer.encode_batch(heads, add_special_tokens=False)
        longer = []
        for number, head, encoding in zip(undecided, heads, encodings, strict=True):
            offsets, is_whole = encoding.offsets, len(head) == len(texts[number])
            # The last token of a head may be another one in the text: characters that a tokenizer does not know can
            # be one token with the space that follows.
            if len(offsets) > prefix_tokens + (not is_whole):
                end, following = offsets[prefix_tokens - 1][1], offsets[prefix_tokens][0]
                ends[number] = min(end, following) or end
            elif is_whole:
                ends[number] = len(head)
            else:
                longer.append(number)
        undecided, characters = longer, characters and 4 * characters
    return ends


@functools.lru_cache(1)
def _keeps_words_apart(tokenizer: Tokenizer) -> bool:
    """Whether no token of a text contains an ASCII character other than a space and the space after it.

    So it is where no entry of the vocabulary does. Then what stands before such a space has the same tokens whatever
    follows: BPE merges, and the best sequence of Unigram up to there, do not depend on it. Other models make one token
    of any unknown word, which may be whatever a pre-tokenizer takes for a word.
    """
    if not isinstance(tokenizer.model, models.BPE | models.Unigram):
        return False
    return not any(map(_WORD_AND_SPACE.search, tokenizer.get_vocab()))


def _head(text: str, characters: int | None) -> str:
    """About so many first characters of a text, up to a space after another ASCII character; None for all.

    All where there is no such space.
    """
    if characters is None or len(text) <= characters:
        return text
    end = text.rfind(" ", 1, characters)
    while end > 0 and not "!" <= text[end - 1] <= "~":
        end = text.rfind(" ", 1, end)
    return text[:end] if end > 0 else text
