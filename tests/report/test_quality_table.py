"""The study of quality: its grid, its table, the published values beside it, and its figure."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import configfile, figures, local_files, plan, quality, storage
from memorization.config import Config, Quality
from memorization.errors import UserError
from memorization.report import quality_figure, quality_table, tables

QUERY = Path(__file__).resolve().parents[2] / "workflow/queries/quality.sql"
STATISTICS = {"draws": 1000, "low": 0.025, "high": 0.975, "seed": 0}
TITLES = {"datasets": {"news": "Multi-news", "imdb": "IMDB"}, "models": {"flan": "FLAN-T5", "t5": "T5-base"}}
STUDY = {
    "kind": "quality",
    "models": ["t5"],
    "against": ["flan"],
    "datasets": ["news", "imdb"],
    "states": ["base", "full"],
}


def configuration(**changed: Any) -> Config:
    files = {"kind": "files", "train": "rows.csv", "test": "rows.csv"}
    values = {
        "datasets": {name: {"task": "summarization", "source": files} for name in ("news", "imdb")},
        "models": {name: {"source": {"kind": "folder", "path": name}} for name in ("t5", "t5-large", "flan")},
        "recipes": {"full": {"epochs": 5, "keep": [1, 5], "max_input_tokens": 300}},
        "decodings": {
            name: {"strategy": "greedy", "with_prompt": name == "whole"} for name in ("greedy", "other", "whole")
        },
        "studies": {"told": {**STUDY, **changed}},
    }
    return Config.model_validate(values)


def runs(**changed: Any) -> list[tuple[Any, ...]]:
    config = configuration(**changed)
    study = config.studies["told"]
    assert isinstance(study, Quality)
    return [tuple(run.values()) for run in plan.quality_runs(config, study)]


def test_models_shown_as_they_are_stand_before_those_beside_them_and_have_one_state() -> None:
    assert runs() == [
        (model, state, epoch, dataset, "greedy")
        for dataset in ("news", "imdb")
        for model, state, epoch in (("flan", "base", 0), ("t5", "base", 0), ("t5", "full", 5))
    ]
    pairs = runs(models=["t5", "t5-large"], against=["flan"], datasets=["news"], states=["full"])
    assert [run[:2] for run in pairs] == [("flan", "base"), ("t5", "full"), ("t5-large", "full")]


def test_epochs_and_decodings_are_axes() -> None:
    found = runs(against=[], datasets=["news"], epochs=[1, 5], decodings=["greedy", "other"])
    assert found == [
        ("t5", state, epoch, "news", decoding)
        for decoding in ("greedy", "other")
        for state, epoch in (("base", 0), ("full", 1), ("full", 5))
    ]
    assert len(set(runs(datasets=["news", "news"], models=["t5", "t5"]))) == len(runs(datasets=["news"]))


def test_only_models_of_the_grid_are_trained_and_all_are_titled() -> None:
    config = configuration()
    study = config.studies["told"]
    assert {run["model"] for run in plan.training_runs(config, study)} == {"t5"}
    assert list(plan.titles(config, study)["models"]) == ["flan", "t5"]
    assert plan.products(config, "told")[-1] == "figures/told.png"
    assert len(plan.products(config, "told")) == 7


def test_fine_tuned_models_read_what_they_read_in_training() -> None:
    config = configuration()
    assert plan.answer_settings(config, "base") == {"n": 1000, "max_input_tokens": 512, "seed": 0}
    assert plan.answer_settings(config, "full") == {"n": 1000, "max_input_tokens": 300, "seed": 0}


def test_quality_needs_a_test_split(tmp_path: Path) -> None:
    config = configuration(against=[])
    values = config.model_dump(mode="json")
    values["datasets"]["news"]["source"]["test"] = None
    with pytest.raises(UserError, match=r"studies\.told\.datasets: quality is told on a test split, which .* 'news'"):
        local_files.check_inputs(Config.model_validate(values))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"against": ["flam"]}, r"studies\.told\.against: given 'flam', which is not defined.*did you mean 'flan'\?"),
        ({"decodings": ["whole"]}, r"studies\.told\.decodings: given 'whole', which has `with_prompt: true`"),
        ({"epochs": [2]}, r"studies\.told\.epochs: given 2, which recipe 'full' does not keep"),
        ({"published": "nowhere"}, r"studies\.told\.published: given 'nowhere'"),
    ],
)
def test_wrong_names_are_told(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(configuration(**changed).model_dump(mode="json")), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        configfile.load([file])


# Values in thousandths of (dataset, model, state), as measured and as published.
MEASURED = {
    ("news", "flan", "base"): {"rouge1": 291, "rougeL": 237},
    ("news", "t5", "base"): {"rouge1": 100, "rougeL": 90},
    ("news", "t5", "full"): {"rouge1": 298, "rougeL": 201},
    ("imdb", "flan", "base"): {"accuracy": 936},
    ("imdb", "t5", "base"): {"accuracy": 0},
    ("imdb", "t5", "full"): {"accuracy": 946},
}
PUBLISHED = [
    ("news", "flan", "base", "rouge1", 0.31),
    ("news", "t5", "full", "rouge1", 0.3),
    ("imdb", "t5", "base", "accuracy", 0.003),
    ("imdb", "t5", "full", "accuracy", 0.9),
    ("imdb", "t5", "full", "f1", 0.9),
    ("squad", "t5", "full", "accuracy", 0.9),
]


def measured(folder: Path) -> list[Path]:
    files = []
    for number, ((dataset, model, state), values) in enumerate(reversed(MEASURED.items())):
        task = "summarization" if dataset == "news" else "sentiment"
        run = {"dataset": dataset, "task": task, "model": model, "state": state, "epoch": 3 * (state != "base")}
        shares = "accuracy" in values
        found = [
            quality.Score(
                metric,
                "fraction",
                1000,
                value / 1000,
                max(0, value - 15) / 1000 if value else 0.0,
                (value + 15) / 1000 if value else 0.0,
                value if shares else None,
                max(0, value - 16) / 1000 if shares else None,
                (value + 4) / 1000 if shares else None,
            )
            for metric, value in values.items()
        ]
        found.append(quality.Score("answer_tokens", "tokens", 1000, 12.25, 12.0, 12.5))
        files.append(folder / f"{number}.parquet")
        table = quality.table_of(found, run | {"decoding": "greedy"})
        storage.write_table(files[-1], "quality", table, {})
    return files


def published(folder: Path) -> Path:
    file = folder / "published.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(tables.PUBLISHED))
        writer.writeheader()
        for dataset, model, state, category, value in PUBLISHED:
            writer.writerow({"dataset": dataset, "model": model, "state": state, "category": category, "value": value})
    return file


def queried(folder: Path, with_published: bool = True) -> pa.Table:
    return tables.query(
        QUERY,
        {"quality": measured(folder)},
        published(folder) if with_published else None,
        study="told",
        models=["flan", "t5"],
        datasets=["news", "imdb"],
        states=["base", "full"],
        decodings=["greedy"],
        metrics=list(quality_table.HEADINGS),
    )


def test_headings_are_those_of_all_metrics() -> None:
    assert set(quality_table.HEADINGS) == {metric for metrics in quality.METRICS.values() for metric in metrics}


def test_rows_stand_in_the_study_s_order_with_their_published_values(tmp_path: Path) -> None:
    rows = queried(tmp_path).to_pylist()
    assert [(row["dataset"], row["model"], row["state"], row["metric"]) for row in rows] == [
        (*run, metric) for run, values in MEASURED.items() for metric in (*values, "answer_tokens")
    ]
    beside = {
        (row["dataset"], row["model"], row["state"], row["metric"], row["published"])
        for row in rows
        if row["published"] is not None
    }
    assert beside == set(PUBLISHED[:4])


def test_a_line_is_a_model_in_a_state_and_published_values_stand_below(tmp_path: Path) -> None:
    wide = quality_table.layout(queried(tmp_path).to_pylist(), TITLES)
    assert [(line["Dataset"], line["Model"], line["ROUGE-1 (%)"], line["Accuracy (%)"]) for line in wide] == [
        ("Multi-news", "FLAN-T5", "29.10 [27.60, 30.60]", ""),
        ("", "Published", "31.00", ""),
        ("", "T5-base (base)", "10.00 [8.50, 11.50]", ""),
        ("", "T5-base (fine-tuned)", "29.80 [28.30, 31.30]", ""),
        ("", "Published", "30.00", ""),
        ("IMDB", "FLAN-T5", "", "93.60 [92.10, 95.10]"),
        ("", "T5-base (base)", "", "0.00 (≤ 0.40)"),
        ("", "Published", "", "0.30"),
        ("", "T5-base (fine-tuned)", "", "94.60 [93.10, 96.10]"),
        ("", "Published", "", "90.00"),
    ]
    assert wide[0]["Answer (tokens)"] == "12.2"
    assert wide[0]["n"] == "1,000"
    assert "Epochs" not in wide[0]
    assert "F1 (%)" not in wide[0]


def test_several_recipes_are_named_and_varied_epochs_shown(tmp_path: Path) -> None:
    rows = queried(tmp_path, with_published=False).to_pylist()
    more = [{**row, "state": "lora", "epoch": 5} for row in rows if row["state"] == "full"]
    wide = quality_table.layout(rows + more, TITLES)
    assert {line["Model"] for line in wide} == {"FLAN-T5", "T5-base (base)", "T5-base (full)", "T5-base (lora)"}
    assert [line["Epochs"] for line in wide if line["Model"] == "T5-base (lora)"] == ["5", "5"]


def test_the_caption_explains_what_is_shown_and_nothing_else(tmp_path: Path) -> None:
    rows = queried(tmp_path).to_pylist()
    whole = quality_table.caption(rows, STATISTICS)
    assert all(part in whole for part in ("ROUGE-Lsum", "Accuracy:", "Clopper-Pearson", "Published:", "1,000 draws"))
    part = quality_table.caption([row for row in rows if row["metric"] == "rouge1"], STATISTICS)
    assert not any(word in part for word in ("Accuracy:", "SQuAD", "sacreBLEU", "Clopper-Pearson"))


def test_published_values_are_inside_or_not(tmp_path: Path) -> None:
    rows = queried(tmp_path).to_pylist()
    compared = quality_table.compared(rows).to_pylist()
    assert [(row["model"], row["metric"], round(row["difference"], 6), row["inside"]) for row in compared] == [
        ("flan", "rouge1", -0.019, False),
        ("t5", "rouge1", -0.002, True),
        # The bootstrap's interval is [0, 0] here; the exact bound is 0.4%.
        ("t5", "accuracy", -0.003, True),
        ("t5", "accuracy", 0.046, False),
    ]


def test_both_tables_are_written_in_every_format(tmp_path: Path) -> None:
    table = queried(tmp_path)
    quality_table.write(table, TITLES, "Table 16", "A label.", STATISTICS, {}, tmp_path / "told")
    labelled = storage.read(tmp_path / "told.parquet", "quality_table")
    assert labelled["label"].to_pylist() == ["A label."] * table.num_rows
    rows = labelled.to_pylist()
    quality_table.write_published(rows, TITLES, "Table 16", "A label.", STATISTICS, {}, tmp_path / "told-published")
    assert storage.read(tmp_path / "told-published.parquet", "quality_published_table").num_rows == 4
    for name in ("told", "told-published"):
        for ending in plan.TABLE_FORMATS:
            assert (tmp_path / f"{name}.{ending}").stat().st_size > 100
    shown = (tmp_path / "told-published.md").read_text(encoding="utf-8")
    assert "2 of 4 published values lie in the measured interval" in shown
    assert "| 31.00       | 29.10 [27.60, 30.60]" in shown
    assert pq.read_schema(tmp_path / "told.parquet").names[:3] == ["study", "dataset", "task"]


def test_a_figure_has_a_panel_a_dataset_and_a_point_a_score(tmp_path: Path) -> None:
    rows = queried(tmp_path).to_pylist()
    figure = quality_figure.quality(rows, TITLES, "A label.", STATISTICS)
    news, imdb = figure.axes
    assert [label.get_text() for label in news.get_xticklabels()] == ["ROUGE-1", "ROUGE-L"]
    assert [label.get_text() for label in imdb.get_xticklabels()] == ["Accuracy"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "FLAN-T5",
        "T5-base (base)",
        "T5-base (fine-tuned)",
    ]
    points = [[float(y) for y in line.lines[0].get_ydata()] for line in news.containers]
    assert points == [[pytest.approx(value / 10) for value in MEASURED["news", *run].values()] for run in STATES]
    whisker = imdb.containers[1][2][0].get_segments()[0]
    assert [round(float(y), 6) for _, y in whisker] == [0.0, 0.4]
    diamonds = [float(y) for line in imdb.get_lines() if line.get_marker() == "D" for y in line.get_ydata()]
    assert diamonds == pytest.approx([0.3, 90.0])
    for name in ("one", "other"):
        figures.write(quality_figure.quality(rows, TITLES, "A label.", STATISTICS), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


STATES = (("flan", "base"), ("t5", "base"), ("t5", "full"))


def test_points_are_told_apart_and_none_looks_published() -> None:
    pairs = [
        (figures.LINES[number % len(figures.LINES)], (number + number // len(figures.LINES)) % len(figures.MARKERS))
        for number in range(12)
    ]
    assert len(set(pairs)) == 12
    assert "D" not in figures.MARKERS
