"""Other definitions of memorization on the same generations.

Nothing is retrieved here: the literature compares f(p) with the very text that followed p, or looks for it in all that
was trained on. Tokens are those of the model's tokenizer, but generations are kept as text, so both sides are encoded
anew and put on one footing first (`written_pairs`); a token here is a token of that text, and a model that wrote the
same text by other tokens counts as one that wrote it.

- Carlini et al. (2023), "Quantifying Memorization Across Neural Language Models": s is *extractable* where the first m
  generated tokens are the first m of s.
- Ippolito et al. (2023), "Preventing Generation of Verbatim Memorization in Language Models Gives a False Sense of
  Privacy": s is *approximately memorized* where BLEU(f(p), s) > 0.75; edit similarity stands beside it. They have
  generations and suffixes of one length, m tokens; so both are cut to a window of m tokens (`window`).
- Lin (2004), "ROUGE": ROUGE-L, on the same window.
- Nasr et al. (2023), "Scalable Extraction of Training Data from (Production) Language Models": a generation *copies*
  where a passage of it stands anywhere in the training data. Inputs and targets are told apart: what a decoder learns
  to write are targets, and suffixes of inputs, as the paper has them, hold none of those.

The longest common runs are searched in the whole texts, at any place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from memorization import storage
from memorization.config import Definitions, Population
from memorization.progress import Progress

PROBES_A_BATCH = 1_000


def definition_batches(
    probes: Path,
    generations: Path,
    outcomes: Path,
    matches: Path,
    dataset: Path,
    tokenizer: Tokenizer,
    population: Population,
    max_new_tokens: int,
    with_prompt: bool,
    definitions: Definitions,
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `definitions`, a row a probe in the probes' order, from a run's files.

    `dataset` holds the training inputs and targets that are looked into; `tokenizer` is the model's; `max_new_tokens`
    is the decoding's limit, and `with_prompt` says that its generations begin with the prompt, which the model did not
    write: here what follows it is compared.
    """
    prefixes = storage.read(probes, "probes", ["prefix"])["prefix"].to_pylist()
    inputs = inputs_with(prefixes, trained_on(dataset, "input"))
    spans = deciding_spans(
        storage.read(outcomes, "outcomes", ["rank"])["rank"].to_pylist(),
        storage.read(matches, "matches", ["probe", "rank", "generation_start", "generation_length"]),
    )
    written = storage.read(generations, "generations", ["generation", "at_limit"])
    whole, at_limit = written["generation"].to_pylist(), written["at_limit"].to_pylist()
    shown = _round_trip(prefixes, tokenizer)
    continued = [text.removeprefix(prompt) for text, prompt in zip(whole, shown, strict=True)] if with_prompt else whole
    copies = {
        side: copying(continued, shown, trained_on(dataset, side), definitions.passage) for side in ("input", "target")
    }
    own_inputs = 1 if population == "member" else 0
    first = 0
    with Progress(len(prefixes), "definitions", "probes") as progress:
        for batch in storage.stream(probes, ["suffix"], PROBES_A_BATCH):
            here = slice(first, first + batch.num_rows)
            pairs = written_pairs(continued[here], batch["suffix"].to_pylist(), tokenizer)
            compared = compare(pairs, at_limit[here], max_new_tokens, tokenizer, definitions)
            rows = [
                {
                    "probe": probe,
                    **row,
                    "prefix_inputs": inputs[prefixes[probe]],
                    "shared_prefix": inputs[prefixes[probe]] > own_inputs,
                    "match_in_prefix": in_prefix(whole[probe], spans.get(probe, []), shown[probe]),
                    **{f"copies_{side}": found[probe] for side, found in copies.items()},
                }
                for probe, row in enumerate(compared, first)
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=storage.SCHEMAS["definitions"])
            first += batch.num_rows
            progress.advance(batch.num_rows)


def trained_on(dataset: Path, side: str) -> Iterator[str]:
    """Texts of a column of the dataset's train split, in order."""
    for batch in storage.stream(dataset, ["split", side]):
        yield from batch[side].filter(pc.equal(batch["split"], "train")).to_pylist()


@dataclass(frozen=True)
class Pair:
    """A generation and the suffix of its probe, as one tokenizer writes them, with their tokens."""

    generation: str
    suffix: str
    generation_tokens: list[int]
    suffix_tokens: list[int]


def written_pairs(generations: Sequence[str], suffixes: Sequence[str], tokenizer: Tokenizer) -> list[Pair]:
    """Generations (n,) and suffixes (n,) with the same footing for both.

    A suffix is what decoding its tokens gives: T5's tokenizer makes one space of a line break and drops characters
    that it does not know, so that the suffix as it stands could not be written by any model. And white space before the
    first word is the suffix's on both sides: an encoder-decoder model's text begins without it, a decoder-only
    model's with it. Otherwise tokens at the cut are those of the text alone, without the prefix before it. In BPE and
    Unigram the head of a text's tokens encodes to itself again, so that a generation loses none where it was cut.
    """
    possible = _round_trip(suffixes, tokenizer)
    begun = [
        suffix[: len(suffix) - len(suffix.lstrip())] + generation.lstrip()
        for generation, suffix in zip(generations, possible, strict=True)
    ]
    return [
        Pair(*parts)
        for parts in zip(begun, possible, _tokens(begun, tokenizer), _tokens(possible, tokenizer), strict=True)
    ]


def _tokens(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def _round_trip(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    return tokenizer.decode_batch(_tokens(texts, tokenizer))


def compare(
    pairs: Sequence[Pair],
    at_limit: Sequence[bool],
    max_new_tokens: int,
    tokenizer: Tokenizer,
    definitions: Definitions,
) -> Iterator[dict[str, Any]]:
    """A row a pair with the columns of schema `definitions` that compare the generation with the suffix.

    `at_limit` (n,): the decoding's limit of `max_new_tokens` ended the generation.
    """
    m = definitions.tokens
    windows = [window(pair, limited, min(m, max_new_tokens)) for pair, limited in zip(pairs, at_limit, strict=True)]
    heads = tokenizer.decode_batch([pair.generation_tokens[:w] for pair, w in zip(pairs, windows, strict=True)])
    references = tokenizer.decode_batch([pair.suffix_tokens[:w] for pair, w in zip(pairs, windows, strict=True)])
    for pair, w, head, reference in zip(pairs, windows, heads, references, strict=True):
        equal = equal_head(pair.generation_tokens, pair.suffix_tokens)
        comparable = min(len(pair.suffix_tokens), max_new_tokens) >= m
        score = bleu(head, reference)
        yield {
            "equal_tokens": equal,
            "longest_equal_run": longest_common_run(_as_text(pair.generation_tokens), _as_text(pair.suffix_tokens)),
            "comparable": comparable,
            "extractable": equal >= m if comparable else None,
            "compared_tokens": w,
            "bleu": score,
            "approximate": score > definitions.bleu,
            "edit_similarity": edit_similarity(head, reference),
            "rouge_l": rouge_l(head, reference),
            "longest_common_substring": longest_common_run(pair.generation.strip(), pair.suffix.strip()),
        }


def window(pair: Pair, at_limit: bool, tokens: int) -> int:
    """Tokens on which texts are compared as a whole: the first `tokens`, or fewer where the suffix ends before.

    A model that stops by itself does not shorten the window: it did not give back what follows. The decoding's limit
    does, where the text that it cut is encoded in fewer tokens than were written.
    """
    sizes = [tokens, len(pair.suffix_tokens)]
    return min([*sizes, len(pair.generation_tokens)] if at_limit else sizes)


def equal_head(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many tokens, or characters, at the head of both are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def longest_common_run(one: str, other: str) -> int:
    """Length of the longest string that stands in both, in characters."""
    longest = 0
    for start in range(len(one)):
        # Only a longer one counts, so that the search goes on from the length that was found.
        while start + longest < len(one) and one[start : start + longest + 1] in other:
            longest += 1
    return longest


def _as_text(tokens: Iterable[int]) -> str:
    """A character a token, so that runs of tokens are found as substrings are."""
    return "".join(map(chr, tokens))


@functools.cache
def bleu_metric() -> Any:
    """BLEU of single texts, as sacrebleu advises: where a text has fewer than four words, orders up to its length."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=False, tokenize="13a", smooth_method="exp", effective_order=True)


def bleu(generation: str, reference: str) -> float:
    """BLEU-4 of a generation against one reference, from 0 to 1; 0 where one of them has no word."""
    # The geometric mean of four ones is a little more than one.
    return min(1.0, float(bleu_metric().sentence_score(generation, [reference]).score) / 100)


def edit_similarity(generation: str, reference: str) -> float:
    """1 - Levenshtein distance / length of the longer text, in characters, from 0 to 1; 0 where both are empty."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_similarity(generation, reference) if generation or reference else 0.0


def rouge_l(generation: str, reference: str) -> float:
    """F-measure of the longest common subsequence of words, from 0 to 1; 0 where neither has a word.

    Words are runs of letters and digits of any script, lower-cased, not stemmed. The F-measure is 2 LCS / (words of
    both), which is the normalized insertion-deletion similarity.
    """
    from rapidfuzz.distance import Indel

    one, other = (re.findall(r"\w+", text.lower()) for text in (generation, reference))
    return Indel.normalized_similarity(one, other) if one or other else 0.0


def inputs_with(prefixes: Iterable[str], inputs: Iterable[str]) -> dict[str, int]:
    """For each distinct prefix, the number of inputs in which its text stands. ValueError where one is empty.

    Every place of an input is looked up by the characters that the shortest prefix has; prefixes that begin with those
    are told apart by one more look-up for each of their lengths. So time goes with the inputs' characters.
    """
    counts = dict.fromkeys(prefixes, 0)
    size = min(map(len, counts), default=1)
    if not size:
        raise ValueError("an empty prefix")
    lengths: dict[str, set[int]] = {}
    for prefix in counts:
        lengths.setdefault(prefix[:size], set()).add(len(prefix))
    for text in inputs:
        found = {
            part
            for start in range(len(text) - size + 1)
            for length in lengths.get(text[start : start + size], ())
            if (part := text[start : start + length]) in counts
        }
        for prefix in found:
            counts[prefix] += 1
    return counts


def copying(generations: Sequence[str], prefixes: Sequence[str], texts: Iterable[str], characters: int) -> list[bool]:
    """For each generation (n,): whether so many characters in a row of it stand in a text, and not in its own prefix.

    White space and case aside. A run of `characters` holds a whole block of half as many, wherever it begins: the
    generations' blocks are looked up at every place of the texts, and what is found is followed to both sides. So time
    goes with the texts' characters, and memory with the generations'.
    """
    written, asked = [_plain(text) for text in generations], [_plain(text) for text in prefixes]
    size = (characters + 1) // 2
    blocks: dict[str, list[tuple[int, int]]] = {}
    for number, generation in enumerate(written):
        for start in range(0, len(generation) - size + 1, size):
            blocks.setdefault(generation[start : start + size], []).append((number, start))
    found = [False] * len(written)
    for text in map(_plain, texts):
        for place in range(len(text) - size + 1):
            for number, start in blocks.get(text[place : place + size], ()):
                if not found[number]:
                    run = common_run(written[number], start, text, place, size)
                    found[number] = any(
                        run[first : first + characters] not in asked[number]
                        for first in range(len(run) - characters + 1)
                    )
    return found


def common_run(one: str, start: int, other: str, place: int, size: int) -> str:
    """The longest string around `size` characters that both texts have, at `start` and at `place`."""
    before = equal_head(one[:start][::-1], other[:place][::-1])
    after = equal_head(one[start + size :], other[place + size :])
    return one[start - before : start + size + after]


def deciding_spans(ranks: Sequence[int | None], matches: pa.Table) -> dict[int, list[tuple[int, int]]]:
    """Spans (start, length) in the generation of every match with the candidate that decided a probe's outcome.

    `ranks`: of the deciding candidate by probe, None without one; `matches` has the columns `probe, rank,
    generation_start, generation_length`. Probes without a match have no entry.
    """
    spans: dict[int, list[tuple[int, int]]] = {}
    for match in matches.to_pylist():
        if match["rank"] == ranks[match["probe"]]:
            spans.setdefault(match["probe"], []).append((match["generation_start"], match["generation_length"]))
    return spans


def in_prefix(generation: str, spans: Sequence[tuple[int, int]], prefix: str) -> bool | None:
    """Whether every span of the generation stands in the prefix, white space and case aside; None without a span."""
    if not spans:
        return None
    return all(_plain(generation[start : start + length]) in _plain(prefix) for start, length in spans)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
