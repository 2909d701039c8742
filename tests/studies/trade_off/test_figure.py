"""Memorization against quality as a figure."""

from pathlib import Path

import pytest
from sheets import figure_bytes
from trade_off_files import RATES, SCORES, STATES, trade_off_context, trade_off_sheet

from memorization.studies.trade_off import figure
from memorization.studies.trade_off.figure import draw


def test_a_mark_is_at_quality_and_rate_with_intervals_on_both_axes(tmp_path: Path) -> None:
    drawn = draw(trade_off_sheet(tmp_path).tidy.to_pylist(), trade_off_context())

    assert len(drawn.axes) == 2
    for panel, name in zip(drawn.axes, ("Multi-news", "ChatDoctor"), strict=True):
        assert panel.get_title() == name
        assert panel.get_xlabel() == "ROUGE-L on test rows (%)"
        runs = [container for container in panel.containers if container.lines[0].get_marker() not in "xv"]
        marks = [tuple(container.lines[0].get_xydata()[0]) for container in runs]
        assert marks == [pytest.approx((100 * SCORES[state], 100 * RATES[state])) for state in STATES]
        across, along = (lines.get_segments()[0].tolist() for lines in runs[1].lines[2])
        assert across == [pytest.approx([28, 40]), pytest.approx([32, 40])]
        assert along == [pytest.approx([30, 35]), pytest.approx([30, 45])]
        # Nothing was memorized before fine-tuning: the exact bound.
        assert runs[0].lines[2][1].get_segments()[0].tolist()[1] == pytest.approx([10, 4])
        assert [list(line.get_ydata()) for line in panel.lines if line.get_marker() == "x"] == [[2.0]] * 3
        assert panel.get_ylim()[0] == 0
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == list(STATES)
    styles = {(line.lines[0].get_color(), line.lines[0].get_marker()) for line in drawn.axes[0].containers}
    # Three recipes, the control, and the ceilings in its colour.
    assert len(styles) == 5


def test_every_recipe_has_a_mark_of_its_own() -> None:
    lines = [(state, "input") for state in ("base", *(f"recipe-{number}" for number in range(12)))]
    lines += [("base", "target")]

    styles = {(style["color"], style["marker"]) for style in (figure._style(line, lines) for line in lines)}

    assert len(styles) == len(lines)


def test_what_is_searched_for_tells_marks_apart(tmp_path: Path) -> None:
    rows = trade_off_sheet(tmp_path).tidy.to_pylist()

    drawn = draw([*rows, *(row | {"side": "target"} for row in rows)], trade_off_context())

    named = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert named == [f"{state}, {side}" for side in ("inputs", "targets") for state in STATES]


def test_the_same_study_is_drawn_in_the_same_bytes(tmp_path: Path) -> None:
    rows, study = trade_off_sheet(tmp_path).tidy.to_pylist(), trade_off_context(label="")

    one, other = (figure_bytes(draw(rows, study), tmp_path / name) for name in ("one", "other"))

    assert one == other
