"""The local search engine (Appendix B.1): a Tantivy index of suffixes, and BM25 with a generation as the query.

Scores are those of an Elasticsearch `match` query with default settings (k1 1.2, b 0.75): every query word counts as
often as it stands in the query. English stop words are left out of the query, not of the index.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage

TEXT, ROW = "text", "row"
# The longest token Tantivy's default analyzer keeps, in bytes.
LONGEST_TOKEN = 40
WRITER_HEAP_BYTES = 256_000_000

CANDIDATES = pa.schema([("query", pa.int32()), ("rank", pa.int32()), ("document", pa.int32()), ("score", pa.float32())])


def build_index(documents: Iterable[str], index: Path) -> None:
    """Index documents in their order into the folder `index`; a document's row number is its place from 0."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_text_field(TEXT, stored=False, tokenizer_name="default", index_option="freq")
        # Signed: an unsigned fast field with the value 0 ends the writer's thread.
        .add_integer_field(ROW, stored=False, indexed=False, fast=True)
        .build()
    )
    with storage.replacing(index) as folder, _system_errors():
        folder.mkdir()
        # One thread, so that documents keep their order.
        writer = tantivy.Index(schema, path=str(folder)).writer(WRITER_HEAP_BYTES, 1)
        for row, text in enumerate(documents):
            document = tantivy.Document()
            document.add_text(TEXT, text)
            document.add_integer(ROW, row)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()


@contextlib.contextmanager
def _system_errors() -> Iterator[None]:
    """Tantivy tells of a full disk by a ValueError that names the system's error: raise that as OSError."""
    try:
        yield
    except ValueError as error:
        if code := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(code[1]), os.strerror(int(code[1]))) from error
        raise


def search(index: Path, queries: Sequence[str], k: int = 10) -> pa.Table:
    """The k best documents of each query: columns `query, rank` (from 1), `document, score`.

    Equal scores are ordered by row. A query without a word of the index (empty, punctuation, stop words) has no row.
    Query text is never parsed: its words become term queries. ValueError where the folder holds no index.
    """
    columns: dict[str, list[Any]] = {name: [] for name in CANDIDATES.names}
    for query, hits in enumerate(_hits(index, queries, k)):
        for rank, (document, score) in enumerate(hits, start=1):
            for name, value in zip(CANDIDATES.names, (query, rank, document, score), strict=True):
                columns[name].append(value)
    return pa.table(columns, schema=CANDIDATES)


def _hits(index: Path, queries: Sequence[str], k: int) -> Iterator[list[tuple[int, float]]]:
    import tantivy

    opened = tantivy.Index.open(str(index))
    searcher = opened.searcher()
    analyzer = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_TOKEN))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .build()
    )
    for text in queries:
        words = Counter(analyzer.analyze(text))
        if not words:
            yield []
            continue
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(opened.schema, TEXT, word, index_option="freq"), float(count)
                ),
            )
            for word, count in words.items()
        ]
        yield _best(searcher, tantivy.Query.boolean_query(clauses), k)


def _best(searcher: Any, query: Any, k: int) -> list[tuple[int, float]]:
    """The k best (row, score), with every document that ties with the k-th considered."""
    wanted = k + 1
    while True:
        hits = searcher.search(query, limit=wanted, count=False).hits
        if len(hits) < wanted or hits[-1][0] < hits[k - 1][0]:
            break
        wanted *= 2
    rows = searcher.fast_field_values(ROW, [address for _, address in hits]) if hits else []
    ranked = sorted(zip(rows, (score for score, _ in hits), strict=True), key=lambda hit: (-hit[1], hit[0]))
    return ranked[:k]
