"""Heatmaps of attention (Figures 4 to 14): one column per input token, one row per output token."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.words import in_state

# Panels side by side at most: 10 samples take two rows, 12 layers in two, 24 in four.
ACROSS = 6
# A weight of this much and less is darkest on a logarithmic scale (fraction).
FAINTEST = 1e-4
# Pixels of a drawn map on each side at least: more than a panel has.
PIXELS = 1000


@dataclass(frozen=True)
class Panel:
    """One heatmap: its heading and weights (T, L), fractions of an output token's attention."""

    heading: str
    weights: np.ndarray


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `maps`, one of schema `attention_maps` for each of the option `cells`.

    One block per (model, state, dataset), with the panels of the kind that the option `shows` names (see `PANELS`). All
    panels have one scale, which the option `scale` names, so that a weight has the same colour everywhere. Returns a
    matplotlib figure.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    shows, scale_name = context.options["shows"], context.options["scale"]
    blocks = [PANELS[shows](file) for file in files["maps"]]
    headings = [heading(cell, context) for cell in context.options["cells"]]
    shapes = [_grid(len(panels)) for panels in blocks]
    heights = [0.5 + 1.6 * down for down, _ in shapes]
    size = (1.6 + 2.1 * max(across for _, across in shapes), sum(heights) + 0.6)
    scale = scale_of(scale_name, [panel for panels in blocks for panel in panels])
    drawn = Figure(figsize=size, layout="constrained")
    halves: Any = drawn.subfigures(1, 2, width_ratios=[size[0] - 0.8, 0.8])
    left, right = halves
    parts = left.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, above, panels, (down, across) in zip(parts, headings, blocks, shapes, strict=True):
        places = part.subplots(down, across, squeeze=False).ravel()
        for place, panel in zip(places, panels, strict=False):
            _draw(place, panel, scale)
        for unused in places[len(panels) :]:
            unused.set_axis_off()
        part.suptitle(above, fontsize=8)
        part.supxlabel("input token", fontsize=7)
        part.supylabel("output token", fontsize=7)
    bar = right.colorbar(
        ScalarMappable(scale, "viridis"),
        cax=right.add_axes((0.1, 0.2, 0.16, 0.6)),
        extend="min" if scale_name == "logarithmic" else "neither",
        format=FuncFormatter(lambda weight, _: f"{100 * weight:g}"),
    )
    bar.set_label(f"attention on the input token\n(% of the output token's, {scale_name})", fontsize=7)
    bar.ax.tick_params(labelsize=6)
    note = f"{context.label} {MEANINGS[shows]} {COLOURS[scale_name]}".strip()
    drawn.supxlabel("\n".join(textwrap.wrap(note, int(16 * size[0]))), fontsize=6.5, color="0.3")
    return drawn


def scale_of(name: str, panels: Sequence[Panel]) -> Any:
    """The matplotlib norm of weights (fractions) for all panels of a figure, on a scale of `COLOURS`."""
    from matplotlib.colors import LogNorm, Normalize

    if name == "logarithmic":
        return LogNorm(vmin=FAINTEST, vmax=1.0, clip=True)
    return Normalize(vmin=0.0, vmax=max(float(panel.weights.max()) for panel in panels))


def heading(cell: Row, context: Context) -> str:
    """Heading of a block: dataset, model, state, and the epoch where a study shows several."""
    shown = context.options["cells"]
    name = f"{context.dataset(cell['dataset'])}, {in_state(context.model(cell['model']), cell['state'], shown)}"
    several = len({each["epoch"] for each in shown if each["state"] != "base"}) > 1
    return f"{name}, epoch {cell['epoch']}" if several and cell["state"] != "base" else name


def mean_map(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of maps (T, L) of different sizes, padded with zeros to the longest T and L, as the paper pads samples."""
    padded = np.zeros((max(each.shape[0] for each in maps), max(each.shape[1] for each in maps)))
    for each in maps:
        padded[: each.shape[0], : each.shape[1]] += each
    return padded / len(maps)


def _mean_and_sample(file: Path) -> list[Panel]:
    last = [each[-1] for each in read_maps(file)]
    return [Panel(f"mean of {len(last)} samples", mean_map(last)), Panel("one sample", last[0])]


def _samples(file: Path) -> list[Panel]:
    return [Panel(f"sample {number}", layers[-1]) for number, layers in enumerate(read_maps(file), start=1)]


def _layers(file: Path) -> list[Panel]:
    layers = list(zip(*read_maps(file), strict=True))
    return [Panel(f"layer {number}", mean_map(maps)) for number, maps in enumerate(layers, start=1)]


PANELS: dict[str, Callable[[Path], list[Panel]]] = {
    "mean_and_sample": _mean_and_sample,
    "samples": _samples,
    "layers": _layers,
}
"""Panels of each (model, state, dataset) by kind of figure: Figures 4 to 6, 7 to 10, 11 to 14."""

_HEADS = "Attention of each output token on the input tokens, mean of the heads"
_PADDED = "samples are padded to the longest, and padding counts as 0 in the mean"
MEANINGS = {
    "mean_and_sample": f"{_HEADS}, last layer; {_PADDED}.",
    "samples": f"{_HEADS}, last layer, one panel a sample.",
    "layers": f"{_HEADS}, one panel a layer, from the embeddings (1) to the output; mean of the samples: {_PADDED}.",
}
"""What each kind of figure shows, for its note."""


COLOURS = {
    "linear": "Colours are linear, from 0 to the largest weight shown.",
    "logarithmic": "Colours are logarithmic, and a weight of 0.01% or less is darkest.",
}
"""What each scale is, for the note."""


def read_maps(file: Path) -> list[list[np.ndarray]]:
    """The maps (T, L) of a file of schema `attention_maps`, by sample and layer."""
    samples: dict[int, list[np.ndarray]] = {}
    for batch in storage.stream(file, ["sample", "output_tokens", "input_tokens", "weights"], rows=64):
        for row in zip(*batch.columns, strict=True):
            sample, outputs, inputs = (value.as_py() for value in row[:3])
            samples.setdefault(sample, []).append(row[3].values.to_numpy().reshape(outputs, inputs))
    return list(samples.values())


def _grid(panels: int) -> tuple[int, int]:
    """Rows and columns in which that many panels are arranged."""
    down = -(-panels // ACROSS)
    return down, -(-panels // down)


def _draw(place: Any, panel: Panel, scale: Any) -> None:
    outputs, inputs = panel.weights.shape
    # Tokens are counted from 1, and their numbers are in the middle of their cells.
    edges = (0.5, inputs + 0.5, outputs + 0.5, 0.5)
    # Drawn larger than the panel, so that tokens are averaged where there are more of them than pixels, and few tokens
    # keep sharp edges.
    drawn = panel.weights.repeat(-(-PIXELS // outputs), axis=0).repeat(-(-PIXELS // inputs), axis=1)
    place.imshow(drawn, norm=scale, cmap="viridis", aspect="auto", extent=edges)
    place.set_title(panel.heading, fontsize=7, pad=3)
    place.tick_params(labelsize=6, length=2, pad=1)
    place.locator_params(nbins=4, integer=True)
