"""The figure of a study of membership: curves of the attacks, on logarithmic axes."""

from pathlib import Path
from typing import Any

import pytest
from attack_files import attacks_file, membership_context
from sheets import LABEL, figure_bytes

from memorization import storage
from memorization.studies.membership.figure import draw, figure


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("attacks")
    return [
        attacks_file(folder, "news", "base", shift=0.0),
        attacks_file(folder, "news", "full"),
        attacks_file(folder, "chat", "full", n=20, controls=1),
    ]


def test_a_panel_shows_the_curves_of_a_model(files: list[Path]) -> None:
    drawn = figure({"attacks": files}, membership_context())

    panels = drawn.axes
    assert [panel.get_title() for panel in panels] == [
        "Multi-news\nT5_base (base)",
        "Multi-news\nT5_base (fine-tuned)",
        "chat\nT5_base (fine-tuned)",
    ]
    rows = storage.rows(files[1])
    panel = panels[1]
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    diagonal, *curves = panel.lines
    assert diagonal.get_xdata()[1] == diagonal.get_ydata()[1] == 100
    assert len(curves) == len(rows) == 6
    for curve, row in zip(curves, rows, strict=True):
        assert list(curve.get_xdata()) == pytest.approx([100 * rate for rate in row["roc_fpr"]])
        shown = [100 * rate for rate in row["roc_tpr"] if rate > 0]
        assert list(curve.get_ydata())[len(curve.get_ydata()) - len(shown) :] == pytest.approx(shown)
    assert len(panel.collections) == 1
    names = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert names == ["loss", "loss over base", "loss / zlib", "Min-K%", "Min-K%++", "blind (text alone)", "chance"]
    assert LABEL in drawn.get_supxlabel()


def test_several_epochs_are_named_in_the_titles(files: list[Path]) -> None:
    rows = storage.rows(files[1])
    several: list[Any] = [{**row, "epoch": epoch} for epoch in (1, 3, 9, 10) for row in rows]

    drawn = draw(several, membership_context())

    assert [panel.get_title().split("\n")[-1] for panel in drawn.axes] == [f"{n} epochs" for n in (1, 3, 9, 10)]


def test_the_figure_is_the_same_every_time(files: list[Path], tmp_path: Path) -> None:
    one, other = (
        figure_bytes(figure({"attacks": files}, membership_context()), tmp_path / name) for name in ("one", "other")
    )
    assert one == other
