"""The local search engine (Appendix B.1): a Tantivy index of suffixes, and BM25 with a generation as the query.

Scores are those of an Elasticsearch `match` query with default settings (k1 1.2, b 0.75; Lucene's one-byte document
lengths): every word counts as often as it occurs in the query. English stop words are left out of the query, not of the
index: which ones is a setting.

A table of candidates depends on the documents, the queries and k alone. Tantivy, as Python can call it, scores every
document that holds a word of the query: in single precision, in the order of the query's words and with the statistics
of the whole index, so that neither the segments of the index nor the number of threads that search it matter.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import cores, segmentation, storage
from memorization.checksums import check_folder, remedy
from memorization.config.detection import Retrieval
from memorization.errors import UserError
from memorization.progress import Progress
from memorization.schemas.candidates import CandidatesTable

TEXT, NUMBER = "text", "row"
"""Fields of the index: a document's text and its number."""

TOKEN_LIMIT = 40
"""Tantivy's default analyzer leaves out tokens of at least this many bytes."""

NLTK = """i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers
herself it its itself they them their theirs themselves what which who whom this that these those am is are was were be
been being have has had having do does did doing a an the and but if or because as until while of at by for with about
against between into through during before after above below to from up down in out on off over under again further then
once here there when where why how all any both each few more most other some such no nor not only own same so than too
very s t can will just don should now"""
LUCENE = """a an and are as at be but by for if in into is it no not of on or such that the their then there these they
this to was will with"""
STOP_WORDS = {"nltk": NLTK.split(), "lucene": LUCENE.split(), "none": []}
"""English words that are left out of a query, by list: NLTK's 127 up to version 3.2 (the authors'), Lucene's 33."""

WRITER_HEAP_BYTES = 256_000_000
"""Memory of the writing thread. Where it is full (of half a million short documents), a segment ends."""

QUERIES_PER_BATCH, QUERIES_PER_CALL = 1_000, 25
"""Queries whose candidates are in memory together, and those that a thread takes at a time."""

TIE = 1e-6
"""Scores that differ by less than this fraction are equal: a sum of single-precision numbers is no more precise."""

CANDIDATES = pa.schema([("query", pa.int32()), ("rank", pa.int32()), ("document", pa.int32()), ("score", pa.float32())])


def build_index(documents: Iterable[str], index: Path) -> None:
    """Index documents into the folder `index`, replacing what it contains; documents are numbered in order from 0.

    Documents are taken one by one and not kept, so that a generator of any length needs no more memory than a short
    one. A document without a word (empty, punctuation) keeps its number and is never returned.

    Raises UserError where a document is not text, the disk is full or the folder cannot be written; then the folder is
    unchanged.
    """
    _refuse_one_text(documents, "documents")
    _write_index(enumerate(documents), index)


def _write_index(documents: Iterable[tuple[int, str]], index: Path) -> None:
    """Index documents under the numbers that they are given with."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_text_field(TEXT, stored=False, tokenizer_name="default", index_option="freq")
        # Signed: an unsigned fast field with the value 0 ends the writer's thread.
        .add_integer_field(NUMBER, stored=False, indexed=False, fast=True)
        .build()
    )
    with storage.replacing(index) as folder, _system_errors():
        folder.mkdir()
        # One thread: each would make a segment of its own, and every query looks up its words in each segment.
        writer = tantivy.Index(schema, path=str(folder)).writer(WRITER_HEAP_BYTES, num_threads=1)
        try:
            for number, text in documents:
                document = tantivy.Document()
                document.add_text(TEXT, _checked(text, "documents", number))
                document.add_integer(NUMBER, number)
                writer.add_document(document)
            writer.commit()
        except BaseException:
            # Ends the writing thread, which would write files into the folder again while it is removed.
            with contextlib.suppress(ValueError):
                writer.rollback()
            raise
        writer.wait_merging_threads()


def search(
    index: Path, queries: Sequence[str], k: int = 10, threads: int | None = None, stop_words: str = "nltk"
) -> pa.Table:
    """The k best documents of each query: columns `query, rank` (from 1), `document, score`, by query and rank.

    `query` is the place of the query from 0, `document` the number of the document in the index, `score` the BM25 score
    in single precision. Documents with equal scores (nearer than `TIE`) are ordered by number. A query has fewer than k
    rows where fewer documents have a word in common with it, and none without a word of the index: where it is empty,
    or only punctuation, control characters, stop words or tokens of at least `TOKEN_LIMIT` bytes.

    Query text is never parsed. A word is a run of Unicode's alphanumeric characters, in lower case; every other
    character, NUL and those of query languages included, separates words. A query may be of any length; time grows with
    its words, and with the documents that tie with its k-th best. `threads` search, by default as many as there are
    cores for this process; no result depends on it. `stop_words` names one of `STOP_WORDS`.

    Raises UserError where a query is not text, k is not positive, or the folder contains no index or a damaged one.
    """
    _refuse_one_text(queries, "queries")
    numbers = range(len(queries))
    with _Engine(index, k, stop_words, threads) as engine:
        parts = [slice(start, start + QUERIES_PER_BATCH) for start in range(0, len(queries), QUERIES_PER_BATCH)]
        batches = [engine.candidates(numbers[part], queries[part]) for part in parts]
    return pa.Table.from_batches(batches, CANDIDATES)


def index_suffixes(probes: Path, index: Path, segmented: str | None = None) -> None:
    """Index the suffixes of a probes table, streamed; a document's number is that of its probe.

    `segmented`: the dataset's `segmentation`, by which suffixes are read.
    """
    read = segmentation.search_reader(segmented)
    with Progress(storage.rows_of(probes), "index", "suffixes") as progress:

        def suffixes() -> Iterator[tuple[int, str]]:
            for batch in storage.stream(probes, ["probe", "suffix"]):
                yield from zip(batch["probe"].to_pylist(), map(read, batch["suffix"].to_pylist()), strict=True)
                progress.advance(batch.num_rows)

        _write_index(suffixes(), index)


def candidate_batches(
    generations: Path, index: Path, settings: Retrieval, threads: int, segmented: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `candidates`: the best suffixes of every generation, streamed, by probe and rank.

    `generations` may contain a part of a run's generations; `index` is that of `index_suffixes`, with the same
    `segmented`. Raises as `search` does.
    """
    engine = _Engine(index, settings.candidates, settings.stop_words, threads)
    read = segmentation.search_reader(segmented)
    with engine, Progress(storage.rows_of(generations), "search", "queries") as progress:
        for batch in storage.stream(generations, ["probe", "generation"], QUERIES_PER_BATCH):
            queries = list(map(read, batch["generation"].to_pylist()))
            candidates = engine.candidates(batch["probe"].to_pylist(), queries)
            yield candidates.rename_columns(CandidatesTable.arrow().names)
            progress.advance(batch.num_rows)


class _Engine:
    """An open index and the threads that search it; Tantivy releases Python's lock while it searches."""

    def __init__(self, index: Path, k: int, stop_words: str, threads: int | None) -> None:
        import tantivy

        if k < 1:
            raise UserError(f"k is {k}: the number of documents wanted for each query is 1 or more")
        # Tantivy itself checks none of its files when it opens or searches an index.
        check_folder(index)
        try:
            opened = tantivy.Index.open(str(index))
        except (ValueError, OSError) as error:
            raise UserError(
                f"{index}: contains no index that can be opened ({error}); make one by `build_index`. In a run: "
                f"{remedy([index])}"
            ) from error
        self.k = k
        self.stop_words = STOP_WORDS[stop_words]
        self.schema: Any = opened.schema
        self.searcher: Any = opened.searcher()
        self.pool = ThreadPoolExecutor(threads or cores.available())

    def __enter__(self) -> _Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def candidates(self, numbers: Sequence[int], queries: Sequence[str]) -> pa.RecordBatch:
        """The candidates (CANDIDATES) of queries (n,) under their numbers (n,)."""
        texts = [_checked(query, "queries", number) for number, query in zip(numbers, queries, strict=True)]
        # Each text once: a model that learned little writes the same for many prompts.
        different = list(dict.fromkeys(texts))
        parts = [different[start : start + QUERIES_PER_CALL] for start in range(0, len(different), QUERIES_PER_CALL)]
        hits = dict(zip(different, chain.from_iterable(self.pool.map(self._hits, parts)), strict=True))
        rows = [
            (number, rank, document, score)
            for number, text in zip(numbers, texts, strict=True)
            for rank, (document, score) in enumerate(hits[text], start=1)
        ]
        columns = zip(*rows, strict=True) if rows else ([] for _ in CANDIDATES)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, CANDIDATES, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=CANDIDATES)

    def _hits(self, texts: list[str]) -> list[list[tuple[int, float]]]:
        import tantivy

        # One per call: an analyzer has a state, and two threads must not use it at once.
        analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(TOKEN_LIMIT))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.custom_stopword(self.stop_words))
            .build()
        )
        return [self._best(Counter(analyzer.analyze(text))) for text in texts]

    def _best(self, words: Counter[str]) -> list[tuple[int, float]]:
        """The k best (document, score), after a look at every document that ties with the k-th."""
        documents = self.searcher.num_docs
        if not words or not documents:
            return []
        query = self._query(words)
        limit = 2 * self.k
        while True:
            hits = self.searcher.search(query, limit=min(limit, documents), count=False).hits
            scores = _tied([score for score, _ in hits])
            if len(hits) < limit or scores[-1] < scores[self.k - 1]:
                break
            limit *= 2
        numbers = self.searcher.fast_field_values(NUMBER, [address for _, address in hits]) if hits else []
        ranked = sorted(zip(numbers, scores, strict=True), key=lambda hit: (-hit[1], hit[0]))
        return ranked[: self.k]

    def _query(self, words: Counter[str]) -> Any:
        import tantivy

        clauses = []
        for word, count in words.items():
            term = tantivy.Query.term_query(self.schema, TEXT, word, index_option="freq")
            weighted = term if count == 1 else tantivy.Query.boost_query(term, float(count))
            clauses.append((tantivy.Occur.Should, weighted))
        return tantivy.Query.boolean_query(clauses)


def _tied(scores: list[float]) -> list[float]:
    """Falling scores; each that is nearer than `TIE` to the one before it is replaced by the first of such a row."""
    tied: list[float] = []
    for place, score in enumerate(scores):
        near = place > 0 and scores[place - 1] - score < TIE * scores[place - 1]
        tied.append(tied[-1] if near else score)
    return tied


def _refuse_one_text(texts: object, what: str) -> None:
    if isinstance(texts, str):
        raise UserError(f"{what}: one text ({texts[:40]!r}) was given; give a sequence of texts, such as a list")


def _checked(text: object, what: str, number: int) -> str:
    """The text itself; UserError with its number where it is not text."""
    if not isinstance(text, str):
        raise UserError(
            f"{what}[{number}] is {text!r:.60}, a {type(text).__name__} and no text: leave it out, or give '' to keep "
            "its place"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{what}[{number}] contains {text[error.start]!r} at character {error.start}, half of a surrogate pair and "
            "no character of Unicode: read the text as UTF-8, or replace it"
        ) from error
    return text


@contextlib.contextmanager
def _system_errors() -> Iterator[None]:
    """Raise the system's error as OSError: Tantivy reports a full disk by a ValueError that names it."""
    try:
        yield
    except ValueError as error:
        if code := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(code[1]), os.strerror(int(code[1]))) from error
        raise
