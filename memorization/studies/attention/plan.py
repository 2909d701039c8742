"""Studies of kind `attention`: their settings, cells, tables and figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import BARE, Population
from memorization.config.project import Project
from memorization.plan import BASE, Run
from memorization.studies.kind import Exhibit, Grid, Inputs, Work, run_files, study_settings


def _files(config: Project, study: Attention, file: str) -> list[str]:
    """The file of that name of all attention that the study shows."""
    return [f"{plan.fill(plan.ATTENTION, cell)}/{file}" for cell in study.cells(config)]


def _table_inputs(config: Project, study: Attention, name: str) -> Inputs:
    return {"means": _files(config, study, "density_means.parquet")}


def _correlation_inputs(config: Project, study: Attention, name: str) -> Inputs:
    """Outcomes and probes of fine-tuned runs, each beside the density of its base model's attention."""
    runs = study.runs(config)
    density = [f"{plan.fill(plan.ATTENTION, run.base())}/density.parquet" for run in runs]
    probes = [plan.fill(plan.PROBES, run) for run in runs]
    return {"outcomes": run_files(runs, "outcomes.parquet"), "density": density, "probes": probes}


def _correlation_options(config: Project, study: Attention) -> dict[str, Any]:
    return {"runs": study.run_rows(config)}


def _figure_inputs(config: Project, study: Attention, name: str) -> Inputs:
    return {"maps": _files(config, study, "maps.parquet")}


def _figure_options(config: Project, study: Attention) -> dict[str, Any]:
    return {"cells": study.cells(config), "shows": study.shows, "scale": study.scale}


EXHIBITS = (
    Exhibit("table", _table_inputs, study_settings),
    Exhibit("correlation", _correlation_inputs, _correlation_options, shown=lambda study: study.is_correlated),
    Exhibit("figure", _figure_inputs, _figure_options, without=("statistics",), memory_mb=2000),
)


class Attention(Grid):
    """Attention from output to input: heatmaps, a table of its density, and its correlation with memorization.

    Where the states are `base` and recipes, and the population is `member`, the base model's density is correlated with
    what the recipes' models memorize under the decodings.
    """

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["attention"] = Field(description="Fixed: `attention`.", examples=["attention"])
    population: Population = Field(
        "member", description="`member`: the train split; `control`: the test split.", examples=["control"]
    )
    shows: Literal["mean_and_sample", "samples", "layers"] = Field(
        "mean_and_sample",
        description="The figure's panels: the last layer's mean over samples and one sample (Figures 4 to 6), every "
        "sample (7 to 10), or the mean of every layer (11 to 14).",
        examples=["layers"],
    )

    scale: Literal["linear", "logarithmic"] = Field(
        "linear",
        description="Colours of the figure: from 0 to the largest weight shown, as in the paper, or by powers of ten "
        "from 0.01% to 100%, which tell small weights apart.",
        examples=["logarithmic"],
    )

    @property
    def is_correlated(self) -> bool:
        """Whether the study shows the base model and fine-tuned ones, on texts that these were trained on."""
        return BASE in self.states and set(self.states) != {BASE} and self.population == "member"

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the attention that the study shows, in its order, each once."""
        return [
            {"model": model, **trained, "dataset": dataset, "population": self.population}
            for model in dict.fromkeys(self.models)
            for dataset in dict.fromkeys(self.datasets)
            for trained in self.trained_states(config)
            if self.includes(model, dataset, trained["state"])
        ]

    def runs(self, config: Project) -> list[Run]:
        """The fine-tuned runs whose memorization is correlated with the base model's density, if it is."""
        if not self.is_correlated:
            return []
        return [
            Run(
                **cell,
                prefix_tokens=plan.prefix_length(config, cell["dataset"]),
                decoding=decoding,
                prompting=BARE,
                side=plan.INPUT,
                profile=config.detection.profile,
            )
            for decoding in dict.fromkeys(self.decodings)
            for cell in self.cells(config)
            if cell["state"] != BASE
        ]

    def work(self, config: Project) -> dict[str, Work]:
        """Samples that are read, and the runs of the correlation."""
        # Input and target are cut to the same length.
        samples, tokens = config.attention.samples, 2 * config.attention.max_tokens
        read = {
            plan.fill(plan.ATTENTION, cell): Work("attention", cell["model"], samples, tokens)
            for cell in self.cells(config)
        }
        return super().work(config) | read

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """The population `control` is the test split."""
        if self.population == "control":
            yield f"studies.{name}.population: `control` needs a test split, which dataset {dataset!r} does not have."
