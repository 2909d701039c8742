"""Memorization against quality: the right pairs of numbers, in a table and in a figure."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from memorization import figures, storage
from memorization.report import tables, trade_off_figure, trade_off_table

ROOT = Path(__file__).resolve().parents[2]
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
TITLES = {"datasets": {"news": "Multi-news", "chat": "ChatDoctor"}, "models": {"t5": "T5-base"}}
STATES = ("base", "full", "lora")
METRIC_OF = {"news": ("summarization", "rougeL"), "chat": ("dialog", "rougeL"), "film": ("sentiment", "accuracy")}
Rows = list[dict[str, Any]]


def rate(dataset: str, state: str, population: str, value: float, category: str = "total") -> dict[str, Any]:
    return {
        "dataset": dataset,
        "task": METRIC_OF[dataset][0],
        "model": "t5",
        "state": state,
        "epoch": 0 if state == "base" else 3,
        "population": population,
        "prefix_tokens": 50,
        "decoding": "greedy",
        "n": 100,
        "input_texts": 100,
        "generated_tokens": 20.0,
        "own_matches": 1,
        "matched_suffixes": 2,
        "category": category,
        "count": round(100 * value),
        "rate": value,
        "low": max(0.0, value - 0.05),
        "high": value + 0.05 if value else 0.0,
        "exact_low": 0.0,
        "exact_high": value + 0.04,
    }


def score(dataset: str, state: str, metric: str, value: float) -> dict[str, Any]:
    share = metric == "accuracy"
    return {
        "dataset": dataset,
        "task": METRIC_OF[dataset][0],
        "model": "t5",
        "state": state,
        "epoch": 0 if state == "base" else 3,
        "decoding": "short",
        "metric": metric,
        "unit": "fraction",
        "n": 50,
        "count": round(50 * value) if share else None,
        "value": value,
        "low": max(0.0, value - 0.02),
        "high": value + 0.02 if value else 0.0,
        "exact_low": 0.0 if share else None,
        "exact_high": value + 0.07 if share else None,
    }


RATES = {"base": 0.0, "full": 0.4, "lora": 0.1}
SCORES = {"base": 0.1, "full": 0.3, "lora": 0.25}


def queried(folder: Path, rates: Rows, scores: Rows, datasets: tuple[str, ...] = ("news", "chat")) -> pa.Table:
    """The table of a study over these rows, each in a file of its own."""
    views: dict[str, list[Path]] = {"rates": [], "quality": []}
    for name, rows in (("rates", rates), ("quality", scores)):
        for number, row in enumerate(rows):
            views[name].append(folder / f"{name}-{number}.parquet")
            table = pa.Table.from_pylist([row], schema=storage.SCHEMAS[name])
            storage.write_table(views[name][-1], name, table, {})
    return tables.query(
        ROOT / "workflow/queries/trade_off.sql",
        views,
        study="recipes",
        datasets=list(datasets),
        models=["t5"],
        states=list(STATES),
        decodings=["greedy"],
        tasks=list(trade_off_table.METRICS),
        metrics=list(trade_off_table.METRICS.values()),
    )


def study(folder: Path, control: bool = True) -> pa.Table:
    populations = ("member", "control") if control else ("member",)
    cells = [(dataset, state) for dataset in ("chat", "news") for state in reversed(STATES)]
    rates = [
        rate(dataset, state, population, RATES[state] if population == "member" else 0.02, category)
        for dataset, state in cells
        for population in populations
        for category in ("total", "verbatim")
    ]
    scores = [
        score(dataset, state, metric, SCORES[state]) for dataset, state in cells for metric in ("rouge1", "rougeL")
    ]
    return queried(folder, rates, scores)


def training(folder: Path, recipe: str, dataset: str, losses: list[float | None], kept: int) -> Path:
    file = folder / f"{recipe}-{dataset}.parquet"
    rows = [
        {
            "epoch": epoch,
            "step": epoch,
            "loss": 1.0 / epoch,
            "learning_rate": 0.1,
            "validation_loss": loss,
            "kept": epoch == kept,
        }
        for epoch, loss in enumerate(losses, 1)
    ]
    manifest = {
        "coordinates": {"model": "t5", "recipe": recipe, "dataset": dataset},
        "settings": {"recipe": {"epochs": 3}},
    }
    storage.write_table(file, "training", pa.Table.from_pylist(rows, schema=storage.SCHEMAS["training"]), manifest)
    return file


def test_every_run_stands_beside_its_control_and_the_quality_of_its_state(tmp_path: Path) -> None:
    rows = study(tmp_path).to_pylist()

    assert [(row["dataset"], row["state"]) for row in rows] == [
        (dataset, state) for dataset in ("news", "chat") for state in STATES
    ]
    for row in rows:
        assert row["rate"] == RATES[row["state"]]
        assert row["quality"] == SCORES[row["state"]]
        assert (row["category"], row["population"], row["control_rate"]) == ("total", "member", 0.02)
        assert (row["metric"], row["answer_decoding"], row["answers"]) == ("rougeL", "short", 50)
        assert row["quality_exact_high"] is None


def test_a_study_without_controls_has_none(tmp_path: Path) -> None:
    assert set(study(tmp_path, control=False)["control_rate"].to_pylist()) == {None}


def test_each_task_shows_its_own_metric(tmp_path: Path) -> None:
    rates = [rate(dataset, "full", "member", 0.4) for dataset in ("news", "film")]
    scores = [score(dataset, "full", metric, 0.3) for dataset in ("news", "film") for metric in ("rougeL", "accuracy")]

    rows = queried(tmp_path, rates, scores, ("news", "film")).to_pylist()

    assert [(row["dataset"], row["metric"]) for row in rows] == [("news", "rougeL"), ("film", "accuracy")]
    assert rows[1]["quality_exact_high"] == pytest.approx(0.37)


def test_the_metrics_are_those_that_quality_tells_of_the_task() -> None:
    from memorization.quality import METRICS

    assert set(trade_off_table.METRICS) == set(METRICS) - {"pretraining"}
    assert all(metric in METRICS[task] for task, metric in trade_off_table.METRICS.items())  # type: ignore[index]
    assert set(trade_off_table.NAMES) == set(trade_off_table.METRICS.values())


def test_losses_of_early_stopping_and_of_several_datasets_stand_where_their_runs_look(tmp_path: Path) -> None:
    files = [
        training(tmp_path, "full", "news", [None, None, None], 3),
        training(tmp_path, "early", "news", [2.0, 3.0], 1),
        training(tmp_path, "mix", "chat+news", [None, None], 2),
    ]

    losses = tables.last_losses(files)

    assert {epoch: losses["t5", "full", "news", epoch] for epoch in (1, 2, 3)} == {1: 1.0, 2: 1 / 2, 3: 1 / 3}
    # Its checkpoint bears the last epoch's number, and holds the first epoch.
    assert {key: loss for key, loss in losses.items() if key[1] == "early"} == {("t5", "early", "news", 3): 1.0}
    assert losses["t5", "mix", "chat", 2] == losses["t5", "mix", "news", 2] == 1 / 2


def test_the_table_for_people_has_rate_and_quality_side_by_side(tmp_path: Path) -> None:
    trained = tables.trained([training(tmp_path, "full", "news", [2.0, 1.0, 3.0], 2)])

    trade_off_table.write(study(tmp_path), trained, TITLES, "Recipes", "Made up.", STATISTICS, {}, tmp_path / "t")

    storage.read(tmp_path / "t.parquet", "trade_off")
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (tmp_path / "t.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    heading, _, base, full, *_ = lines
    shown = dict(zip(heading, full, strict=True))
    assert base[:2] == ["Multi-news", "T5-base"]
    assert dict(zip(heading, base, strict=True))["Total Mem Rate"] == "0.00% (≤ 4.00%)"
    assert shown["Total Mem Rate"] == "40.00% [35.00, 45.00]"
    assert shown["Control"] == "2.00% [0.00, 7.00]"
    assert (shown["Own suffix"], shown["Suffixes"]) == ("1.00%", "2")
    assert (shown["Metric"], shown["Quality"]) == ("ROUGE-L", "30.00% [28.00, 32.00]")
    assert (shown["Recipe"], shown["Epochs"], shown["Training loss"]) == ("full", "2", "0.500")
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    for part in ("Recipes. Memorization", "decoding: greedy", "decoding: short", "95% bootstrap", "validation rows"):
        assert part in text


def test_a_mark_stands_at_quality_and_rate_with_intervals_on_both_axes(tmp_path: Path) -> None:
    rows = study(tmp_path).to_pylist()

    drawn = trade_off_figure.trade_off(rows, TITLES, "Made up.", STATISTICS)

    assert len(drawn.axes) == 2
    for panel, name in zip(drawn.axes, ("Multi-news", "ChatDoctor"), strict=True):
        assert panel.get_title() == name
        assert panel.get_xlabel() == "ROUGE-L on test rows (%)"
        runs = [container for container in panel.containers if container.lines[0].get_marker() != "x"]
        marks = [tuple(container.lines[0].get_xydata()[0]) for container in runs]
        assert marks == [pytest.approx((100 * SCORES[state], 100 * RATES[state])) for state in STATES]
        across, along = (lines.get_segments()[0].tolist() for lines in runs[1].lines[2])
        assert across == [pytest.approx([28, 40]), pytest.approx([32, 40])]
        assert along == [pytest.approx([30, 35]), pytest.approx([30, 45])]
        # Nothing was found before fine-tuning: the exact bound.
        assert runs[0].lines[2][1].get_segments()[0].tolist()[1] == pytest.approx([10, 4])
        assert [list(line.get_ydata()) for line in panel.lines if line.get_marker() == "x"] == [[2.0]] * 3
    assert panel.get_ylim()[0] < 0
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == list(STATES)
    styles = {(line.lines[0].get_color(), line.lines[0].get_marker()) for line in drawn.axes[0].containers}
    # Three recipes and the control.
    assert len(styles) == 4


def test_every_recipe_has_a_mark_of_its_own() -> None:
    states = ["base", *(f"recipe-{number}" for number in range(12))]

    styles = {
        (style["color"], style["marker"]) for style in (trade_off_figure._style(state, states) for state in states)
    }

    assert len(styles) == len(states)


def test_the_same_study_is_drawn_in_the_same_bytes(tmp_path: Path) -> None:
    rows = study(tmp_path).to_pylist()
    drawn = []
    for name in ("one", "two"):
        figures.write(trade_off_figure.trade_off(rows, TITLES, "", STATISTICS), tmp_path / name)
        drawn.append([(tmp_path / f"{name}.{ending}").read_bytes() for ending in ("svg", "png")])

    assert drawn[0] == drawn[1]
