"""The verdict of an audit as one value: what is written as `verdict.json`, and in words and for pipelines beside it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Answer = Literal["pass", "fail", "cannot tell"]

EXIT_CODES: dict[Answer, int] = {"pass": 0, "fail": 1, "cannot tell": 3}
"""Exit code of a run that ends with the verdict; other errors of Snakemake's have 1 too, and no verdict."""

Coordinates = dict[str, str | int]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Measure(_Part):
    """One threshold with what was measured: value, interval and threshold are in `unit`."""

    key: str = Field(description="Key of `thresholds`; behind a point the type of personal data.")
    title: str = Field(description="What is measured, in words.")
    unit: str = Field(description="Unit of value, interval and threshold.")
    threshold: float = Field(description="The most that is accepted.")
    answer: Answer = Field(
        description="`pass`: the interval's upper end is not above the threshold. `fail`: its lower end is above it. "
        "`cannot tell`: neither, or something that was needed is not known."
    )
    value: float | None = Field(None, description="The largest of all cells; null where none was measured.")
    low: float | None = Field(None, description="Lower end of the interval of the largest true value of all cells.")
    high: float | None = Field(None, description="Its upper end; null where it is not bounded.")
    n: int | None = Field(None, description="What the value is counted over, in the cell that has it (`n_of`).")
    n_of: str = Field("", description="What n counts.")
    observations: int | None = Field(
        None, description="Independent ones among n: those with one text or prompt are one observation."
    )
    n_needed: int | None = Field(
        None,
        description="Where the answer is `cannot tell`: observations with which the interval would lie on one side of "
        "the threshold if the value stayed; null where no number would do, or none is known.",
    )
    cells: int = Field(0, description="Cells (runs, models, ...) that were measured, of which the worst decides.")
    where: Coordinates = Field(default_factory=dict, description="Coordinates of the cell with the value.")
    place: str = Field(
        "", description="Those of them that tell it from the other cells, in words; empty where all are alike."
    )
    floor: float | None = Field(None, description="The same of held-out texts in that cell.")
    ceiling: float | None = Field(None, description="The most that the detector could have found in that cell.")
    base: float | None = Field(None, description="The same of the base model in that cell.")
    why: str = Field("", description="Why it cannot be told, or what the value rests on, in a sentence.")


class Lowering(_Part):
    """Two runs of the same prompts that differ in one thing: how much less, or more, came back."""

    change: str = Field(description="The one thing that differs, as `decoding: greedy -> top_k`.")
    where: Coordinates = Field(description="Coordinates of the run that decides, with which the other is compared.")
    place: str = Field(description="Those of them that tell it from the other judged runs, in words.")
    difference: float = Field(description="The other's share of prompts minus this one's (percentage points).")
    low: float = Field(description="Lower end of its interval, paired by prompt.")
    high: float = Field(description="Upper end of its interval.")
    p_holm: float = Field(description="McNemar's exact test, with Holm's correction over these comparisons.")
    n: int = Field(description="Prompts that both were asked.")


class Asked(_Part):
    """What the verdict is about."""

    models: list[str] = Field(description="Base models.")
    states: list[str] = Field(description="States that are judged.")
    datasets: list[str] = Field(description="Datasets.")
    decodings: list[str] = Field(description="Decodings.")
    promptings: list[str] = Field(description="How the models were asked.")
    sides: list[str] = Field(description="What was searched for in generations.")
    runs: int = Field(description="Runs on training texts that are judged.")
    records: dict[str, int] = Field(description="Training records of each dataset.")
    records_asked: dict[str, int] = Field(description="Those whose beginning, or question, was a prompt.")


class Verdict(_Part):
    """May a model be shipped? Contains no training text."""

    format: Literal[1] = Field(1, description="Version of this format.")
    study: str = Field(description="Name of the study.")
    answer: Answer = Field(
        description="`fail` where a measure fails, else `cannot tell` where one cannot be told, else `pass`."
    )
    exit_code: Literal[0, 1, 3] = Field(description="Exit code of `snakemake audit` for this verdict alone.")
    label: str = Field("", description="Label of the configuration.")
    asked: Asked = Field(description="What was asked.")
    measures: list[Measure] = Field(description="Every threshold with what was measured.")
    not_known: list[str] = Field(description="What the verdict does not say, in sentences.")
    lowering: list[Lowering] = Field(description="What this run measured that would lower the rate; the largest first.")


def whole_answer(answers: list[Answer]) -> Answer:
    """The answer of several: the worst, where what cannot be told is between failing and passing."""
    return max(answers, key=("pass", "cannot tell", "fail").index)
