"""The aligner beside the plain transcription of the published program: pairs per second, as a Markdown table.

    python benchmarks/alignment.py
    python benchmarks/alignment.py --parquet texts.parquet --column text --sentences punkt_english
    python benchmarks/alignment.py --long

A run is measured as the workflow does it, from raw text to matches: each of n generations (about 80 words) with the ten
suffixes (about 300 words) that BM25 finds for it. A seventh of the generations are copied from a suffix, a seventh are
its sentences in another order with words left out, the others are words of unrelated suffixes. Without a file, suffixes
are made of synthetic documents. The transcription (`tests/detection/transcription.py`) compares a sample of the same
pairs, and must return the same. With `--long`, one pair of 5,000 and 20,000 words is compared instead.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import processes
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
# The package beside this file is measured, whichever is installed.
sys.path[:0] = [str(ROOT), str(ROOT / "tests/detection")]

CANDIDATES = 10
SUFFIX_WORDS, GENERATION_WORDS = 300, 80
PACKAGES = ("numba", "numpy", "nltk")


def main(arguments: list[str] | None = None) -> None:
    """Measure each program in a process of its own and print the table."""
    options = parsed(arguments)
    if options.measure:
        print(json.dumps(MEASURES[options.measure](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        pairs = long_pair() if options.long else run_pairs(options)
        pq.write_table(pairs, Path(folder, "pairs.parquet"))
        measured = {name: processes.measurement(__file__, name, arguments, Path(folder)) for name in MEASURES}
    print(table(options, pairs, measured))


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options, checked."""
    from memorization import cores

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=400, help="pairs for the transcription")
    parser.add_argument("--threads", type=int, default=cores.available())
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is reported")
    parser.add_argument("--parquet", type=Path, help="cut suffixes from this file's texts")
    parser.add_argument("--column", default="text", help="the column of the file with texts")
    parser.add_argument("--sentences", choices=["punkt_english", "punkt_corpus"], default="punkt_corpus")
    parser.add_argument("--profile", choices=["zeng2024", "pan2015"], default="zeng2024")
    parser.add_argument("--long", action="store_true", help="one pair of 5,000 x 20,000 words")
    processes.add_options(parser, MEASURES)
    return parser.parse_args(arguments)


def ours(options: argparse.Namespace) -> dict[str, Any]:
    """All pairs, as the workflow compares them."""
    begun, cpu = time.perf_counter(), time.process_time()
    from memorization.detection.alignment import Aligner, AlignmentParameters

    pairs = pq.read_table(options.folder / "pairs.parquet")
    generations, suffixes = (pairs[side].to_pylist() for side in ("generation", "suffix"))
    parameters = AlignmentParameters.profile(options.profile)
    sentences = sentence_model(options, suffixes)
    Aligner(parameters, sentences).compare(["A word is here. Two are."], ["A word is here. Two are."])
    start = (time.perf_counter() - begun, time.process_time() - cpu)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walls, cpus = [], []
    for _ in range(options.repeats):
        begun, cpu = time.perf_counter(), time.process_time()
        aligner = Aligner(parameters, sentence_model(options, suffixes), options.threads)
        tables = [table for _, table in aligner.compare_streams(iter(generations), iter(suffixes))]
        walls.append(time.perf_counter() - begun)
        cpus.append(time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    matches = sampled_matches(pa.concat_tables(tables), options.sample)
    return measures(walls, cpus, len(generations), (peak - before) / 1024) | {"start": start, "matches": matches}


def transcription(options: argparse.Namespace) -> dict[str, Any]:
    """The first of the pairs, by the plain transcription."""
    from transcription import aligned

    from memorization.detection.alignment import AlignmentParameters

    pairs = pq.read_table(options.folder / "pairs.parquet")
    punkt = sentence_model(options, pairs["suffix"].to_pylist())._tokenizer
    parameters = AlignmentParameters.profile(options.profile)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, cpu = time.perf_counter(), time.process_time()
    rows = pairs.slice(0, options.sample).to_pylist()
    results = [aligned(row["generation"], row["suffix"], parameters, punkt) for row in rows]
    walls, cpus = [time.perf_counter() - begun], [time.process_time() - cpu]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    matches = [[kind, list(map(list, spans))] for kind, spans in results]
    return measures(walls, cpus, len(rows), (peak - before) / 1024) | {"start": (0.0, 0.0), "matches": matches}


MEASURES = {"memorization": ours, "transcription": transcription}


def measures(walls: list[float], cpus: list[float], pairs: int, memory_mb: float) -> dict[str, Any]:
    """Seconds and processor seconds of the repeat of median duration, with the number of pairs and the memory."""
    middle = sorted(range(len(walls)), key=walls.__getitem__)[len(walls) // 2]
    return {"pairs": pairs, "wall": walls[middle], "cpu": cpus[middle], "memory_mb": memory_mb}


def sampled_matches(table: pa.Table, sample: int) -> list[list[Any]]:
    """Type and spans of each of the first pairs, which both programs compare."""
    matches: list[list[Any]] = []
    for row in table.filter(table["pair"].to_numpy() < sample).to_pylist() if sample else []:
        if row["pair"] == len(matches):
            matches.append([row["type"], []])
        if row["pair"] == len(matches) - 1 and row["generation_start"] is not None:
            matches[-1][1].append([value for name, value in row.items() if name not in ("pair", "type")])
    return matches


def sentence_model(options: argparse.Namespace, suffixes: list[str]) -> Any:
    """The sentence model of the options."""
    from memorization.detection import text

    corpus = list(dict.fromkeys(suffixes)) if options.sentences == "punkt_corpus" else ()
    return text.sentence_model(options.sentences, corpus)


def table(options: argparse.Namespace, pairs: pa.Table, measured: dict[str, dict[str, Any]]) -> str:
    """The Markdown table, with what was measured above it."""
    words, other_words = (mean_words(pairs[side].to_pylist()) for side in ("generation", "suffix"))
    source = "text of a file" if options.parquet else "synthetic text"
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    lines = [
        f"{pairs.num_rows:,} pairs of {words:,.0f} x {other_words:,.0f} words on average ({source}), profile "
        f"{options.profile}, sentences {options.sentences}; {options.threads} threads, Python "
        f"{sys.version.split()[0]}, {versions}; median of {options.repeats}.",
        "",
        "| program | pairs | seconds | pairs/s | pairs per CPU s | start (s) | memory (MB) |",
        "|---|---|---|---|---|---|---|",
    ]
    for program, values in measured.items():
        lines.append(
            f"| {program} | {values['pairs']:,} | {values['wall']:.2f} | {values['pairs'] / values['wall']:,.0f} | "
            f"{values['pairs'] / values['cpu']:,.0f} | {values['start'][0]:.1f} | {values['memory_mb']:,.0f} |"
        )
    own, plain = measured.values()
    ratio = own["pairs"] / own["wall"] / (plain["pairs"] / plain["wall"])
    same = sum(pair == other for pair, other in zip(own["matches"], plain["matches"], strict=True))
    lines += [
        "",
        f"{ratio:,.0f} times as fast; the same result in {same} of {len(plain['matches'])} pairs. Start: imports, "
        "loading (or, the first time, compiling) the kernel, one pair. Memory: what the run added.",
    ]
    return "\n".join(lines)


def mean_words(texts: list[str]) -> float:
    """Words of a text, on average."""
    return sum(len(text.split()) for text in texts) / len(texts)


# Texts


def run_pairs(options: argparse.Namespace) -> pa.Table:
    """Every generation with its candidates."""
    from memorization.retrieval import build_index, search

    generator = random.Random(0)
    source = file_texts(options.parquet, options.column) if options.parquet else synthetic_texts()
    suffixes = [text for text, _ in zip(source, range(options.generations), strict=False)]
    generations = [generation(suffixes, number, generator) for number in range(len(suffixes))]
    with tempfile.TemporaryDirectory() as folder:
        build_index(suffixes, Path(folder, "index"))
        hits = search(Path(folder, "index"), generations, CANDIDATES)
    return pa.table(
        {
            "generation": pa.array(generations).take(hits["query"].combine_chunks()),
            "suffix": pa.array(suffixes).take(hits["document"].combine_chunks()),
        }
    )


def generation(suffixes: list[str], number: int, generator: random.Random) -> str:
    """Copied from the suffix, reworded from it, or words of another suffix."""
    kind = generator.random()
    if kind < 2 / 7:
        words = suffixes[number].split(" ")
        first = generator.randrange(max(1, len(words) - GENERATION_WORDS))
        words = words[first : first + GENERATION_WORDS]
        if kind < 1 / 7:
            return " ".join(words)
        sentences = re.split(r"(?<=[.!?]) ", " ".join(words))
        generator.shuffle(sentences)
        return " ".join(word for word in " ".join(sentences).split(" ") if generator.random() > 0.15)
    words = generator.choice(suffixes).split(" ")
    first = generator.randrange(max(1, len(words) - GENERATION_WORDS))
    words = words[first : first + GENERATION_WORDS]
    generator.shuffle(words)
    return " ".join(words)


def synthetic_texts() -> Iterator[str]:
    """Documents of the generator, several joined to a text."""
    from memorization.datasets.synthetic.corpora import CORPORA, document

    number = 0
    while True:
        for corpus in CORPORA:
            words: list[str] = []
            while len(words) < SUFFIX_WORDS:
                words += document(corpus, number, 0).input.split(" ")
                number += 1
            yield " ".join(words[:SUFFIX_WORDS])


def file_texts(file: Path, column: str) -> Iterator[str]:
    """The beginnings of a file's texts that are long enough, as they follow one another there."""
    for batch in pq.ParquetFile(file).iter_batches(columns=[column]):
        for text in batch[column].to_pylist():
            words = text.split(" ")
            if len(words) >= SUFFIX_WORDS:
                yield " ".join(words[:SUFFIX_WORDS])


def long_pair() -> pa.Table:
    """5,000 words, some of them copied, and 20,000."""
    texts = synthetic_texts()
    suffix = " ".join(next(texts) for _ in range(20_000 // SUFFIX_WORDS + 1))
    own = " ".join(next(texts) for _ in range(4_800 // SUFFIX_WORDS))
    return pa.table({"generation": [f"{own} {suffix[5_000:6_500]}"], "suffix": [suffix]})


if __name__ == "__main__":
    main()
