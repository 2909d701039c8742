"""The figure of a study of recall."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from recall_files import recall_context, recall_sheet
from sheets import LABEL, figure_bytes

from memorization.studies.recall.figure import draw


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = recall_sheet(tmp_path).tidy.to_pylist()
    return table


def drawn_values(panel: Any, dataset: str) -> list[float]:
    (points,) = (container for container in panel.containers if container.get_label() == dataset)
    return [float(value) for value in points.lines[0].get_ydata()]


def test_lines_go_from_the_copy_to_the_largest_change(rows: list[dict[str, Any]]) -> None:
    panels = draw(rows, recall_context()).axes

    assert len(panels) == 2 * 3
    for panel, change, first in zip(panels[:2], ("dropped", "swapped"), (1, 4), strict=True):
        expected = [100 * (20 - 3 * place) / 20 for place in (0, first, first + 1, first + 2)]
        assert drawn_values(panel, "Multi-news") == pytest.approx([max(0, value) for value in expected])
        assert panels[3 + first // 4].get_xlabel() == f"words {change} (%)"
        assert list(panels[3 + first // 4].get_xticks()) == [0, 10, 20, 40]
    assert drawn_values(panels[3], "Chat") == pytest.approx([100, 95, 90, 85])
    assert [panels[place].get_ylabel().split("\n")[0] for place in (0, 3)] == ["zeng2024", "collection"]


def test_other_disguises_are_points_by_name_with_false_alarms_last(rows: list[dict[str, Any]]) -> None:
    figure = draw(rows, recall_context())

    panel = figure.axes[5]
    names = [text.get_text().replace("\n", " ") for text in panel.get_xticklabels()]
    assert names == [
        *("sentences reordered", "halves of sentences swapped", "other text behind", "other text before"),
        *("first 34% of sentences", "unrelated text"),
    ]
    assert drawn_values(panel, "Chat") == pytest.approx([65, 60, 55, 50, 45, 5])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Multi-news", "Chat"]
    assert LABEL in figure.get_supxlabel()
    assert "false alarm" in figure.get_supxlabel()


def test_a_study_without_graded_disguises_shows_its_copies_by_name(tmp_path: Path) -> None:
    rows = recall_sheet(tmp_path, ["copy", "halves"]).tidy.to_pylist()

    panels = draw(rows, recall_context()).axes

    assert len(panels) == 2
    assert panels[1].get_xticklabels()[0].get_text() == "copy"


def test_datasets_with_prefix_lengths_of_their_own_share_their_panels(rows: list[dict[str, Any]]) -> None:
    own_lengths = [row | {"prefix_tokens": 15} if row["dataset"] == "chat" else row for row in rows]
    both_lengths = [*rows, *(row | {"prefix_tokens": 15} for row in rows)]

    assert len(draw(own_lengths, recall_context()).axes) == 2 * 3
    panels = draw(both_lengths, recall_context()).axes
    assert len(panels) == 4 * 3
    assert panels[6].get_ylabel() == "zeng2024\nprefix of 15 tokens\nfound (%)"


def test_names_below_the_points_do_not_touch(rows: list[dict[str, Any]]) -> None:
    figure = draw([row for row in rows if row["dataset"] == "news"], recall_context())
    figure.draw_without_rendering()

    boxes = [text.get_window_extent() for text in figure.axes[5].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_the_figure_is_the_same_every_time(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    one, other = (figure_bytes(draw(rows, recall_context()), tmp_path / name) for name in ("one", "other"))
    assert one == other
