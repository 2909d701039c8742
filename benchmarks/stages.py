"""Processor time and memory of the stages that read every text, for several n: a Markdown table.

    python benchmarks/stages.py
    python benchmarks/stages.py --probes 1000 10000 --parquet FOLDER/*.parquet --tokenizer t5-tokenizer
    python benchmarks/stages.py --against ../older --only definitions
    python benchmarks/stages.py --probes 1000 10000 100000 --repeats 1

A dataset of n inputs with targets, from columns of Parquet files or drawn by a seed, and a run on all of them: of every
six generations one is the suffix's beginning, one the same with every third word of another suffix, one a passage of
another suffix, one a phrase again and again as greedy decoding writes it, and two are phrases of unrelated suffixes.
Each stage is measured in a process of its own, without its imports and what it compiles at a first call; with
`--against`, the package of another checkout is measured in turn with this one, and their files must be the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import inspect
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PREFIX_TOKENS, NEW_TOKENS, GENERATION_WORDS = 50, 100, 75
PACKAGES = ("numba", "numpy", "nltk", "tokenizers", "tantivy", "rapidfuzz")
WARM, WARM_INPUTS = "warm", 20
"""A run that is computed before the measured one, so that everything is loaded and compiled."""


def main(arguments: list[str] | None = None) -> None:
    """Measure every stage for every n and print the table."""
    options = parsed(arguments)
    sys.path.insert(0, str(options.package))
    if options.measure:
        print(json.dumps(measured(options)))
        return
    print(
        f"{options.threads} threads, median of {options.repeats}, Python {sys.version.split()[0]}, "
        + ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        + f"; {'texts of files' if options.parquet else 'seeded texts'}.\n"
    )
    print(
        "| stage | n | characters | CPU s | least to most | memory (MB) | before it | the other: CPU s | memory (MB) |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        prepare(Path(folder, WARM), WARM_INPUTS, options)
        for n in options.probes:
            files = Path(folder, str(n))
            characters = prepare(files, n, options)
            for stage in options.only or STAGES:
                print(line(stage, n, characters, files, options), flush=True)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, nargs="+", default=[1_000, 10_000], metavar="N")
    parser.add_argument("--parquet", type=Path, nargs="+", default=[], help="files with texts, which end where they do")
    parser.add_argument("--columns", nargs=2, default=("input", "target"), help="columns of inputs and targets")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer's folder; without it one is trained on the texts")
    parser.add_argument("--sentences", default="punkt_corpus", choices=["punkt_corpus", "punkt_english"])
    parser.add_argument("--profile", default="zeng2024", help="profile of the aligner")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is reported")
    parser.add_argument("--only", nargs="+", choices=list(STAGES))
    parser.add_argument("--against", type=Path, help="another checkout, whose package is measured beside this one")
    parser.add_argument("--scratch", type=Path, help="folder for the runs' files")
    parser.add_argument("--measure", choices=list(STAGES), help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--package", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def line(stage: str, n: int, characters: int, files: Path, options: argparse.Namespace) -> str:
    """A line of the table: one stage of a run, by this package and by the other one."""
    packages = [ROOT, *([options.against] if options.against else [])]
    results: dict[Path, list[dict[str, Any]]] = {package: [] for package in packages}
    for _, package in itertools.product(range(options.repeats), packages):
        command = [sys.executable, __file__, "--measure", stage, "--files", str(files), "--package", str(package)]
        command += ["--threads", str(options.threads), "--sentences", options.sentences, "--profile", options.profile]
        ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results[package].append(json.loads(ended.stdout.splitlines()[-1]))
    digests = {result["digest"] for each in results.values() for result in each}
    if len(digests) > 1:
        raise SystemExit(f"{stage}, n = {n}: the files differ")
    cells = [stage, f"{n:,}", f"{characters:,}"]
    for package, each in results.items():
        seconds, peaks = ([result[name] for result in each] for name in ("seconds", "peak"))
        cells.append(f"{statistics.median(seconds):.2f}")
        if package == ROOT:
            cells.append(f"{min(seconds):.2f} to {max(seconds):.2f}")
        cells.append(f"{statistics.median(peaks):.0f}")
        if package == ROOT:
            cells.append(f"{statistics.median(result['before'] for result in each):.0f}")
    return f"| {' | '.join(cells + [''] * (9 - len(cells)))} |"


# A run's files


def prepare(folder: Path, n: int, options: argparse.Namespace) -> int:
    """Write the files of a run on n inputs, those that the stages write too; return the inputs' characters."""
    import pyarrow as pa

    from memorization import storage
    from memorization.schemas.dataset import DatasetTable
    from memorization.schemas.generations import GenerationsTable
    from memorization.schemas.probes import ProbesTable

    folder.mkdir()
    texts = list(itertools.islice(read(options.parquet, options.columns) if options.parquet else drawn(), n))
    rows = [
        {"id": str(number), "split": "train", "instruction": "", "input": text, "target": target, "references": None}
        for number, (text, target) in enumerate(texts)
    ]
    table = pa.Table.from_pylist(rows, schema=DatasetTable.arrow())
    storage.write_table(folder / "dataset.parquet", DatasetTable, table, {})
    model = folder / "model"
    if options.tokenizer:
        model.symlink_to(options.tokenizer.resolve())
    else:
        model.mkdir()
        trained_tokenizer([text for text, _ in texts[:1_000]]).save(str(model / "tokenizer.json"))
        storage.write_sums(model / "SHA256SUMS", [model / "tokenizer.json"])
    STAGES["probes"](folder, folder, options)
    probes = storage.read(folder / "probes.parquet", ProbesTable, ["probe", "suffix"])
    suffixes = probes["suffix"].to_pylist()
    rows = [
        {"probe": probe, "generation": text, "generated_tokens": NEW_TOKENS, "at_limit": probe % 2 == 0}
        for probe, text in enumerate(generations(suffixes))
    ]
    table = pa.Table.from_pylist(rows, schema=GenerationsTable.arrow())
    storage.write_table(folder / "generations.parquet", GenerationsTable, table, {})
    for stage in ("index", "candidates", "sentences", "matches", "references"):
        STAGES[stage](folder, folder, options)
    write_outcomes(folder)
    return sum(len(text) for text, _ in texts)


def read(files: list[Path], columns: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Inputs and targets of files, one row of each file after the other, longer than a prefix is."""
    from memorization import storage

    def rows(file: Path) -> Iterator[tuple[str, str]]:
        for batch in storage.stream(file, list(dict.fromkeys(columns))):
            yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)

    mixed = itertools.chain.from_iterable(itertools.zip_longest(*map(rows, files)))
    return (row for row in mixed if row and len(row[0]) > 6 * PREFIX_TOKENS)


def drawn() -> Iterator[tuple[str, str]]:
    """Inputs of 200 to 400 words in sentences, and targets of 40, drawn by a seed with the frequencies of English."""
    import retrieval

    draws = random.Random(0)
    for text in retrieval.drawn(10**9, 240, 440):
        words = text.split()
        for place in range(0, len(words), 15):
            words[place] = words[place].capitalize()
            words[place - 1] += draws.choice([".", ".", "?", ",", ";"])
        yield " ".join(words[40:]), " ".join(words[:40])


def trained_tokenizer(texts: list[str]) -> Any:
    """A byte-level tokenizer of these texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=8_000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def generations(suffixes: list[str]) -> Iterator[str]:
    """What a model might write for each suffix's prefix, as the module's docstring says."""
    draws = random.Random(1)

    def passage(words: int) -> list[str]:
        other = suffixes[draws.randrange(len(suffixes))].split()
        start = draws.randrange(max(1, len(other) - words))
        return other[start : start + words]

    for suffix in suffixes:
        words = suffix.split()[:GENERATION_WORDS]
        match draws.randrange(6):
            case 1:
                words[::3] = [draws.choice(passage(1) or ["the"]) for _ in words[::3]]
            case 2:
                words = passage(GENERATION_WORDS)
            case 3:
                words = (passage(6) or ["the"]) * (GENERATION_WORDS // 6)
            case 4 | 5:
                words = [word for _ in range(GENERATION_WORDS // 5) for word in passage(5)]
        yield " ".join(words)


def write_outcomes(folder: Path) -> None:
    """Write the outcomes of a run without a judge."""
    import pyarrow as pa

    from memorization import storage
    from memorization.detection.outcomes import outcomes
    from memorization.schemas.matches import MatchesTable
    from memorization.schemas.outcomes import OutcomesTable
    from memorization.schemas.probes import ProbesTable

    probes = storage.read(folder / "probes.parquet", ProbesTable, ["probe", "id"])
    rows = outcomes(probes, storage.read(folder / "matches.parquet", MatchesTable), decides="first")
    table = pa.Table.from_pylist(list(rows), schema=OutcomesTable.arrow())
    storage.write_table(folder / "outcomes.parquet", OutcomesTable, table, {})


# Stages: each reads a run's files in one folder and writes its own into another.


def probes(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """Inputs to prefixes and suffixes."""
    from memorization import storage
    from memorization.config.data import Probes
    from memorization.probes import Selection, read_tokenizer, write_probes

    selection = Selection(Probes(n=storage.rows_of(files / "dataset.parquet")), PREFIX_TOKENS, "member")
    target = output / "probes.parquet"
    write_probes(files / "dataset.parquet", read_tokenizer(files / "model"), selection, target, {})
    return target


def index(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """The index of the suffixes."""
    from memorization import retrieval

    # That of an older checkout takes the number of threads, too.
    takes_threads = "threads" in inspect.signature(retrieval.index_suffixes).parameters
    threads = {"threads": options.threads} if takes_threads else {}
    retrieval.index_suffixes(files / "probes.parquet", output / "index", **threads)
    return output / "index"


def candidates(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """The best suffixes of each generation."""
    from memorization import retrieval, storage
    from memorization.config.detection import Retrieval
    from memorization.schemas.candidates import CandidatesTable

    found = retrieval.candidate_batches(files / "generations.parquet", files / "index", Retrieval(), options.threads)
    storage.write_batches(output / "candidates.parquet", CandidatesTable, found, {})
    return output / "candidates.parquet"


def sentences(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """The sentence model of the suffixes."""
    from memorization import storage
    from memorization.detection import text

    batches = storage.stream(files / "probes.parquet", ["suffix"])
    suffixes = (suffix for batch in batches for suffix in batch["suffix"].to_pylist())
    storage.write_text(output / "sentences.json", text.as_json(text.sentence_model(options.sentences, suffixes)))
    storage.write_sums(output / "sentences.json.sha256", [output / "sentences.json"])
    return output / "sentences.json"


def matches(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """Generations beside their candidates."""
    from memorization import storage
    from memorization.detection.alignment import AlignmentParameters
    from memorization.detection.matches import MatchFiles, match_batches
    from memorization.detection.text import read_sentence_model
    from memorization.schemas.matches import MatchesTable

    run = MatchFiles(*(files / f"{name}.parquet" for name in ("generations", "candidates", "probes")))
    model = read_sentence_model(files / "sentences.json")
    parameters = AlignmentParameters.profile(options.profile)
    aligned = match_batches(run, model, parameters, options.threads)
    storage.write_batches(output / "matches.parquet", MatchesTable, aligned, {})
    return output / "matches.parquet"


def references(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """Suffixes as a tokenizer writes them."""
    from memorization import storage
    from memorization.detection.references import reference_batches
    from memorization.probes import read_tokenizer
    from memorization.schemas.references import ReferencesTable

    tokenizer = read_tokenizer(files / "model")
    rows = reference_batches(files / "probes.parquet", files / "dataset.parquet", tokenizer)
    storage.write_batches(output / "references.parquet", ReferencesTable, rows, {})
    return output / "references.parquet"


def definitions(files: Path, output: Path, options: argparse.Namespace) -> Path:
    """Other definitions of memorization."""
    from memorization import storage
    from memorization.config.detection import Definitions
    from memorization.detection.definitions import RunFiles, definition_batches
    from memorization.probes import read_tokenizer
    from memorization.schemas.definitions import DefinitionsTable

    # An older package has probes in place of references.
    run = RunFiles(**{field.name: files / f"{field.name}.parquet" for field in dataclasses.fields(RunFiles)})
    tokenizer = read_tokenizer(files / "model")
    rows = definition_batches(run, tokenizer, "member", NEW_TOKENS, False, Definitions())
    storage.write_batches(output / "definitions.parquet", DefinitionsTable, rows, {})
    return output / "definitions.parquet"


STAGES: dict[str, Callable[[Path, Path, argparse.Namespace], Path]] = {
    stage.__name__: stage for stage in (probes, index, candidates, sentences, matches, references, definitions)
}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Processor time, memory and digest of a stage in this process."""
    stage = STAGES[options.measure]
    with tempfile.TemporaryDirectory(dir=options.files.parent) as folder:
        stage(options.files.with_name(WARM), Path(folder), options)
        before, begun = memory(), processor_seconds()
        file = stage(options.files, Path(folder), options)
        seconds, peak = processor_seconds() - begun, memory()
        # An index is not the same twice: its segments have names.
        digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
    return {"seconds": seconds, "before": before, "peak": peak, "digest": digest}


def processor_seconds() -> float:
    """Seconds of this process and its children so far, user and system."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def memory() -> float:
    """The most MB that this process has had so far; `ru_maxrss` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1e3


if __name__ == "__main__":
    main()
