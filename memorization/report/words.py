"""Wording that tables and figures share: headings of tasks and coordinates, names of models, meaning of intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.config.base import BARE
from memorization.report.context import Row

TASK_HEADINGS = {
    "summarization": "Summarization",
    "dialog": "Dialog",
    "sentiment": "Sentiment Classification",
    "qa": "Reading Comprehension",
    "translation": "Translation",
    "classification": "Classification",
}

VARYING = {
    "epoch": "Epochs",
    "seed": "Seed",
    "prefix_tokens": "Prefix tokens",
    "decoding": "Decoding",
    "prompting": "Prompting",
    "side": "Searched for",
    "profile": "Detector",
}
"""Headings of coordinates that are shown where a study varies them."""

SIDES = {"input": "inputs", "target": "targets", "both": "inputs and targets"}
"""Names of what is searched for in generations."""


def task_heading(task: str) -> str:
    """The heading of a task."""
    return TASK_HEADINGS.get(task, task)


def varying(rows: Sequence[Row]) -> list[str]:
    """Those of the coordinates `VARYING` that take several values in the rows, in that order.

    Epoch and seed of base models do not count, and neither do prefix lengths that differ only from dataset to dataset.
    """
    names = []
    for name in VARYING:
        # With the dataset, so that one prefix length for each differs from several.
        values = {
            (row["dataset"] if name == "prefix_tokens" else None, row[name])
            for row in rows
            if name in row and not (name in ("epoch", "seed") and row["state"] == "base")
        }
        if len(values) > len({dataset for dataset, _ in values}):
            names.append(name)
    return names


def coordinate(row: Row, name: str) -> str:
    """The value of one of the coordinates `VARYING`, as tables and figures show it."""
    return SIDES[row[name]] if name == "side" else str(row[name])


def in_state(model: str, state: str, rows: Sequence[Row] = ()) -> str:
    """A model's name with its state in parentheses; no state where `rows` contain base models alone.

    A fine-tuned model is named with its recipe where the rows contain several recipes.
    """
    if rows and all(row["state"] == "base" for row in rows):
        return model
    if state == "base":
        return f"{model} (base)"
    several = len({row["state"] for row in rows} - {"base"}) > 1
    return f"{model} ({state if several else 'fine-tuned'})"


def sources(rows: Sequence[Row]) -> str:
    """Where the probes come from, and how texts were decoded."""
    text = f"{populations(rows)}; decoding: {', '.join(dict.fromkeys(row['decoding'] for row in rows))}"
    promptings = list(dict.fromkeys(row.get("prompting", BARE) for row in rows))
    return text if promptings == [BARE] else f"{text}; prompting: {', '.join(promptings)}"


def searched(rows: Sequence[Row]) -> str:
    """What is searched for in generations, and a space, where that is more than suffixes of inputs; else nothing."""
    sides = [side for side in SIDES if any(row["side"] == side for row in rows)]
    if sides == ["input"]:
        return ""
    meanings = {
        "input": "inputs: the suffixes of inputs",
        "target": "targets: what is trained to be written for these inputs",
        "both": "inputs and targets: each suffix and its target, as one text",
    }
    return (
        f"Searched for in the generations: {'; '.join(meanings[side] for side in sides)}. Where targets are searched "
        "for, they stand for the suffixes that this text names. n counts every prompt; a target that is too short to "
        "be searched for (`probes.minimum_suffix_characters`) lowers the ceiling. " + _left_out(rows, sides)
    )


def _left_out(rows: Sequence[Row], sides: Sequence[str]) -> str:
    """Which promptings have some of the sides alone, and why, and a space; else nothing."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["prompting"], set()).add(row["side"])
    names = [name for name, own in found.items() if own < {*sides}]
    if not names:
        return ""
    return f"{', '.join(names)}: the prompt contains the whole input, so that targets alone are searched for. "


def prompts(rows: Sequence[Row]) -> str:
    """How probes with one prompt are counted, where the rows (with `n` and `prefixes`) are about any; else nothing."""
    if not any(row["prefixes"] < row["n"] for row in rows):
        return ""
    text = (
        "Prompts: different prefixes. Probes with one prompt, or with one input text, are no independent observations: "
        "intervals resample prompts, each with all of its probes, and tests and exact bounds count prompts."
    )
    if any(row["prefixes"] == 1 < row["n"] for row in rows):
        text += " One prompt alone tells nothing of others: its intervals hold everything that is possible."
    return text


def populations(rows: Sequence[Row]) -> str:
    """Where the probes come from."""
    names = {"member": "training inputs", "control": "test inputs, never trained on"}
    return " and ".join(dict.fromkeys(names[row["population"]] for row in rows))


def coverage(statistics: Mapping[str, Any]) -> str:
    """The name of an interval, with its coverage."""
    return f"{100 * (statistics['high'] - statistics['low']):g}% bootstrap interval"


def intervals(statistics: Mapping[str, Any]) -> str:
    """The name of the intervals, with their coverage, draws and quantiles."""
    return (
        f"{coverage(statistics)}s ({statistics['draws']:,} draws, quantiles {statistics['low']:g} and "
        f"{statistics['high']:g})"
    )
