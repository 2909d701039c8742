"""The PAN 2015 text aligner (Sanchez-Perez et al., 2015), as adapted by Lee et al. (2023) and Zeng et al. (2024).

Two texts are compared sentence by sentence, neighbouring similar sentences grow into passages, one of several
overlapping passages is kept, short ones are dropped, and copied runs of words inside them are searched. One text is
*suspicious* (it may have copied) and the other its *source*; `AlignmentParameters.roles` says which is which.

Texts are prepared here, each once (`documents`); pairs are compared in compiled code, many a call (`kernel`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.detection import kernel
from memorization.detection.documents import Documents
from memorization.detection.text import Sentences, StemmerName, documents_of, sentence_model
from memorization.errors import UserError

TYPES = ("none", "verbatim", "summary", "other")
"""Names of the kernel's types."""

Roles = Literal["as_given", "swapped"]

MATCHES = storage.SCHEMAS["alignment"]
"""One row a detection, or one of type `none` without spans."""


@dataclass(frozen=True)
class AlignmentParameters:
    """The aligner's numbers, stemmer and roles; the defaults are those that all profiles share.

    Gaps and sizes hold for both sides. "Above" is strict, "at least" is not.
    """

    verbatim_length: int
    """A copied run of words has more characters than this on the suspicious side."""
    passage_length: int
    """A passage has at least this many characters on either side."""
    stemmer: StemmerName
    roles: Roles
    """`as_given`: the generation is suspicious; `swapped`: the suffix is, and the generation is its source."""
    seed_cosine: float = 0.30
    """Two similar sentences have a cosine above this."""
    seed_dice: float = 0.33
    """Two similar sentences have a Dice coefficient of their stems above this."""
    validation_cosine: float = 0.34
    """The two sides of a passage have a cosine above this."""
    gap: int = 4
    """Sentences that may lie between two seeds of one passage."""
    smallest_gap: int = 0
    """How far the gap is lowered for a passage that fails validation."""
    summary_gap: int = 24
    """The gap of the second pass, which looks for summaries."""
    sentence_size: int = 3
    """Content tokens below which a sentence is merged into the next one."""
    cluster_size: int = 1
    """Seeds that a passage has at least."""

    def __post_init__(self) -> None:
        """Refuse a stemmer or roles that do not exist."""
        for name, given, allowed in (
            ("stemmer", self.stemmer, get_args(StemmerName)),
            ("roles", self.roles, get_args(Roles)),
        ):
            if given not in allowed:
                raise UserError(f"alignment parameter {name}: {given!r} is unknown; allowed: {', '.join(allowed)}.")
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, int | float) and not 0 <= value < math.inf:
                raise UserError(f"alignment parameter {entry.name}: {value} is not allowed; give a number from 0 up.")

    @classmethod
    def profile(cls, name: str) -> AlignmentParameters:
        """Return `pan2015`, the aligner of the competition, or `zeng2024`, its use on generations."""
        profiles = {
            "zeng2024": cls(verbatim_length=50, passage_length=50, stemmer="porter", roles="swapped"),
            "pan2015": cls(verbatim_length=256, passage_length=150, stemmer="snowball", roles="as_given"),
        }
        if name not in profiles:
            raise UserError(f"alignment profile: {name!r} is unknown; allowed: {', '.join(profiles)}.")
        return profiles[name]


WORDS_HELD = 20_000_000
"""Words of prepared texts that an aligner keeps; some 60 bytes each."""


class Aligner:
    """Prepares texts, each once, and compares pairs of them under one set of parameters."""

    def __init__(self, parameters: AlignmentParameters, sentences: Sentences, threads: int | None = None) -> None:
        """Begin with no text; so many threads compare pairs, one for each processor where None."""
        self.parameters = parameters
        self.threads = threads or len(os.sched_getaffinity(0))
        self._sentences = sentences
        self._forget()

    def _forget(self) -> None:
        self._documents = Documents(self._sentences, self.parameters.stemmer, self.parameters.sentence_size)
        self._numbers: dict[str, int] = {}

    def compare(self, generations: Sequence[str], suffixes: Sequence[str]) -> pa.Table:
        """Compare generations[i] with suffixes[i], for each i; the table has the schema `MATCHES`.

        A long list may come in parts: texts stay prepared from one call to the next, until `WORDS_HELD` words are held;
        then all are let go. UserError where an entry is no text, ValueError where the lists differ in length.
        """
        if len(generations) != len(suffixes):
            raise ValueError(f"{len(generations)} generations but {len(suffixes)} suffixes: they are compared in pairs")
        given = [*documents_of(generations, "generation"), *documents_of(suffixes, "suffix")]
        if self._documents.size > WORDS_HELD:
            self._forget()
        new = [text for text in dict.fromkeys(given) if text not in self._numbers]
        self._numbers.update(zip(new, range(len(self._documents), len(self._documents) + len(new)), strict=True))
        self._documents.add(new)
        numbers = np.array([self._numbers[text] for text in given], np.int64).reshape(2, -1)
        swapped = self.parameters.roles == "swapped"
        with ThreadPoolExecutor(self.threads) as pool:
            detections = self._detections(np.ascontiguousarray(numbers[::-1] if swapped else numbers), pool)
        return table_of(len(generations), detections, swapped)

    def _detections(self, pairs: np.ndarray, pool: ThreadPoolExecutor) -> kernel.Detections:
        """Detections of pairs (2, pairs) of suspicious and source text; both compiled steps run side by side."""
        documents, parameters = self._documents, self.parameters
        numbers = kernel.Numbers(*(getattr(parameters, name) for name in kernel.Numbers._fields))

        def passages(part: range) -> kernel.Passages:
            own = pairs[:, part.start : part.stop]
            found: kernel.Passages = kernel.passages(documents.corpus, *own, documents.chunks.stem_count, numbers)
            return found._replace(pair=found.pair + part.start)

        found = _together(pool.map(passages, _parts(pairs.shape[1], self.threads)))
        fragments, extra = self._fragments(pairs, found)

        def decide(part: range) -> kernel.Detections:
            own = kernel.Passages(*(column[part.start : part.stop] for column in found))
            skipped = 2 * np.count_nonzero(found.summary[: part.start] == 0)
            items = fragments.items[skipped:]
            word_count, length = documents.chunks.word_count, parameters.verbatim_length
            given = (fragments._replace(items=items), documents.words, extra, word_count, length)
            detections: kernel.Detections = kernel.decide(documents.corpus, *pairs, own, *given)
            return detections

        # A pair's passages stay together.
        starts = np.flatnonzero(np.diff(found.pair, prepend=-1))
        bounds = np.append(starts, len(found.pair))
        parts = [range(bounds[part.start], bounds[part.stop]) for part in _parts(len(starts), self.threads)]
        together: kernel.Detections = _together(pool.map(decide, parts))
        return together

    def _fragments(self, pairs: np.ndarray, found: kernel.Passages) -> tuple[kernel.Fragments, kernel.Words]:
        """Sentences of the first pass's passages, cut anew."""
        corpus = self._documents.corpus
        first_pass = found.summary == 0
        sides = []
        ranges = (found.suspicious_first, found.suspicious_last), (found.source_first, found.source_last)
        for texts, (first, last) in zip(pairs[:, found.pair[first_pass]], ranges, strict=True):
            first = corpus.sentence_offsets[texts] + first[first_pass]
            last = corpus.sentence_offsets[texts] + last[first_pass]
            sides.append(
                (texts, corpus.starts[first], corpus.starts[last] + corpus.lengths[last] - corpus.starts[first])
            )
        # Suspicious and source in turn.
        return self._documents.fragments(
            *(np.stack(columns, axis=1).reshape(-1) for columns in zip(*sides, strict=True))
        )


def _parts(total: int, count: int) -> list[range]:
    """Neighbouring ranges of about the same length, at least one."""
    bounds = [total * part // count for part in range(count + 1)]
    return [range(start, end) for start, end in pairwise(bounds) if end > start] or [range(0)]


def _together(parts: Iterable[Any]) -> Any:
    """Tables of one kind, one behind the other."""
    tables = list(parts)
    return type(tables[0])(*map(np.concatenate, zip(*tables, strict=True)))


def align(
    generations: Sequence[str],
    suffixes: Sequence[str],
    parameters: AlignmentParameters,
    sentences: Sentences | None = None,
) -> pa.Table:
    """Compare generations[i] with suffixes[i], for each i; the table has the schema `MATCHES`.

    `sentences`: the sentence model, NLTK's English Punkt where none is given. Raises as `Aligner.compare` does.
    """
    return Aligner(parameters, sentences or sentence_model("punkt_english")).compare(generations, suffixes)


def table_of(pairs: int, detections: kernel.Detections, swapped: bool) -> pa.Table:
    """One row a detection, and one of type `none` for each pair without; `swapped`: the suffixes were suspicious."""
    without = np.setdiff1d(np.arange(pairs), detections.pair)
    numbers = np.concatenate([detections.pair, without])
    types = pa.DictionaryArray.from_arrays(detections.type, list(TYPES)).cast(pa.string())
    suspicious = (detections.suspicious_start, detections.suspicious_length)
    source = (detections.source_start, detections.source_length)
    spans = (*source, *suspicious) if swapped else (*suspicious, *source)
    nulls = pa.nulls(len(without), pa.int32())
    columns = [
        pa.array(numbers, pa.int32()),
        pa.concat_arrays([types, pa.array([TYPES[kernel.NONE]] * len(without), pa.string())]),
        *(pa.concat_arrays([pa.array(span, pa.int32()), nulls]) for span in spans),
    ]
    return pa.table(columns, MATCHES).take(pa.array(np.argsort(numbers, kind="stable")))
