"""`memorization`: single stages for people who want only them.

memorization align --generations A.parquet --suffixes B.parquet --output matches.parquet
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from memorization import storage
from memorization.detection.text import documents_of
from memorization.errors import UserError, did_you_mean
from memorization.progress import Progress

if TYPE_CHECKING:
    from memorization.detection.alignment import Aligner

PAIRS_A_CALL = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of a command line; returns its exit code, 2 and one message where the user can mend something."""
    parser = argparse.ArgumentParser(prog="memorization", description="Stages of the workflow, one at a time.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_align(commands)
    given = parser.parse_args(arguments)
    try:
        given.run(given)
    except UserError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or given.output}: {error.strerror or error}."
    else:
        return 0
    print(f"memorization: {message}", file=sys.stderr)
    return 2


def _add_align(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    align = commands.add_parser(
        "align",
        help="align texts pair by pair with the PAN 2015 text aligner",
        description="Compare row i of one Parquet file with row i of another and write every detection as a row: pair, "
        "type (none, verbatim, summary or other), and start and length in characters on both sides.",
    )
    align.add_argument(
        "--generations", type=Path, required=True, metavar="FILE", help="Parquet file of the generations"
    )
    align.add_argument("--suffixes", type=Path, required=True, metavar="FILE", help="Parquet file of suffixes")
    align.add_argument("--output", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    align.add_argument("--generation-column", default="generation", metavar="NAME", help="default: generation")
    align.add_argument("--suffix-column", default="suffix", metavar="NAME", help="default: suffix")
    align.add_argument("--profile", choices=["zeng2024", "pan2015"], default="zeng2024", help="default: zeng2024")
    align.add_argument(
        "--sentences",
        choices=["punkt_english", "punkt_corpus"],
        default="punkt_english",
        help="sentence model: NLTK's English Punkt, or Punkt trained on the suffixes (default: punkt_english)",
    )
    align.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    align.set_defaults(run=_align)


def _align(given: argparse.Namespace) -> None:
    from memorization.detection.alignment import Aligner, AlignmentParameters
    from memorization.detection.text import sentence_model

    if given.threads is not None and given.threads < 1:
        raise UserError(f"--threads: given {given.threads}; allowed: whole numbers from 1 up.")
    if given.output.is_dir():
        raise UserError(f"--output: {given.output} is a folder; give the name of a file.")
    sides = ((given.generations, given.generation_column), (given.suffixes, given.suffix_column))
    rows, other_rows = (_rows(*side) for side in sides)
    if rows != other_rows:
        raise UserError(
            f"{given.generations} has {rows} rows, {given.suffixes} has {other_rows}: row i of one is compared with "
            "row i of the other, so both must have the same number."
        )
    sentences = sentence_model(given.sentences, _texts(*sides[1]) if given.sentences == "punkt_corpus" else ())
    aligner = Aligner(AlignmentParameters.profile(given.profile), sentences, given.threads)
    manifest = {
        "command": "align",
        "settings": {"profile": given.profile, "sentences": given.sentences},
        "versions": storage.versions("finetune-memorization", "nltk", "numba"),
    }
    with Progress(rows, "alignment", "pairs") as progress:
        batches = _aligned(_texts(*sides[0]), _texts(*sides[1]), aligner, progress)
        storage.write_batches(given.output, "alignment", batches, manifest)


def _aligned(
    generations: Iterator[str], suffixes: Iterator[str], aligner: Aligner, progress: Progress
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `alignment`, some thousand pairs at a time."""
    first = 0
    while own := list(islice(generations, PAIRS_A_CALL)):
        table = aligner.compare(own, list(islice(suffixes, PAIRS_A_CALL)))
        pairs = pc.add(table["pair"], pa.scalar(first, pa.int32()))
        yield from table.set_column(0, table.schema.field("pair"), pairs).combine_chunks().to_batches()
        first += len(own)
        progress.advance(len(own))


def _rows(file: Path, column: str) -> int:
    """Number of rows of a Parquet file; UserError where it cannot be read or has no such column of text."""
    if not file.is_file():
        raise UserError(f"{file}: no such file.")
    try:
        schema, rows = pq.read_schema(file), storage.rows_of(file)
    except pa.ArrowException as error:
        raise UserError(f"{file}: not a readable Parquet file: {' '.join(str(error).split())[:200]}") from error
    if column not in schema.names:
        hint = did_you_mean(column, schema.names)
        raise UserError(f"{file}: has no column {column!r}; columns there: {', '.join(schema.names)}{hint}")
    kind = schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise UserError(f"{file}: column {column!r} holds {kind}; allowed: text.")
    return rows


def _texts(file: Path, column: str) -> Iterator[str]:
    """A column's texts, streamed; UserError for a null."""
    texts = (text for batch in storage.stream(file, [column]) for text in batch[column].to_pylist())
    return documents_of(texts, f"{file}: column {column!r}, row")


if __name__ == "__main__":
    sys.exit(main())
