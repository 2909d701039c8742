"""Other definitions of memorization on the same generations.

Nothing is retrieved here: the literature compares f(p) with the very text that followed p, or searches for it in all
training texts. Tokens are those of the model's tokenizer, but generations are stored as text, so both sides are encoded
again after they have been made comparable (`references`, `tokenized_pairs`); a token here is a token of that text, and
a model that wrote the same text by other tokens counts as one that wrote it.

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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from memorization import storage
from memorization.config.base import Population
from memorization.config.detection import Definitions
from memorization.detection import passages, similarity
from memorization.detection.references import tokens_of, training_texts
from memorization.progress import Progress
from memorization.schemas.definitions import DefinitionsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable

PROBES_PER_BATCH = 1_000

GENERATIONS_TOGETHER = 20_000
"""Generations whose passages are searched together: all of theirs are in memory, and all training texts are read."""

SIDES = ("input", "target")
"""Columns of a dataset whose texts are searched for passages of generations."""


@dataclass(frozen=True)
class RunFiles:
    """Files of a run that the definitions read.

    `dataset` contains the training inputs and targets, `references` what the probes' suffixes are to a model.
    """

    references: Path
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

    `files` may contain a part of the run's generations, outcomes and matches; the references are all of the run's, and
    generations and references are ordered by probe. `tokenizer` is the model's; `max_new_tokens` is the decoding's
    limit, and with `with_prompt` its generations begin with the prompt, which the model did not write: then only the
    text after it is compared.

    Memory does not grow with the run, but for the matches that decide. Time grows with it, and each
    `GENERATIONS_TOGETHER` generations read the training texts once.
    """
    spans = deciding_spans(
        storage.read(files.outcomes, OutcomesTable, ["probe", "rank"]),
        storage.read(files.matches, MatchesTable, ["probe", "rank", "generation_start", "generation_length"]),
    )
    own_inputs = 1 if population == "member" else 0
    prompts_of = _OrderedRows(files.references, ["probe", "prompt"])
    references_of = _OrderedRows(files.references, ["probe", "reference", "reference_tokens", "prefix_inputs"])
    with Progress(storage.rows_of(files.generations), "definitions", "probes") as progress:
        for run in _together(storage.stream(files.generations, ["probe", "generation", "at_limit"])):
            whole = run["generation"].to_pylist()
            prompts = prompts_of.probes(run["probe"])["prompt"].to_pylist()
            continued = list(map(str.removeprefix, whole, prompts)) if with_prompt else whole
            texts_of_sides = [training_texts(files.dataset, side) for side in SIDES]
            copies = dict(zip(SIDES, copying(continued, prompts, texts_of_sides, definitions.passage), strict=True))
            for first in range(0, len(run), PROBES_PER_BATCH):
                part = slice(first, first + PROBES_PER_BATCH)
                own = references_of.probes(run["probe"][part]).to_pydict()
                pairs = tokenized_pairs(continued[part], own["reference"], own["reference_tokens"], tokenizer)
                compared = compare(pairs, run["at_limit"][part].to_pylist(), max_new_tokens, tokenizer, definitions)
                rows = [
                    {
                        "probe": probe,
                        **row,
                        "prefix_inputs": inputs,
                        "shared_prefix": inputs > own_inputs,
                        "match_in_prefix": in_prefix(whole[place], spans.get(probe, []), prompts[place]),
                        **{f"copies_{side}": copied[place] for side, copied in copies.items()},
                    }
                    for place, (probe, inputs, row) in enumerate(
                        zip(own["probe"], own["prefix_inputs"], compared, strict=True), first
                    )
                ]
                yield pa.RecordBatch.from_pylist(rows, schema=DefinitionsTable.arrow())
                progress.advance(len(rows))


def _together(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of about `GENERATIONS_TOGETHER` rows."""
    while part := list(islice(batches, max(1, GENERATIONS_TOGETHER // storage.ROWS_PER_GROUP))):
        yield pa.Table.from_batches(part)


class _OrderedRows:
    """Rows of a table that is ordered by probe, read no further than they are asked for."""

    def __init__(self, file: Path, columns: list[str]) -> None:
        self._batches = storage.stream(file, columns, PROBES_PER_BATCH)
        self._held: list[pa.RecordBatch] = []

    def probes(self, numbers: pa.ChunkedArray) -> pa.Table:
        """Rows of probes (n,), in their order; after this, probes before the last of them are not asked for."""
        last = numbers[-1].as_py()
        while not self._held or self._held[-1]["probe"][-1].as_py() < last:
            self._held.append(next(self._batches))
        held = pa.Table.from_batches(self._held)
        # The last batch alone may be asked for again.
        self._held = self._held[-1:]
        return held.take(pc.index_in(numbers, held["probe"]))


@dataclass(frozen=True)
class TokenizedPair:
    """A generation and the suffix of its probe, as one tokenizer decodes them, with their tokens."""

    generation: str
    suffix: str
    generation_tokens: list[int]
    suffix_tokens: list[int]


def tokenized_pairs(
    generations: Sequence[str],
    references: Sequence[str],
    reference_tokens: Sequence[list[int]],
    tokenizer: Tokenizer,
) -> list[TokenizedPair]:
    """Generations (n,) beside references (n,) and their tokens, made comparable.

    White space before the first word is the reference's on both sides: an encoder-decoder model's text begins without
    it, a decoder-only model's with it. Otherwise tokens at the cut are those of the text alone, without the prefix
    before it. In BPE and Unigram the first tokens of a text encode to themselves again, so that a generation loses none
    where it was cut.
    """
    aligned = [
        reference[: len(reference) - len(reference.lstrip())] + generation.lstrip()
        for generation, reference in zip(generations, references, strict=True)
    ]
    tokens = tokens_of(aligned, tokenizer)
    return [TokenizedPair(*parts) for parts in zip(aligned, references, tokens, reference_tokens, strict=True)]


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


def copying(
    generations: Sequence[str], prefixes: Sequence[str], sides: Sequence[Iterable[str]], characters: int
) -> list[list[bool]]:
    """For each side, whether one of its texts contains `characters` of a generation (n,) that its prefix does not.

    They are in a row; white space and case do not count. Every passage of that length in the generations has a number,
    and those that the texts contain are marked: so time grows with the characters of texts and generations, whatever
    repeats in them, and memory with the different passages of the generations, some 50 bytes each.
    """
    continuations = [_normalized(text) for text in generations]
    numbered = passages.Passages(passages.SEPARATOR.join(continuations), characters)
    lengths = np.fromiter(map(len, continuations), np.int64, len(continuations))
    starts = np.cumsum(lengths + len(passages.SEPARATOR)) - lengths - len(passages.SEPARATOR)

    def copied(place: int, marks: np.ndarray) -> bool:
        """Whether a marked passage of a generation is none of its prefix."""
        numbers = numbered.numbers[starts[place] : starts[place] + lengths[place]]
        (found,) = np.nonzero((numbers != passages.NONE) & marks[numbers])
        if not len(found):
            return False
        prompt, text = _normalized(prefixes[place]), continuations[place]
        # Each passage once, since there are few different ones where a text repeats itself.
        _, found_first = np.unique(numbers[found], return_index=True)
        return any(text[start : start + characters] not in prompt for start in found[found_first].tolist())

    marks_of_sides = [np.append(numbered.marked(map(_normalized, texts)), False) for texts in sides]
    return [[copied(place, marks) for place in range(len(generations))] for marks in marks_of_sides]


def deciding_spans(outcomes: pa.Table, matches: pa.Table) -> dict[int, list[tuple[int, int]]]:
    """Spans (start, length) in the generation of every match with the candidate that decided a probe's outcome.

    `outcomes` has the columns `probe, rank`: the rank of the deciding candidate, null without one; `matches` has the
    columns `probe, rank, generation_start, generation_length`. Probes without a match have no entry.
    """
    ranks = outcomes["rank"].take(pc.index_in(matches["probe"], outcomes["probe"]))
    spans: dict[int, list[tuple[int, int]]] = {}
    for match in matches.filter(pc.equal(matches["rank"], ranks)).to_pylist():
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
