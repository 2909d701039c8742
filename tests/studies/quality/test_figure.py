"""The figure of a study of quality."""

from pathlib import Path

import pytest
from score_files import MEASURED, quality_context, quality_sheet
from sheets import figure_bytes

from memorization.report import formats
from memorization.studies.quality.figure import figure

STATES = (("flan", "base"), ("t5", "base"), ("t5", "full"))


def test_a_figure_has_a_panel_per_dataset_and_a_point_per_score(tmp_path: Path) -> None:
    formats.write(quality_sheet(tmp_path), tmp_path / "scored")
    files = {"table": [tmp_path / "scored.parquet"]}

    drawn = figure(files, quality_context())

    news, imdb = drawn.axes
    assert [label.get_text() for label in news.get_xticklabels()] == ["ROUGE-1", "ROUGE-L"]
    assert [label.get_text() for label in imdb.get_xticklabels()] == ["Accuracy"]
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == [
        "FLAN-T5",
        "T5-base (base)",
        "T5-base (fine-tuned)",
    ]
    points = [[float(y) for y in line.lines[0].get_ydata()] for line in news.containers]
    assert points == [[pytest.approx(value / 10) for value in MEASURED["news", *state].values()] for state in STATES]
    whisker = imdb.containers[1][2][0].get_segments()[0]
    assert [round(float(y), 6) for _, y in whisker] == [0.0, 0.4]
    diamonds = [float(y) for line in imdb.get_lines() if line.get_marker() == "D" for y in line.get_ydata()]
    assert diamonds == pytest.approx([0.3, 90.0])
    assert figure_bytes(drawn, tmp_path / "one") == figure_bytes(figure(files, quality_context()), tmp_path / "two")
