"""Made-up runs for the tests of the page's cases: their files, as the workflow's stages write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.detection.entities import annotate, finder
from memorization.detection.outcomes import outcomes
from memorization.detection.personal_data import in_generations, in_inputs
from memorization.detection.spans import read_texts
from memorization.page import cases
from memorization.page.context import PageContext
from memorization.page.section import Section
from memorization.schemas.schema import Schema

RUN = {
    "dataset": "chat",
    "task": "dialog",
    "dataset_title": "Chat",
    "model": "t5",
    "model_title": "T5",
    "state": "full",
    "epoch": 3,
    "seed": 0,
    "population": "member",
    "prefix_tokens": 50,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "zeng2024",
    "studies": ["disparity"],
}
FIND = finder(True, "US", None)


@dataclass(frozen=True)
class Made:
    """A probe with what was written for it; `passage` of it is in the suffix of the probe `source`, if any."""

    prefix: str
    suffix: str
    generation: str
    passage: str = ""
    source: int = 0
    type: str = "verbatim"
    probability: float | None = None


def run(**changed: Any) -> dict[str, Any]:
    """Coordinates of a run."""
    return RUN | changed


def written(folder: Path, name: str, schema: type[Schema], table: pa.Table | list[dict[str, Any]]) -> Path:
    """A file of that schema."""
    rows = table if isinstance(table, pa.Table) else pa.Table.from_pylist(table, schema=schema.arrow())
    storage.write_table(folder / f"{name}.parquet", schema, rows, {})
    return folder / f"{name}.parquet"


def run_files(folder: Path, made: Sequence[Made], probes: Path | None = None) -> dict[str, Path]:
    """The files of a run; those of its probes may be another run's."""
    files: dict[str, Path] = {}

    def write(name: str, table: pa.Table | list[dict[str, Any]], where: Path = folder) -> pa.Table:
        files[name] = written(where, name, cases.TABLES[name], table)
        return storage.read(files[name], cases.TABLES[name])

    inputs = write(
        "probes",
        [
            {"probe": probe, "id": f"row-{probe}", "prefix": each.prefix, "suffix": each.suffix, "input_text": probe}
            | {"prefix_characters": len(each.prefix), "suffix_characters": len(each.suffix)}
            for probe, each in enumerate(made)
        ],
        probes or folder,
    )
    files["prompts"] = files["probes"]
    write(
        "generations",
        [
            {"probe": probe, "generation": each.generation, "generated_tokens": 9, "at_limit": False}
            for probe, each in enumerate(made)
        ],
    )
    write(
        "candidates",
        [
            {"probe": probe, "rank": rank, "document": document, "score": 20.0 + len(each.passage) - rank}
            for probe, each in enumerate(made)
            for rank, document in enumerate(_candidates(each, len(made)), start=1)
        ],
    )
    found = [(probe, each) for probe, each in enumerate(made) if each.passage]
    matches = write(
        "matches",
        [
            {"probe": probe, "rank": 1, "document": each.source, "span": 0, "type": each.type}
            | {"generation_start": each.generation.index(each.passage), "generation_length": len(each.passage)}
            | {"suffix_start": made[each.source].suffix.index(each.passage), "suffix_length": len(each.passage)}
            for probe, each in found
        ],
    )
    judged = write(
        "paraphrases",
        [
            {"probe": probe, "rank": 1, "document": each.source, "span": 0, "pairs": 1, "cut_pairs": 0}
            | {"probability": each.probability, "probability_between": each.probability, "high": True}
            for probe, each in found
            if each.type == "other"
        ],
    )
    texts = read_texts(files["generations"], files["probes"])
    entities = write("entities", annotate(matches, texts, FIND))
    rows = list(outcomes(inputs.select(["probe", "id"]), matches, judged, entities))
    write("outcomes", pa.Table.from_pylist(rows, schema=cases.TABLES["outcomes"].arrow()))
    write("personal_data", in_generations(files["generations"], files["probes"], FIND))
    write("probes_personal_data", in_inputs(files["probes"], FIND), probes or folder)
    return files


def _candidates(made: Made, probes: int) -> list[int]:
    return list(dict.fromkeys([made.source, *range(min(probes, 3))]))


def case_section(folder: Path, runs: Sequence[tuple[Mapping[str, Any], Sequence[Made]]], **values: Any) -> Section:
    """The section of made-up runs, with further fields of the page's context; runs on a dataset share its probes."""
    files: dict[str, list[Path]] = {}
    sets: dict[tuple[str, str], int] = {}
    for number, (coordinates, made) in enumerate(runs):
        of = (coordinates["dataset"], coordinates["population"])
        shared = folder / f"probes-{sets.setdefault(of, len(sets))}"
        for name, file in run_files(folder / f"run-{number}", made, shared).items():
            files.setdefault(name, []).append(file)
    fields = {"case_megabytes": 1.0, "personal_data": "masked"} | values
    context = PageContext(folder, runs=[dict(coordinates) for coordinates, _ in runs], **fields)
    section = cases.section(files, context)
    assert section is not None
    return section
