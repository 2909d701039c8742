"""`memorization align`: the text aligner on two Parquet files.

memorization align --generations A.parquet --suffixes B.parquet --output matches.parquet
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from memorization.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from memorization.commands.text_column import TextColumn

HELP = "align texts pair by pair with the PAN 2015 text aligner"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options to its parser."""
    parser.description = (
        "Compare row i of one Parquet file with row i of another and write every detection as a row: pair, type (none, "
        "verbatim, summary or other), and start and length in characters on both sides."
    )
    parser.add_argument("--generations", type=Path, required=True, metavar="FILE", help="Parquet file of generations")
    parser.add_argument("--suffixes", type=Path, required=True, metavar="FILE", help="Parquet file of suffixes")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    parser.add_argument("--generation-column", default="generation", metavar="NAME", help="default: generation")
    parser.add_argument("--suffix-column", default="suffix", metavar="NAME", help="default: suffix")
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
    from memorization import storage
    from memorization.commands.text_column import TextColumn
    from memorization.detection.alignment import Aligner, AlignmentParameters
    from memorization.detection.text import sentence_model
    from memorization.progress import Progress
    from memorization.schemas.alignment import AlignmentTable

    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads: given {options.threads}; allowed: whole numbers from 1 up.")
    if options.output.is_dir():
        raise UserError(f"--output: {options.output} is a folder; give the name of a file.")
    generations = TextColumn(options.generations, options.generation_column)
    suffixes = TextColumn(options.suffixes, options.suffix_column)
    _check_equal_length(generations, suffixes)
    sentences = sentence_model(options.sentences, suffixes.texts() if options.sentences == "punkt_corpus" else ())
    parameters = AlignmentParameters.profile(options.profile)
    collection = suffixes.texts() if parameters.frequencies == "collection" else None
    aligner = Aligner(parameters, sentences, options.threads, collection)
    manifest = {
        "command": "align",
        "settings": {"profile": options.profile, "sentences": options.sentences},
        "versions": storage.versions("finetune-memorization", "nltk", "numba"),
    }
    with Progress(generations.rows, "alignment", "pairs") as progress:

        def batches() -> Iterator[pa.RecordBatch]:
            for pairs, table in aligner.compare_streams(generations.texts(), suffixes.texts()):
                yield from table.combine_chunks().to_batches()
                progress.advance(pairs)

        storage.write_batches(options.output, AlignmentTable, batches(), manifest)


def _check_equal_length(generations: TextColumn, suffixes: TextColumn) -> None:
    if generations.rows != suffixes.rows:
        raise UserError(
            f"{generations.file} has {generations.rows} rows, {suffixes.file} has {suffixes.rows}: row i of one is "
            "compared with row i of the other, so both must have the same number."
        )
