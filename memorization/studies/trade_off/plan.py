"""Studies of kind `trade_off`: their settings, runs, table and figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.project import Project
from memorization.plan import Run
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Inputs,
    ProbeGrid,
    Work,
    answer_faults,
    answer_work,
    checkpoints,
    control_without_test_split,
    own_table,
    quality_without_test_split,
    run_files,
    study_settings,
    undefined,
    with_controls,
)


def _table_inputs(config: Project, study: TradeOff, name: str) -> Inputs:
    """Rates of the study's runs, the quality of their states, and its training runs."""
    answered = dict.fromkeys(plan.fill(plan.QUALITY, cell) for cell in study.answer_cells(config))
    return {
        "rates": run_files(study.runs(config), "rates.parquet"),
        "quality": [f"{folder}/quality.parquet" for folder in answered],
        "training": checkpoints(config, study),
    }


def _table_options(config: Project, study: TradeOff) -> dict[str, Any]:
    """The study, and of its recipes with goldfish loss what that leaves out."""
    recipes = {state: config.recipes[state] for state in study.states if state in config.recipes}
    goldfish = {
        state: {**recipe.goldfish.model_dump(), "loss": recipe.loss}
        for state, recipe in recipes.items()
        if recipe.goldfish is not None
    }
    return study_settings(config, study) | {"goldfish": goldfish}


EXHIBITS = (Exhibit("table", _table_inputs, _table_options), Exhibit("figure", own_table))


class TradeOff(ProbeGrid):
    """A grid of runs, and their memorization rate against the quality of the same states: one point per run."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["trade_off"] = Field(description="Fixed: `trade_off`.", examples=["trade_off"])
    control: bool = Field(True, description="Also run probes of the test split, never trained on.", examples=[False])
    answers: str = Field(
        "greedy", description="Decoding of the answers to test rows that quality is computed from.", examples=["greedy"]
    )

    def runs(self, config: Project) -> list[Run]:
        """Runs on training inputs, then their controls."""
        members = self.member_runs(config)
        return with_controls(members) if self.control else members

    def answer_cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the answers that the quality of each run's state is computed from."""
        return [asdict(run) | {"decoding": self.answers} for run in self.member_runs(config)]

    def work(self, config: Project) -> dict[str, Work]:
        """The runs, and answers to test rows."""
        return super().work(config) | answer_work(config, self.answer_cells(config))

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, and answers or datasets without a quality."""
        yield from super().faults(config, name)
        yield from undefined(["studies", name, "answers"], self.answers, config.decodings)
        yield from answer_faults(["studies", name, "answers"], [self.answers], config)
        for dataset in self.datasets:
            if dataset in config.datasets and config.datasets[dataset].task == "pretraining":
                yield ["studies", name, "datasets"], f"given {dataset!r}, whose task has no quality"

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Controls are test inputs, and quality is measured on test rows."""
        if self.control:
            yield control_without_test_split(name, dataset)
        yield quality_without_test_split(name, dataset)
