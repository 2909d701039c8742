"""Training of Punkt (Kiss & Strunk, 2006) with NLTK's trainer, but without an object for every word of the texts.

NLTK decides nearly everything by a word alone, or by two neighbours. So every different word is one of its objects here
(`PunktToken`), texts are arrays of their numbers, and NLTK's own rules are asked once for each word, and once for each
pair of neighbours of which the first ends with a full stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np
from nltk.tokenize.punkt import _ORTHO_MAP, PunktTrainer

CONTEXTS = ("initial", "internal", "unknown")
"""Where a word stands: at the beginning of a sentence, in it, or where this cannot be told."""
INITIAL, INTERNAL, UNKNOWN = range(len(CONTEXTS))


class Trainer(PunktTrainer):  # type: ignore[misc]
    """Punkt's trainer; `train_batch` in place of `train`."""

    def __init__(self) -> None:
        """Begin without a text."""
        super().__init__()
        self._words: list[Any] = []
        self._numbers: dict[str, int] = {}
        self._numbers_of_chunks = _Computed(self._numbers_of)

    def train_batch(self, texts: Iterable[str]) -> None:
        """Read texts; `get_params` computes the parameters."""
        self._finalized = False
        # An empty line ends a paragraph, so that no sentence runs from one text into the next.
        numbers, starts_line, starts_paragraph = self._read("\n\n".join(texts).split("\n"))
        counts = np.bincount(numbers, minlength=len(self._words))
        present = np.flatnonzero(counts).tolist()
        self._count(present, counts)
        self._annotate(present)
        self._add_contexts(numbers, starts_line, starts_paragraph)
        self._sentbreak_count += sum(int(counts[number]) for number in present if self._words[number].sentbreak)
        self._read_pairs(numbers)

    def _read(self, lines: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of the words in lines, (words,), and whether each begins a line, and a line after an empty one."""
        numbers: list[int] = []
        line_starts, paragraph_starts = [], []
        after_empty = False
        for line in lines:
            if not line.strip():
                after_empty = True
                continue
            start = len(numbers)
            # Of all that Punkt takes for one word, an ellipsis with spaces alone contains a space.
            if ". ." in line:
                numbers.extend(self._numbers_of(line))
            else:
                numbers.extend(chain.from_iterable(map(self._numbers_of_chunks.__getitem__, line.split(" "))))
            if len(numbers) > start:
                line_starts.append(start)
                paragraph_starts += [start] if after_empty else []
                after_empty = False
        is_start = np.zeros((2, len(numbers)), bool)
        is_start[0, line_starts] = is_start[1, paragraph_starts] = True
        return np.array(numbers, np.int64), *is_start

    def _numbers_of(self, chunk: str) -> list[int]:
        """Numbers of the words of what is between two spaces, or of a line."""
        return list(map(self._number, self._lang_vars.word_tokenize(chunk)))

    def _number(self, word: str) -> int:
        number = self._numbers.setdefault(word, len(self._words))
        if number == len(self._words):
            self._words.append(self._Token(word))
        return number

    def _count(self, present: list[int], counts: np.ndarray) -> None:
        """Count types and full stops, and classify abbreviations, as NLTK's trainer does before it reads contexts."""
        types = Counter[str]()
        for number in present:
            word, count = self._words[number], int(counts[number])
            types[word.type] += count
            self._num_period_toks += count * word.period_final
        for name, count in types.items():
            self._type_fdist[name] += count
        for abbreviation, score, is_new in self._reclassify_abbrev_types(set(types)):
            if is_new and score >= self.ABBREV:
                self._params.abbrev_types.add(abbreviation)
            elif not is_new and score < self.ABBREV:
                self._params.abbrev_types.remove(abbreviation)

    def _annotate(self, present: list[int]) -> None:
        """Say of words whether they end a sentence or are abbreviations; after earlier texts it may be otherwise."""
        for word in map(self._words.__getitem__, present):
            word.sentbreak = word.abbr = word.ellipsis = None
            self._first_pass_annotation(word)

    def _add_contexts(self, numbers: np.ndarray, starts_line: np.ndarray, starts_paragraph: np.ndarray) -> None:
        """Note for every type where it stood, and whether its first letter was a capital there."""
        present, places = np.unique(numbers, return_inverse=True)
        words = [self._words[number] for number in present.tolist()]
        following = np.array([_context_after(word) for word in words], np.int64)
        contexts = np.append(INTERNAL, following[places[:-1]])
        contexts[starts_paragraph & (contexts != UNKNOWN)] = INITIAL
        contexts[starts_line & (contexts == INTERNAL)] = UNKNOWN
        for place in np.unique(places * len(CONTEXTS) + contexts).tolist():
            word, context = words[place // len(CONTEXTS)], CONTEXTS[place % len(CONTEXTS)]
            if flag := _ORTHO_MAP.get((context, word.first_case), 0):
                self._params.add_ortho_context(word.type_no_sentperiod, flag)

    def _read_pairs(self, numbers: np.ndarray) -> None:
        """Note rare abbreviations, and count what begins sentences and collocations, as NLTK's trainer does."""
        ends_with_stop = np.array([word.period_final for word in self._words], bool)
        places = np.flatnonzero(ends_with_stop[numbers[:-1]])
        pairs = numbers[places] * len(self._words) + numbers[places + 1]
        different, first_places, counts = np.unique(pairs, return_index=True, return_counts=True)
        # In the order of the texts: what is a rare abbreviation already is not looked at again.
        for place in np.argsort(first_places).tolist():
            first, second = map(self._words.__getitem__, divmod(int(different[place]), len(self._words)))
            if self._is_rare_abbrev_type(first, second):
                self._params.abbrev_types.add(first.type_no_period)
            if self._is_potential_sent_starter(second, first):
                self._sent_starter_fdist[second.type] += int(counts[place])
            if self._is_potential_collocation(first, second):
                self._collocation_fdist[first.type_no_period, second.type_no_sentperiod] += int(counts[place])


def _context_after(word: Any) -> int:
    """The context of the word that follows an annotated one."""
    if word.sentbreak:
        return UNKNOWN if word.is_number or word.is_initial else INITIAL
    return UNKNOWN if word.ellipsis or word.abbr else INTERNAL


class _Computed(dict[str, list[int]]):
    """A dictionary that computes a missing value from its key."""

    def __init__(self, compute: Callable[[str], list[int]]) -> None:
        self._compute = compute

    def __missing__(self, key: str) -> list[int]:
        value = self[key] = self._compute(key)
        return value
