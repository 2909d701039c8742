"""Heatmaps of attention: which maps the panels show, in which colours, and files that are the same every time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sheets import context, figure_bytes

from memorization import storage
from memorization.report.context import Context
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.studies.attention import figure
from memorization.studies.attention.figure import MEANINGS, PANELS, heading, mean_map, read_maps

SIZES = [(3, 5), (1, 8), (2, 2)]


def maps(seed: int = 0, layers: int = 2) -> list[list[np.ndarray]]:
    generator = np.random.default_rng(seed)
    weights = [[generator.random(size) for _ in range(layers)] for size in SIZES]
    return [[(each / each.sum(axis=1, keepdims=True)).astype(np.float32) for each in sample] for sample in weights]


def write_maps(file: Path, samples: list[list[np.ndarray]]) -> Path:
    rows = [
        {"sample": sample, "probe": 10 * sample, "id": f"p{sample}", "layer": layer, "weights": weights.ravel()}
        | {"output_tokens": weights.shape[0], "input_tokens": weights.shape[1]}
        | {"output_texts": ["o"] * weights.shape[0], "input_texts": ["i"] * weights.shape[1]}
        for sample, layers in enumerate(samples)
        for layer, weights in enumerate(layers, start=1)
    ]
    storage.write_table(file, AttentionMapsTable, pa.Table.from_pylist(rows, schema=AttentionMapsTable.arrow()), {})
    return file


def cell(dataset: str = "news", state: str = "base", epoch: int = 0) -> dict[str, Any]:
    return {"model": "t5", "state": state, "epoch": epoch, "dataset": dataset}


def showing(shows: str, cells: Sequence[dict[str, Any]], label: str = "Made up.", scale: str = "linear") -> Context:
    options = {"shows": shows, "cells": list(cells), "scale": scale}
    return context({"news": "Multi-news, $T_5$"}, {"t5": "T5"}, label=label, options=options)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_maps(tmp_path / "maps.parquet", maps())


def test_maps_are_read_by_sample_and_layer(file: Path) -> None:
    for read, written in zip(read_maps(file), maps(), strict=True):
        for one, other in zip(read, written, strict=True):
            assert np.array_equal(one, other)


def test_the_mean_counts_padding_as_zero() -> None:
    mean = mean_map([np.array([[1.0]]), np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([[0.0, 0.4, 0.6]])])

    assert mean * 3 == pytest.approx(np.array([[1.5, 0.9, 0.6], [0.2, 0.8, 0.0]]))


def test_panels_of_each_kind_of_figure(file: Path) -> None:
    samples = maps()

    mean, one = PANELS["mean_and_sample"](file)
    assert mean.heading == "mean of 3 samples"
    assert np.array_equal(one.weights, samples[0][1])
    assert mean.weights.shape == (3, 8)
    assert mean.weights == pytest.approx(mean_map([sample[1] for sample in samples]))
    for panel, sample in zip(PANELS["samples"](file), samples, strict=True):
        assert np.array_equal(panel.weights, sample[1])
    for number, panel in enumerate(PANELS["layers"](file)):
        assert panel.heading == f"layer {number + 1}"
        assert panel.weights == pytest.approx(mean_map([sample[number] for sample in samples]))
    assert set(PANELS) == set(MEANINGS)


@pytest.mark.parametrize(
    ("panels", "grid"), [(1, (1, 1)), (2, (1, 2)), (6, (1, 6)), (10, (2, 5)), (12, (2, 6)), (24, (4, 6))]
)
def test_panels_are_arranged_in_even_rows(panels: int, grid: tuple[int, int]) -> None:
    assert figure._grid(panels) == grid


def test_headings_name_the_epoch_where_a_study_shows_several() -> None:
    one, later = cell(state="full", epoch=1), cell(state="full", epoch=3)
    assert heading(one, showing("samples", [cell(), one])) == "Multi-news, $T_5$, T5 (fine-tuned)"
    shown = showing("samples", [cell(), one, later])
    assert heading(later, shown) == "Multi-news, $T_5$, T5 (fine-tuned), epoch 3"
    assert heading(cell(), shown) == "Multi-news, $T_5$, T5 (base)"


def images(drawn: Any) -> list[Any]:
    return [axes.images[0] for axes in drawn.findobj(lambda artist: bool(getattr(artist, "images", None)))]


@pytest.mark.parametrize("shows", PANELS)
def test_a_weight_has_one_colour_in_all_panels_and_tokens_are_counted_from_one(shows: str, tmp_path: Path) -> None:
    files = [write_maps(tmp_path / f"{number}.parquet", maps(number)) for number in (0, 1)]

    drawn = figure.figure({"maps": files}, showing(shows, [cell(), cell("chat")]))

    shown = images(drawn)
    assert len(shown) == 2 * len(PANELS[shows](files[0]))
    assert len({id(image.norm) for image in shown}) == 1
    for image, panel in zip(shown, [panel for each in files for panel in PANELS[shows](each)], strict=True):
        outputs, inputs = panel.weights.shape
        assert image.get_extent() == [0.5, inputs + 0.5, outputs + 0.5, 0.5]
        values = image.get_array()
        assert [values[0, 0], values[0, -1], values[-1, 0], values[-1, -1]] == pytest.approx(
            [panel.weights[0, 0], panel.weights[0, -1], panel.weights[-1, 0], panel.weights[-1, -1]]
        )


@pytest.mark.parametrize(
    ("scale", "colours"),
    # Of weights 0, 1%, 25% and 50%, the largest one.
    [("linear", [0.0, 0.02, 0.5, 1.0]), ("logarithmic", [0.0, 0.5, 0.849485, 0.924743])],
)
def test_colours_are_on_the_scale_of_the_study(scale: str, colours: list[float], tmp_path: Path) -> None:
    weights = np.array([[0.0, 0.01, 0.25, 0.5]], dtype=np.float32)
    file = write_maps(tmp_path / "maps.parquet", [[weights]])

    drawn = figure.figure({"maps": [file]}, showing("samples", [cell()], scale=scale))

    [image] = images(drawn)
    assert np.asarray(image.norm(weights[0])) == pytest.approx(colours, abs=1e-5)
    vector = figure_bytes(drawn, tmp_path / "figure")[0].decode()
    assert f"(% of the output token's, {scale})" in vector.replace("&apos;", "'")
    assert f"Colours are {scale}" in vector


def test_files_are_the_same_every_time_and_describe_what_they_show(file: Path, tmp_path: Path) -> None:
    one, other = (
        figure_bytes(figure.figure({"maps": [file]}, showing("layers", [cell()])), tmp_path / name)
        for name in ("one", "other")
    )

    assert one == other
    vector = one[0].decode()
    for text in ("Multi-news, $T_5$", "input token", "output token", "layer 2", "Made up. Attention of each output"):
        assert text in vector
    assert "(% of the output token's, linear)" in vector.replace("&apos;", "'")
