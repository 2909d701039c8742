"""Attacks: their numbers, directions, what cannot be measured, and what is compared with the blind baseline."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from attack_files import STATISTICS, attack_rows, made_up_texts, population, scores
from scipy.stats import norm

from memorization import storage
from memorization.schemas.attacks import AttacksTable
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.membership import MembershipTable
from memorization.schemas.run import StateColumns
from memorization.studies.membership.attacks import Population, attack, read_population, signals
from memorization.studies.membership.headings import ATTACKS, BLIND


def test_every_number_is_higher_for_members() -> None:
    table = scores(np.array([1.0, 3.0]), np.array([4.0, 4.0]), tokens=20, zlib_bytes=30)

    found = signals(table)

    assert tuple(found) == ATTACKS
    assert all(one > other for one, other in found.values())
    assert found["loss_over_base"].tolist() == [3.0, 1.0]
    assert found["zlib"].tolist() == pytest.approx([-20 / math.log(2) / 240, -60 / math.log(2) / 240])
    assert "loss_over_base" not in signals(scores(np.array([1.0])))
    untold = table.set_column(table.schema.get_field_index("min_k_plus_plus"), "min_k_plus_plus", pa.nulls(2))
    assert tuple(signals(untold)) == ATTACKS[:-1]


def test_areas_are_as_constructed() -> None:
    rows = {row["attack"]: row for row in attack_rows(shift=1.0, n=400, controls=400)}

    # Losses have a standard deviation of 0.5 x sqrt(2), and 0.5 after the base model's is taken away.
    expected = {"loss": norm.cdf(1.0), "loss_over_base": norm.cdf(math.sqrt(2))}
    for name, area in expected.items():
        assert rows[name]["auc"] == pytest.approx(area, abs=0.04)
        assert rows[name]["auc_low"] < area < rows[name]["auc_high"]
    assert rows["loss"]["auc"] == rows["zlib"]["auc"] == rows["min_k"]["auc"]
    # A baseline below chance is no baseline.
    assert rows["loss"]["over_blind"] == rows["loss"]["auc"] - max(0.5, rows[BLIND]["auc"])
    assert rows["loss"]["over_blind_low"] < rows["loss"]["over_blind"] < rows["loss"]["over_blind_high"]
    assert {row["differ"] for row in rows.values()} == {False}


@pytest.mark.parametrize(("controls", "measured"), [(99, []), (100, ["tpr_1"]), (1000, ["tpr_1", "tpr_01"])])
def test_rates_that_cannot_be_measured_are_null_with_a_reason(controls: int, measured: list[str]) -> None:
    rows = attack_rows(n=30, controls=controls)

    for row in rows:
        for name, needed in (("tpr_1", "100"), ("tpr_01", "1,000")):
            if name in measured:
                assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1
                assert f"{name}_reason" not in row
            else:
                given = f"cannot be measured: {needed} inputs needed"
                assert row[f"{name}_reason"] == given
                assert name not in row
        assert row["roc_fpr"][0] == pytest.approx(1 / controls)
        assert (row["roc_fpr"][-1], row["roc_tpr"][-1]) == (1, 1)
        assert row["roc_tpr"] == sorted(row["roc_tpr"])


def test_rows_of_one_input_count_once() -> None:
    generator = np.random.default_rng(0)
    texts = [made_up_texts(120, seed) for seed in (1, 2)]
    single = [population(generator.normal(5 - shift, 1, 120), text) for shift, text in zip((1, 0), texts, strict=True)]
    twice = [
        population(np.repeat(side.scores["loss"].to_numpy(), 2), [text for text in side.texts for _ in range(2)])
        for side in single
    ]

    one, two = (attack(*sides, STATISTICS, 0)[0] for sides in (single, twice))

    assert (two["members"], two["controls"], two["member_inputs"], two["control_inputs"]) == (240, 240, 120, 120)
    for name in ("auc", "auc_low", "auc_high", "tpr_1", "tpr_1_low", "tpr_1_high"):
        assert two[name] == pytest.approx(one[name])


def test_turns_of_a_conversation_do_not_give_one_another_away() -> None:
    conversations, turns = 40, 4
    rows = conversations * turns
    sides = {}
    for side in ("train", "test"):
        texts = [f"{side}name{row // turns} {text}" for row, text in enumerate(made_up_texts(rows, len(side)))]
        table = scores(np.linspace(1, 2, rows))
        of_conversations = [f"{side} {row // turns}" for row in range(rows)]
        sides[side] = [Population(table, texts, texts, sources) for sources in (texts, of_conversations)]

    apart, together = (attack(*pair, STATISTICS, 0) for pair in zip(*sides.values(), strict=True))

    assert {row["differ"] for row in apart} == {True}
    assert {row["differ"] for row in together} == {False}
    assert {row["member_inputs"] for row in together} == {conversations}


def test_rows_fit_the_schema_and_have_their_texts(tmp_path: Path) -> None:
    columns = set(AttacksTable.columns()) - set(StateColumns.columns())
    for rows in (attack_rows(), attack_rows(n=3, controls=2), attack_rows(n=1, controls=1, base=True)):
        assert all(set(row) <= columns for row in rows)
    splits = ["test", "train", "train", "test", "train"]
    rows = [
        {
            "id": f"{row // 2}:{row}",
            "split": split,
            "instruction": "Q" if row % 2 else None,
            "input": f"i{row}",
            "target": f"t{row}",
        }
        for row, split in enumerate(splits)
    ]
    dataset, file = tmp_path / "data.parquet", tmp_path / "scores.parquet"
    storage.write_table(dataset, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})
    storage.write_table(file, MembershipTable, scores(np.array([1.0, 2.0, 3.0])).take([0, 2]), {})

    found = read_population(file, dataset, "train")

    assert found.inputs == ["i1", "i4"]
    assert found.texts == ["Q\ni1\nt1", "\ni4\nt4"]
    assert found.sources == ["train 0", "train 2"]
    assert found.scores["row"].to_pylist() == [0, 2]
