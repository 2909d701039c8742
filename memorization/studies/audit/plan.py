"""Studies of kind `audit`: their settings, runs, tables, and what is wrong in their thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import Side
from memorization.config.project import Project
from memorization.plan import BASE, Run
from memorization.studies.audit.thresholds import Thresholds
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Inputs,
    ProbeGrid,
    checkpoints,
    control_without_test_split,
    run_files,
    with_controls,
)
from memorization.studies.memorization.plan import paraphrase_confidence

RATES_QUERY = Path(__file__).resolve().parents[1] / "memorization" / "table.sql"


def _rates_inputs(config: Project, study: Audit, name: str) -> Inputs:
    """What the table of a study of kind `memorization` is made from."""
    return {
        "query": RATES_QUERY,
        "rates": run_files(study.runs(config), "rates.parquet"),
        "means": plan.MEANS.format(study=name),
        "comparisons": plan.COMPARISONS.format(study=name),
        "training": checkpoints(config, study),
    }


def _rates_options(config: Project, study: Audit) -> dict[str, Any]:
    shown = study.model_dump(mode="json", exclude={"thresholds"})
    return {"study": shown, "paraphrase": paraphrase_confidence(config)}


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
    Exhibit("rates", _rates_inputs, _rates_options),
    Exhibit("records", _records_inputs, without=("statistics",)),
    Exhibit("duplicates", _duplicates_inputs, _duplicates_options),
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
    control: bool = Field(
        True,
        description="Also ask with texts of the test split, never trained on, for the floor of all rates. Without them "
        "the verdict says that it is not known.",
        examples=[False],
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

    def runs(self, config: Project) -> list[Run]:
        """Runs on training inputs, then their controls."""
        members = self.member_runs(config)
        return with_controls(members) if self.control else members

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, and no threshold at all."""
        yield from super().faults(config, name)
        if not self.thresholds.stated():
            keys = ", ".join(type(self.thresholds).model_fields)
            yield (
                ["studies", name, "thresholds"],
                f"no threshold is given, so there is nothing to judge; name one: {keys}",
            )

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Controls are test inputs."""
        if self.control:
            yield control_without_test_split(name, dataset)
