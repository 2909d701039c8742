"""Memorization against quality as a table: the right pairs of numbers, and the printed lines."""

from pathlib import Path

import pytest
from configurations import configuration, study
from sheets import markdown_lines, texts, written
from trade_off_files import RATES, SCORES, STATES, rate, score, sheet_of, trade_off_context, trade_off_sheet
from training_folders import training

from memorization import storage
from memorization.studies.quality.scores import METRICS as METRICS_BY_TASK
from memorization.studies.trade_off.headings import METRIC_NAMES, METRICS
from memorization.studies.trade_off.plan import TradeOff
from memorization.studies.trade_off.table import TradeOffTable


def test_every_run_is_beside_its_control_and_the_quality_of_its_state(tmp_path: Path) -> None:
    rows = trade_off_sheet(tmp_path).tidy.to_pylist()

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
    sheet = trade_off_sheet(tmp_path, control=False)
    assert set(sheet.tidy["control_rate"].to_pylist()) == {None}
    assert "Control" not in sheet.rows[0]


def test_each_task_shows_its_own_metric(tmp_path: Path) -> None:
    datasets = ("news", "film")
    rates = [rate(dataset, "full", "member", 0.4) for dataset in datasets]
    scores = [score(dataset, "full", metric, 0.3) for dataset in datasets for metric in ("rougeL", "accuracy")]

    rows = sheet_of(tmp_path, rates, scores, trade_off_context(datasets)).tidy.to_pylist()

    assert [(row["dataset"], row["metric"]) for row in rows] == [("news", "rougeL"), ("film", "accuracy")]
    assert rows[1]["quality_exact_high"] == pytest.approx(0.37)


def test_no_right_answer_has_the_exact_bound(tmp_path: Path) -> None:
    rates, scores = [rate("film", "full", "member", 0.4)], [score("film", "full", "accuracy", 0.0)]
    [line] = texts(sheet_of(tmp_path, rates, scores, trade_off_context(["film"])).rows)
    assert line["Quality"] == "0.00% (≤ 7.00%)"


def test_the_metrics_are_those_that_quality_measures_of_the_task() -> None:
    assert set(METRICS) == set(METRICS_BY_TASK) - {"pretraining"}
    assert all(metric in METRICS_BY_TASK[task] for task, metric in METRICS.items())  # type: ignore[index]
    assert set(METRIC_NAMES) == set(METRICS.values())


def test_the_caption_says_what_goldfish_loss_protects(tmp_path: Path) -> None:
    goldfish = {
        state: {"every": 4, "context": 13, "loss": loss}
        for state, loss in (("full", None), ("lora", "input_and_target"), ("elsewhere", None))
    }
    context = trade_off_context(["news"])
    context.options["goldfish"].update(goldfish)
    rates = [rate("news", state, "member", 0.4) for state in ("full", "lora")]
    scores = [score("news", state, "rougeL", 0.3) for state in ("full", "lora")]

    caption = sheet_of(tmp_path, rates, scores, context).caption

    leaves_out = "goldfish loss leaves out about one token in 4, and none of the first 13 of what is learned"
    assert f"full: {leaves_out}, which for encoder-decoder models is the target alone: inputs, and" in caption
    assert f"lora: {leaves_out}." in caption
    assert "elsewhere" not in caption


def test_a_study_states_the_goldfish_loss_of_its_recipes() -> None:
    recipes = {"full": None, "fish": {"every": 3}, "elsewhere": {}}
    config = configuration(
        recipes={name: {"epochs": 1, "goldfish": fish} for name, fish in recipes.items()},
        studies={"one": study(kind="trade_off", states=["base", "full", "fish"])},
    )

    options = TradeOff.EXHIBITS[0].options(config, config.studies["one"])

    assert options["goldfish"] == {"fish": {"every": 3, "context": 13, "loss": None}}


def test_the_printed_table_has_rate_and_quality_side_by_side(tmp_path: Path) -> None:
    sheet = trade_off_sheet(tmp_path, training=[training(tmp_path, "full", "news", [2.0, 1.0, 3.0], 2)])

    text = written(sheet, tmp_path / "t", ".md")

    storage.read(tmp_path / "t.parquet", TradeOffTable)
    heading, base, full, *_ = markdown_lines(text)
    shown = dict(zip(heading, full, strict=True))
    assert base[:2] == ["Multi-news", "T5-base"]
    assert dict(zip(heading, base, strict=True))["Total Mem Rate"] == "0.00% (≤ 4.00%)"
    assert shown["Total Mem Rate"] == "40.00% [35.00, 45.00]"
    assert shown["Control"] == "2.00% [0.00, 7.00]"
    assert (shown["Own suffix"], shown["Suffixes"]) == ("1.00%", "2")
    assert (shown["Metric"], shown["Quality"]) == ("ROUGE-L", "30.00% [28.00, 32.00]")
    assert (shown["Recipe"], shown["Epochs"], shown["Training loss"]) == ("full", "2", "0.500")
    for part in ("Recipes. Memorization", "decoding: greedy", "decoding: short", "95% bootstrap", "validation rows"):
        assert part in text
