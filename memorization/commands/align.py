"""`memorization align`: the text aligner on the texts of two files.

memorization align --generations A.parquet --suffixes B.csv --output matches.parquet
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from memorization.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from memorization.commands.text_column import TextColumn
    from memorization.detection.text import SentenceModel
    from memorization.schemas.alignment import AlignmentTable

HELP = "align texts pair by pair with the PAN 2015 text aligner"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options to its parser."""
    parser.description = (
        "Compare row i of one file with row i of another and write every detection as a row: pair, type (none, "
        "verbatim, summary or other), and start and length in characters on both sides. Files are Parquet, CSV, TSV, "
        "JSONL or JSON (all but Parquet also with .gz), recognized by their endings."
    )
    parser.add_argument("--generations", type=Path, required=True, metavar="FILE", help="file of generations")
    parser.add_argument("--suffixes", type=Path, required=True, metavar="FILE", help="file of suffixes")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    parser.add_argument("--generation-column", default="generation", metavar="NAME", help="default: generation")
    parser.add_argument("--suffix-column", default="suffix", metavar="NAME", help="default: suffix")
    for side, what in (("generation", "generations"), ("suffix", "suffixes")):
        parser.add_argument(
            f"--keep-{side}",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME",
            help=f"columns of the file of {what} that are written beside every detection, as `{side}.NAME`",
        )
    parser.add_argument(
        "--separator", metavar="CHARACTER", help="between columns of CSV and TSV (default: a comma; a tab in .tsv)"
    )
    parser.add_argument("--encoding", metavar="NAME", help="of text files without a byte order mark (default: utf-8)")
    parser.add_argument(
        "--profile",
        choices=["zeng2024", "pan2015", "collection"],
        default="zeng2024",
        help="parameters of the aligner; `collection` counts how frequent words are in all suffixes, not in a pair "
        "alone, and so finds copies of single sentences (default: zeng2024)",
    )
    parser.add_argument(
        "--sentences",
        choices=["punkt_english", "punkt_corpus"],
        default="punkt_english",
        help="sentence model: NLTK's English Punkt, or Punkt trained on the suffixes (default: punkt_english)",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")


def run(options: argparse.Namespace) -> None:
    """Align the two files; UserError for options or files that cannot be used."""
    # Imported here: they take seconds, which `memorization --help` must not need.
    import pyarrow.compute as pc

    from memorization import storage
    from memorization.commands.text_column import TextColumn, check_text_options
    from memorization.datasets.files import UserFile
    from memorization.detection.alignment import Aligner, AlignmentParameters
    from memorization.progress import Progress

    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads: given {options.threads}; allowed: whole numbers from 1 up.")
    if options.output.is_dir():
        raise UserError(f"--output: {options.output} is a folder; give the name of a file.")
    check_text_options(options)
    generations, suffixes = (
        TextColumn(
            UserFile(f"--{side}", file, options.separator, options.encoding, "--{} {}"),
            column,
            list(dict.fromkeys(kept)),
        )
        for side, file, column, kept in (
            ("generations", options.generations, options.generation_column, options.keep_generation),
            ("suffixes", options.suffixes, options.suffix_column, options.keep_suffix),
        )
    )
    _check_equal_length(generations, suffixes)
    kept = {f"generation.{name}": values for name, values in generations.kept.items()}
    kept |= {f"suffix.{name}": values for name, values in suffixes.kept.items()}
    sentences = _sentence_model(options.sentences, suffixes)
    parameters = AlignmentParameters.profile(options.profile)
    if not _is_compiled():
        _say("compiling the aligner, once; this takes about a minute ...")
    if not sys.stderr.isatty():
        # Progress is then written line by line.
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="memorization: %(message)s", force=True)
    collection = suffixes.texts() if parameters.frequencies == "collection" else None
    aligner = Aligner(parameters, sentences, options.threads, collection)
    manifest = {
        "command": "align",
        "settings": {"profile": options.profile, "sentences": options.sentences},
        "versions": storage.versions("finetune-memorization", "nltk", "numba"),
    }
    detections, matched = 0, 0
    with Progress(generations.rows, "alignment", "pairs") as progress:

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal detections, matched
            for pairs, table in aligner.compare_streams(generations.texts(), suffixes.texts()):
                found = table.filter(pc.not_equal(table["type"], "none"))["pair"]
                detections, matched = detections + len(found), matched + len(found.unique())
                for name, values in kept.items():
                    table = table.append_column(name, values.take(table["pair"]))
                yield from table.combine_chunks().to_batches()
                progress.advance(pairs)

        storage.write_batches(options.output, _table_with(kept), batches(), manifest)
    _say(f"{generations.rows} pairs, {matched} of them with a match, {detections} matches in all: {options.output}")


def _say(text: str) -> None:
    print(f"memorization: {text}", file=sys.stderr, flush=True)


def _sentence_model(name: str, suffixes: TextColumn) -> SentenceModel:
    from memorization.detection.text import sentence_model

    try:
        return sentence_model(name, suffixes.texts() if name == "punkt_corpus" else ())
    except UserError as error:
        if name == "punkt_english":
            raise UserError(f"{error}\nHere that is the option `--sentences punkt_corpus`.") from error
        raise


def _is_compiled() -> bool:
    """Whether Numba has kept the aligner's machine code, as far as the times of files tell."""
    from memorization.detection import kernel

    source = Path(kernel.__file__).stat().st_mtime
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    kept = Path(kernel.passages.stats.cache_path or "").glob(f"kernel.passages-*{version}.nbi")
    return any(file.stat().st_mtime >= source for file in kept)


def _table_with(kept: dict[str, pa.Array]) -> type[AlignmentTable]:
    """The table of detections with the kept columns behind its own."""
    import pyarrow as pa

    from memorization.schemas.alignment import AlignmentTable

    class WithKept(AlignmentTable):
        @classmethod
        def arrow(cls) -> pa.Schema:
            own = AlignmentTable.arrow()
            return pa.schema([*own, *(pa.field(name, values.type) for name, values in kept.items())], own.metadata)

    return WithKept


def _check_equal_length(generations: TextColumn, suffixes: TextColumn) -> None:
    if generations.rows != suffixes.rows:
        raise UserError(
            f"{generations.file.path} has {generations.rows} rows, {suffixes.file.path} has {suffixes.rows}: row i of "
            "one is compared with row i of the other, so both must have the same number."
        )
