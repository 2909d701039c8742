"""Texts prepared for the aligner as flat arrays: sentences, stems and words as numbers, each text once.

What the aligner needs of a text depends on that text alone (preprocessing step). Most of it is computed per *chunk*, a
run of characters between white space: the tokens and stems of a chunk are computed when it first occurs, so that a long
corpus costs little more than looking up its chunks.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from memorization.detection import kernel
from memorization.detection.text import SentenceSplitter, StemmerName, is_content, stemmer, tokens, word_spans

# After a full stop these may close a sentence although white space separates them from it; Treebank's rule for the last
# full stop takes them into account.
_CLOSERS = "])}>\"'»”’"
_CHUNK = re.compile(r"\S+")
# A word with at most one sign on either side, which Treebank always separates from it; a full stop only at the end.
_SIMPLE = re.compile(r'["(\[]?([A-Za-z0-9]+)([,;:?!)\]".])?')
_CONTRACTIONS = frozenset({"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"})
# What is beside a chunk: nothing, a space, or other white space, which some Treebank rules do not take for a space.
_BESIDE = {"": ("", ""), " ": ("x ", " x"), "\n": ("x\n", "\nx")}


class Chunks:
    """All chunks so far: the numbers of their stems and words, and the places of the words in the chunk."""

    def __init__(self, name: StemmerName) -> None:
        """Begin with no chunk; stems are those of the named stemmer."""
        self._stem_of = stemmer(name)
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._middle: dict[str, int] = _Computed(lambda chunk: self._number(chunk, " ", " "))
        self._first: dict[str, int] = _Computed(lambda chunk: self._number(chunk, "", " "))
        self._last: dict[str, int] = _Computed(lambda chunk: self._number(chunk, " ", ""))
        self._gaps: dict[int, int] = _Computed(self._gap)
        self._stem_numbers: dict[str, int] = {}
        self._word_numbers: dict[str, int] = {}
        self.lengths = array("i")
        self.stem_offsets = array("q", [0])
        self.stems = array("i")
        self.word_offsets = array("q", [0])
        self.words = array("i")
        self.starts = array("i")
        self.ends = array("i")

    @property
    def stem_count(self) -> int:
        """Number of different stems."""
        return len(self._stem_numbers)

    @property
    def stem_names(self) -> list[str]:
        """The different stems, by number."""
        return list(self._stem_numbers)

    @property
    def word_count(self) -> int:
        """Number of different words."""
        return len(self._word_numbers)

    def numbers_of(self, sentence: str) -> list[int]:
        """Numbers of the chunks of a sentence; a chunk's start + its length + 1 is the start of the next chunk."""
        parts = sentence.split()
        # White space behind the last full stop does not keep it from being the last.
        if len(parts) < 2 or not parts[-1].strip(_CLOSERS) or sentence[-1].isspace():
            return [self._number(sentence, "", "")]
        if " ".join(parts) == sentence:
            return [self._first[parts[0]], *map(self._middle.__getitem__, parts[1:-1]), self._last[parts[-1]]]
        return list(self._spaced(sentence))

    def _spaced(self, sentence: str) -> Iterator[int]:
        """Chunks of a sentence with white space other than single spaces; wider white space becomes an empty chunk."""
        end = -1
        for match in _CHUNK.finditer(sentence):
            if match.start() != end + 1:
                yield self._gaps[match.start() - end - 2]
            end = match.end()
            before, after = sentence[max(match.start() - 1, 0) : match.start()], sentence[end : end + 1]
            yield self._number(match[0], *(side if side in _BESIDE else "\n" for side in (before, after)))

    def _gap(self, length: int) -> int:
        return self._add(length, [])

    def _number(self, chunk: str, before: str, after: str) -> int:
        key = (chunk, before, after)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._add(len(chunk), self._words(chunk, before, after))
        return number

    def _words(self, chunk: str, before: str, after: str) -> list[tuple[str, int, int]]:
        """Words of a chunk, with start and end in it."""
        simple = _SIMPLE.fullmatch(chunk)
        if simple and (simple[2] != "." or not after) and simple[1].lower() not in _CONTRACTIONS:
            return [(simple[1].lower(), *simple.span(1))]
        left, right = _BESIDE[before][0], _BESIDE[after][1]
        chunk_tokens = tokens(left + chunk + right)
        return word_spans(chunk, chunk_tokens[bool(left) : len(chunk_tokens) - bool(right)])

    def _add(self, length: int, spans: Iterable[tuple[str, int, int]]) -> int:
        self.lengths.append(length)
        for word, start, end in spans:
            if is_content(word):
                self.stems.append(self._stem_numbers.setdefault(self._stem_of(word), len(self._stem_numbers)))
            self.words.append(self._word_numbers.setdefault(word, len(self._word_numbers)))
            self.starts.append(start)
            self.ends.append(end)
        self.stem_offsets.append(len(self.stems))
        self.word_offsets.append(len(self.words))
        return len(self.lengths) - 1

    def tables(self) -> kernel.ChunkTables:
        """The lists as arrays."""
        lists = (self.lengths, self.stem_offsets, self.stems, self.word_offsets, self.words, self.starts, self.ends)
        return kernel.ChunkTables(*map(np.array, lists))


Key = TypeVar("Key")


class _Computed(dict[Key, int]):
    """A dictionary that computes a missing value from its key."""

    def __init__(self, compute: Callable[[Key], int]) -> None:
        self._compute = compute

    def __missing__(self, key: Key) -> int:
        value = self[key] = self._compute(key)
        return value


class Documents:
    """Texts that were added so far, numbered from 0, as the arrays of the kernel."""

    def __init__(self, sentences: SentenceSplitter, stemmer_name: StemmerName, sentence_size: int) -> None:
        """Begin with no text; `sentence_size`: tokens below which a sentence is merged into the next one."""
        self._sentences = sentences
        self._sentence_size = sentence_size
        self.chunks = Chunks(stemmer_name)
        self.texts: list[str] = []
        cut, tables = self._cut([]), self.chunks.tables()
        self.sentences = _places_of_sentences(cut)
        self.corpus = kernel.prepare(cut, tables, 0, sentence_size)
        self.words = kernel.sentence_words(cut, tables)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def size(self) -> int:
        """Number of words in memory, those of the chunks included; some 60 bytes each."""
        return len(self.words.numbers) + len(self.chunks.words)

    def add(self, texts: Iterable[str]) -> None:
        """Prepare texts; they get the next numbers."""
        given = list(texts)
        # A NUL counts as a character and separates words.
        readable = (text.replace("\0", " ") for text in given)
        cut = self._cut((text, self._sentences.span_tokenize(text), 0) for text in readable)
        tables = self.chunks.tables()
        corpus = kernel.prepare(cut, tables, self.chunks.stem_count, self._sentence_size)
        self.corpus = kernel.Corpus(*_concatenated(self.corpus, corpus))
        self.words = kernel.Words(*_concatenated(self.words, kernel.sentence_words(cut, tables)))
        self.sentences = kernel.Sentences(*_concatenated(self.sentences, _places_of_sentences(cut)))
        self.texts += given

    def fragments(self, texts: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> tuple[Any, Any]:
        """Split passages into sentences again, from their raw characters (verbatim step).

        Arrays (passages,): a text's number, and the passage's start and length in it. Returns the passages' sentences
        as `kernel.Fragments`, and the `kernel.Words` of those sentences that are not sentences of their texts too.
        """
        passages, items = np.unique(np.stack([texts, starts, lengths], axis=1), axis=0, return_inverse=True)
        counts, stretches = array("q", [0]), array("i")
        raw = []
        for text, origin, length in passages.tolist():
            passage = self.texts[text][origin : origin + length]
            # The prepared form of a text with a NUL is not its raw form.
            number = -1 if "\0" in passage else text
            for start, end in self._sentences.span_tokenize(passage):
                stretches.extend((number, origin + start, origin + end))
                raw.append((passage, start, end, origin))
            counts.append(len(raw))
        sentences = kernel.locate(self.sentences, np.array(stretches, np.int32).reshape(-1, 3))
        missing = np.flatnonzero(sentences < 0)
        sentences[missing] = -1 - np.arange(len(missing))
        extra = self._cut(
            (passage, [(start, end)], origin) for passage, start, end, origin in map(raw.__getitem__, missing)
        )
        return (
            kernel.Fragments(items.reshape(-1), np.array(counts), sentences),
            kernel.sentence_words(extra, self.chunks.tables()),
        )

    def _cut(self, texts: Iterable[tuple[str, Iterable[tuple[int, int]], int]]) -> kernel.Cut:
        """Cut texts, given with their sentences (start, end) and the number that is added to starts and ends."""
        sentence_offsets, chunk_offsets = array("q", [0]), array("q", [0])
        starts, ends, chunks = array("i"), array("i"), array("i")
        for text, spans, origin in texts:
            for start, end in spans:
                starts.append(origin + start)
                ends.append(origin + end)
                chunks.extend(self.chunks.numbers_of(text[start:end]))
                chunk_offsets.append(len(chunks))
            sentence_offsets.append(len(starts))
        return kernel.Cut(*map(np.array, (sentence_offsets, starts, ends, chunk_offsets, chunks)))


def _places_of_sentences(cut: kernel.Cut) -> kernel.Sentences:
    """Places of a cut's sentences, without their chunks, which are not needed again."""
    return kernel.Sentences(cut.sentence_offsets, cut.starts, cut.ends)


def _concatenated(first: Any, second: Any) -> Iterator[np.ndarray]:
    """Two tables of the same kind one after the other; offsets continue those of the first table."""
    for name, own, other in zip(first._fields, first, second, strict=True):
        yield np.concatenate([own, other[1:] + own[-1]] if name.endswith("offsets") else [own, other])
