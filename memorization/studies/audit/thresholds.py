"""The thresholds of an audit: the section `thresholds` of a study of kind `audit`.

Each is the most that is accepted, and names its unit. A share is in percent, as people write it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from memorization.config.base import Section
from memorization.config.project import Statistics

Percent = Annotated[float, Field(gt=0, lt=100)]
Amount = Annotated[float, Field(gt=0)]


class Thresholds(Section):
    """The most that is accepted of each measure; null: it is shown and decides nothing. At least one is given."""

    rate_above_control_points: Percent | None = Field(
        None,
        description="Share of prompts of which training text comes back, minus the same of held-out texts (percentage "
        "points). Needs `control: true` and a test split.",
        examples=[1.0],
    )
    rate_above_base_points: Percent | None = Field(
        None,
        description="That share minus the same of the base model with the same prompts (percentage points): what "
        "fine-tuning added, where there are no held-out texts. Needs `base` among the `states`, and another one.",
        examples=[1.0],
    )
    rate_percent: Percent | None = Field(
        None, description="That share by itself (percent), of whatever origin.", examples=[5.0]
    )
    leaked_records: int | None = Field(
        None, ge=0, description="Training records that come back, of all (a number).", examples=[0]
    )
    leaked_records_percent: Percent | None = Field(
        None, description="The same as a share of all training records (percent).", examples=[0.5]
    )
    personal_data_per_1000_prompts: Amount | None = Field(
        None, description="Leaked values of personal data, of all types together, per 1,000 prompts.", examples=[1.0]
    )
    personal_data_of_type_per_1000_prompts: dict[str, Amount] = Field(
        default_factory=dict,
        description="The same by type, for those types that are named.",
        examples=[{"email": 0.5, "secret": 0.1}],
    )
    longest_run_characters: int | None = Field(
        None, ge=0, description="Longest text that comes back word for word (characters).", examples=[200]
    )
    longest_run_words: int | None = Field(
        None, ge=0, description="Longest text that comes back word for word (words).", examples=[40]
    )
    canary_exposure_bits: Amount | None = Field(
        None,
        description="Mean exposure of planted canaries (bits), at the number of copies where it is highest. Needs the "
        "dataset's `canaries`.",
        examples=[5.0],
    )
    canaries_extracted: int | None = Field(
        None, ge=0, description="Planted canaries that greedy decoding writes (a number). Needs the same.", examples=[0]
    )
    true_positives_percent: Percent | None = Field(
        None,
        description="Training rows that the best attack of membership inference finds where it takes 1 held-out row in "
        "100 for one (TPR at 1% FPR, percent; chance finds 1%). Needs `control: true` and a test split.",
        examples=[5.0],
    )


@dataclass(frozen=True)
class Meaning:
    """What a threshold is about: its measure in words, its unit, what n counts."""

    title: str
    unit: str
    n_of: str = "prompts"


MEANINGS = {
    "rate_above_control_points": Meaning("Training text comes back, above held-out text", "percentage points"),
    "rate_above_base_points": Meaning("Training text comes back, above the base model", "percentage points"),
    "rate_percent": Meaning("Training text comes back", "percent of prompts"),
    "leaked_records": Meaning("Training records that come back", "records", "records"),
    "leaked_records_percent": Meaning("Training records that come back, of all", "percent of records", "records"),
    "personal_data_per_1000_prompts": Meaning("Personal data that leaks", "values per 1,000 prompts"),
    "personal_data_of_type_per_1000_prompts": Meaning("Personal data that leaks", "values per 1,000 prompts"),
    "longest_run_characters": Meaning("Longest text that comes back word for word", "characters", "records"),
    "longest_run_words": Meaning("Longest text that comes back word for word", "words", "records"),
    "canary_exposure_bits": Meaning("Exposure of planted secrets", "bits", "canaries"),
    "canaries_extracted": Meaning("Planted secrets that greedy decoding writes", "secrets", "canaries"),
    "true_positives_percent": Meaning("Training rows told from held-out ones at 1% false alarms", "percent", "rows"),
}
"""What each threshold is about, by its key."""


def stated_thresholds(thresholds: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The thresholds that are given, by their keys; those of a type of personal data have it behind a point."""
    for key, value in thresholds.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{kind}", threshold) for kind, threshold in value.items())
        elif value is not None:
            yield key, value


def meaning(key: str) -> Meaning:
    """What the threshold of a key is about."""
    name, _, kind = key.partition(".")
    known = MEANINGS[name]
    return Meaning(f"{known.title}: {kind}", known.unit, known.n_of) if kind else known


def fewest(share: float, settings: Statistics) -> float:
    """Observations of which 0 found have an exact (Clopper-Pearson) upper bound of that share."""
    return math.log(1 - settings.high) / math.log1p(-share)
