"""From generations and candidates to matches: the aligner over a whole run, streamed."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import segmentation, storage
from memorization.detection import alignment
from memorization.detection.text import SentenceSplitter
from memorization.progress import Progress
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.probes import ProbesTable

CHARACTERS_PER_PASS = 80_000_000
"""Suffixes of so many characters are compared in one pass over the candidates; an aligner keeps them prepared."""


@dataclass(frozen=True)
class MatchFiles:
    """Files of a run whose generations are aligned with their candidates."""

    generations: Path
    candidates: Path
    probes: Path


def match_batches(
    files: MatchFiles,
    sentences: SentenceSplitter,
    parameters: alignment.AlignmentParameters,
    threads: int,
    segmented: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `matches`: every detection between a generation and one of its candidates, by probe and rank.

    `files` may contain a part of the run's generations and candidates; the probes are all of the run's, and their
    suffixes are the collection if the parameters count frequencies in one. `segmented`: the dataset's `segmentation`;
    then `sentences` splits the readable forms of texts, which are aligned, and the aligner's lengths count their
    spaces. Spans are those of the texts themselves.

    Where suffixes are longer than `CHARACTERS_PER_PASS`, they are compared in several passes, so that each is prepared
    once and not again and again; matches of all passes but the last are then in memory.
    """
    # A generation has several candidates, and a suffix is that of several generations.
    read = functools.lru_cache(alignment.PAIRS_PER_CALL)(segmentation.reader(segmented))
    generations = _NumberedTexts(storage.read(files.generations, GenerationsTable, ["probe", "generation"]))
    suffixes = _NumberedTexts(storage.read(files.probes, ProbesTable, ["probe", "suffix"]))
    collection = list(map(read, suffixes.texts.to_pylist())) if parameters.frequencies == "collection" else None
    aligner = alignment.Aligner(parameters, sentences, threads, collection)
    # In readable forms characters are words.
    passes = suffixes.ranges(CHARACTERS_PER_PASS // (1 if segmented is None else 5))
    # By batch of candidates: rows of those that match, with their matches.
    found = defaultdict[int, list[tuple[np.ndarray, pa.Table]]](list)
    with Progress(storage.rows_of(files.candidates), "alignment", "pairs") as progress:
        for searched in passes:
            candidates = storage.stream(files.candidates, ["probe", "rank", "document"], alignment.PAIRS_PER_CALL)
            for number, batch in enumerate(candidates):
                places = suffixes.places(batch["document"]).to_numpy()
                rows = np.flatnonzero((places >= searched.start) & (places < searched.stop))
                pairs = batch.take(rows)
                texts = (generations.take(pairs["probe"]), suffixes.take(pairs["document"]))
                aligned = aligner.compare(*(list(map(read, side)) for side in texts))
                detections = aligned.filter(pc.not_equal(aligned["type"], "none"))
                matches = _numbered(detections, pairs)
                if segmented is not None:
                    matches = _in_originals(matches, generations, suffixes)
                found[number].append((rows[detections["pair"].to_numpy()], matches))
                if searched is passes[-1]:
                    yield from _in_order(found.pop(number)).to_batches()
                progress.advance(len(rows))


def _in_order(parts: list[tuple[np.ndarray, pa.Table]]) -> pa.Table:
    """Rows of tables, given with the numbers by which they are ordered."""
    numbers, tables = zip(*parts, strict=True)
    order = np.argsort(np.concatenate(numbers), kind="stable")
    return pa.concat_tables(tables).take(order).combine_chunks()


class _NumberedTexts:
    """The second column of a table, by the numbers in its first."""

    def __init__(self, table: pa.Table) -> None:
        self.numbers, self.texts = (column.combine_chunks() for column in table.columns)

    def places(self, numbers: pa.Array) -> pa.Array:
        """Places of the texts with these numbers; KeyError where there is none."""
        places = pc.index_in(numbers, value_set=self.numbers)
        if places.null_count:
            raise KeyError(f"probe {numbers.filter(pc.is_null(places))[0]} has no text")
        return places

    def take(self, numbers: pa.Array) -> list[str]:
        """Texts with these numbers, in their order; KeyError where there is none."""
        # A text that occurs several times is made a Python object once.
        different = self.places(numbers).dictionary_encode()
        texts = self.texts.take(different.dictionary).to_pylist()
        return [texts[place] for place in different.indices.to_pylist()]

    def ranges(self, characters: int) -> list[range]:
        """Neighbouring places, in ranges of about so many characters; at least one range."""
        lengths = pc.utf8_length(self.texts).to_numpy().astype(np.int64)
        numbers = (np.cumsum(lengths) - lengths) // characters
        bounds = [*np.flatnonzero(np.diff(numbers, prepend=-1)).tolist(), len(numbers)]
        return [range(*bound) for bound in pairwise(bounds)] or [range(0)]


def _numbered(detections: pa.Table, candidates: pa.RecordBatch) -> pa.Table:
    """Detections (schema `alignment`, by pair) as matches of the candidates, numbered from 0 within each of them."""
    pairs = detections["pair"].combine_chunks()
    order = pairs.to_numpy()
    first_of_pair = np.flatnonzero(np.diff(order, prepend=-1))
    spans = np.arange(len(order)) - np.repeat(first_of_pair, np.diff(first_of_pair, append=len(order)))
    columns = {name: candidates[name].take(pairs) for name in ("probe", "rank", "document")}
    columns["span"] = pa.array(spans, pa.int32())
    columns |= {name: detections[name].combine_chunks() for name in MatchesTable.arrow().names[4:]}
    return pa.table(columns).cast(MatchesTable.arrow())


def _in_originals(matches: pa.Table, generations: _NumberedTexts, suffixes: _NumberedTexts) -> pa.Table:
    """Matches of readable forms with their spans in the texts themselves."""
    for side, texts, number in (("generation", generations, "probe"), ("suffix", suffixes, "document")):
        columns = [f"{side}_start", f"{side}_length"]
        starts, lengths = (matches[column].to_numpy() for column in columns)
        spans = np.empty((len(matches), 2), np.int32)
        for row, text in enumerate(texts.take(matches[number].combine_chunks())):
            readable = segmentation.by_characters(text)
            spans[row] = readable.origins(np.array([starts[row], starts[row] + lengths[row]]))
        for column, values in zip(columns, (spans[:, 0], spans[:, 1] - spans[:, 0]), strict=True):
            matches = matches.set_column(matches.schema.get_field_index(column), column, pa.array(values))
    return matches.cast(MatchesTable.arrow())
