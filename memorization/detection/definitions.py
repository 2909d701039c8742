"""Other definitions of memorization on the same generations.

Nothing is retrieved here: the literature compares f(p) with the very text that followed p, or searches for it in all
training texts. Tokens are those of the model's tokenizer, but generations are stored as text, so both sides are encoded
again after they have been made comparable (`tokenized_pairs`); a token here is a token of that text, and a model that
wrote the same text by other tokens counts as one that wrote it.

- Carlini et al. (2023), "Quantifying Memorization Across Neural Language Models": s is *extractable* where the first m
  generated tokens are the first m of s.
- Ippolito et al. (2023), "Preventing Generation of Verbatim Memorization in Language Models Gives a False Sense of
  Privacy": s is *approximately memorized* where BLEU(f(p), s) > 0.75; edit similarity is reported too. Their
  generations and suffixes have one length, m tokens; so both are cut to a window of m tokens (`window`).
- Lin (2004), "ROUGE": ROUGE-L, on the same window.
- Nasr et al. (2023), "Scalable Extraction of Training Data from (Production) Language Models": a generation *copies*
  where a passage of it occurs anywhere in the training data. Inputs and targets are reported separately: a decoder
  learns to write targets, and suffixes of inputs, as the paper defines them, contain none of those.

The longest common runs are searched in the whole texts, at any place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from memorization import storage
from memorization.config.base import Population
from memorization.config.detection import Definitions
from memorization.detection import similarity
from memorization.detection.passages import SEPARATOR, Passages
from memorization.detection.spans import by_probe, read_texts
from memorization.progress import Progress
from memorization.schemas.definitions import DefinitionsTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable

PROBES_PER_BATCH = 1_000

CHARACTERS_PER_CALL = 1_000_000
"""Characters of training texts that are searched together for passages of generations."""


@dataclass(frozen=True)
class RunFiles:
    """Files of a run that the definitions read; `dataset` contains the training inputs and targets."""

    probes: Path
    generations: Path
    outcomes: Path
    matches: Path
    dataset: Path


def definition_batches(
    files: RunFiles,
    tokenizer: Tokenizer,
    population: Population,
    max_new_tokens: int,
    with_prompt: bool,
    definitions: Definitions,
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `definitions`, one row per generation, in their order.

    `files` may contain a part of the run's generations, outcomes and matches; the probes are all of the run's.
    `tokenizer` is the model's; `max_new_tokens` is the decoding's limit, and with `with_prompt` its generations begin
    with the prompt, which the model did not write: then only the text after it is compared.
    """
    texts = read_texts(files.generations, files.probes)
    probes = list(texts.generations)
    prefixes = [texts.prefixes[probe] for probe in probes]
    inputs = inputs_with(prefixes, training_texts(files.dataset, "input"))
    spans = deciding_spans(
        by_probe(storage.read(files.outcomes, OutcomesTable, ["probe", "rank"]), "rank"),
        storage.read(files.matches, MatchesTable, ["probe", "rank", "generation_start", "generation_length"]),
    )
    at_limit = storage.read(files.generations, GenerationsTable, ["at_limit"])["at_limit"].to_pylist()
    whole = list(texts.generations.values())
    prompts = _round_trip(prefixes, tokenizer)
    continued = (
        [text.removeprefix(prompt) for text, prompt in zip(whole, prompts, strict=True)] if with_prompt else whole
    )
    copies = {
        side: copying(continued, prompts, training_texts(files.dataset, side), definitions.passage)
        for side in ("input", "target")
    }
    own_inputs = 1 if population == "member" else 0
    with Progress(len(probes), "definitions", "probes") as progress:
        for first in range(0, len(probes), PROBES_PER_BATCH):
            part = slice(first, first + PROBES_PER_BATCH)
            suffixes = [texts.suffixes[probe] for probe in probes[part]]
            pairs = tokenized_pairs(continued[part], suffixes, tokenizer)
            compared = compare(pairs, at_limit[part], max_new_tokens, tokenizer, definitions)
            rows = [
                {
                    "probe": probes[place],
                    **row,
                    "prefix_inputs": inputs[prefixes[place]],
                    "shared_prefix": inputs[prefixes[place]] > own_inputs,
                    "match_in_prefix": in_prefix(whole[place], spans.get(probes[place], []), prompts[place]),
                    **{f"copies_{side}": copied[place] for side, copied in copies.items()},
                }
                for place, row in enumerate(compared, first)
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=DefinitionsTable.arrow())
            progress.advance(len(rows))


def training_texts(dataset: Path, side: str) -> Iterator[str]:
    """Texts of a column (`input` or `target`) of the dataset's train split, in order."""
    for batch in storage.stream(dataset, ["split", side]):
        yield from batch[side].filter(pc.equal(batch["split"], "train")).to_pylist()


@dataclass(frozen=True)
class TokenizedPair:
    """A generation and the suffix of its probe, as one tokenizer decodes them, with their tokens."""

    generation: str
    suffix: str
    generation_tokens: list[int]
    suffix_tokens: list[int]


def tokenized_pairs(generations: Sequence[str], suffixes: Sequence[str], tokenizer: Tokenizer) -> list[TokenizedPair]:
    """Generations (n,) and suffixes (n,), made comparable.

    The suffix of a pair is the text that its tokens decode to: T5's tokenizer replaces a line break by a space and
    drops unknown characters, so that no model could write the original suffix. And white space before the first word is
    the suffix's on both sides: an encoder-decoder model's text begins without it, a decoder-only model's with it.
    Otherwise tokens at the cut are those of the text alone, without the prefix before it. In BPE and Unigram the first
    tokens of a text encode to themselves again, so that a generation loses none where it was cut.
    """
    decoded = _round_trip(suffixes, tokenizer)
    aligned = [
        suffix[: len(suffix) - len(suffix.lstrip())] + generation.lstrip()
        for generation, suffix in zip(generations, decoded, strict=True)
    ]
    return [
        TokenizedPair(*parts)
        for parts in zip(aligned, decoded, _tokens(aligned, tokenizer), _tokens(decoded, tokenizer), strict=True)
    ]


def _tokens(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def _round_trip(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    return tokenizer.decode_batch(_tokens(texts, tokenizer))


def compare(
    pairs: Sequence[TokenizedPair],
    at_limit: Sequence[bool],
    max_new_tokens: int,
    tokenizer: Tokenizer,
    definitions: Definitions,
) -> Iterator[dict[str, Any]]:
    """One row per pair, with the columns of schema `definitions` that compare the generation with the suffix.

    `at_limit` (n,): the decoding's limit of `max_new_tokens` ended the generation.
    """
    m = definitions.tokens
    windows = [window(pair, limited, min(m, max_new_tokens)) for pair, limited in zip(pairs, at_limit, strict=True)]
    heads = tokenizer.decode_batch([pair.generation_tokens[:w] for pair, w in zip(pairs, windows, strict=True)])
    references = tokenizer.decode_batch([pair.suffix_tokens[:w] for pair, w in zip(pairs, windows, strict=True)])
    for pair, w, head, reference in zip(pairs, windows, heads, references, strict=True):
        equal = similarity.common_head(pair.generation_tokens, pair.suffix_tokens)
        comparable = min(len(pair.suffix_tokens), max_new_tokens) >= m
        score = similarity.bleu(head, reference)
        yield {
            "equal_tokens": equal,
            "longest_equal_run": similarity.longest_equal_run(pair.generation_tokens, pair.suffix_tokens),
            "comparable": comparable,
            "extractable": equal >= m if comparable else None,
            "compared_tokens": w,
            "bleu": score,
            "approximate": score > definitions.bleu,
            "edit_similarity": similarity.edit_similarity(head, reference),
            "rouge_l": similarity.rouge_l(head, reference),
            "longest_common_substring": similarity.longest_common_run(pair.generation.strip(), pair.suffix.strip()),
        }


def window(pair: TokenizedPair, at_limit: bool, tokens: int) -> int:
    """Number of first tokens on which texts are compared as a whole: `tokens`, or fewer where the suffix ends before.

    A generation that the end token ends does not shorten the window: it lacks the rest of the suffix. One that the
    decoding's limit ends does, where its text is encoded in fewer tokens than the model wrote.
    """
    sizes = [tokens, len(pair.suffix_tokens)]
    return min([*sizes, len(pair.generation_tokens)] if at_limit else sizes)


def inputs_with(prefixes: Iterable[str], inputs: Iterable[str]) -> dict[str, int]:
    """For each distinct prefix, the number of inputs that contain it at any place. ValueError where a prefix is empty.

    At every place of an input as many characters as the shortest prefix has are looked up; the prefixes that begin with
    them are distinguished by one more look-up per length, once for equal places of an input. So time grows with the
    inputs' characters, and at most with the square of the longest prefix, whose length is bounded by its tokens.
    """
    counts = dict.fromkeys(prefixes, 0)
    size = min(map(len, counts), default=1)
    if not size:
        raise ValueError("an empty prefix")
    longest = max(map(len, counts), default=1)
    lengths: dict[str, set[int]] = {}
    for prefix in counts:
        lengths.setdefault(prefix[:size], set()).add(len(prefix))
    for text in inputs:
        # As a set: where a phrase fills an input, most of its places look alike.
        places = {
            text[start : start + longest]
            for start in range(len(text) - size + 1)
            if text[start : start + size] in lengths
        }
        contained = {part for place in places for length in lengths[place[:size]] if (part := place[:length]) in counts}
        for prefix in contained:
            counts[prefix] += 1
    return counts


def copying(generations: Sequence[str], prefixes: Sequence[str], texts: Iterable[str], characters: int) -> list[bool]:
    """For each generation (n,): whether a text contains `characters` of it in a row that its own prefix does not.

    White space and case do not count. Every passage of that length in the generations has a number, and those that the
    texts contain are marked: so time grows with the characters of texts and generations, whatever repeats in them, and
    memory with the different passages of the generations, some 100 bytes each.
    """
    continuations, prompts = [_normalized(text) for text in generations], [_normalized(text) for text in prefixes]
    numbered = Passages(SEPARATOR.join(continuations), characters)
    copied = np.zeros(len(numbered), dtype=bool)
    for together in _joined(map(_normalized, texts)):
        copied[numbered.of(together)] = True
    return [
        bool(copied[np.setdiff1d(numbered.of(text), numbered.of(prompt), assume_unique=True)].any())
        for text, prompt in zip(continuations, prompts, strict=True)
    ]


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Texts with separators between them, of about `CHARACTERS_PER_CALL` characters together."""
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= CHARACTERS_PER_CALL:
            yield SEPARATOR.join(part)
            part, size = [], 0
    if part:
        yield SEPARATOR.join(part)


def deciding_spans(ranks: Mapping[int, int | None], matches: pa.Table) -> dict[int, list[tuple[int, int]]]:
    """Spans (start, length) in the generation of every match with the candidate that decided a probe's outcome.

    `ranks`: by probe, the rank of the deciding candidate, None without one; `matches` has the columns `probe, rank,
    generation_start, generation_length`. Probes without a match have no entry.
    """
    spans: dict[int, list[tuple[int, int]]] = {}
    for match in matches.to_pylist():
        if match["rank"] == ranks[match["probe"]]:
            spans.setdefault(match["probe"], []).append((match["generation_start"], match["generation_length"]))
    return spans


def in_prefix(generation: str, spans: Sequence[tuple[int, int]], prefix: str) -> bool | None:
    """Whether the prefix contains every span of the generation, white space and case not counted; None without any."""
    if not spans:
        return None
    return all(_normalized(generation[start : start + length]) in _normalized(prefix) for start, length in spans)


def _normalized(text: str) -> str:
    """A text in lower case with single spaces for any white space."""
    return " ".join(text.split()).casefold()
