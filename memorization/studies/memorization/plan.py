"""Studies of kind `memorization`: their settings, runs, tables and figure."""

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
    checkpoints,
    control_without_test_split,
    own_table,
    published_faults,
    published_file,
    run_files,
    study_settings,
    with_controls,
)


def _table_inputs(config: Project, study: Memorization, name: str) -> Inputs:
    """Rates of the study's runs, their comparisons, and its training runs."""
    return {
        "rates": run_files(study.runs(config), "rates.parquet"),
        "means": plan.MEANS.format(study=name),
        "comparisons": plan.COMPARISONS.format(study=name),
        "training": checkpoints(config, study),
        **published_file(study.published),
    }


def _definitions_inputs(config: Project, study: Memorization, name: str) -> Inputs:
    """Estimates of the study's runs on training inputs, whose suffixes are searched for."""
    runs = [run for run in study.member_runs(config) if run.side == plan.INPUT]
    return {"rates": run_files(runs, "definition_rates.parquet")}


def _search_inputs(config: Project, study: Memorization, name: str) -> Inputs:
    """All pairs of the study's runs, and their probes."""
    runs = study.runs(config)
    return {
        "all_pairs": [plan.fill(plan.ALL_PAIRS, {**asdict(run), "all_pairs": study.all_pairs}) for run in runs],
        "probes": [plan.fill(plan.PROBES, run) for run in runs],
    }


def _search_options(config: Project, study: Memorization) -> dict[str, Any]:
    return {"runs": study.run_rows(config), "candidates": config.retrieval.candidates}


def _table_options(config: Project, study: Memorization) -> dict[str, Any]:
    return study_settings(config, study) | {"paraphrase": paraphrase_confidence(config)}


def _figure_options(config: Project, study: Memorization) -> dict[str, Any]:
    return {"x": study.x, "paraphrase": paraphrase_confidence(config)}


def _differences_inputs(config: Project, study: Memorization, name: str) -> Inputs:
    """Outcomes and probes of the study's runs on training inputs."""
    runs = study.member_runs(config)
    return {"outcomes": run_files(runs, "outcomes.parquet"), "probes": [plan.asked(run) for run in runs]}


def _differences_options(config: Project, study: Memorization) -> dict[str, Any]:
    members = [run for run in study.run_rows(config) if run["population"] == "member"]
    return {"runs": members, "several_seeds": any(len(study.seeds(config, state)) > 1 for state in study.states)}


def _has_differences(study: Memorization) -> bool:
    """Whether the study has fine-tuned models of several tasks, recipes or epochs."""
    recipes = set(study.states) - {plan.BASE}
    return bool(recipes) and max(len(set(study.datasets)), len(recipes), len(set(study.epochs or []))) > 1


def _definitions_options(config: Project, study: Memorization) -> dict[str, Any]:
    definitions = config.detection.definitions.model_dump(mode="json")
    return study_settings(config, study) | {"definitions": definitions}


def paraphrase_confidence(config: Project) -> dict[str, Any] | None:
    """Title and bounds of the classifier that divides paraphrases by confidence; None where there is none."""
    settings = config.detection.paraphrase
    if settings.classifier is None:
        return None
    title = config.classifiers[settings.classifier].title or settings.classifier
    return {"title": title, "low": settings.low, "high": settings.high}


EXHIBITS = (
    Exhibit("table", _table_inputs, _table_options),
    Exhibit("definitions", _definitions_inputs, _definitions_options, shown=lambda study: plan.INPUT in study.sides),
    Exhibit("differences", _differences_inputs, _differences_options, shown=_has_differences),
    Exhibit("search", _search_inputs, _search_options, shown=lambda study: study.all_pairs is not None),
    Exhibit("published", own_table, shown=lambda study: study.published is not None),
    Exhibit("figure", own_table, _figure_options),
)


Axis = Literal["dataset", "model", "state", "epoch", "prefix_tokens", "decoding", "prompting", "side", "profile"]


class Memorization(ProbeGrid):
    """A grid of runs, and the table and figure of their rates: one row for each of all combinations."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS
    every_seed: ClassVar[bool] = True

    kind: Literal["memorization"] = Field(description="Fixed: `memorization`.", examples=["memorization"])
    control: bool = Field(
        True,
        description="Also run probes of the test split, never trained on: what the detector finds there is no memory "
        "of training data. Every rate is then shown with its control rate and the difference.",
        examples=[False],
    )
    all_pairs: int | None = Field(
        None,
        ge=1,
        description="Number of probes of each run whose generations are also compared with every suffix, for a table "
        "of what the search for candidates misses: a draw by `probes.seed`, at most all. Null: no such table. The time "
        "grows with this number times that of the suffixes.",
        examples=[200],
    )
    published: str | None = Field(
        None,
        description="Published numbers to compare with: a file of `workflow/published`, without its ending.",
        examples=["task_disparity"],
    )
    x: Axis = Field(
        "dataset",
        description="Horizontal axis of the figure: `dataset` shows stacked bars, the others one point per run.",
        examples=["epoch"],
    )

    def runs(self, config: Project) -> list[Run]:
        """Runs on training inputs, then their controls."""
        members = self.member_runs(config)
        return with_controls(members) if self.control else members

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, and published numbers that are not there."""
        yield from super().faults(config, name)
        yield from published_faults(name, self.published)

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Controls are test inputs."""
        if self.control:
            yield control_without_test_split(name, dataset)
