"""The search engine beside bm25s (numba): documents and queries per second, and memory, as a Markdown table.

    python benchmarks/retrieval.py
    python benchmarks/retrieval.py --parquet texts.parquet --column text
    python benchmarks/retrieval.py --against ../older --documents 100000 --words 90 100
    python benchmarks/retrieval.py --documents 1000000 --words 60 300 --queries 2000 --repeats 1 --only memorization

Without a file, documents are drawn by a seed from a vocabulary with the frequencies of natural English (Zipf's law),
Lucene's stop words first; with one, they are cut from its texts. A query is a passage of 60 to 100 words of a document
in which every third word is one of another document's, as a generation would be. All programs get the same words, k1
and b, and turn text into words themselves; each is measured in a process of its own. Lengths of documents are kept in
one byte by Tantivy, and exactly by bm25s, so that their ranks differ where scores are close. With `--against`, the
search engine of another checkout is measured too, as `before`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import processes

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("memorization", "before", "bm25s")
VOCABULARY, REPEATED = 80_000, 0.2
FREQUENT = """the of and to a in is that it was for as with be by on not but at this are they an or no such if into
their then there these will"""
STOP_WORDS = FREQUENT.split()
# More documents are made while they are indexed, and not kept in memory.
MOST_IN_MEMORY = 100_000
DOCUMENTS_FOR_QUERIES = 10_000
K1, B, K = 1.2, 0.75, 10


def main(arguments: list[str] | None = None) -> None:
    """Measure each program in a process of its own and print the table."""
    options = parsed(arguments)
    if options.measure:
        print(json.dumps(measured(options)))
        return
    programs = [name for name in options.only or PROGRAMS if name != "before" or options.against]
    with tempfile.TemporaryDirectory() as folder:
        results = {name: processes.measurement(__file__, name, arguments, Path(folder)) for name in programs}
        tops = [np.load(Path(folder, f"{program}.npy")) for program in programs]
    print(table(options, results))
    for program, top in zip(programs[1:], tops[1:], strict=True):
        common = np.mean([len(np.intersect1d(*pair)) / K for pair in zip(tops[0], top, strict=True)])
        first = np.mean(tops[0][:, 0] == top[:, 0])
        print(
            f"\nThe {K} documents of a query are the same to {common:.1%} in {program}, the first one to {first:.1%}."
        )


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--words", type=int, nargs=2, default=(400, 400), metavar=("LEAST", "MOST"))
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--threads", type=int, help="by default as many as cores")
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is reported")
    parser.add_argument("--parquet", type=Path, help="cut documents from this file's texts")
    parser.add_argument("--column", default="text", help="the column of the file with texts")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS)
    parser.add_argument(
        "--against", type=Path, help="another checkout, whose search engine is measured beside this one"
    )
    processes.add_options(parser, PROGRAMS)
    options = parser.parse_args(arguments)
    # The package of the checkout is measured, whichever is installed.
    sys.path.insert(0, str(options.against if options.measure == "before" else ROOT))
    from memorization import cores

    # Numba refuses more threads than the process has cores.
    options.threads = min(options.threads or cores.available(), cores.available())
    return options


def table(options: argparse.Namespace, results: dict[str, dict[str, Any]]) -> str:
    """The Markdown table, with what was measured above it."""
    some = next(iter(results.values()))
    source = "text of a file" if options.parquet else f"seeded text, {VOCABULARY:,} words by Zipf's law"
    lines = [
        f"{some['documents']:,} documents of {some['mean_words']:.0f} words on average ({source}), "
        f"{options.queries:,} queries of 60 to 100 words, {K} documents per query, {options.threads} threads, "
        f"median of {options.repeats}.",
        "",
        "| program | documents/s | per CPU s | queries/s | per CPU s | first calls (s) | memory (MB) | index (MB) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for program, values in results.items():
        documents, queries = (values[f"{what}_per_second"] for what in ("documents", "queries"))
        lines.append(
            f"| {program} ({values['versions']}) | {documents[0]:,.0f} | {documents[1]:,.0f} | {queries[0]:,.0f} | "
            f"{queries[1]:,.0f} | {values['first']:.1f} | {values['before']:,.0f} to {values['peak']:,.0f} | "
            f"{values['index']:,.0f} |"
        )
    lines += [
        "",
        "Per CPU s: by the processor time of all threads, which other work on the machine changes less. First calls: "
        "imports and compilation, on ten documents. Memory: resident, with texts and programs loaded, and at most. "
        "Index: on disk; bm25s's was kept in memory.",
    ]
    return "\n".join(lines)


# Texts


def drawn(documents: int, least: int, most: int, seed: int = 0) -> Iterator[str]:
    """Documents of `least` to `most` words, a word's frequency being 1 / rank.

    As in English, where a subject's words come again, some words are repeated from the document's own: of 400, some
    235 are different, and of four million nearly all of the vocabulary (English books and reviews: 230 and 76,000).
    """
    words = np.array([*STOP_WORDS, *map(word, range(VOCABULARY - len(STOP_WORDS)))], dtype=object)
    until = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    random = np.random.default_rng(seed)
    while documents > 0:
        lengths = random.integers(least, most + 1, size=min(documents, 1_000))
        ranks = np.searchsorted(until, random.random(lengths.sum()) * until[-1])
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.arange(len(ranks)) - starts
        earlier = starts + (random.random(len(ranks)) * places).astype(int)
        ranks = np.where(random.random(len(ranks)) < REPEATED, ranks[earlier], ranks)
        for text in np.split(words[ranks], np.cumsum(lengths)[:-1]):
            yield " ".join(text)
        documents -= len(lengths)


def word(number: int) -> str:
    """A word of its own for each number from 0: syllables of a consonant and a vowel, more for rarer words."""
    syllables = [consonant + vowel for consonant in "bcdfghjklmnpqrstvwxz" for vowel in "aeiou"]
    rest, place = divmod(number, len(syllables))
    # A final letter, so that none is one of the stop words.
    spelled = syllables[place] + "n"
    while rest:
        rest, place = divmod(rest, len(syllables))
        spelled = syllables[place] + spelled
    return spelled


def cut(file: Path, column: str, documents: int, least: int, most: int, seed: int = 0) -> Iterator[str]:
    """Documents of `least` to `most` words, cut one after the other from the texts of a Parquet file."""
    from memorization import storage

    random = np.random.default_rng(seed)
    texts = (text for batch in storage.stream(file, [column]) for text in batch[column].to_pylist() if text)
    words = (each for text in texts for each in text.split())
    for length in random.integers(least, most + 1, size=documents).tolist():
        document = list(itertools.islice(words, length))
        if len(document) < length:
            return
        yield " ".join(document)


def passages(documents: list[str], queries: int, seed: int = 1) -> list[str]:
    """Passages of 60 to 100 words of documents, every third word taken from another document."""
    random = np.random.default_rng(seed)
    texts = []
    for _ in range(queries):
        own, other = (documents[place].split() for place in random.integers(len(documents), size=2))
        length = int(random.integers(60, 101))
        start = int(random.integers(max(len(own) - length, 0) + 1))
        passage = own[start : start + length]
        passage[::3] = [other[place] for place in random.integers(len(other), size=len(passage[::3]))]
        texts.append(" ".join(passage))
    return texts


# Programs


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Index and search with one program, the median of several times."""
    least, most = options.words

    def documents() -> Iterator[str]:
        if options.parquet:
            return cut(options.parquet, options.column, options.documents, least, most)
        return drawn(options.documents, least, most)

    sample = list(itertools.islice(documents(), DOCUMENTS_FOR_QUERIES))
    queries = passages(sample, options.queries)
    mean_words = float(np.mean([len(text.split()) for text in sample]))
    texts_in_memory = list(documents()) if options.documents <= MOST_IN_MEMORY else None
    few = sample[:10]
    del sample
    begun = time.perf_counter()
    program: Any = (Theirs if options.measure == "bm25s" else Ours)(options.folder / options.measure, options.threads)
    program.index(few)
    program.search(queries[:10])
    first = time.perf_counter() - begun
    before = memory("VmRSS")
    indexing = median_of(options.repeats, lambda: program.index(texts_in_memory or documents()))
    searching = median_of(options.repeats, lambda: program.search(queries))
    peak = memory("VmHWM")
    np.save(options.folder / f"{options.measure}.npy", program.best(queries))
    count = len(texts_in_memory) if texts_in_memory else options.documents
    return {
        "documents": count,
        "mean_words": mean_words,
        "documents_per_second": [count / each for each in indexing],
        "queries_per_second": [len(queries) / each for each in searching],
        "first": first,
        "before": before,
        "peak": peak,
        "index": program.size(),
        "versions": program.versions(),
    }


class Ours:
    """The search engine of the package, or of another checkout's."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.threads = folder, threads

    def index(self, documents: Any) -> None:
        """Build the index anew."""
        from memorization.retrieval import build_index

        build_index(documents, self.folder)

    def search(self, queries: list[str]) -> Any:
        """The table of candidates."""
        from memorization.retrieval import search

        return search(self.folder, queries, K, self.threads, "lucene")

    def best(self, queries: list[str]) -> Any:
        """Rows of the best documents, (queries, K), -1 where there are fewer."""
        candidates = self.search(queries)
        rows = np.full((len(queries), K), -1)
        rows[candidates["query"], candidates["rank"].to_numpy() - 1] = candidates["document"]
        return rows

    def size(self) -> float:
        """MB on disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir()) / 1e6

    def versions(self) -> str:
        """What it was measured with."""
        from memorization.storage import versions

        return f"Tantivy {versions('tantivy')['tantivy']}"


class Theirs:
    """bm25s, with the same words, parameters and threads."""

    def __init__(self, folder: Path, threads: int) -> None:
        import bm25s
        import numba

        self.bm25s, self.numba = bm25s, numba
        self.folder, self.threads = folder, threads

    def words(self, texts: Any, stop_words: list[str]) -> Any:
        """What bm25s makes words of: runs of letters and digits."""
        return self.bm25s.tokenize(list(texts), token_pattern=r"[^\W_]+", stopwords=stop_words, show_progress=False)

    def index(self, documents: Any) -> None:
        """Build the index anew."""
        self.model = self.bm25s.BM25(k1=K1, b=B, method="lucene", backend="numba")
        self.model.index(self.words(documents, []), show_progress=False)

    def search(self, queries: list[str]) -> Any:
        """Rows of the best documents, (queries, K)."""
        words = self.words(queries, STOP_WORDS)
        k = min(K, self.model.scores["num_docs"])
        return self.model.retrieve(words, k=k, n_threads=self.threads, show_progress=False).documents

    def best(self, queries: list[str]) -> Any:
        """Rows of the best documents, (queries, K)."""
        return self.search(queries)

    def size(self) -> float:
        """MB on disk, once saved."""
        self.model.save(str(self.folder), show_progress=False)
        return sum(file.stat().st_size for file in self.folder.iterdir()) / 1e6

    def versions(self) -> str:
        """What it was measured with."""
        return f"{self.bm25s.__version__}, numba {self.numba.__version__}"


def median_of(repeats: int, call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the call, and of the processor, in the median of so many calls."""
    taken = []
    for _ in range(repeats):
        begun, cpu = time.perf_counter(), time.process_time()
        call()
        taken.append((time.perf_counter() - begun, time.process_time() - cpu))
    return sorted(taken)[len(taken) // 2]


def memory(what: str) -> float:
    """Memory of this process in MB: VmRSS, now, or VmHWM, the most there was."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)
    assert line is not None
    return int(line[1]) / 1e3


if __name__ == "__main__":
    main()
