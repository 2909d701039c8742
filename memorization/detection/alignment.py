"""The PAN 2015 text aligner (Sanchez-Perez et al., 2015), as adapted by Lee et al. (2023) and Zeng et al. (2024).

Two texts are compared sentence by sentence (`seeds`), neighbouring similar sentences grow into passages (`clusters`,
`validate`), one of several overlapping passages is kept (`resolve_overlaps`), short ones are dropped, and copied runs
of words inside them are searched (`verbatim_runs`). `decide` puts a type on the pair.

One text is *suspicious* (it may have copied) and the other its *source*; `AlignmentParameters.roles` says which is
which. Sentences are counted from 0 within their text, ranges of sentences include both ends, lengths are in
characters of the given texts. Weights and similarities are double precision and summed in the order in which the
stems appear, so that a result depends on nothing but the pair.
"""

import functools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from operator import itemgetter
from typing import Literal, NamedTuple, get_args

import pyarrow as pa

from memorization.detection.text import (
    Sentences,
    StemmerName,
    documents_of,
    is_content,
    sentence_model,
    stemmer,
    tokens,
    word_spans,
)
from memorization.errors import UserError

MatchType = Literal["none", "verbatim", "summary", "other"]
Roles = Literal["as_given", "swapped"]

MATCHES = pa.schema(
    [
        pa.field("pair", pa.int32(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("generation_start", pa.int32()),
        pa.field("generation_length", pa.int32()),
        pa.field("suffix_start", pa.int32()),
        pa.field("suffix_length", pa.int32()),
    ]
)
"""One row a detection, or one of type `none` without spans; starts and lengths in characters."""

SUMMARY_RATIO = 3
"""A summary's source passages have at least this many times the characters of the suspicious ones."""

SAME_PASSAGE = 0.99
"""Two overlapping passages that both explain their sentences better than this are told apart by their length."""

TOKENIZED_SENTENCES = 16_384
"""Sentences whose tokens are remembered, some 2 kB each."""


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
    def profile(cls, name: str) -> "AlignmentParameters":
        """Return `pan2015`, the aligner of the competition, or `zeng2024`, its use on generations."""
        profiles = {
            "zeng2024": cls(verbatim_length=50, passage_length=50, stemmer="porter", roles="swapped"),
            "pan2015": cls(verbatim_length=256, passage_length=150, stemmer="snowball", roles="as_given"),
        }
        if name not in profiles:
            raise UserError(f"alignment profile: {name!r} is unknown; allowed: {', '.join(profiles)}.")
        return profiles[name]


class Seed(NamedTuple):
    """Two similar sentences, by their numbers."""

    suspicious: int
    source: int


class Case(NamedTuple):
    """A passage: first and last sentence, both included, on each side."""

    suspicious: tuple[int, int]
    source: tuple[int, int]


class Detection(NamedTuple):
    """Two spans, in characters."""

    suspicious_start: int
    suspicious_length: int
    source_start: int
    source_length: int

    def swapped(self) -> "Detection":
        """Return the same spans with the sides exchanged."""
        return Detection(self.source_start, self.source_length, self.suspicious_start, self.suspicious_length)


Vector = Mapping[str, float]
Word = tuple[str, int, int]


@dataclass
class Document:
    """One prepared text: `starts`, `lengths` and `frequencies` (of stems) have an entry a merged sentence."""

    text: str
    starts: list[int]
    lengths: list[int]
    frequencies: list[dict[str, int]]
    sentence_counts: Counter[str]
    """Number of merged sentences that hold a stem."""
    words: dict[tuple[int, int], list[Word]] = field(default_factory=dict, repr=False)
    """Words of the spans (start, length) asked for so far: a suffix is compared with many generations."""

    def span(self, sentences: tuple[int, int]) -> tuple[int, int]:
        """Start and length, in characters, from the first to the last of the sentences."""
        first, last = sentences
        return self.starts[first], self.starts[last] + self.lengths[last] - self.starts[first]


class Aligner:
    """Prepares texts and compares pairs of them under one set of parameters."""

    def __init__(self, parameters: AlignmentParameters, sentences: Sentences) -> None:
        """Keep what all pairs share, the memory of stems included."""
        self.parameters = parameters
        self.sentences = sentences
        self._stem = stemmer(parameters.stemmer)
        # The verbatim step cuts passages into sentences anew and mostly finds those of the preparation again.
        self._tokens = functools.lru_cache(TOKENIZED_SENTENCES)(tokens)

    def prepare(self, text: str) -> Document:
        """Sentences of the text as frequencies of stems, the short ones merged (preprocessing step)."""
        readable = text.replace("\0", " ")
        starts: list[int] = []
        lengths: list[int] = []
        frequencies: list[dict[str, int]] = []
        for start, end in self.sentences.span_tokenize(readable):
            counts: dict[str, int] = {}
            for token in self._tokens(readable[start:end]):
                if is_content(token):
                    stem = self._stem(token)
                    counts[stem] = counts.get(stem, 0) + 1
            if counts:
                starts.append(start)
                lengths.append(end - start)
                frequencies.append(counts)
        merge_short_sentences(starts, lengths, frequencies, self.parameters.sentence_size)
        sentence_counts = Counter(stem for counts in frequencies for stem in counts)
        return Document(text, starts, lengths, frequencies, sentence_counts)

    def compare(self, suspicious: Document, source: Document) -> tuple[MatchType, list[Detection]]:
        """Type of the pair and its detections (all steps after preprocessing)."""
        pair = Pair(suspicious, source, self.parameters)
        seeds = pair.seeds()
        if not seeds:
            return "none", []
        passages = pair.passages(seeds, self.parameters.gap)
        runs = [run for case in passages for run in self._verbatim_runs(pair, case)]
        if runs:
            return "verbatim", runs
        return decide(
            [pair.detection(case) for case in passages],
            [pair.detection(case) for case in pair.passages(seeds, self.parameters.summary_gap)],
        )

    def _verbatim_runs(self, pair: "Pair", case: Case) -> list[Detection]:
        suspicious = self._words(pair.suspicious, case.suspicious)
        source = self._words(pair.source, case.source)
        return verbatim_runs(suspicious, source, self.parameters.verbatim_length)

    def _words(self, document: Document, sentences: tuple[int, int]) -> list[Word]:
        """Words of a passage: its raw characters are cut into sentences anew, punctuation and stems play no part."""
        span = document.span(sentences)
        if span not in document.words:
            offset, length = span
            passage = document.text[offset : offset + length]
            document.words[span] = [
                (word, offset + start + word_start, offset + start + word_end)
                for start, end in self.sentences.span_tokenize(passage)
                for word, word_start, word_end in word_spans(passage[start:end], self._tokens(passage[start:end]))
            ]
        return document.words[span]


def merge_short_sentences(
    starts: list[int], lengths: list[int], frequencies: list[dict[str, int]], smallest: int
) -> None:
    """Merge sentences of fewer than `smallest` tokens into the next one, in place; the last stays as it is.

    The merged length is the sum of both: where there was space between them the span ends that much too early. That
    is what the published aligner does, and its offsets are kept.
    """
    position = 0
    while position < len(starts) - 1:
        if sum(frequencies[position].values()) >= smallest:
            position += 1
            continue
        # The same position is looked at again, so that several short sentences chain.
        for stem, count in frequencies.pop(position + 1).items():
            frequencies[position][stem] = frequencies[position].get(stem, 0) + count
        lengths[position] += lengths.pop(position + 1)
        del starts[position + 1]


class Pair:
    """Two prepared documents, the weights of their stems, and what is computed from these."""

    def __init__(self, suspicious: Document, source: Document, parameters: AlignmentParameters) -> None:
        """Weigh both sides and compare every sentence of one with every sentence of the other."""
        self.suspicious = suspicious
        self.source = source
        self.parameters = parameters
        self._suspicious_weights, self._source_weights = weigh(suspicious, source)
        self._suspicious_norms = [norm(vector) for vector in self._suspicious_weights]
        self._source_norms = [norm(vector) for vector in self._source_weights]
        # Of each suspicious sentence, {source sentence: cosine} and {source sentence: shared stems}, where any is.
        self._cosines: list[dict[int, float]] = []
        self._shared: list[dict[int, int]] = []
        self._compare_sentences()

    def _compare_sentences(self) -> None:
        """Fill cosines and shared stems by way of an index of the source, since most sentences share nothing."""
        postings: dict[str, list[tuple[int, float]]] = {}
        for number, vector in enumerate(self._source_weights):
            for stem, weight in vector.items():
                postings.setdefault(stem, []).append((number, weight))
        for vector, own_norm in zip(self._suspicious_weights, self._suspicious_norms, strict=True):
            products: dict[int, float] = {}
            shared: dict[int, int] = {}
            for stem, weight in vector.items():
                for number, other in postings.get(stem, ()):
                    products[number] = products.get(number, 0.0) + weight * other
                    shared[number] = shared.get(number, 0) + 1
            cosines = {n: quotient(product, own_norm * self._source_norms[n]) for n, product in products.items()}
            self._cosines.append(cosines)
            self._shared.append(shared)

    def seeds(self) -> list[Seed]:
        """Pairs of similar sentences (seeding step), by suspicious and then source sentence; both tests are strict."""
        found: list[Seed] = []
        for number, (cosines, shared) in enumerate(zip(self._cosines, self._shared, strict=True)):
            size = len(self._suspicious_weights[number])
            for other in sorted(cosines):
                dice = 2 * shared[other] / (size + len(self._source_weights[other]))
                if cosines[other] > self.parameters.seed_cosine and dice > self.parameters.seed_dice:
                    found.append(Seed(number, other))
        return found

    def passages(self, seeds: list[Seed], gap: int) -> list[Case]:
        """Cases that stand after the extension and filtering steps, in the order of their suspicious sides."""
        cases = self.resolve_overlaps(list(self.validate(seeds, gap)))
        return [case for case in cases if self.is_long_enough(case)]

    def validate(self, seeds: list[Seed], gap: int) -> Iterator[Case]:
        """Grow seeds into cases whose sides are similar as a whole; what is not is tried with ever smaller gaps."""
        for group in clusters(seeds, gap, self.parameters.cluster_size):
            case = enclosing_case(group)
            if self._fragment_cosine(case) > self.parameters.validation_cosine:
                yield case
            elif gap > self.parameters.smallest_gap:
                yield from self.validate(group, gap - 1)

    def _fragment_cosine(self, case: Case) -> float:
        """Cosine of the two sums of all sentences in the case's ranges, seeds or not."""
        suspicious = add_up(self._suspicious_weights[case.suspicious[0] : case.suspicious[1] + 1])
        source = add_up(self._source_weights[case.source[0] : case.source[1] + 1])
        product = sum(weight * source[stem] for stem, weight in suspicious.items() if stem in source)
        return quotient(product, norm(suspicious) * norm(source))

    def resolve_overlaps(self, cases: list[Case]) -> list[Case]:
        """Of cases that share suspicious sentences, keep the one that explains its sentences best (filtering step)."""
        cases = sorted(cases, key=lambda case: case.suspicious[0])
        kept: list[Case] = []
        position = 0
        is_out = False  # whether the incumbent is the last of `kept`, rather than the case at `position`
        while position < len(cases):
            incumbent = kept[-1] if is_out else cases[position]
            later = cases[position + 1 :]
            challengers = [case for case in later if case.suspicious[0] <= incumbent.suspicious[1]]
            if is_out:
                kept.pop()
            kept.append(self._winner(incumbent, challengers))
            # Challengers are passed over, but their winner stays the incumbent for the cases behind them.
            is_out = bool(challengers)
            position += len(challengers) or 1
        return kept

    def _winner(self, incumbent: Case, challengers: Sequence[Case]) -> Case:
        """Compare the incumbent with each challenger in turn; the best similarity so far must be exceeded."""
        winner, best = incumbent, 0.0
        for challenger in challengers:
            own = self._overlap_similarity(incumbent, challenger)
            others = self._overlap_similarity(challenger, incumbent)
            if own > SAME_PASSAGE and others > SAME_PASSAGE:
                longer = sentence_count(challenger.suspicious) > sentence_count(incumbent.suspicious)
                candidate, similarity = (challenger, others) if longer else (incumbent, own)
            elif others > own:
                candidate, similarity = challenger, others
            else:
                continue
            if similarity > best:
                winner, best = candidate, similarity
        return winner

    def _overlap_similarity(self, case: Case, other: Case) -> float:
        """How well a case's source explains its suspicious sentences, those shared with the other case first."""
        first = max(case.suspicious[0], other.suspicious[0])
        last = min(case.suspicious[1], other.suspicious[1])
        shared: list[float] = []
        rest: list[float] = []
        for number in range(case.suspicious[0], case.suspicious[1] + 1):
            best = self._best_cosine(number, case.source)
            (shared if first <= number <= last else rest).append(best)
        overlap = sum(shared) / len(shared)
        return overlap + (1 - overlap) * (sum(rest) / len(rest)) if rest else overlap

    def _best_cosine(self, number: int, sources: tuple[int, int]) -> float:
        """Highest cosine of one suspicious sentence to any sentence of a source range."""
        first, last = sources
        return max((cosine for n, cosine in self._cosines[number].items() if first <= n <= last), default=0.0)

    def is_long_enough(self, case: Case) -> bool:
        """Whether both sides have the characters of a passage (filtering step)."""
        detection = self.detection(case)
        return min(detection.suspicious_length, detection.source_length) >= self.parameters.passage_length

    def detection(self, case: Case) -> Detection:
        """Return the case in characters."""
        return Detection(*self.suspicious.span(case.suspicious), *self.source.span(case.source))


def weigh(suspicious: Document, source: Document) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Weight vectors of both sides: tf * ln(N / df) over the sentences of both documents, without smoothing.

    A stem that stands in every sentence weighs 0 and stays in its vector, since the Dice coefficient counts it.
    """
    total = len(suspicious.frequencies) + len(source.frequencies)
    counts = suspicious.sentence_counts + source.sentence_counts
    inverse = {stem: math.log(total / count) for stem, count in counts.items()}

    def vectors(document: Document) -> list[dict[str, float]]:
        return [{stem: tf * inverse[stem] for stem, tf in tfs.items()} for tfs in document.frequencies]

    return vectors(suspicious), vectors(source)


def norm(vector: Vector) -> float:
    """Euclidean length."""
    return math.sqrt(sum(weight * weight for weight in vector.values()))


def quotient(product: float, norms: float) -> float:
    """Cosine from a scalar product and a product of norms; 0 where a norm is."""
    return product / norms if norms else 0.0


def add_up(vectors: Iterable[Vector]) -> dict[str, float]:
    """Sum of vectors."""
    total: dict[str, float] = {}
    for vector in vectors:
        for stem, weight in vector.items():
            total[stem] = total.get(stem, 0.0) + weight
    return total


def clusters(seeds: list[Seed], gap: int, smallest: int) -> list[list[Seed]]:
    """Groups of seeds that are near each other on both sides (extension step, clustering).

    The two sides take turns, beginning with the suspicious one, until a turn splits a group no further. One group
    after the very first turn proves nothing about the other side, so that turn is always followed by another.
    """
    found: list[list[Seed]] = []
    # An explicit stack, because each split may be followed by another on the other side, without a small bound.
    waiting = [(seeds, 0, True)]
    while waiting:
        group, side, is_first = waiting.pop()
        parts = split_at_gaps(group, side, gap, smallest)
        if len(parts) > 1 or is_first:
            waiting.extend((part, 1 - side, False) for part in reversed(parts))
        else:
            found.extend(parts)
    return found


def split_at_gaps(seeds: list[Seed], side: int, gap: int, smallest: int) -> list[list[Seed]]:
    """Sort seeds by one side, cut where more than `gap` sentences lie between, keep parts of `smallest` seeds up."""
    if not seeds:
        return []
    ordered = sorted(seeds, key=itemgetter(side))
    parts = [[ordered[0]]]
    for previous, seed in pairwise(ordered):
        if seed[side] - previous[side] - 1 > gap:
            parts.append([])
        parts[-1].append(seed)
    return [part for part in parts if len(part) >= smallest]


def enclosing_case(seeds: list[Seed]) -> Case:
    """Range of sentences, first to last, on each side."""
    suspicious = [seed.suspicious for seed in seeds]
    source = [seed.source for seed in seeds]
    return Case((min(suspicious), max(suspicious)), (min(source), max(source)))


def sentence_count(sentences: tuple[int, int]) -> int:
    """Sentences in a range that includes both ends."""
    return sentences[1] - sentences[0] + 1


def verbatim_runs(suspicious: list[Word], source: list[Word], length: int) -> list[Detection]:
    """Copied runs of words with more than `length` suspicious characters, by their suspicious end (verbatim step).

    A run whose source range lies in another run's is dropped; a passage copied twice therefore loses both copies.
    """
    runs = [
        Detection(
            suspicious[end - count + 1][1],
            suspicious[end][2] - suspicious[end - count + 1][1],
            source[source_end - count + 1][1],
            source[source_end][2] - source[source_end - count + 1][1],
        )
        for end, source_end, count in common_runs([word for word, _, _ in suspicious], [word for word, _, _ in source])
    ]
    return drop_inner_runs([run for run in runs if run.suspicious_length > length])


def common_runs(suspicious: Sequence[str], source: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """All maximal common runs of words: (last suspicious word, last source word, number of words).

    Walks through the suspicious words and keeps only the source positions where a run stands: time and memory follow
    the matching words, never words times words.
    """
    positions: dict[str, list[int]] = {}
    for number, word in enumerate(source):
        positions.setdefault(word, []).append(number)
    previous: dict[int, int] = {}
    # Past the last word nothing matches, which ends the runs that reach it.
    for number in range(len(suspicious) + 1):
        matches = positions.get(suspicious[number], ()) if number < len(suspicious) else ()
        current = {other: previous.get(other - 1, 0) + 1 for other in matches}
        for other, count in previous.items():
            if other + 1 not in current and other + 1 < len(source):
                yield number - 1, other, count
        # A run that reaches the end of the source comes before the others that end at the same suspicious word.
        if len(source) - 1 in current:
            yield number, len(source) - 1, current[len(source) - 1]
        previous = current


def drop_inner_runs(runs: list[Detection]) -> list[Detection]:
    """Keep runs whose source range lies in no other run's, in the given order."""

    def ends(run: Detection) -> tuple[int, int]:
        return run.source_start, run.source_start + run.source_length

    # By start, the longest first: a range lies in another exactly where one before it reaches as far as it does, or
    # where the next one is the same range.
    ranges = Counter(ends(run) for run in runs)
    inner: set[tuple[int, int]] = {span for span, count in ranges.items() if count > 1}
    reach = -1
    for start, end in sorted(ranges, key=lambda span: (span[0], -span[1])):
        if end <= reach:
            inner.add((start, end))
        reach = max(reach, end)
    return [run for run in runs if ends(run) not in inner]


def decide(passages: list[Detection], summary_passages: list[Detection]) -> tuple[MatchType, list[Detection]]:
    """Type and detections of a pair without verbatim runs, from its first and its summary pass."""
    source = sum(passage.source_length for passage in summary_passages)
    suspicious = sum(passage.suspicious_length for passage in summary_passages)
    if source > 0 and source >= SUMMARY_RATIO * suspicious:
        return "summary", summary_passages
    return ("other", passages) if passages else ("none", [])


def align(
    generations: Sequence[str],
    suffixes: Sequence[str],
    parameters: AlignmentParameters,
    sentences: Sentences | None = None,
) -> pa.Table:
    """Compare generations[i] with suffixes[i], for each i; the table has the schema `MATCHES`.

    `sentences`: the sentence model, NLTK's English Punkt where none is given.
    """
    if len(generations) != len(suffixes):
        raise ValueError(f"{len(generations)} generations but {len(suffixes)} suffixes: they are compared in pairs")
    given = list(documents_of(generations, "generation"))
    others = list(documents_of(suffixes, "suffix"))
    aligner = Aligner(parameters, sentences or sentence_model("punkt_english"))
    rows: list[tuple[int, MatchType, Detection | None]] = []
    for number, (generation, suffix) in enumerate(prepared_pairs(aligner, given, others)):
        if parameters.roles == "swapped":
            kind, detections = aligner.compare(suffix, generation)
            detections = [detection.swapped() for detection in detections]
        else:
            kind, detections = aligner.compare(generation, suffix)
        spans: Sequence[Detection | None] = detections or (None,)
        rows.extend((number, kind, span) for span in spans)
    return table_of(rows)


def prepared_pairs(
    aligner: Aligner, generations: list[str], suffixes: list[str]
) -> Iterator[tuple[Document, Document]]:
    """Prepare each distinct text once, keep it as long as a later pair needs it, and no longer."""
    uses = Counter(generations) + Counter(suffixes)
    prepared: dict[str, Document] = {}
    for pair in zip(generations, suffixes, strict=True):
        for text in pair:
            if text not in prepared:
                prepared[text] = aligner.prepare(text)
        generation, suffix = (prepared[text] for text in pair)
        yield generation, suffix
        for text in pair:
            uses[text] -= 1
            if not uses[text]:
                del prepared[text]


def table_of(rows: Sequence[tuple[int, MatchType, Detection | None]]) -> pa.Table:
    """One row a detection, its suspicious side being the generation; a pair without any has nulls."""
    spans = [tuple(detection) if detection else (None,) * 4 for _, _, detection in rows]
    columns = [[row[0] for row in rows], [row[1] for row in rows], *([span[n] for span in spans] for n in range(4))]
    return pa.table([pa.array(column, entry.type) for column, entry in zip(columns, MATCHES, strict=True)], MATCHES)
