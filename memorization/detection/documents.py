"""Texts prepared for the aligner as flat arrays: sentences, stems and words as numbers, each text once.

What the aligner needs of a text depends on that text alone (preprocessing step). Most of it is computed per *chunk*,
what is between two spaces: the tokens and stems of a chunk are computed when it first occurs, so that a long corpus
costs little more than looking up its chunks. A chunk is empty where two spaces follow one another, and contains several
words where other white space than a space is between them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.detection import kernel
from memorization.detection.text import SentenceSplitter, StemmerName, is_content, stemmer, tokens, word_spans

# After a full stop these may close a sentence although white space separates them from it; Treebank's rule for the last
# full stop takes them into account.
_CLOSERS = "])}>\"'»”’"
_PIECE = re.compile(r"\S+")
# A word with at most one sign on either side, which Treebank always separates from it; a full stop only at the end.
_SIMPLE = re.compile(r'["(\[]?([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)([,;:?!)\]".])?')
_CONTRACTIONS = frozenset({"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"})
# What is beside a piece of text: nothing, a space, or other white space, which some Treebank rules take for none.
_BESIDE = {"": ("", ""), " ": ("x ", " x"), "\n": ("x\n", "\nx")}

# How a chunk stands in its sentence: a sum of these.
_FIRST, _LAST = 1, 2
# Sentences are split so many characters at a time, which bounds memory.
_CHARACTERS_AT_ONCE = 4_000_000
# A space that does not divide a sentence; no text contains this byte in UTF-8.
_UNDIVIDED = b"\xff"


class Chunks:
    """All chunks so far: the numbers of their stems and words, and the places of the words in the chunk."""

    def __init__(self, name: StemmerName) -> None:
        """Begin with no chunk; stems are those of the named stemmer."""
        self._stem_of = stemmer(name)
        # By how a chunk stands in its sentence, with what is beside it.
        self._numbers = (
            _Computed(lambda chunk: self._add(chunk, " ", " ")),
            _Computed(lambda chunk: self._add(chunk, "", " ")),
            _Computed(lambda chunk: self._add(chunk, " ", "")),
            _Computed(lambda chunk: self._add(chunk, "", "")),
        )
        self._stem_numbers: dict[str, int] = {}
        # Of a word, and of its stem; -1 where sentences are not compared by the word.
        self._word_numbers: dict[str, tuple[int, int]] = {}
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

    def numbers_of(self, sentences: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (sentences + 1,) and numbers (chunks,) of the chunks of sentences.

        A chunk's start + its length + 1 is the start of the next chunk of its sentence.
        """
        counts, numbers = [np.zeros(1, np.int64)], [np.empty(0, np.int32)]
        for part in _parts(sentences):
            own_counts, own_numbers = self._numbers_of(part)
            counts.append(own_counts)
            numbers.append(own_numbers)
        return np.cumsum(np.concatenate(counts)), np.concatenate(numbers)

    def _numbers_of(self, sentences: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Number of chunks of each sentence, and the numbers of all chunks: each different one is looked up once."""
        divided = pc.split_pattern(pa.array(map(_encoded, sentences), pa.binary()), " ")
        different = divided.values.dictionary_encode()
        offsets = divided.offsets.to_numpy()
        keys = different.indices.to_numpy() * (_FIRST + _LAST + 1)
        keys[offsets[:-1]] += _FIRST
        keys[offsets[1:] - 1] += _LAST
        encoded = pa.array(keys).dictionary_encode()
        texts = [_decoded(chunk) for chunk in different.dictionary.to_pylist()]
        standing = (divmod(key, _FIRST + _LAST + 1) for key in encoded.dictionary.to_pylist())
        numbers = np.array([self._numbers[stands][texts[text]] for text, stands in standing], np.int32)
        return np.diff(offsets), numbers[encoded.indices.to_numpy()]

    def _add(self, chunk: str, before: str, after: str) -> int:
        self.lengths.append(len(chunk))
        for word, start, end in _words(chunk, before, after):
            number, stem = self._word_numbers.get(word) or self._numbered(word)
            if stem >= 0:
                self.stems.append(stem)
            self.words.append(number)
            self.starts.append(start)
            self.ends.append(end)
        self.stem_offsets.append(len(self.stems))
        self.word_offsets.append(len(self.words))
        return len(self.lengths) - 1

    def _numbered(self, word: str) -> tuple[int, int]:
        """Numbers of a new word and of its stem."""
        stem = -1
        if is_content(word):
            stem = self._stem_numbers.setdefault(self._stem_of(word), len(self._stem_numbers))
        numbers = self._word_numbers[word] = (len(self._word_numbers), stem)
        return numbers

    def tables(self) -> kernel.ChunkTables:
        """The lists as arrays."""
        lists = (self.lengths, self.stem_offsets, self.stems, self.word_offsets, self.words, self.starts, self.ends)
        return kernel.ChunkTables(*map(np.array, lists))


class _Computed(dict[str, int]):
    """A dictionary that computes a missing value from its key."""

    def __init__(self, compute: Callable[[str], int]) -> None:
        self._compute = compute

    def __missing__(self, key: str) -> int:
        value = self[key] = self._compute(key)
        return value


def _parts(sentences: Iterable[str]) -> Iterator[list[str]]:
    """Lists of sentences of about `_CHARACTERS_AT_ONCE` characters."""
    part: list[str] = []
    size = 0
    for sentence in sentences:
        part.append(sentence)
        size += len(sentence)
        if size >= _CHARACTERS_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _encoded(sentence: str) -> bytes:
    """A sentence in UTF-8, undivided where its last full stop is not in its last chunk."""
    encoded = sentence.encode("utf-8", "surrogatepass")
    # White space behind the last full stop does not keep it from being the last.
    return encoded.replace(b" ", _UNDIVIDED) if _ends_apart(sentence) else encoded


def _decoded(chunk: bytes) -> str:
    return chunk.replace(_UNDIVIDED, b" ").decode("utf-8", "surrogatepass")


def _words(chunk: str, before: str, after: str) -> list[tuple[str, int, int]]:
    """Words of a chunk, with start and end in it; `before` and `after` are what is beside it (`_BESIDE`)."""
    simple = _SIMPLE.fullmatch(chunk)
    if simple and (simple[2] != "." or not after):
        word = simple[1].lower()
        if _CONTRACTIONS.isdisjoint(word.split("-")):
            return [(word, *simple.span(1))]
    pieces = list(_PIECE.finditer(chunk))
    is_one = len(pieces) == 1 and len(pieces[0][0]) == len(chunk)
    if is_one or (not after and _ends_apart(chunk)):
        left, right = _BESIDE[before][0], _BESIDE[after][1]
        chunk_tokens = tokens(left + chunk + right)
        return word_spans(chunk, chunk_tokens[bool(left) : len(chunk_tokens) - bool(right)])
    words = []
    for piece in pieces:
        beside = chunk[piece.start() - 1] if piece.start() else before, chunk[piece.end() : piece.end() + 1] or after
        own = _words(piece[0], *(side if side in _BESIDE else "\n" for side in beside))
        words += [(word, piece.start() + start, piece.start() + end) for word, start, end in own]
    return words


def _ends_apart(text: str) -> bool:
    """Whether white space is behind the last full stop of a text, if it has one at its end."""
    rest = text.rstrip(_CLOSERS)
    return not rest or rest[-1].isspace()


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
        sentence_offsets, starts, ends = array("q", [0]), array("i"), array("i")

        def sentences() -> Iterator[str]:
            for text, spans, origin in texts:
                for start, end in spans:
                    starts.append(origin + start)
                    ends.append(origin + end)
                    yield text[start:end]
                sentence_offsets.append(len(starts))

        chunk_offsets, chunks = self.chunks.numbers_of(sentences())
        return kernel.Cut(np.array(sentence_offsets), np.array(starts), np.array(ends), chunk_offsets, chunks)


def _places_of_sentences(cut: kernel.Cut) -> kernel.Sentences:
    """Places of a cut's sentences, without their chunks, which are not needed again."""
    return kernel.Sentences(cut.sentence_offsets, cut.starts, cut.ends)


def _concatenated(first: Any, second: Any) -> Iterator[np.ndarray]:
    """Two tables of the same kind one after the other; offsets continue those of the first table."""
    for name, own, other in zip(first._fields, first, second, strict=True):
        yield np.concatenate([own, other[1:] + own[-1]] if name.endswith("offsets") else [own, other])
