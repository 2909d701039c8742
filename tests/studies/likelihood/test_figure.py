"""The figure of a study of likelihoods."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from share_files import likelihood_context, likelihood_sheet
from sheets import LABEL, figure_bytes

from memorization.studies.likelihood.figure import draw


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = likelihood_sheet(tmp_path).tidy.to_pylist()
    return table


def test_the_figure_shows_the_table(rows: list[dict[str, Any]]) -> None:
    figure = draw(rows, likelihood_context())

    panels = figure.axes
    assert [panel.get_title() for panel in panels[:3]] == [
        "(n, 0.5)-discoverable",
        "expected share",
        "greedy extractable",
    ]
    assert [panel.get_xscale() for panel in panels[:3]] == ["log", "log", "linear"]
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["1", "10", "100", "1k", "10k", "100k", "1M"]
    for panel, measure in zip(panels[:3], ("discoverable", "expected", "greedy_extractable"), strict=True):
        shown = [
            row
            for row in rows
            if (row["dataset"], row["measure"]) == ("news", measure) and row["probability"] in (None, 0.5)
        ]
        drawn, bounds = (
            sorted(value for line in panel.lines[part::2] for value in line.get_ydata() if not np.isnan(value))
            for part in (0, 1)
        )
        assert drawn == pytest.approx(sorted(100 * row["value"] for row in shown))
        assert bounds == pytest.approx(sorted(100 * row["exact_high"] for row in shown if row["count"] == 0))
        assert panel.get_ylim()[0] == 0 < max(drawn) < panel.get_ylim()[1]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["greedy", "top_k", "base, training inputs", "full, training inputs", "full, test inputs"]
    assert LABEL in figure.get_supxlabel()


def test_the_figure_is_the_same_every_time(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    one, other = (figure_bytes(draw(rows, likelihood_context()), tmp_path / name) for name in ("one", "other"))
    assert one == other


def test_a_study_without_a_greedy_decoding_has_no_panel_by_length(rows: list[dict[str, Any]]) -> None:
    sampled = [row for row in rows if row["decoding"] == "top_k"]

    assert len(draw(sampled, likelihood_context()).axes) == 4
