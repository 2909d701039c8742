"""The table of a study of membership: its rows, the printed lines, and the files."""

from pathlib import Path

import pytest
from attack_files import attack_rows, membership_context, membership_sheet
from sheets import LABEL, csv_and_parquet, run, texts

from memorization.report.sheet import Sheet
from memorization.studies.membership.headings import HEADINGS, ORDER
from memorization.studies.membership.table import caption


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    return membership_sheet(tmp_path_factory.mktemp("attacks"))


def test_rows_are_those_of_the_study_in_its_order(sheet: Sheet) -> None:
    shown = [(row["dataset"], row["state"], row["attack"]) for row in sheet.tidy.to_pylist()]

    assert shown == [
        (dataset, state, attack)
        for dataset, state in (("news", "base"), ("news", "full"), ("chat", "full"))
        for attack in ORDER
        if (state, attack) != ("base", "loss_over_base")
    ]
    assert not [name for name in sheet.tidy.column_names if name.startswith("roc")]


def test_what_is_printed(sheet: Sheet) -> None:
    lines = texts(sheet.rows)

    assert list(lines[0]) == [
        "Dataset",
        "Model",
        "Attack",
        "AUC",
        "TPR at 1% FPR",
        "TPR at 0.1% FPR",
        "AUC over blind",
        "Differ by themselves",
        "Training rows",
        "Held-out rows",
    ]
    tidy = {(row["dataset"], row["state"], row["attack"]): row for row in sheet.tidy.to_pylist()}
    row = tidy["news", "full", "loss"]
    line = lines[5]
    assert (line["Dataset"], line["Model"], line["Attack"]) == ("Multi-news", "T5_base (fine-tuned)", "loss") or (
        line["Dataset"],
        line["Model"],
    ) == ("", "T5_base (fine-tuned)")
    assert line["AUC"] == f"{row['auc']:.3f} [{row['auc_low']:.3f}, {row['auc_high']:.3f}]"
    assert line["TPR at 1% FPR"].startswith(f"{100 * row['tpr_1']:.1f}% [")
    assert line["TPR at 0.1% FPR"] == "cannot be measured: 1,000 inputs needed"
    assert line["AUC over blind"].startswith(f"{row['over_blind']:+.3f} [")
    assert (line["Differ by themselves"], line["Training rows"], line["Held-out rows"]) == ("no", "120", "100")
    blind = lines[-1]
    assert (blind["Attack"], blind["AUC over blind"], blind["Differ by themselves"]) == (
        "blind (text alone)",
        "",
        "yes",
    )


def test_the_caption_says_what_a_number_means_and_where_it_means_nothing(sheet: Sheet) -> None:
    assert "0.5 is chance" in sheet.caption
    assert "With n different held-out inputs no FPR below 1/n" in sheet.caption
    assert "a low number clears nothing" in sheet.caption
    assert "Training rows and held-out rows of chat differ by themselves" in sheet.caption
    assert "Multi-news differ" not in sheet.caption
    rows = [{**run("news"), "blind_auc": None, "differ": None, **row} for row in attack_rows(n=3)]
    assert "too few inputs" in caption(rows, membership_context())
    assert "differ by themselves" not in caption(rows, membership_context())
    assert "base model was not" not in caption(rows, membership_context())
    assert "can only be asked" not in caption(rows, membership_context())
    told = [row | {"model": "bot"} for row in rows if row["attack"] != "min_k_plus_plus"]
    assert "Min-K%++ is missing of models that can only be asked" in caption([*rows, *told], membership_context())


def test_files_for_programs_and_for_readers_are_written(sheet: Sheet, tmp_path: Path) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "members")

    assert [float(row["auc"]) for row in rows] == parquet["auc"].to_pylist()
    assert {row["label"] for row in rows} == {LABEL}
    for ending in ("md", "tex", "html"):
        assert "Min-K" in (tmp_path / f"members.{ending}").read_text(encoding="utf-8")


def test_every_attack_has_a_name() -> None:
    assert tuple(HEADINGS) == ORDER
