"""Figures of rates show the numbers of their table, are the same every time, and carry the label."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sheets import context, figure_bytes, run

from memorization.report import drawing
from memorization.report.context import Context
from memorization.statistics.rates import CATEGORIES, CONFIDENCES
from memorization.studies.memorization.figure import AXES, COLOURS, draw

LABEL = "Demonstration: <b>made up</b> & 100% so, at $5 and \\alpha."
RATES = {
    ("news", "base"): {"total": 0, "verbatim": 0, "idea": 0, "paraphrase": 0},
    ("news", "full"): {"total": 30, "verbatim": 20, "idea": 4, "paraphrase": 6},
    ("imdb", "base"): {"total": 0, "verbatim": 0, "idea": 0, "paraphrase": 0},
    ("imdb", "full"): {"total": 5, "verbatim": 0, "idea": 0, "paraphrase": 5},
}
BESIDE = {"control_rate": 0.02, "control_low": 0.0, "control_high": 0.05, "control_exact_high": 0.1, "published": 0.12}


def rows() -> list[dict[str, Any]]:
    return [
        {
            **run(dataset, state=state, task={"news": "summarization", "imdb": "sentiment"}[dataset]),
            "n": 100,
            "category": category,
            "count": count,
            "rate": count / 100,
            "low": max(0.0, count / 100 - 0.03),
            "high": count / 100 + (0.04 if count else 0.0),
            "exact_high": count / 100 + 0.036,
            "control_rate": None,
            "ceiling": None,
            "limit_ceiling": None,
            "published": None,
        }
        for (dataset, state), counts in RATES.items()
        for category, count in counts.items()
    ]


def along(x: str, **fields: Any) -> Context:
    options = {"x": x, "paraphrase": None}
    return context({"news": "Multi-news $1_0$"}, {"t5": "T5-base"}, **{"label": LABEL, "options": options, **fields})


def bars(of: Sequence[dict[str, Any]] | None = None) -> Any:
    return draw(rows() if of is None else of, along("dataset"))


def test_bars_are_the_categories_in_percent_stacked_to_the_total() -> None:
    panel = bars().axes[0]
    stacks: dict[float, list[tuple[float, float]]] = {}
    for group in panel.containers[:3]:
        for bar in group.patches:
            stacks.setdefault(round(bar.get_x() + bar.get_width() / 2, 3), []).append((bar.get_y(), bar.get_height()))

    assert list(stacks) == [-0.2, 0.2, 0.8, 1.2]
    assert stacks[0.2] == [(0, 20), (20, 4), (24, 6)]
    assert [bottom + height for bottom, height in (stack[-1] for stack in stacks.values())] == [0, 30, 0, 5]


def test_whiskers_are_the_totals_intervals_and_the_exact_bound_of_nothing() -> None:
    whiskers = bars().axes[0].containers[3][2][0].get_segments()

    assert [tuple(round(float(y), 6) for _, y in segment) for segment in whiskers] == [
        (0.0, 3.6),
        (27.0, 34.0),
        (0.0, 3.6),
        (2.0, 9.0),
    ]


def test_names_below_bars_do_not_touch() -> None:
    figure = bars([row | {"decoding": decoding} for row in rows() for decoding in ("greedy", "greedy_with_prompt")])
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if text.get_text() != "×"]
    assert {name.get_text() for name in names} == {
        "base\ngreedy",
        "fine-\ntuned\ngreedy",
        "base\ngreedy_\nwith_\nprompt",
        "fine-\ntuned\ngreedy_\nwith_\nprompt",
    }
    boxes = sorted((name.get_window_extent() for name in names), key=lambda box: box.x0)
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_every_category_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == {*CATEGORIES, *CONFIDENCES} - {"total"}
    # Paraphrases are in one bar, or in two by confidence, never in three.
    for together in ({"verbatim", "idea", "paraphrase"}, {"verbatim", "idea", *CONFIDENCES}):
        assert len({COLOURS[category] for category in together}) == len(together)


def test_files_are_the_same_every_time_and_show_texts_literally(tmp_path: Path) -> None:
    vector, pixels = figure_bytes(bars(), tmp_path / "study.v1.one")
    assert figure_bytes(bars(), tmp_path / "study.v1.other") == [vector, pixels]
    shown = re.findall(r"<text [^>]*>([^<]*)</text>", vector.decode())
    assert any("&lt;b&gt;made up&lt;/b&gt; &amp; 100% so, at $5 and \\alpha." in text for text in shown)
    assert "(Multi-news $1_0$)" in shown
    assert "95% bootstrap interval" in " ".join(shown)
    assert pixels.startswith(b"\x89PNG")


def test_nothing_found_anywhere_is_still_a_figure(tmp_path: Path) -> None:
    nothing = {"rate": 0.0, "count": 0, "low": 0.0, "high": 0.0, "exact_high": 0.036}
    figure = draw([row | nothing for row in rows()], along("dataset", label=""))
    assert len(figure_bytes(figure, tmp_path / "empty")[0]) > 1000


def test_controls_and_published_values_are_marks_of_their_own() -> None:
    figure = bars([row | BESIDE for row in rows()])
    marks = {line.get_marker(): line.get_ydata() for line in figure.axes[0].lines if line.get_marker() in ("x", "D")}
    assert [round(float(value), 6) for value in marks["x"]] == [2.0] * 4
    assert [round(float(value), 6) for value in marks["D"]] == [12.0] * 4
    for word in ("control", "published"):
        assert word not in bars().get_supxlabel()
        assert word in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("x", "values"),
    [
        ("epoch", [1, 3, 10]),
        ("prefix_tokens", [10, 30, 100]),
        ("decoding", ["greedy", "top_k"]),
        ("model", ["t5", "x"]),
        ("side", ["input", "target"]),
    ],
)
def test_runs_along_a_coordinate_are_points_with_intervals(x: str, values: list[Any], tmp_path: Path) -> None:
    several = [
        row | {x: value, "rate": row["rate"] + 0.01 * number}
        for number, value in enumerate(values)
        for row in rows()
        if row["state"] == "full"
    ]
    figure = draw(several, along(x))
    assert [panel.get_title().splitlines()[-1] for panel in figure.axes] == ["(Multi-news $1_0$)", "(imdb)"]
    assert figure.axes[0].get_xlabel() == AXES[x]
    points = figure.axes[0].containers[0].lines[0]
    assert [round(float(y), 6) for y in points.get_ydata()] == [30 + number for number in range(len(values))]
    assert list(points.get_xdata()) == (values if isinstance(values[0], int) else list(range(len(values))))
    drawing.write(figure, tmp_path / "points")


def test_what_is_searched_for_is_named_below_bars_and_beside_points() -> None:
    several = [row | {"side": side} for side in ("input", "both") for row in rows()]
    below = {text.get_text() for text in bars(several).axes[0].texts}
    assert {"base\ninputs", "base\ninputs\nand\ntargets"} <= below
    labels = [label.get_text() for label in draw(several, along("side")).axes[0].get_xticklabels()]
    assert labels == ["inputs", "inputs and targets"]


def test_the_base_models_rate_is_a_line_beside_epochs() -> None:
    several = rows() + [row | {"epoch": 9} for row in rows() if row["state"] == "full"]
    panel = draw(several, along("epoch")).axes[0]
    assert "before fine-tuning" in [line.get_label() for line in panel.lines]
    assert list(panel.containers[0].lines[0].get_xdata()) == [3, 9]
