"""What generations are compared with by the literature's definitions: suffixes and prompts as a tokenizer writes them.

Computed once for all runs on the same probes: most of the time of a comparison goes into the tokens of long suffixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from memorization import storage
from memorization.detection import passages
from memorization.progress import Progress
from memorization.schemas.probes import ProbesTable
from memorization.schemas.references import ReferencesTable

PROBES_PER_BATCH = 1_000


def reference_batches(probes: Path, dataset: Path, tokenizer: Tokenizer) -> Iterator[pa.RecordBatch]:
    """Batches of schema `references`, one row per probe, in their order.

    `dataset` contains the training inputs, `tokenizer` is the model's. A reference is the text that the tokens of the
    suffix decode to: T5's tokenizer replaces a line break by a space and drops unknown characters, so that no model
    could write the original suffix.
    """
    prefixes = storage.read(probes, ProbesTable, ["prefix"])["prefix"].to_pylist()
    inputs = inputs_with(prefixes, training_texts(dataset, "input"))
    with Progress(len(prefixes), "references", "probes") as progress:
        for batch in storage.stream(probes, ["probe", "prefix", "suffix"], PROBES_PER_BATCH):
            own = batch["prefix"].to_pylist()
            references, tokens = _references(batch["suffix"].to_pylist(), tokenizer)
            columns = {
                "probe": batch["probe"],
                "prompt": round_trip(own, tokenizer),
                "reference": references,
                "reference_tokens": tokens,
                "prefix_inputs": [inputs[prefix] for prefix in own],
            }
            yield pa.RecordBatch.from_pydict(columns, schema=ReferencesTable.arrow())
            progress.advance(batch.num_rows)


def _references(suffixes: list[str], tokenizer: Tokenizer) -> tuple[list[str], list[list[int]]]:
    """What the tokens of suffixes (n,) decode to, and the tokens of that."""
    tokens = tokens_of(suffixes, tokenizer)
    references = tokenizer.decode_batch(tokens)
    changed = [place for place, suffix in enumerate(suffixes) if references[place] != suffix]
    again = tokens_of([references[place] for place in changed], tokenizer)
    for place, ids in zip(changed, again, strict=True):
        tokens[place] = ids
    return references, tokens


def training_texts(dataset: Path, side: str) -> Iterator[str]:
    """Texts of a column (`input` or `target`) of the dataset's train split, in order."""
    for batch in storage.stream(dataset, ["split", side]):
        yield from batch[side].filter(pc.equal(batch["split"], "train")).to_pylist()


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
    heads = passages.Hashes(np.unique(np.concatenate([_hashes(head, size) for head in ["", *lengths]])))
    for text in inputs:
        # As a set: where a phrase fills an input, most of its places look alike.
        starts, _ = heads.found(_hashes(text, size))
        places = {text[start : start + longest] for start in starts.tolist()}
        contained = {
            part for place in places for length in lengths.get(place[:size], ()) if (part := place[:length]) in counts
        }
        for prefix in contained:
            counts[prefix] += 1
    return counts


def _hashes(text: str, size: int) -> np.ndarray:
    """Hashes of a text's passages of so many characters."""
    return passages.hashes_of(passages.characters(text), size)


def tokens_of(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[int]]:
    """Token ids of each text (n,), without special tokens."""
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def round_trip(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    """What the tokens of each text (n,) decode to."""
    return tokenizer.decode_batch(tokens_of(texts, tokenizer))
