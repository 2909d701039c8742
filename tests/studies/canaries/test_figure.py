"""The figure of a study of canaries."""

from pathlib import Path
from typing import Any

import pytest
from evidence_files import canaries_context, canaries_sheet
from sheets import LABEL, figure_bytes

from memorization.studies.canaries.figure import HELD_OUT, draw


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = canaries_sheet(tmp_path).tidy.to_pylist()
    return table


def test_the_figure_shows_the_table(rows: list[dict[str, Any]]) -> None:
    figure = draw(rows, canaries_context())

    exposure, extraction = figure.axes
    assert (exposure.get_xscale(), extraction.get_xscale()) == ("log", "log")
    assert [text.get_text() for text in exposure.get_xticklabels()] == ["held\nout", "1", "8"]
    for panel, column, factor in ((exposure, "exposure", 1), (extraction, "extracted", 100)):
        drawn = sorted(float(value) for each in panel.containers for value in each.lines[0].get_ydata())
        assert drawn == pytest.approx(sorted(factor * row[column] for row in rows))
    floor = [line.get_ydata()[0] for line in exposure.lines if line.get_linestyle() == "--"]
    assert floor == pytest.approx([1.4427], abs=0.001)
    held_out = [each for each in exposure.containers if each.lines[0].get_linestyle() == "None"]
    assert all(0.9 * HELD_OUT < place < 1.1 * HELD_OUT for each in held_out for place in each.lines[0].get_xdata())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["base", "full"]
    assert LABEL in figure.get_supxlabel()


def test_one_canary_has_no_whiskers(rows: list[dict[str, Any]]) -> None:
    alone = [row | {"exposure_low": None, "exposure_high": None} for row in rows]

    assert len(draw(alone, canaries_context()).axes) == 2


def test_forms_have_lines_of_their_own(rows: list[dict[str, Any]]) -> None:
    both = [*rows, *(row | {"form": "code"} for row in rows)]

    texts = [text.get_text() for text in draw(both, canaries_context()).legends[0].get_texts()]

    assert texts == ["base, digits:4", "full, digits:4", "base, code", "full, code"]


def test_the_figure_is_the_same_every_time(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    one, other = (figure_bytes(draw(rows, canaries_context()), tmp_path / name) for name in ("one", "other"))
    assert one == other
