"""Scores of models in files, for the tests of the tables and the figure of quality."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from sheets import context, run, sql, write_parts

from memorization.config.project import Statistics
from memorization.report.context import Context
from memorization.report.query import PUBLISHED_COLUMNS
from memorization.report.sheet import Sheet
from memorization.schemas.quality import QualityScoresTable
from memorization.schemas.run import AnswerColumns
from memorization.studies.quality import table
from memorization.studies.quality.scores import Score

MEASURED = {
    ("news", "flan", "base"): {"rouge1": 291, "rougeL": 237},
    ("news", "t5", "base"): {"rouge1": 100, "rougeL": 90},
    ("news", "t5", "full"): {"rouge1": 298, "rougeL": 201},
    ("imdb", "flan", "base"): {"accuracy": 936},
    ("imdb", "t5", "base"): {"accuracy": 0},
    ("imdb", "t5", "full"): {"accuracy": 946},
}
"""Measured values in thousandths by (dataset, model, state), in the order of the study."""

PUBLISHED = [
    ("news", "flan", "base", "rouge1", 0.31),
    ("news", "t5", "full", "rouge1", 0.3),
    ("imdb", "t5", "base", "accuracy", 0.003),
    ("imdb", "t5", "full", "accuracy", 0.9),
    ("imdb", "t5", "full", "f1", 0.9),
    ("squad", "t5", "full", "accuracy", 0.9),
]
"""Published values; the last two are of nothing that is measured."""


def scores(dataset: str, model: str, state: str, values: dict[str, int]) -> pa.Table:
    """The table `quality` of a model in a state; intervals are 15 thousandths wide on both sides."""
    coordinates: dict[str, Any] = run(dataset, model, state, task="summarization" if dataset == "news" else "sentiment")
    answered = {name: coordinates[name] for name in AnswerColumns.columns()}
    measured = []
    for metric, value in values.items():
        bounds = (max(0, value - 15) / 1000, (value + 15) / 1000) if value else (0.0, 0.0)
        exact = {"count": value, "exact_low": max(0, value - 16) / 1000, "exact_high": (value + 4) / 1000}
        counted = exact if metric == "accuracy" else {}
        interval = {"low": bounds[0], "high": bounds[1]}
        measured.append(Score(metric, "fraction", n=1000, value=value / 1000, **interval, **counted))
    measured.append(Score("answer_tokens", "tokens", n=1000, value=12.25, low=12.0, high=12.5))
    rows = [answered | asdict(score) for score in measured]
    return pa.Table.from_pylist(rows, schema=QualityScoresTable.arrow())


def quality_context(**fields: Any) -> Context:
    """The context of the study's tables and figure."""
    study = {"datasets": ["news", "imdb"], "states": ["base", "full"], "decodings": ["greedy"]}
    statistics = Statistics(draws=1000).model_dump()
    plain = {"study": "scored", "title": "Table 16", "options": {"study": study}, "statistics": statistics}
    datasets, models = {"news": "Multi-news", "imdb": "IMDB"}, {"flan": "FLAN-T5", "t5": "T5-base"}
    return context(datasets, models, **plain | fields)


def quality_sheet(folder: Path, with_published: bool = True) -> Sheet:
    """The sheet of the study, from files in the other order."""
    parts = [scores(*coordinates, values) for coordinates, values in reversed(MEASURED.items())]
    files = {"query": [sql("quality")], "quality": write_parts(folder, QualityScoresTable, parts)}
    if with_published:
        file = folder / "published.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(PUBLISHED_COLUMNS))
            writer.writeheader()
            names = ("dataset", "model", "state", "category", "value")
            writer.writerows(dict(zip(names, row, strict=True)) for row in PUBLISHED)
        files["published"] = [file]
    return table.sheet(files, quality_context())
