"""Runs of an audit whose results are written by hand: records, their probes, what a model wrote, and matches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.paraphrases import ParaphrasesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema
from memorization.studies.audit.leaks import RunFiles

PREFIX = 6
"""Characters of a prefix."""

RUN = {
    "model": "small",
    "state": "full",
    "epoch": 1,
    "seed": 0,
    "dataset": "letters",
    "task": "dialog",
    "population": "member",
    "prefix_tokens": 5,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "zeng2024",
}


def record(identifier: str, text: str, target: str = "none") -> dict[str, Any]:
    return {"id": identifier, "split": "train", "input": text, "target": target}


def write(file: Path, schema: type[Schema], rows: Sequence[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    storage.write_table(file, schema, pa.Table.from_pylist(list(rows), schema=schema.arrow()), {})
    return file


def write_records(file: Path, records: Sequence[dict[str, Any]]) -> Path:
    """A file of schema `dataset`: the records, and one of the test split."""
    return write(file, DatasetTable, [*records, {**record("test-0", "a held-out text"), "split": "test"}])


def write_probes(file: Path, records: Sequence[dict[str, Any]], side: str = "input") -> Path:
    """What is searched for of records on a side."""
    rows = []
    for number, each in enumerate(records):
        prefix, rest = each["input"][:PREFIX], each["input"][PREFIX:]
        suffix = {"input": rest, "target": each["target"], "both": f"{rest}\n{each['target']}"}[side]
        row = {"probe": number, "id": each["id"], "prefix": prefix, "suffix": suffix, "input_text": number}
        rows.append(row | {"prefix_characters": len(prefix), "suffix_characters": len(suffix)})
    return write(file, ProbesTable, rows)


def match(probe: int, document: int, kind: str = "verbatim", rank: int = 0, span: int = 0) -> dict[str, Any]:
    place = dict.fromkeys(("generation_start", "generation_length", "suffix_start", "suffix_length"), 0)
    return {"probe": probe, "rank": rank, "document": document, "span": span, "type": kind, **place}


def write_run(
    folder: Path,
    generations: Sequence[str],
    matches: Sequence[dict[str, Any]],
    high: Sequence[int] = (),
    entities: dict[int, list[tuple[str, str]]] | None = None,
    asked: Sequence[str] = (),
) -> RunFiles:
    """Files of a run: `high` are the probes whose paraphrases are, `entities` what the matches of each leak, `asked`
    the prompts (others for all generations if empty).
    """
    written = [
        {"probe": number, "generation": text, "generated_tokens": 1, "at_limit": False}
        for number, text in enumerate(generations)
    ]
    keys = [{key: each[key] for key in ("probe", "rank", "document", "span")} for each in matches]
    judged = [
        {**key, "pairs": 1, "cut_pairs": 0, "high": key["probe"] in high}
        for key, each in zip(keys, matches, strict=True)
        if each["type"] == "other"
    ]
    nothing = {"generation_entities": [], "training_entities": [], "relation": "none", "entities_match": True}
    found = [
        {**key, **nothing, "leaked": [{"type": kind, "text": text} for kind, text in (entities or {})[key["probe"]]]}
        if key["probe"] in (entities or {})
        else {**key, **nothing, "leaked": []}
        for key in keys
    ]
    prompts = [
        {"probe": number, "id": f"{number}", "prefix": text, "suffix": "", "input_text": number}
        | {"prefix_characters": len(text), "suffix_characters": 0}
        for number, text in enumerate(asked or [f"prompt {number}" for number in range(len(generations))])
    ]
    return RunFiles(
        write(folder / "generations.parquet", GenerationsTable, written),
        write(folder / "asked.parquet", ProbesTable, prompts),
        write(folder / "matches.parquet", MatchesTable, matches),
        write(folder / "paraphrases.parquet", ParaphrasesTable, judged),
        None if entities is None else write(folder / "entities.parquet", EntitiesTable, found),
    )
