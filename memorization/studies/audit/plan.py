"""Studies of kind `audit`: their settings, runs, tables, and what is wrong in their thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import Side
from memorization.config.detection import Profile
from memorization.config.project import Project
from memorization.detection.patterns import PATTERN_TYPES
from memorization.errors import did_you_mean
from memorization.plan import BASE, Run
from memorization.studies.audit.thresholds import Thresholds, fewest, stated_thresholds
from memorization.studies.canaries.plan import canary_work
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Inputs,
    ProbeGrid,
    Work,
    checkpoints,
    run_files,
    with_controls,
)
from memorization.studies.membership.plan import membership_work
from memorization.studies.memorization.plan import paraphrase_confidence

CONTROLS_NEEDED = 100
"""Held-out rows of different inputs from which on a false positive rate of 1% can be measured."""

SENTENCES: Profile = "collection"
"""The profile that also finds copied texts of one sentence."""
KINDS = Path(__file__).resolve().parents[1]
"""Folder of the kinds, some of whose tables an audit shows."""


def _rates_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """What the table of a study of kind `memorization` is made from."""
    return {
        "query": KINDS / "memorization" / "table.sql",
        "rates": run_files(study.runs(config), "rates.parquet"),
        "means": plan.MEANS.format(study=name),
        "comparisons": plan.COMPARISONS.format(study=name),
        "training": checkpoints(config, study),
    }


def _without_thresholds(config: Project, study: Audit) -> dict[str, Any]:
    """The study's settings, for exhibits that no threshold changes."""
    return {"study": study.model_dump(mode="json", exclude={"thresholds"})}


def _rates_options(config: Project, study: Audit) -> dict[str, Any]:
    return _without_thresholds(config, study) | {"paraphrase": paraphrase_confidence(config)}


def _table_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """The study's verdict."""
    return {"verdict": f"{plan.VERDICT.format(study=name)}.json"}


def _attacks(config: Project, study: Audit, name: str) -> Inputs:
    """The attacks on all models that are judged."""
    return {"attacks": [plan.fill(plan.ATTACKS, cell) for cell in study.cells(config)]}


def _membership_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """What the table of a study of kind `membership` is made from."""
    return {"query": KINDS / "membership" / "table.sql", **_attacks(config, study, name)}


def _canaries(config: Project, study: Audit, name: str) -> Inputs:
    """What the models that are judged know of each canary."""
    return {"canaries": [plan.fill(plan.CANARIES, cell) for cell in study.canary_cells(config)]}


def _canaries_options(config: Project, study: Audit) -> dict[str, Any]:
    tasks = {dataset: config.datasets[dataset].task for dataset in study.datasets}
    return {"cells": study.canary_cells(config), "tasks": tasks}


def _generated(config: Project, study: Audit) -> list[Run]:
    """The study's runs whose personal data is compared, which does not depend on the aligner: one of each profile."""
    return list({replace(run, profile=""): run for run in study.runs(config)}.values())


def _personal_data_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """Generations, what was asked and is searched for, and where personal data stands in them."""
    runs = _generated(config, study)
    return {
        "generations": run_files(runs, "generations.parquet", plan.RUN),
        "personal_data": [plan.fill(plan.GENERATED_PERSONAL_DATA, run) for run in runs],
        "prompts": [plan.asked(run) for run in runs],
        "searched": [plan.searched(run) for run in runs],
        "searched_personal_data": [plan.fill(plan.PERSONAL_DATA, run) for run in runs],
    }


def _personal_data_options(config: Project, study: Audit) -> dict[str, Any]:
    kept = set(_generated(config, study))
    rows = [row for row, run in zip(study.run_rows(config), study.runs(config), strict=True) if run in kept]
    return {"runs": rows, "tagger": config.detection.entities.tagger is not None}


def verdict_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """What a verdict is made from."""
    audited = study.audited_runs(config)
    return {
        "rates": run_files(study.runs(config), "rates.parquet"),
        "comparisons": plan.COMPARISONS.format(study=name),
        "outcomes": run_files(audited, "outcomes.parquet"),
        "probes": [plan.asked(run) for run in audited],
        "datasets": [plan.DATASET.format(dataset=dataset) for dataset in dict.fromkeys(study.datasets)],
        "leaked": plan.LEAKED_RECORDS.format(study=name),
        **(_attacks(config, study, name) if study.asks_membership else {}),
        **(_canaries(config, study, name) if study.asks_canaries else {}),
        **({"personal_data": f"{plan.TABLE}-personal_data.parquet".format(study=name)} if study.asks_values else {}),
    }


def verdict_options(config: Project, study: Audit, name: str) -> dict[str, Any]:
    """What a verdict depends on beside its input, for its rule's parameters."""
    return {
        "study": name,
        "label": config.label,
        "thresholds": study.thresholds.model_dump(mode="json"),
        "statistics": config.statistics.model_dump(mode="json"),
        "control": study.control,
        "base": BASE in study.states,
        "tagger": config.detection.entities.tagger is not None,
        "runs": [row for row in study.member_rows(config) if row["state"] in study.audited_states()],
        "drawn": config.probes.select == "drawn",
        "one_prompt": [name for name in study.promptings if config.promptings[name].is_one_prompt],
        "canaries": study.canary_cells(config) if study.asks_canaries else [],
    }


def _records_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """The records that came back."""
    return {"leaked": plan.LEAKED_RECORDS.format(study=name)}


def _duplicates_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """Of every run on training inputs, its matches, what was searched for, and the copies of that."""
    runs = study.member_runs(config)
    return {
        "matches": run_files(runs, "matches.parquet"),
        "searched": [plan.searched(run) for run in runs],
        "copies": [plan.fill(plan.COPIES, run) for run in runs],
    }


def _duplicates_options(config: Project, study: Audit) -> dict[str, Any]:
    return {"runs": study.member_rows(config)}


EXHIBITS = (
    Exhibit("table", _table_inputs),
    Exhibit("records", _records_inputs, without=("statistics",)),
    Exhibit("rates", _rates_inputs, _rates_options),
    Exhibit("duplicates", _duplicates_inputs, _duplicates_options),
    Exhibit("personal_data", _personal_data_inputs, _personal_data_options),
    Exhibit("membership", _membership_inputs, _without_thresholds, shown=lambda study: study.asks_membership),
    Exhibit("canaries", _canaries, _canaries_options, shown=lambda study: study.asks_canaries),
)


class Audit(ProbeGrid):
    """May a model be shipped: what comes back of its training data in a grid of runs, against thresholds."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["audit"] = Field(description="Fixed: `audit`.", examples=["audit"])
    thresholds: Thresholds = Field(description="The most that is accepted of each measure.")
    sides: list[Side] = Field(
        ["input", "target"],
        min_length=1,
        description="What is searched for in generations: suffixes of training inputs (`input`), what the model was "
        "trained to write (`target`), or each suffix with its target as one text (`both`).",
        examples=[["target"]],
    )
    profiles: list[Profile] | None = Field(
        default_factory=lambda: [SENTENCES],
        min_length=1,
        description="Profiles of the aligner, side by side; `collection` also finds copied texts of one sentence, as "
        "answers often are. Null: `detection.profile`.",
        examples=[["zeng2024", "collection"]],
    )
    control: bool = Field(
        True,
        description="Also ask with texts of the test split, never trained on, for the floor of all rates. Without them "
        "the verdict says that it is not known.",
        examples=[False],
    )

    @property
    def asks_membership(self) -> bool:
        """Whether a threshold is about membership, which is then measured."""
        return self.thresholds.true_positives_percent is not None

    @property
    def asks_canaries(self) -> bool:
        """Whether a threshold is about planted secrets, which are then measured."""
        return not (self.thresholds.canary_exposure_bits is None and self.thresholds.canaries_extracted is None)

    @property
    def asks_values(self) -> bool:
        """Whether a threshold is about personal data."""
        thresholds = self.thresholds
        return bool(thresholds.personal_data_of_type_per_1000_prompts) or (
            thresholds.personal_data_per_1000_prompts is not None
        )

    def audited_states(self) -> list[str]:
        """The states that the verdict is about: all but `base`, which others are compared with; or `base` alone."""
        return [state for state in self.states if state != BASE] or self.states

    def audited_runs(self, config: Project) -> list[Run]:
        """The runs on training inputs that the verdict is about, in the table's order."""
        return [run for run in self.member_runs(config) if run.state in self.audited_states()]

    def member_rows(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the runs on training inputs, as `run_rows` has them."""
        return [row for row in self.run_rows(config) if row["population"] == "member"]

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the models that are judged, on each dataset, each once."""
        return list({plan.fill(plan.MEMBERSHIP, run): _of_state(run) for run in self.audited_runs(config)}.values())

    def canary_cells(self, config: Project) -> list[dict[str, Any]]:
        """Those of datasets with planted canaries."""
        return [cell for cell in self.cells(config) if config.datasets[cell["dataset"]].canaries is not None]

    def runs(self, config: Project) -> list[Run]:
        """Runs on training inputs, then their controls."""
        members = self.member_runs(config)
        return with_controls(members) if self.control else members

    def work(self, config: Project) -> dict[str, Work]:
        """Generations, and what membership and canaries take where a threshold asks for them."""
        work = super().work(config)
        if self.asks_membership:
            work |= membership_work(config, self.cells(config))
        if self.asks_canaries:
            work |= canary_work(config, self.canary_cells(config))
        return work

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, no threshold at all, and those whose measure this configuration cannot give."""
        faults = list(super().faults(config, name))
        yield from faults
        here: list[str | int] = ["studies", name, "thresholds"]
        stated = dict(stated_thresholds(self.thresholds.model_dump()))
        if not stated:
            keys = ", ".join(type(self.thresholds).model_fields)
            yield here, f"no threshold is given, so there is nothing to judge; name one: {keys}"
        for key in ("rate_above_control_points", "true_positives_percent"):
            if key in stated and not self.control:
                yield (
                    [*here, key],
                    f"given {stated[key]:g}, which is compared with held-out texts, and `control: false`; set "
                    "`control: true` and give the dataset a test split (`source.test`), or leave this threshold out",
                )
        if (key := "rate_above_base_points") in stated and self.audited_states() in (self.states, []):
            yield (
                [*here, key],
                f"given {stated[key]:g}, which needs the model before and after fine-tuning, and `states` is "
                f"{self.states}; name `base` and another state there, or leave this threshold out",
            )
        # Datasets that are not defined have no canaries; they are reported already.
        if self.asks_canaries and not faults and not self.canary_cells(config):
            key = next(key for key in stated if key.startswith("canar"))
            yield (
                [*here, key],
                f"given {stated[key]:g}, and no dataset of this study has planted canaries: plant them before training "
                "by `memorization canaries`, and name the key file (datasets.NAME.canaries), or leave it out",
            )
        for kind in self.thresholds.personal_data_of_type_per_1000_prompts:
            # A tagger has types of its own.
            if kind not in PATTERN_TYPES and config.detection.entities.tagger is None:
                yield (
                    [*here, "personal_data_of_type_per_1000_prompts", kind],
                    f"given {kind!r}, which is not looked for; allowed: {', '.join(PATTERN_TYPES)}, and with a tagger "
                    f"(detection.entities.tagger) person, place and organization{did_you_mean(kind, PATTERN_TYPES)}",
                )
        yield from self._unreachable(config, here, stated)

    def _unreachable(self, config: Project, here: list[str | int], stated: dict[str, float]) -> Iterator[Fault]:
        """Thresholds that nothing measured could lie below: n is too small even if nothing is found."""
        prompts, rows = ("probes.n", config.probes.n), ("membership.n", config.membership.n)
        sizes = {
            "rate_percent": (100, prompts),
            "rate_above_control_points": (100, prompts),
            "rate_above_base_points": (100, prompts),
            "personal_data_per_1000_prompts": (1000, prompts),
            "personal_data_of_type_per_1000_prompts": (1000, prompts),
            "true_positives_percent": (100, rows),
        }
        limits = {
            f"datasets.{name}.limit": config.datasets[name].limit for name in self.datasets if name in config.datasets
        }
        for key, threshold in stated.items():
            measure, *kind = key.split(".")
            path = [*here, measure, *kind]
            scale, size = sizes.get(measure, (0, prompts))
            # More values per prompt than one are no share.
            if not threshold < scale:
                continue
            needed = math.ceil(fewest(threshold / scale, config.statistics))
            if key == "true_positives_percent":
                needed = max(needed, CONTROLS_NEEDED)
                if threshold <= 1:
                    yield (
                        path,
                        f"given {threshold:g}, and chance alone finds 1% at 1% false positives: name one above 1",
                    )
                    continue
            for name, n in (size, *limits.items()):
                if n is not None and n < needed:
                    yield (
                        path,
                        f"given {threshold:g}, and {name} is {n}: even where nothing is found, the interval of so "
                        f"few ends above that; set {name} to at least {needed:,}, or name a higher threshold",
                    )

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Controls are test inputs."""
        if self.control:
            yield (
                f"studies.{name}.control: the audit compares with held-out texts, which dataset {dataset!r} does not "
                "have; give it a test split (`source.test`), or set `control: false`: then the verdict says that the "
                "floor is not known, and thresholds against held-out texts (rate_above_control_points, "
                "true_positives_percent) are left out."
            )


def _of_state(run: Run) -> dict[str, Any]:
    """The coordinates of a run's model in its state, with the dataset."""
    return {"model": run.model, "state": run.state, "epoch": run.epoch, "seed": run.seed, "dataset": run.dataset}
