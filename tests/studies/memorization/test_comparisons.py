"""A study's comparisons: which runs are compared, with which texts, and how p-values are corrected."""

from typing import Any

import pytest

from memorization.config.project import Statistics
from memorization.schemas.comparisons import ComparisonsTable
from memorization.statistics.rates import RunOutcomes
from memorization.statistics.significance import holm, over_base, over_control
from memorization.studies.memorization.comparisons import compare, key, means

SETTINGS = Statistics(draws=50)
OUTCOMES = {
    ("base", "member"): ["none"] * 30 + ["idea"] * 2,
    ("full", "member"): ["none"] * 18 + ["verbatim"] * 14,
    ("lora", "member"): ["none"] * 26 + ["verbatim"] * 6,
    ("full", "control"): ["none"] * 15 + ["idea"],
}


def run(state: str, population: str = "member") -> dict[str, Any]:
    return {
        "dataset": "news",
        "task": "qa",
        "model": "t5",
        "state": state,
        "epoch": 0 if state == "base" else 3,
        "seed": 0,
        "population": population,
        "prefix_tokens": 50,
        "decoding": "greedy",
        "prompting": "bare",
        "side": "input",
        "profile": "zeng2024",
    }


def compared(*lacking: tuple[str, str]) -> list[dict[str, Any]]:
    """Rows of the comparisons of all runs but those of `lacking`; two probes have each text."""
    runs = [run(*which) for which in OUTCOMES if which not in lacking]
    outcomes = {
        key(run(*which)): RunOutcomes(values, [number // 2 for number in range(len(values))])
        for which, values in OUTCOMES.items()
        if which not in lacking
    }
    table = compare(runs, outcomes, classified=False, settings=SETTINGS)
    assert table.schema.equals(ComparisonsTable.arrow())
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_fine_tuned_runs_are_compared_with_base_and_members_with_their_control() -> None:
    rows = compared()
    pairs = list(dict.fromkeys((row["state"], row["population"], row["versus"]) for row in rows))
    assert pairs == [("full", "member", "base"), ("full", "member", "control"), ("lora", "member", "base")]
    texts, control_texts = ([number // 2 for number in range(n)] for n in (32, 16))
    base, full, control = (OUTCOMES[which] for which in (("base", "member"), ("full", "member"), ("full", "control")))
    expected = over_base(base, full, SETTINGS, clusters=texts)
    expected += over_control(full, control, SETTINGS, clusters=texts, control_clusters=control_texts)
    for row, comparison in zip(rows, expected, strict=False):
        assert {name: row[name] for name in vars(comparison)} == vars(comparison)


def test_without_base_and_control_nothing_is_compared() -> None:
    assert compared(("base", "member"), ("full", "control")) == []


def test_p_values_are_corrected_among_those_of_the_same_kind_and_category() -> None:
    totals = [row for row in compared() if (row["versus"], row["category"]) == ("base", "total")]
    assert [row["state"] for row in totals] == ["full", "lora"]
    assert [row["p_holm"] for row in totals] == pytest.approx(holm([row["p_value"] for row in totals]))
    assert totals[0]["p_holm"] == pytest.approx(2 * totals[0]["p_value"])
    alone = [row for row in compared() if row["versus"] == "control"]
    assert all(row["p_holm"] == row["p_value"] for row in alone)


def test_means_of_trainings_have_the_averages_of_their_runs() -> None:
    seeds = [run("full") | {"seed": seed} for seed in range(3)]
    outcomes = {
        key(each): RunOutcomes(["idea"] * hits + ["none"] * (20 - hits))
        for each, hits in zip(seeds, (4, 6, 8), strict=True)
    }
    facts = {"category": "total", "input_texts": 20, "prefixes": 19, "condensing": 0}
    rates = [
        {**each, **facts, "generated_tokens": tokens, "own_matches": own, "matched_suffixes": suffixes}
        for each, tokens, own, suffixes in zip(seeds, (10.0, 11.0, 12.0), (3, 3, 6), (0, 0, 1), strict=True)
    ]

    rows = means(seeds, outcomes, rates, classified=False, settings=SETTINGS).to_pylist()

    total = rows[0]
    assert {row["seed"] for row in rows} == {None}
    assert (total["rate"], total["count"], total["n"]) == (pytest.approx(0.3), 6, 20)
    assert (total["generated_tokens"], total["own_matches"], total["matched_suffixes"]) == (11, 4, 1)
    assert total["low"] < 0.3 < total["high"]
    assert means(seeds[:1], outcomes, rates, classified=False, settings=SETTINGS).num_rows == 0


def test_a_mean_is_compared_with_base_and_with_the_mean_of_its_controls() -> None:
    seeds = [run("full", population) | {"seed": seed} for population in ("member", "control") for seed in range(2)]
    base = run("base")
    hits = {"member": 10, "control": 1}
    outcomes = {key(base): RunOutcomes(["none"] * 20)}
    outcomes |= {
        key(each): RunOutcomes(
            ["idea"] * (hits[each["population"]] + each["seed"])
            + ["none"] * (20 - hits[each["population"]] - each["seed"])
        )
        for each in seeds
    }

    rows = compare([base, *seeds], outcomes, classified=False, settings=SETTINGS).to_pylist()

    mean = {
        (row["versus"], row["population"]): row for row in rows if row["seed"] is None and row["category"] == "total"
    }
    assert set(mean) == {("base", "member"), ("control", "member")}
    assert mean["base", "member"]["difference"] == pytest.approx(10.5 / 20)
    assert mean["control", "member"]["difference"] == pytest.approx(9 / 20)
    for row in mean.values():
        assert row["low"] < row["difference"] < row["high"]
        # Corrected among the means, not among the trainings.
        assert row["p_holm"] == row["p_value"] < 0.05
