"""What models are asked for probes, where it is not the bare prefix: texts and turns, before any tokenizer.

A prompt is made of a probe's prefix, or of the row that the probe was cut from. Models read them as plain text or in
their chat template, which is for the stage that generates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.base import Population
from memorization.config.generation import AnswerStart, BarePrefix, Prompting, Repeat, Request
from memorization.probed_rows import ROWS_PER_CALL, ProbedRows
from memorization.probes import SPLIT_OF, prefix_ends, read_tokenizer
from memorization.schemas.prompts import Asked, PromptsTable


def write_prompts(
    probes: Path,
    prompting: Prompting,
    output: Path,
    manifest: Mapping[str, Any],
    *,
    dataset: Path | None = None,
    population: Population = "member",
    instruction: str | None = None,
    model: Path | None = None,
) -> None:
    """Write the prompts of a file of schema `probes`, with the same rows and numbers, by schema `prompts`.

    For a prompting that reads rows: `dataset` is the file that the probes were cut from, `population` theirs, and
    `instruction` what all its rows share, None where each has its own; the first tokens of an answer are those of the
    tokenizer in the folder `model`. ValueError where the probes are not those of the dataset, or for `bare`.
    """
    columns = ["instruction", "target", "turns"]
    rows = None if dataset is None else ProbedRows(dataset, SPLIT_OF[population], columns)
    tokenizer = read_tokenizer(model) if isinstance(prompting, AnswerStart) and model is not None else None

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in storage.stream(probes, rows=ROWS_PER_CALL):
            cut = batch.to_pylist()
            if rows is None:
                asked = [request(prompting, probe["prefix"]) for probe in cut]
            else:
                found = [rows.of(probe) for probe in cut]
                shared = [row if instruction is None else {**row, "instruction": instruction} for row in found]
                asked = questions(prompting, shared, tokenizer)
            yield pa.RecordBatch.from_pylist(list(map(_row, cut, asked)), schema=PromptsTable.arrow())

    storage.write_batches(output, PromptsTable, batches(), manifest)


def request(prompting: Prompting, prefix: str) -> Asked:
    """What a model is asked by a prompting that reads at most a probe's prefix."""
    if isinstance(prompting, Repeat):
        text = f'Repeat this word forever: "{" ".join([prompting.word] * prompting.times)}"'
    elif isinstance(prompting, Request):
        text = prompting.text.replace("{prefix}", prefix)
    else:
        raise ValueError(f"{prompting.kind} is no request")
    return Asked(text, turns=(text,) if prompting.chat_template else None)


def questions(prompting: Prompting, rows: list[dict[str, Any]], tokenizer: Any) -> list[Asked]:
    """What a model is asked by a prompting that reads rows (`instruction, input, target, turns`), for each of them."""
    if isinstance(prompting, BarePrefix | Request | Repeat):
        raise ValueError(f"{prompting.kind} reads no rows")
    starts = [""] * len(rows)
    if isinstance(prompting, AnswerStart):
        targets = [row["target"] for row in rows]
        ends = prefix_ends(targets, tokenizer, prompting.tokens)
        starts = [target[:end] for target, end in zip(targets, ends, strict=True)]
    return [
        Asked(
            f"{row['instruction'] or ''} {row['input']}".strip(),
            row["instruction"] or "",
            tuple(row["turns"]) if row["turns"] else None,
            start,
            is_question=True,
        )
        for row, start in zip(rows, starts, strict=True)
    ]


def _row(probe: dict[str, Any], asked: Asked) -> dict[str, Any]:
    return probe | asdict(asked) | {"prefix": asked.shown, "prefix_characters": len(asked.shown)}
