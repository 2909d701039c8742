"""Studies of kind `recall`: their settings, cells, table and figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import Count
from memorization.config.detection import Profile
from memorization.config.project import Project
from memorization.detection.disguises import DISGUISES
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Inputs,
    Study,
    control_without_test_split,
    own_table,
    study_settings,
    undefined,
)

NAMES = tuple(disguise.name for disguise in DISGUISES)


def _table_inputs(config: Project, study: Recall, name: str) -> Inputs:
    """Outcomes of all cells that the study shows."""
    return {"recall": [plan.fill(plan.RECALL, cell) for cell in study.cells(config)]}


def _table_options(config: Project, study: Recall) -> dict[str, Any]:
    classified = config.detection.paraphrase.classifier is not None
    return study_settings(config, study) | {"cells": study.cells(config), "classified": classified}


EXHIBITS = (Exhibit("table", _table_inputs, _table_options), Exhibit("figure", own_table))


class Recall(Study):
    """How many known disguises of the true suffixes the detector finds, a ceiling of rates; no model is run."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["recall"] = Field(description="Fixed: `recall`.", examples=["recall"])
    models: list[str] = Field(
        min_length=1,
        description="Base models, whose tokenizers cut the probes; none is loaded or trained.",
        examples=[["t5-base"]],
    )
    datasets: list[str] = Field(min_length=1, description="Datasets, in the table's order.", examples=[["multi_news"]])
    prefix_tokens: list[Count] | None = Field(
        None, min_length=1, description="Prefix lengths; null: each dataset's own.", examples=[[10, 50]]
    )
    profiles: list[Profile] | None = Field(
        None,
        min_length=1,
        description="Profiles of the aligner, side by side; null: `detection.profile`.",
        examples=[["zeng2024", "collection"]],
    )
    tokens: int = Field(
        100, ge=1, description="First tokens of a suffix that are disguised, as a decoding's limit.", examples=[50]
    )
    disguises: list[str] = Field(
        list(NAMES),
        min_length=1,
        description=f"Disguises, in the table's order, of {', '.join(NAMES)}; the number is the percentage of words.",
        examples=[["copy", "dropped_20"]],
    )
    control: bool = Field(
        True,
        description="Also search the suffixes of the test split, unchanged: what is found of them are false alarms.",
        examples=[False],
    )
    n: int = Field(500, ge=1, description="Most probes of a dataset, drawn by `seed`.", examples=[1000])
    seed: int = Field(0, ge=0, description="Seed of the probes and of their disguises.", examples=[1])

    def all_models(self) -> list[str]:
        """The study's models."""
        return list(dict.fromkeys(self.models))

    def all_datasets(self) -> list[str]:
        """The study's datasets."""
        return list(dict.fromkeys(self.datasets))

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of every result of the study, in the table's order, each once."""
        return [
            {
                "dataset": dataset,
                "model": model,
                "prefix_tokens": prefix_tokens,
                "tokens": self.tokens,
                "profile": profile,
                "population": population,
                "n": self.n,
                "seed": self.seed,
            }
            for dataset, model in product(self.all_datasets(), self.all_models())
            for prefix_tokens in dict.fromkeys(self.prefix_tokens or [plan.prefix_length(config, dataset)])
            for profile in dict.fromkeys(self.profiles or [config.detection.profile])
            for population in (["member", "control"] if self.control else ["member"])
        ]

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """Names that are not defined, and datasets without spaces between words, which disguises change."""
        here: list[str | int] = ["studies", name]
        sections: dict[str, Mapping[str, Any]] = {
            "models": config.models,
            "datasets": config.datasets,
            "disguises": dict.fromkeys(NAMES),
        }
        for key, section in sections.items():
            for value in getattr(self, key):
                yield from undefined([*here, key], value, section)
        for dataset in self.datasets:
            if dataset in config.datasets and config.datasets[dataset].segmentation is not None:
                yield (
                    [*here, "datasets"],
                    f"given {dataset!r}, whose texts have no spaces between words (`segmentation: characters`); "
                    "disguises change words between spaces: leave it out",
                )

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """False alarms are those of test inputs."""
        if self.control:
            yield control_without_test_split(name, dataset)


def wanted_disguises(config: Project, studies: Iterable[Study], cell: Mapping[str, Any]) -> list[str]:
    """Names of the disguises that all studies need of one cell; test inputs, which are not disguised, are copied."""
    if cell["population"] == "control":
        return ["copy"]
    place = plan.fill(plan.RECALL, cell)
    here = [
        study
        for study in studies
        if isinstance(study, Recall) and place in {plan.fill(plan.RECALL, each) for each in study.cells(config)}
    ]
    return [name for name in NAMES if any(name in study.disguises for study in here)]
