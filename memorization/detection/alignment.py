"""The PAN 2015 text aligner (Sanchez-Perez et al., 2015), as adapted by Lee et al. (2023) and Zeng et al. (2024).

Two texts are compared sentence by sentence, neighbouring similar sentences grow into passages, one of several
overlapping passages is kept, short ones are dropped, and the passages are searched for copied runs of words. One text
is *suspicious* (it may have copied) and the other its *source*; `AlignmentParameters.roles` decides which is which.

Sentences are compared by their stems, which weigh the more the fewer sentences contain them. The published aligner
counts these among the sentences of the pair, so that a stem of all of them weighs nothing, and two texts of one
sentence each have nothing in common, not even where they are equal. `AlignmentParameters.frequencies` counts among the
sentences of a whole collection instead.

Texts are prepared here, each once (`documents`); compiled code compares many pairs per call (`kernel`). Preparing takes
time that grows with the characters. Comparing takes time that grows with the pairs of sentences, as the published
aligner compares each with each, and memory of a bit for each of them (of some bytes where as many passages overlap);
so one of two long texts should be of bounded length, as what a model writes is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from itertools import islice, pairwise
from typing import Literal, TypeVar, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import cores
from memorization.detection import kernel
from memorization.detection.documents import Documents
from memorization.detection.text import SentenceSplitter, StemmerName, checked_texts, sentence_model
from memorization.errors import UserError
from memorization.schemas.alignment import AlignmentTable

TYPES = ("none", "verbatim", "summary", "other")
"""Names of the kernel's types, by number."""

Roles = Literal["as_given", "swapped"]
Frequencies = Literal["pair", "collection"]

PAIRS_PER_CALL = 20_000
"""Pairs that are compared in one call where there are more."""

WORDS_IN_MEMORY = 20_000_000
"""Words of prepared texts that an aligner keeps; some 60 bytes each."""


@dataclass(frozen=True)
class AlignmentParameters:
    """Parameters of the aligner: thresholds, stemmer and roles; the defaults are those that all profiles share.

    Gaps and sizes apply to both sides. "Above" is strict, "at least" is not.
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
    """Sentences that two seeds of one passage may have between them."""
    smallest_gap: int = 0
    """The smallest gap that is tried for a passage that fails validation."""
    summary_gap: int = 24
    """The gap of the second pass, which searches for summaries."""
    sentence_size: int = 3
    """Content tokens below which a sentence is merged into the next one."""
    cluster_size: int = 1
    """A passage has at least this many seeds."""
    frequencies: Frequencies = "pair"
    """Where N sentences, and the df of them that contain a stem, are counted.

    `pair`: in the two texts; a stem weighs ln(N / df). `collection`: in a whole collection of texts; a stem weighs
    ln((1 + N) / (1 + df)) + 1, as in scikit-learn's `TfidfTransformer`.
    """

    def __post_init__(self) -> None:
        """UserError for an unknown stemmer, roles or place of frequencies, and for a number below 0."""
        for name, value, allowed in (
            ("stemmer", self.stemmer, get_args(StemmerName)),
            ("roles", self.roles, get_args(Roles)),
            ("frequencies", self.frequencies, get_args(Frequencies)),
        ):
            if value not in allowed:
                raise UserError(f"alignment parameter {name}: {value!r} is unknown; allowed: {', '.join(allowed)}.")
        for field in fields(self):
            number = getattr(self, field.name)
            if isinstance(number, int | float) and not 0 <= number < math.inf:
                raise UserError(f"alignment parameter {field.name}: {number} is not allowed; give a number from 0 up.")

    @classmethod
    def profile(cls, name: str, **changed: float) -> AlignmentParameters:
        """Return the parameters of a profile, some of them changed.

        `pan2015` is the aligner of the competition, `zeng2024` its use on generations, and `collection` the same with
        frequencies of a collection and thresholds of its own (docs/benchmarks.md). UserError for another name.
        """
        zeng2024 = cls(verbatim_length=50, passage_length=50, stemmer="porter", roles="swapped")
        profiles = {
            "zeng2024": zeng2024,
            "pan2015": cls(verbatim_length=256, passage_length=150, stemmer="snowball", roles="as_given"),
            "collection": replace(
                zeng2024, frequencies="collection", seed_cosine=0.30, seed_dice=0.40, validation_cosine=0.60
            ),
        }
        if name not in profiles:
            raise UserError(f"alignment profile: {name!r} is unknown; allowed: {', '.join(profiles)}.")
        return replace(profiles[name], **changed)  # type: ignore[arg-type]


class Aligner:
    """Prepares texts, each once, and compares pairs of them under one set of parameters."""

    def __init__(
        self,
        parameters: AlignmentParameters,
        sentences: SentenceSplitter,
        threads: int | None = None,
        collection: Iterable[str] | None = None,
    ) -> None:
        """Begin with no text; `threads` compare pairs, one thread per processor where None.

        `collection`: the texts in which frequencies are counted, if the parameters count them there; they are read one
        by one, and a text that occurs twice counts twice. UserError where they are missing, or given and not counted.
        """
        if (collection is None) == (parameters.frequencies == "collection"):
            given = "no collection is given" if collection is None else "a collection is given"
            raise UserError(
                f"alignment parameter frequencies: it is {parameters.frequencies!r}, but {given}; `collection` takes "
                "the texts whose sentences are counted where it is 'collection', and is left out where it is 'pair'."
            )
        self.parameters = parameters
        self.threads = threads or cores.available()
        self._sentences = sentences
        self._forget()
        self._collection_sentences = 0
        self._frequencies: Counter[str] = Counter()
        if collection is not None:
            self._count(checked_texts(collection, "collection: text"))

    def _forget(self) -> None:
        self._documents = Documents(self._sentences, self.parameters.stemmer, self.parameters.sentence_size)
        self._numbers: dict[str, int] = {}

    def _prepared(self, texts: list[str]) -> np.ndarray:
        """Numbers (texts,) of texts, which are prepared if they are new."""
        if self._documents.size > WORDS_IN_MEMORY:
            self._forget()
        new = [text for text in dict.fromkeys(texts) if text not in self._numbers]
        self._numbers.update(zip(new, range(len(self._documents), len(self._documents) + len(new)), strict=True))
        self._documents.add(new)
        return np.array([self._numbers[text] for text in texts], np.int64)

    def _count(self, collection: Iterator[str]) -> None:
        """Count the sentences of a collection, and those that contain each stem."""
        while part := list(islice(collection, PAIRS_PER_CALL)):
            numbers = self._prepared(part)
            names = self._documents.chunks.stem_names
            counts = np.zeros(len(names), np.int64)
            self._collection_sentences += kernel.add_document_frequencies(self._documents.corpus, numbers, counts)
            # By stem: numbers begin again when texts are released.
            self._frequencies.update({names[stem]: int(counts[stem]) for stem in np.flatnonzero(counts)})

    def _stem_weights(self) -> np.ndarray:
        """Weight of each stem in the collection (stems,); empty where weights follow from the pair.

        Smoothed as if one more sentence contained every stem, and raised by 1, so that no weight is 0 and equal texts
        have a cosine of 1, whatever the collection.
        """
        if self.parameters.frequencies == "pair":
            return np.empty(0)
        total, frequencies = 1 + self._collection_sentences, self._frequencies
        names = self._documents.chunks.stem_names
        return np.array([math.log(total / (1 + frequencies[name])) + 1 for name in names], np.float64)

    def compare(self, generations: Sequence[str], suffixes: Sequence[str]) -> pa.Table:
        """Compare generations[i] with suffixes[i], for each i; returns a table of schema `alignment`, by pair.

        A long list may be compared in parts: texts stay prepared from one call to the next, until `WORDS_IN_MEMORY`
        words are in memory; then all are released. UserError where an entry is not text, ValueError where the lists
        differ in length.
        """
        if len(generations) != len(suffixes):
            raise ValueError(f"{len(generations)} generations but {len(suffixes)} suffixes: they are compared in pairs")
        texts = [*checked_texts(generations, "generation"), *checked_texts(suffixes, "suffix")]
        numbers = self._prepared(texts).reshape(2, -1)
        swapped = self.parameters.roles == "swapped"
        with ThreadPoolExecutor(self.threads) as pool:
            detections = self._detections(np.ascontiguousarray(numbers[::-1] if swapped else numbers), pool)
        return _alignment_table(len(generations), detections, swapped)

    def compare_streams(self, generations: Iterator[str], suffixes: Iterator[str]) -> Iterator[tuple[int, pa.Table]]:
        """Compare two streams of as many texts in pairs, `PAIRS_PER_CALL` at a time.

        Yields for each part the number of its pairs and its table as `compare` returns it, with pairs numbered through
        the whole stream. Raises as `compare` does.
        """
        first = 0
        while part := list(islice(generations, PAIRS_PER_CALL)):
            table = self.compare(part, list(islice(suffixes, len(part))))
            pairs = pc.add(table["pair"], pa.scalar(first, pa.int32()))
            yield len(part), table.set_column(0, table.schema.field("pair"), pairs)
            first += len(part)

    def _detections(self, pairs: np.ndarray, pool: ThreadPoolExecutor) -> kernel.Detections:
        """Detections of pairs (2, pairs) of suspicious and source text; threads share the pairs in both steps."""
        documents, parameters = self._documents, self.parameters
        numbers = kernel.Numbers(*(getattr(parameters, name) for name in kernel.Numbers._fields))
        stem_count, weights = documents.chunks.stem_count, self._stem_weights()

        def passages_of(part: range) -> kernel.Passages:
            texts = pairs[:, part.start : part.stop]
            own: kernel.Passages = kernel.passages(documents.corpus, *texts, stem_count, weights, numbers)
            return own._replace(pair=own.pair + part.start)

        passages = _concatenated(pool.map(passages_of, _parts(pairs.shape[1], self.threads)))
        fragments, extra = self._fragments(pairs, passages)

        def decide(part: range) -> kernel.Detections:
            own = kernel.Passages(*(column[part.start : part.stop] for column in passages))
            skipped = 2 * np.count_nonzero(passages.summary[: part.start] == 0)
            items = fragments.items[skipped:]
            word_count, length = documents.chunks.word_count, parameters.verbatim_length
            words = (fragments._replace(items=items), documents.words, extra, word_count, length)
            detections: kernel.Detections = kernel.decide(documents.corpus, *pairs, own, *words)
            return detections

        # A pair's passages stay together.
        starts = np.flatnonzero(np.diff(passages.pair, prepend=-1))
        bounds = np.append(starts, len(passages.pair))
        parts = [range(bounds[part.start], bounds[part.stop]) for part in _parts(len(starts), self.threads)]
        return _concatenated(pool.map(decide, parts))

    def _fragments(self, pairs: np.ndarray, passages: kernel.Passages) -> tuple[kernel.Fragments, kernel.Words]:
        """Sentences of the first pass's passages, split again."""
        corpus = self._documents.corpus
        first_pass = passages.summary == 0
        sides = []
        ranges = (
            (passages.suspicious_first, passages.suspicious_last),
            (passages.source_first, passages.source_last),
        )
        for texts, (first, last) in zip(pairs[:, passages.pair[first_pass]], ranges, strict=True):
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


Table = TypeVar("Table", kernel.Passages, kernel.Detections)


def _concatenated(parts: Iterable[Table]) -> Table:
    """One table from several, one after the other."""
    tables = list(parts)
    return type(tables[0])(*map(np.concatenate, zip(*tables, strict=True)))


def align(
    generations: Sequence[str],
    suffixes: Sequence[str],
    parameters: AlignmentParameters,
    sentences: SentenceSplitter | None = None,
) -> pa.Table:
    """Compare generations[i] with suffixes[i], for each i; returns a table of schema `alignment`, by pair.

    `sentences`: the sentence model, NLTK's English Punkt where None. The suffixes are the collection if the parameters
    count frequencies in one. Raises as `Aligner.compare` does.
    """
    collection = suffixes if parameters.frequencies == "collection" else None
    aligner = Aligner(parameters, sentences or sentence_model("punkt_english"), collection=collection)
    return aligner.compare(generations, suffixes)


def _alignment_table(pairs: int, detections: kernel.Detections, swapped: bool) -> pa.Table:
    """One row per detection, and one of type `none` per pair without any; `swapped`: the suffixes were suspicious."""
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
    return pa.table(columns, AlignmentTable.arrow()).take(pa.array(np.argsort(numbers, kind="stable")))
