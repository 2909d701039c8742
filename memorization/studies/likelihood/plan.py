"""Studies of kind `likelihood`: their settings, cells, table and figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import BARE
from memorization.config.project import Project
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Inputs,
    Likelihoods,
    ProbeGrid,
    Work,
    control_without_test_split,
    likelihood_faults,
    own_table,
    study_settings,
)


def _table_inputs(config: Project, study: Likelihood, name: str) -> Inputs:
    """Shares of all runs that the study shows."""
    return {"rates": [f"{plan.fill(plan.LIKELIHOOD, cell)}/extraction.parquet" for cell in study.cells(config)]}


EXHIBITS = (Exhibit("table", _table_inputs, study_settings), Exhibit("figure", own_table))


class Likelihood(ProbeGrid):
    """How likely models are to write the probes' own suffixes, computed without sampling, under the decodings."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS
    detects: ClassVar[bool] = False

    kind: Literal["likelihood"] = Field(description="Fixed: `likelihood`.", examples=["likelihood"])
    control: bool = Field(
        True,
        description="Also for probes of the test split, never trained on, whose suffixes a model can only guess.",
        examples=[False],
    )
    tokens: int = Field(50, ge=1, description="First tokens of the suffix whose likelihood is computed.", examples=[50])
    draws: list[Annotated[int, Field(ge=1)]] = Field(
        [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
        min_length=1,
        description="Numbers n of texts drawn for a prefix (none is drawn: their result follows from the likelihood).",
        examples=[[1, 1_000, 1_000_000]],
    )
    probability: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        [0.1, 0.5, 0.9],
        min_length=1,
        description="A suffix is (n, p)-discoverable where n draws contain it with at least this probability p "
        "(Hayes et al., 2024); tables and figures show the middle one.",
        examples=[[0.1, 0.9]],
    )

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of a run but its decoding for every likelihood of the study, in the table's order, each once."""
        return [
            {
                "model": model,
                **trained,
                "dataset": dataset,
                "population": population,
                "prefix_tokens": prefix_tokens,
            }
            for model in self.models
            for dataset in self.datasets
            for prefix_tokens in dict.fromkeys(self.prefix_tokens or [plan.prefix_length(config, dataset)])
            for trained in self.trained_states(config)
            if self.includes(model, dataset, trained["state"])
            for population in (["member", "control"] if self.control else ["member"])
        ]

    def likelihoods(self, config: Project) -> dict[str, Likelihoods]:
        """The study's decodings, lengths, numbers of draws and probabilities, for each of its cells."""
        return {
            plan.fill(plan.LIKELIHOOD, cell): Likelihoods(
                Work("likelihoods", cell["model"], cell["dataset"], cell["prefix_tokens"] + self.tokens),
                self.decodings,
                self.tokens,
                self.draws,
                self.probability,
            )
            for cell in self.cells(config)
        }

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, decodings of another precision, and other sides than inputs or promptings than bare."""
        yield from super().faults(config, name)
        yield from likelihood_faults(["studies", name, "decodings"], self.decodings, config)
        if self.sides != [plan.INPUT]:
            yield (
                ["studies", name, "sides"],
                f"given {self.sides}; likelihoods are those of the suffixes of inputs, so `[input]` alone is allowed: "
                "remove the key",
            )
        if self.promptings != [BARE]:
            yield (
                ["studies", name, "promptings"],
                f"given {self.promptings}; likelihoods are those of suffixes after their bare prefixes, so `[bare]` "
                "alone is allowed: remove the key",
            )

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Controls are test inputs."""
        if self.control:
            yield control_without_test_split(name, dataset)
