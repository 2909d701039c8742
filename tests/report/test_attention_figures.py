from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization import figures, storage
from memorization.report import attention_figures
from memorization.report.attention_figures import PANELS, SAID, Shown, heatmaps, mean_map, read_maps

SIZES = [(3, 5), (1, 8), (2, 2)]


def maps(seed: int = 0, layers: int = 2) -> list[list[np.ndarray]]:
    generator = np.random.default_rng(seed)
    drawn = [[generator.random(size) for _ in range(layers)] for size in SIZES]
    return [[(each / each.sum(axis=1, keepdims=True)).astype(np.float32) for each in sample] for sample in drawn]


def write_maps(file: Path, samples: list[list[np.ndarray]]) -> Path:
    found = [
        {"sample": sample, "probe": 10 * sample, "id": f"p{sample}", "layer": layer, "weights": weights.ravel()}
        | {"output_tokens": weights.shape[0], "input_tokens": weights.shape[1]}
        | {"output_texts": ["o"] * weights.shape[0], "input_texts": ["i"] * weights.shape[1]}
        for sample, layers in enumerate(samples)
        for layer, weights in enumerate(layers, start=1)
    ]
    storage.write_table(file, "attention", pa.Table.from_pylist(found, schema=storage.SCHEMAS["attention"]), {})
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_maps(tmp_path / "maps.parquet", maps())


def test_maps_are_read_by_sample_and_layer(file: Path) -> None:
    for found, written in zip(read_maps(file), maps(), strict=True):
        for one, other in zip(found, written, strict=True):
            assert np.array_equal(one, other)


def test_the_mean_counts_padding_as_zero() -> None:
    found = mean_map([np.array([[1.0]]), np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([[0.0, 0.4, 0.6]])])

    assert found * 3 == pytest.approx(np.array([[1.5, 0.9, 0.6], [0.2, 0.8, 0.0]]))


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
    assert set(PANELS) == set(SAID)


@pytest.mark.parametrize(("panels", "grid"), [(1, (1, 1)), (2, (1, 2)), (6, (1, 6)), (10, (2, 5)), (12, (2, 6))])
def test_panels_stand_in_even_rows(panels: int, grid: tuple[int, int]) -> None:
    assert attention_figures._grid(panels) == grid
    assert attention_figures._grid(24) == (4, 6)


def images(figure: Any) -> list[Any]:
    return [axes.images[0] for axes in figure.findobj(lambda artist: bool(getattr(artist, "images", None)))]


@pytest.mark.parametrize("shows", PANELS)
def test_a_weight_has_one_colour_in_all_panels_and_tokens_are_counted_from_one(shows: str, tmp_path: Path) -> None:
    shown = [
        Shown(f"dataset {number} at $1_0$", write_maps(tmp_path / f"{number}.parquet", maps(number)))
        for number in (0, 1)
    ]

    figure = heatmaps(shown, shows, "Demonstration.")

    drawn = images(figure)
    assert len(drawn) == 2 * len(PANELS[shows](shown[0].maps))
    assert len({id(image.norm) for image in drawn}) == 1
    for image, panel in zip(drawn, [panel for each in shown for panel in PANELS[shows](each.maps)], strict=True):
        outputs, inputs = panel.weights.shape
        assert image.get_extent() == [0.5, inputs + 0.5, outputs + 0.5, 0.5]
        values = image.get_array()
        assert [values[0, 0], values[0, -1], values[-1, 0], values[-1, -1]] == pytest.approx(
            [panel.weights[0, 0], panel.weights[0, -1], panel.weights[-1, 0], panel.weights[-1, -1]]
        )


def test_files_are_the_same_every_time_and_say_what_they_show(file: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        figures.write(heatmaps([Shown("Multi-news, $T_5$", file)], "layers", "Made up."), tmp_path / name)

    for ending in ("svg", "png"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"other.{ending}").read_bytes()
    vector = (tmp_path / "one.svg").read_text(encoding="utf-8")
    for text in ("Multi-news, $T_5$", "input token", "output token", "layer 2", "Made up. Attention of each output"):
        assert text in vector
    assert "(% of the output token's)" in vector.replace("&apos;", "'")
