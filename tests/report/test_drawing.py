"""What figures share: whiskers, marks, notes, and files that are the same every time."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from sheets import figure_bytes

from memorization.report import drawing, endings
from memorization.report.drawing import Measure

ROWS = [
    {"rate": 0.3, "low": 0.27, "high": 0.34, "exact_high": 0.4},
    {"rate": 0.0, "low": 0.0, "high": 0.0, "exact_high": 0.036},
]
BESIDE = {"control_rate": 0.02, "control_low": 0.0, "control_high": 0.05, "control_exact_high": 0.1, "published": 0.12}


def panel() -> Any:
    return Figure().subplots()


def test_values_are_in_percent_with_whiskers_to_the_exact_bound_of_zero() -> None:
    assert drawing.RATE.values(ROWS) == [30, 0]
    assert drawing.RATE.whiskers(ROWS) == [pytest.approx([3, 0]), pytest.approx([4, 3.6])]


def test_a_measure_names_its_columns_and_its_factor() -> None:
    row = {"quality": 2.0, "quality_low": 1.0, "quality_high": 4.0}
    measure = Measure("quality", "quality_", factor=1)
    assert (measure.values([row]), measure.whiskers([row])) == ([2.0], [[1.0], [2.0]])


def test_no_whisker_is_shorter_than_nothing() -> None:
    row = {"rate": 0.1, "low": 0.1 + 1e-16, "high": 0.1 - 1e-16}
    assert drawing.RATE.whiskers([row]) == [[0.0], [0.0]]


def test_points_are_drawn_at_their_places_with_their_intervals() -> None:
    axes = panel()
    drawing.draw_points(axes, [1.0, 2.0], ROWS, color="black", fmt="o")
    [container] = axes.containers
    assert container.lines[0].get_xydata().tolist() == [[1, 30], [2, 0]]
    ends = [segment[:, 1].tolist() for segment in container.lines[2][0].get_segments()]
    assert ends == [pytest.approx([27, 34]), pytest.approx([0, 3.6])]


def test_controls_and_published_values_are_marks_of_their_own() -> None:
    axes, rows = panel(), [ROWS[0] | BESIDE, ROWS[0] | {"control_rate": None, "published": None}]
    drawing.draw_controls(axes, [1.0, 2.0], rows)
    drawing.draw_published(axes, [1.0, 2.0], rows)
    marks = {line.get_marker(): line.get_xydata().tolist() for line in axes.lines if line.get_marker() in ("x", "D")}
    assert marks == {"x": [[1, pytest.approx(2)]], "D": [[1, pytest.approx(12)]]}


def test_notes_explain_the_marks_that_are_there() -> None:
    assert drawing.mark_notes(ROWS) == []
    control, published = drawing.mark_notes([ROWS[0], ROWS[1] | BESIDE])
    assert "control" in control
    assert "published" in published


def test_points_are_distinguishable_and_none_looks_published() -> None:
    pairs = [
        (drawing.LINES[number % len(drawing.LINES)], (number + number // len(drawing.LINES)) % len(drawing.MARKERS))
        for number in range(12)
    ]
    assert len(set(pairs)) == 12
    assert "D" not in drawing.MARKERS


@pytest.mark.parametrize(("numbers", "shown"), [([1000, 1000], "1,000"), ([20, 1000, 30], "20 to 1,000")])
def test_counts_are_a_number_or_a_range(numbers: list[int], shown: str) -> None:
    assert drawing.counts([{"n": number} for number in numbers]) == shown
    assert drawing.counts([{"n": number, "prefixes": number} for number in numbers]) == shown


def test_counts_name_prompts_where_they_are_fewer() -> None:
    rows = [{"n": 16, "prefixes": 1}, {"n": 1000, "prefixes": 1000}]
    assert drawing.counts(rows) == "16 (1 prompt) to 1,000"
    assert drawing.counts(rows[:1]) == "16 (1 prompt)"


def test_a_figure_is_written_with_the_endings_that_are_announced() -> None:
    assert tuple(drawing.FORMATS) == endings.FIGURE


def test_files_are_the_same_every_time_and_show_texts_literally(tmp_path: Path) -> None:
    def drawn() -> Any:
        figure = Figure(layout="constrained")
        figure.subplots().set_title("Multi-news $1_0$")
        drawing.note_below(figure, ["Demonstration: <b>made up</b> & 100% so, at $5 and \\alpha.", "Second note."])
        return figure

    vector, pixels = figure_bytes(drawn(), tmp_path / "study.v1.one")
    assert figure_bytes(drawn(), tmp_path / "study.v1.other") == [vector, pixels]
    shown = re.findall(r"<text [^>]*>([^<]*)</text>", vector.decode())
    assert any("&lt;b&gt;made up&lt;/b&gt; &amp; 100% so, at $5 and \\alpha. Second note." in text for text in shown)
    assert "Multi-news $1_0$" in shown
    assert pixels.startswith(b"\x89PNG")


def test_a_vector_file_says_what_its_values_are_where_they_are(tmp_path: Path) -> None:
    runs = [
        {"dataset": "<news>", "state": "base", "epoch": 0, "decoding": "greedy", **ROWS[1], **BESIDE},
        {"dataset": "<news>", "state": "full", "epoch": 3, "decoding": "greedy", **ROWS[0], "control_rate": None},
    ]
    figure = Figure(figsize=(4, 2))
    axes = figure.add_axes((0.25, 0.5, 0.5, 0.5))
    axes.set(xlim=(0, 2), ylim=(0, 100))
    drawing.draw_points(axes, [0.0, 1.0], runs, color="black", fmt="o")
    drawing.draw_controls(axes, [0.0, 1.0], runs)

    vector = figure_bytes(figure, tmp_path / "study")[0].decode()

    marks = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="6"><title>([^<]*)</title></circle>', vector)
    # Four inches by two are 288 points by 144; the panel is the upper half, and half of the width.
    assert marks == [
        ("72.0", "72.0", "&lt;news&gt;, base: 0.00 [0.00, 3.60] %"),
        ("144.0", "50.4", "&lt;news&gt;, full, epoch 3: 30.00 [27.00, 34.00] %"),
        ("72.0", "70.6", "&lt;news&gt;, base, control: 2.00 [0.00, 5.00] %"),
    ]


CEILINGS = {
    f"{name}{bound}": value
    for name, share in (("ceiling", 0.5), ("limit_ceiling", 0.9))
    for bound, value in (("", share), ("_low", share - 0.1), ("_high", share + 0.1), ("_exact_high", 1.0))
}


def test_ceilings_are_marks_or_bars_with_their_intervals() -> None:
    rows = [ROWS[0] | CEILINGS, ROWS[0] | dict.fromkeys(CEILINGS)]
    marks, bars = panel(), panel()
    drawing.draw_ceilings(marks, [1.0, 2.0], rows)
    drawing.draw_ceilings(bars, [1.0, 2.0], rows, 0.5)
    heights = [line.get_xydata().tolist() for line in marks.lines if line.get_marker() == "v"]
    assert heights == [[[1, pytest.approx(50)]], [[1, pytest.approx(90)]]]
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([50, 90])
    for axes in (marks, bars):
        drawn = [container for container in axes.containers if hasattr(container, "has_yerr")]
        ends = [container.lines[2][0].get_segments()[0][:, 1].tolist() for container in drawn]
        assert ends == [pytest.approx([40, 60]), pytest.approx([80, 100])]


@pytest.mark.parametrize(
    ("states", "seeds", "part"),
    [(["base"], [0], ""), (["full"], [0], "One training"), (["full"] * 2, [0, None], "Dots")],
)
def test_one_training_is_said_to_be_one(states: list[str], seeds: list[int | None], part: str) -> None:
    note = drawing.training_note([{"state": state, "seed": seed} for state, seed in zip(states, seeds, strict=True)])
    assert note.startswith(part)
    assert bool(note) == bool(part)
