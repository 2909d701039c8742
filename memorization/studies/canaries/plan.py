"""Studies of kind `canaries`: their settings, cells, table and figure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.project import Project
from memorization.errors import UserError
from memorization.studies.kind import Exhibit, Fault, Inputs, StateGrid, Work, own_table, study_settings

TOKENS = 2
"""Tokens that are read for one candidate, as costs are estimated: it shares those at its head with others."""


def _table_inputs(config: Project, study: Canaries, name: str) -> Inputs:
    """What the models of the study know of each canary."""
    return {"canaries": [plan.fill(plan.CANARIES, cell) for cell in study.cells(config)]}


def _table_options(config: Project, study: Canaries) -> dict[str, Any]:
    tasks = {dataset: config.datasets[dataset].task for dataset in study.datasets}
    return study_settings(config, study) | {"cells": study.cells(config), "tasks": tasks}


EXHIBITS = (Exhibit("table", _table_inputs, _table_options), Exhibit("figure", own_table))


class Canaries(StateGrid):
    """How much models know of made-up secrets that were planted in their training data, by their number of copies."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS
    detects: ClassVar[bool] = False

    kind: Literal["canaries"] = Field(description="Fixed: `canaries`.", examples=["canaries"])

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of every result of the study, in the table's order, each once."""
        return [
            {"model": model, **trained, "dataset": dataset}
            for model in self.all_models()
            for dataset in dict.fromkeys(self.datasets)
            for trained in self.trained_states(config)
            if self.includes(model, dataset, trained["state"])
        ]

    def work(self, config: Project) -> dict[str, Work]:
        """Candidates that are read, at most."""
        return canary_work(config, self.cells(config))

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid of states, and datasets without canaries."""
        yield from super().faults(config, name)
        for dataset in self.datasets:
            if dataset in config.datasets and config.datasets[dataset].canaries is None:
                yield (
                    ["studies", name, "datasets"],
                    f"given {dataset!r}, which has no planted canaries: plant them in its training file by "
                    f"`memorization canaries`, and name the key file (datasets.{dataset}.canaries)",
                )


def canary_work(config: Project, cells: Iterable[Mapping[str, Any]]) -> dict[str, Work]:
    """Candidates that are read, at most; `cells` are coordinates of models in their states, with a dataset."""
    return {
        plan.fill(plan.CANARIES, cell): Work("likelihoods", cell["model"], _candidates(config, cell["dataset"]), TOKENS)
        for cell in cells
    }


def _candidates(config: Project, dataset: str) -> int:
    """Secrets that a model reads: for each canary all of its space, or a sample; 0 where the key cannot be read yet."""
    from memorization.datasets.canary_key import read_key

    place = str(config.datasets[dataset].canaries).replace("{data_root}", config.data_root or "")
    # What is wrong with it is reported when local files are looked at.
    with contextlib.suppress(UserError):
        key, ranks = read_key(Path(place), dataset), config.canaries
        spaces = (key.forms[canary.form].space for canary in key.canaries)
        return sum(space if space <= ranks.enumerated else ranks.sample + 1 for space in spaces)
    return 0


def reading_limits(config: Project, state: str) -> dict[str, int | None]:
    """Where training cuts inputs and targets, in tokens, for a rule's parameters; null: nobody knows."""
    recipe = config.recipes.get(state)
    written = None if recipe is None or recipe.blocks is not None else recipe.max_target_tokens
    return {
        "max_input_tokens": plan.answer_settings(config, state)["max_input_tokens"],
        "max_target_tokens": written,
    }
