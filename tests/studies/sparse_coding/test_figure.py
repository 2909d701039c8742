"""The figure of a sparse coding study."""

import re
from pathlib import Path

import pytest
from fits import sparse_coding_context, sparse_coding_sheet
from sheets import LABEL, figure_bytes

from memorization.studies.sparse_coding.figure import draw


def test_the_figure_shows_the_numbers_of_the_table(tmp_path: Path) -> None:
    rows, study = sparse_coding_sheet(tmp_path).tidy.to_pylist(), sparse_coding_context()
    figure = draw(rows, study)
    panels = {panel.get_label(): panel for panel in figure.axes}
    aggregated = {line.get_label(): line for line in panels["aggregated_effective_tokens 0.0"].containers}
    assert list(aggregated) == [
        "linear solution",
        "attention, v2 trained, mixed signs",
        "attention, v2 = 1/D, mixed signs",
    ]
    points = aggregated["attention, v2 trained, mixed signs"].lines[0]
    assert list(points.get_xdata()) == [1, 2, 4]
    assert list(points.get_ydata()) == pytest.approx([1.5, 3.0, 5.0])
    losses = {line.get_label(): line for line in panels["test_loss 0.0"].containers}
    assert list(losses["attention, v2 trained, mixed signs"].lines[0].get_ydata()) == pytest.approx([10, 10, 10])
    # Linear solutions have no attention to show.
    assert len(panels["attention_effective_tokens 0.0"].containers) == 2

    vector, pixels = figure_bytes(figure, tmp_path / "one")
    assert figure_bytes(draw(rows, study), tmp_path / "other") == [vector, pixels]
    shown = re.findall(r"<text [^>]*>([^<]*)</text>", vector.decode())
    assert any(LABEL in text for text in shown)
    assert "parameters" in shown
