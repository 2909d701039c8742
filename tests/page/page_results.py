"""Made-up results of a study of rates and one of attention, for the tests of the page: files, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rate_files import WITH_CONTROLS, Outcomes, memorization_context, memorization_sheet
from sheets import LABEL, STATISTICS

from memorization import storage
from memorization.page.context import PageContext
from memorization.report import drawing, formats
from memorization.report.sheet import Sheet
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.schemas.density_means import DensityMeansTable
from memorization.studies.memorization import figure

TITLES = {"datasets": {"news": "Multi-news", "chat": "ChatDoctor"}, "models": {"t5": "T5-base"}}


def study(name: str, exhibits: Sequence[str], kind: str = "memorization", **changed: Any) -> dict[str, Any]:
    """What the page is told of a study with these exhibits."""
    places = {
        exhibit: f"figures/{name}"
        if exhibit == "figure"
        else f"tables/{name}{'' if exhibit == 'table' else f'-{exhibit}'}"
        for exhibit in exhibits
    }
    shown = [
        {"name": exhibit, "format": "figure" if exhibit == "figure" else "table", "place": place}
        for exhibit, place in places.items()
    ]
    return {"name": name, "kind": kind, "title": f"Title of {name}", "titles": TITLES, "exhibits": shown, **changed}


def rates(
    results: Path,
    outcomes: Outcomes = WITH_CONTROLS,
    datasets: Sequence[str] = ("news", "chat"),
    titles: Mapping[str, Mapping[str, str]] = TITLES,
    drawn: bool = True,
    **changed: Any,
) -> dict[str, Any]:
    """Table and, if it is drawn, figure of a study of rates in the results; what the page is told of it."""
    context = memorization_context(datasets, titles=titles)
    context = replace(context, options={**context.options, "x": "dataset"}, **changed)
    sheet = memorization_sheet(results / "parts", outcomes, context)
    formats.write(sheet, results / "tables/disparity")
    if drawn:
        drawing.write(figure.draw(sheet.tidy.to_pylist(), context), results / "figures/disparity")
    exhibits = ["table", "figure"] if drawn else ["table"]
    return study("disparity", exhibits, titles=titles, title=context.title or "Title of disparity")


def further(results: Path, sheet: Sheet, name: str = "further", **changed: Any) -> dict[str, Any]:
    """A study that has a table alone, of another kind."""
    formats.write(sheet, results / f"tables/{name}")
    return study(name, ["table"], kind="recall", **changed)


def attention(results: Path, word: str = "word") -> tuple[dict[str, list[Path]], list[dict[str, Any]]]:
    """Files of the attention of a base and a fine-tuned model, and their coordinates; all tokens contain `word`."""
    cells = [
        {
            "model": "t5",
            "state": state,
            "epoch": 3 * (state != "base"),
            "seed": 0,
            "dataset": "news",
            "population": "member",
            "dataset_title": "Multi-news",
            "model_title": "T5-base",
        }
        for state in ("base", "full")
    ]
    files: dict[str, list[Path]] = {"maps": [], "density_means": []}
    for number, cell in enumerate(cells):
        folder = results / "attention" / cell["state"]
        rows = []
        for sample, (outputs, inputs) in enumerate([(3, 5), (2, 4)]):
            for layer in (1, 2):
                weights = np.zeros((outputs, inputs), np.float32)
                # In the last layer each token looks at one place, another one in each state.
                weights[:, number if layer == 2 else 3] = 1
                rows.append(
                    {
                        "sample": sample,
                        "probe": 7,
                        "id": "p7",
                        "layer": layer,
                        "output_tokens": outputs,
                        "input_tokens": inputs,
                        "weights": weights.ravel(),
                        "output_texts": [f"▁{word}-out-{place}" for place in range(outputs)],
                        "input_texts": [f"▁{word}-in-{place}" for place in range(inputs)],
                    }
                )
        maps = pa.Table.from_pylist(rows, schema=AttentionMapsTable.arrow())
        storage.write_table(folder / "maps.parquet", AttentionMapsTable, maps, {})
        coordinates = {name: cell[name] for name in ("model", "state", "epoch", "seed", "dataset", "population")}
        mean = {**coordinates, "task": "qa", "measure": "effective_tokens", "unit": "tokens", "n": 2}
        means = [{**mean, "layer": layer, "value": 1.5 * layer, "low": 1.0, "high": 4.0} for layer in (1, 2)]
        table = pa.Table.from_pylist(means, schema=DensityMeansTable.arrow())
        storage.write_table(folder / "density_means.parquet", DensityMeansTable, table, {})
        files["maps"].append(folder / "maps.parquet")
        files["density_means"].append(folder / "density_means.parquet")
    return files, cells


def page_context(results: Path, *studies: Mapping[str, Any], **fields: Any) -> PageContext:
    """What the page is told of these studies, with the label and the statistics of the tests."""
    fields = {"label": LABEL, "statistics": STATISTICS.model_dump(mode="json")} | fields
    return PageContext(results=results, studies=studies, **fields)
