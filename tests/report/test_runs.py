"""The training behind a run, and the suffixes that its generations match."""

from pathlib import Path

from training_folders import training

from memorization.report.cells import Cell
from memorization.report.runs import match_cells, training_rows


def test_losses_are_read_with_the_coordinates_of_their_training(tmp_path: Path) -> None:
    folders = [training(tmp_path, "full", dataset, [None, None], 2) for dataset in ("news", "chat")]
    assert {key: row["loss"] for key, row in training_rows(folders).items()} == {
        ("t5", "full", dataset, epoch, 0): loss for dataset in ("news", "chat") for epoch, loss in ((1, 1.0), (2, 0.5))
    }


def test_losses_of_early_stopping_and_of_several_datasets_are_listed_where_runs_look_them_up(tmp_path: Path) -> None:
    folders = [
        training(tmp_path, "full", "news", [None, None, None], 3),
        training(tmp_path, "early", "news", [2.0, 3.0], 1),
        training(tmp_path, "mix", "chat+news", [None, None], 2),
    ]

    losses = {key: row["loss"] for key, row in training_rows(folders).items()}

    assert {epoch: losses["t5", "full", "news", epoch, 0] for epoch in (1, 2, 3)} == {1: 1.0, 2: 1 / 2, 3: 1 / 3}
    # Its checkpoint has the number of the last epoch, and the weights of the first.
    assert {key: loss for key, loss in losses.items() if key[1] == "early"} == {("t5", "early", "news", 3, 0): 1.0}
    assert losses["t5", "mix", "chat", 2, 0] == losses["t5", "mix", "news", 2, 0] == 1 / 2


def test_matches_of_the_own_suffix_are_a_share_and_matched_suffixes_a_count() -> None:
    assert match_cells({"own_matches": 2, "n": 100, "matched_suffixes": 1234}) == {
        "Own suffix": Cell("2.00%", 0.02, unit="fraction"),
        "Suffixes": Cell("1,234", 1234, unit="suffixes"),
    }
