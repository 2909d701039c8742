"""The published text aligner in plain, slow code, one pair at a time, which the compiled one must equal.

Everything is computed by its definition: sentences and tokens by NLTK itself, every sentence against every other,
every word against every other. Nothing is shared with the package but the parameters.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from nltk.stem.porter import PorterStemmer
from nltk.stem.snowball import SnowballStemmer
from nltk.tokenize.treebank import TreebankWordTokenizer

from memorization.detection.alignment import AlignmentParameters

Vector = dict[str, float]
Range = tuple[int, int]
Case = tuple[Range, Range]
Spans = tuple[int, int, int, int]
Word = tuple[str, int, int]

STEMMERS = {
    "porter": PorterStemmer(mode=PorterStemmer.NLTK_EXTENSIONS).stem,
    "snowball": SnowballStemmer("english").stem,
}
TREEBANK = TreebankWordTokenizer()


class Document:
    """A text as sentences of stems, the short ones merged."""

    def __init__(self, text: str, punkt: Any, parameters: AlignmentParameters) -> None:
        self.text = text
        self.spans: list[list[int]] = []
        self.counts: list[dict[str, int]] = []
        readable = text.replace("\0", " ")
        for start, end in punkt.span_tokenize(readable):
            counts: dict[str, int] = {}
            for token in TREEBANK.tokenize(readable[start:end].lower()):
                if token[0].isalnum() and len(token) > 2:
                    stem = STEMMERS[parameters.stemmer](token)
                    counts[stem] = counts.get(stem, 0) + 1
            if counts:
                self.spans.append([start, end - start])
                self.counts.append(counts)
        position = 0
        while position < len(self.counts) - 1:
            if sum(self.counts[position].values()) < parameters.sentence_size:
                for stem, count in self.counts.pop(position + 1).items():
                    self.counts[position][stem] = self.counts[position].get(stem, 0) + count
                self.spans[position][1] += self.spans.pop(position + 1)[1]
            else:
                position += 1

    def df(self, stem: str) -> int:
        return sum(stem in counts for counts in self.counts)

    def characters(self, sentences: Range) -> tuple[int, int]:
        start = self.spans[sentences[0]][0]
        return start, sum(self.spans[sentences[1]]) - start


def norm(vector: Vector) -> float:
    square = 0.0
    for weight in vector.values():
        square += weight * weight
    return math.sqrt(square)


def cosine(first: Vector, second: Vector) -> float:
    product = 0.0
    for stem in first:
        if stem in second:
            product += first[stem] * second[stem]
    norms = norm(first) * norm(second)
    return product / norms if norms else 0.0


def add_up(vectors: Sequence[Vector]) -> Vector:
    total: Vector = {}
    for vector in vectors:
        for stem, weight in vector.items():
            total[stem] = total.get(stem, 0.0) + weight
    return total


def mean(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


class Collection:
    """Sentences of a collection of texts, and how many of them contain each stem."""

    def __init__(self, texts: Iterable[str], punkt: Any, parameters: AlignmentParameters) -> None:
        sentences = [counts for text in texts for counts in Document(text, punkt, parameters).counts]
        self.total = len(sentences)
        self.df = Counter(stem for counts in sentences for stem in counts)


class Pair:
    """Suspicious and source text, with their weights and the cosine of every two sentences."""

    def __init__(
        self,
        suspicious: Document,
        source: Document,
        parameters: AlignmentParameters,
        collection: Collection | None = None,
    ) -> None:
        self.suspicious, self.source, self.parameters = suspicious, source, parameters
        self.collection = collection
        self.weights: list[list[Vector]] = [
            [{stem: tf * self.weight(stem) for stem, tf in counts.items()} for counts in document.counts]
            for document in (suspicious, source)
        ]
        self.cosines = [[cosine(first, second) for second in self.weights[1]] for first in self.weights[0]]

    def weight(self, stem: str) -> float:
        if self.collection:
            return math.log((1 + self.collection.total) / (1 + self.collection.df[stem])) + 1
        total = len(self.suspicious.counts) + len(self.source.counts)
        return math.log(total / (self.suspicious.df(stem) + self.source.df(stem)))

    def seeds(self) -> list[tuple[int, int]]:
        pairs = []
        for i, first in enumerate(self.weights[0]):
            for j, second in enumerate(self.weights[1]):
                dice = 2 * len(first.keys() & second.keys()) / (len(first) + len(second))
                if self.cosines[i][j] > self.parameters.seed_cosine and dice > self.parameters.seed_dice:
                    pairs.append((i, j))
        return pairs

    def clusters(self, seeds: list[tuple[int, int]], gap: int, side: int = 0, first: bool = True) -> list[Any]:
        groups: list[list[tuple[int, int]]] = []
        for seed in sorted(seeds, key=lambda seed: seed[side]):
            if not groups or seed[side] - groups[-1][-1][side] - 1 > gap:
                groups.append([])
            groups[-1].append(seed)
        groups = [group for group in groups if len(group) >= self.parameters.cluster_size]
        if len(groups) <= 1 and not first:
            return groups
        return [part for group in groups for part in self.clusters(group, gap, 1 - side, False)]

    def validated(self, seeds: list[tuple[int, int]], gap: int) -> list[Case]:
        cases: list[Case] = []
        for group in self.clusters(seeds, gap):
            case: Any = tuple((min(side), max(side)) for side in zip(*group, strict=True))
            fragments = [add_up(self.weights[side][case[side][0] : case[side][1] + 1]) for side in range(2)]
            if cosine(*fragments) > self.parameters.validation_cosine:
                cases.append(case)
            elif gap > self.parameters.smallest_gap:
                cases += self.validated(group, gap - 1)
        return cases

    def similarity(self, case: Case, other: Case) -> float:
        (first, last), (source_first, source_last) = case
        best = {i: max(self.cosines[i][source_first : source_last + 1]) for i in range(first, last + 1)}
        shared = [value for i, value in best.items() if other[0][0] <= i <= other[0][1]]
        rest = [value for i, value in best.items() if not other[0][0] <= i <= other[0][1]]
        overlap = mean(shared)
        return overlap + (1 - overlap) * mean(rest) if rest else overlap

    def resolved(self, cases: list[Case]) -> list[Case]:
        cases = sorted(cases, key=lambda case: case[0][0])
        output: list[Case] = []
        number, is_out = 0, False
        while number < len(cases):
            incumbent = output[-1] if is_out else cases[number]
            later = [case for case in cases[number + 1 :] if case[0][0] <= incumbent[0][1]]
            if not later:
                if not is_out:
                    output.append(incumbent)
                number, is_out = number + 1, False
                continue
            winner, best = incumbent, 0.0
            for challenger in later:
                own, others = self.similarity(incumbent, challenger), self.similarity(challenger, incumbent)
                longer = challenger[0][1] - challenger[0][0] > incumbent[0][1] - incumbent[0][0]
                if own > 0.99 and others > 0.99:
                    if longer and others > best:
                        winner, best = challenger, others
                    elif not longer and own > best:
                        winner, best = incumbent, own
                elif others > own and others > best:
                    winner, best = challenger, others
            if is_out:
                output[-1] = winner
            else:
                output.append(winner)
            number, is_out = number + len(later), True
        return output

    def spans(self, case: Case) -> Spans:
        return (*self.suspicious.characters(case[0]), *self.source.characters(case[1]))

    def passages(self, gap: int) -> list[Case]:
        cases = self.resolved(self.validated(self.seeds(), gap))
        least = self.parameters.passage_length
        return [case for case in cases if self.spans(case)[1] >= least and self.spans(case)[3] >= least]


def words(text: str, start: int, length: int, punkt: Any) -> list[Word]:
    """Words of a passage with more than punctuation, with start and end in the text."""
    passage = text[start : start + length]
    passage_words: list[Word] = []
    for sentence_start, sentence_end in punkt.span_tokenize(passage):
        sentence = passage[sentence_start:sentence_end]
        # Places of the lower-cased sentence in the sentence itself, which may be shorter.
        places = [place for place, character in enumerate(sentence) for _ in character.lower()] + [len(sentence)]
        own: list[Word] = []
        reached = 0
        for token in TREEBANK.tokenize(sentence.lower()):
            if all(character in string.punctuation for character in token):
                continue
            reached = sentence.lower().index(token, reached)
            own.append((token, places[reached], places[reached + len(token)]))
            reached += len(token)
        if own:
            own[0] = (own[0][0], 0, own[0][2])
            own[-1] = (own[-1][0], own[-1][1], len(sentence))
        offset = start + sentence_start
        passage_words += [(word, offset + word_start, offset + word_end) for word, word_start, word_end in own]
    return passage_words


def verbatim(suspicious: list[Word], source: list[Word], length: int) -> list[Spans]:
    """Maximal common runs of words by their suspicious end, by their source end where those are equal."""
    runs: list[Spans] = []
    table = [[0] * (len(source) + 1) for _ in range(len(suspicious) + 1)]
    ended = []
    for i, (word, _, _) in enumerate(suspicious):
        for j, (other, _, _) in enumerate(source):
            if word == other:
                table[i + 1][j + 1] = table[i][j] + 1
    for i in range(len(suspicious)):
        for j in range(len(source)):
            goes_on = i + 1 < len(suspicious) and j + 1 < len(source) and table[i + 2][j + 2]
            if table[i + 1][j + 1] and not goes_on:
                # The published program reports a run at the end of the source one word early.
                ended.append((i if j + 1 == len(source) else i + 1, j + 1 < len(source), j, i, table[i + 1][j + 1]))
    # Of those reported at the same word, the ones that ended at the word before come first.
    for _, _, j, i, count in sorted(ended, key=lambda run: (run[0], not run[1], run[2])):
        start, source_start = suspicious[i - count + 1][1], source[j - count + 1][1]
        if suspicious[i][2] - start > length:
            runs.append((start, suspicious[i][2] - start, source_start, source[j][2] - source_start))
    kept = []
    for number, run in enumerate(runs):
        others = runs[:number] + runs[number + 1 :]
        if not any(other[2] <= run[2] and run[2] + run[3] <= other[2] + other[3] for other in others):
            kept.append(run)
    return kept


def aligned(
    generation: str, suffix: str, parameters: AlignmentParameters, punkt: Any, collection: Collection | None = None
) -> tuple[str, list[Spans]]:
    """Type of a pair and its spans: generation start and length, suffix start and length."""
    swapped = parameters.roles == "swapped"
    texts = (suffix, generation) if swapped else (generation, suffix)
    pair = Pair(*(Document(text, punkt, parameters) for text in texts), parameters, collection)
    first, second = pair.passages(parameters.gap), pair.passages(parameters.summary_gap)
    detections: list[Spans] = []
    for case in first:
        spans = pair.spans(case)
        fragments = words(texts[0], *spans[:2], punkt), words(texts[1], *spans[2:], punkt)
        detections += verbatim(*fragments, parameters.verbatim_length)
    kind = "verbatim"
    if not detections:
        detections = [pair.spans(case) for case in second]
        kind = "summary"
        source, suspicious = sum(span[3] for span in detections), sum(span[1] for span in detections)
        if not (source > 0 and source >= 3 * suspicious):
            detections = [pair.spans(case) for case in first]
            kind = "other" if detections else "none"
    return kind, [span[2:] + span[:2] for span in detections] if swapped else detections  # type: ignore[misc]
