"""What a figure draws outside of its axes, for the tests of figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

# Points (1/72 inch) that rounding may put outside.
ROUNDING = 0.01


def cut(figure: Any) -> list[str]:
    """Names of what is drawn outside of its axes or cut by them: bars, lines, whiskers, bands, images, arrows, marks.

    A mark counts as cut where a part of it would lie outside and is not drawn there.
    """
    with warnings.catch_warnings():
        # Such as that a layout has no room.
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    found = []
    for axes in figure.findobj(lambda artist: hasattr(artist, "get_ylim")):
        box = axes.get_window_extent()
        if not axes.get_visible() or not axes.axison:
            continue
        for name, places, beyond in _drawn(axes, figure.dpi / 72):
            shown = places[np.isfinite(places).all(axis=1)]
            low, high = np.array([box.x0, box.y0]), np.array([box.x1, box.y1])
            allowed = ROUNDING * figure.dpi / 72 - beyond
            if ((shown < low - allowed) | (shown > high + allowed)).any():
                found.append(f"{axes.get_title()!r}: {name} {axes.transData.inverted().transform(shown).tolist()}")
    return found


def _drawn(axes: Any, pixels: float) -> Iterator[tuple[str, np.ndarray, float]]:
    """What axes draw: a name, its places (n, 2) in pixels, and the pixels around each that belong to it."""
    for line in axes.lines:
        name = line.get_label() if not line.get_label().startswith("_") else "line"
        places = line.get_transform().transform(line.get_xydata()) if len(line.get_xydata()) else np.empty((0, 2))
        marked = line.get_marker() not in ("None", "", " ", None, "_", "|") and line.get_clip_on()
        yield name, places, pixels * line.get_markersize() / 2 if marked else 0.0
    for patch in axes.patches:
        yield "bar", patch.get_transform().transform_path(patch.get_path()).vertices[:4], 0.0
    for collection in axes.collections:
        for path in collection.get_paths():
            yield "whisker or band", collection.get_transform().transform_path(path).vertices, 0.0
    for image in axes.images:
        left, right, bottom, top = image.get_extent()
        yield "image", axes.transData.transform([(left, bottom), (right, top)]), 0.0
    for text in axes.texts:
        if hasattr(text, "xy"):
            yield f"place of {text.get_text()!r}", axes.transData.transform([text.xy]), 0.0
