"""Values of personal data: which stand in training texts, and which of them a model writes without being shown them.

A value is what two writings have in common (`detection.entities.key_of`): the digits of a telephone number, an address
without case, the words of a name. It is of the type that it has in the training texts. One has leaked to a prompt where
it stands in any training text that is searched for and in the generation, and not in the prompt. What a prompt begins
and a generation ends is in neither, and what is cut off or written otherwise is not found: so the numbers are lower
bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memorization.config.project import Statistics
from memorization.detection.entities import Written, key_of
from memorization.detection.patterns import Span
from memorization.statistics.bootstrap import clopper_pearson, observations
from memorization.statistics.trainings import TrainingDraws, training_draws

TYPES = {
    "PER": "person",
    "PERSON": "person",
    "LOC": "place",
    "LOCATION": "place",
    "GPE": "place",
    "ORG": "organization",
    "ORGANIZATION": "organization",
}
"""Names of a tagger's types; others are named as the tagger does, in lower case."""

ORDER = (
    *("person", "place", "organization", "email", "phone", "address", "date", "age"),
    *("identifier", "card", "account", "secret"),
)
"""Types in the order of the table; others follow."""

ALL = "all"
"""All types together."""

PER = 1000
"""Prompts that leaked values are counted per."""

Value = tuple[str, str, str]
"""Type, what equal values have in common, and one writing of it."""


def values_of(text: str, spans: Iterable[Span]) -> list[Value]:
    """The values in the places of a text, in their order, each as often as it stands there."""
    found = []
    for kind, start, end in spans:
        key = key_of({"type": kind, "text": text[start:end]})
        if key:
            found.append((TYPES.get(kind.upper(), kind.lower()), key, text[start:end]))
    return found


def joined(prefix: Sequence[Span], suffix: Sequence[Span], cut: int) -> list[Span]:
    """Places in a whole text from those in its two parts: what the cut divides is one again."""
    moved = [(kind, start + cut, end + cut) for kind, start, end in suffix]
    if prefix and moved and prefix[-1][2] == cut == moved[0][1] and prefix[-1][0] == moved[0][0]:
        return [*prefix[:-1], (prefix[-1][0], prefix[-1][1], moved[0][2]), *moved[1:]]
    return [*prefix, *moved]


@dataclass(frozen=True)
class Trained:
    """Values in the training texts that are searched for: `types` by key, and how often each value stands there."""

    types: Mapping[str, str]
    times: Mapping[str, int]

    @classmethod
    def of(cls, texts: Iterable[Sequence[Value]]) -> Trained:
        """The values of some texts; one that has several types is of the first."""
        types: dict[str, str] = {}
        times: Counter[str] = Counter()
        for values in texts:
            for kind, key, _ in values:
                types.setdefault(key, kind)
                times[key] += 1
        return cls(types, times)


def leaks(trained: Trained, values: Iterable[Value], prompt: str) -> set[str]:
    """Keys of the values of one generation that stand in training texts and not in its prompt."""
    candidates = {key: (kind, text) for kind, key, text in values if key in trained.types}
    if not candidates:
        return set()
    shown = Written(prompt)
    return {
        key for key, (_, text) in candidates.items() if not shown.contains({"type": trained.types[key], "text": text})
    }


@dataclass(frozen=True)
class RunValues:
    """Personal data of a run: all in the order of its n probes.

    `generated` are the values of each generation, `leaked` the keys that leaked to each prompt, `own` those of the
    probe's own text that its prompt does not show, `clusters` as in `statistics.clusters`.
    """

    trained: Trained
    generated: Sequence[Sequence[Value]]
    leaked: Sequence[set[str]]
    own: Sequence[set[str]]
    clusters: Sequence[int]

    def types(self) -> set[str]:
        """Types of the values in training texts and in generations."""
        return {*self.trained.types.values(), *(kind for values in self.generated for kind, _, _ in values)}

    def keys(self, kind: str) -> set[str]:
        """Keys of that type in the training texts."""
        return {key for key, each in self.trained.types.items() if kind in (ALL, each)}

    def counts(self, sets: Sequence[set[str]], kind: str) -> np.ndarray:
        """How many values of that type are in the set of each probe: (n,)."""
        if kind == ALL:
            return np.array([len(keys) for keys in sets])
        return np.array([sum(self.trained.types[key] == kind for key in keys) for keys in sets])

    def written(self, kind: str) -> list[str]:
        """Keys of that type in generations, as often as they stand there."""
        return [key for values in self.generated for each, key, _ in values if kind in (ALL, each)]

    def draws(self, kind: str, settings: Statistics, purpose: str = "") -> TrainingDraws:
        """Resamples of the leaked values of that type per prompt."""
        counts = self.counts(self.leaked, kind)
        return training_draws(counts[None], f"personal data {kind} {purpose}", settings, self.clusters)


def measures(
    run: RunValues, kind: str, settings: Statistics, base: RunValues | None, control: RunValues | None
) -> dict[str, float | int | None]:
    """One row of the table `personal_data` without its coordinates: counts of values of that type, and rates.

    `base` is the run of the base model on the same prompts, `control` that of the same model on test inputs, compared
    with test texts.
    """
    counts = run.counts(run.leaked, kind)
    n, clusters = len(counts), observations(run.clusters, len(counts))
    keys, written = run.keys(kind), run.written(kind)
    leaked = set().union(*run.leaked) & keys
    elsewhere = {key for other in (base, control) if other is not None for key in other.written(ALL)}
    leaking = int((counts > 0).sum())
    row: dict[str, float | int | None] = {
        "n": n,
        "clusters": clusters,
        "training_values": len(keys),
        "training_places": sum(run.trained.times[key] for key in keys),
        "generated_values": len(set(written)),
        "generated_places": len(written),
        "leaked": int(counts.sum()),
        "leaking_prompts": leaking,
        "leaked_values": len(leaked),
        "elsewhere_values": None if base is None and control is None else len(leaked & elsewhere),
        "exact_high": PER * clopper_pearson(leaking, n, settings, clusters)[1],
        "own_per_1000": PER * float(run.counts(run.own, kind).mean()),
    }
    drawn = run.draws(kind, settings)
    row |= _interval("", "per_1000", drawn, settings, 0)
    row |= dict.fromkeys(COMPARED)
    if control is not None:
        floor = control.draws(kind, settings, "control")
        row |= {"control_n": len(control.leaked)}
        row |= _interval("control_", "control_per_1000", floor, settings, 0)
        row |= _interval("over_control_", "over_control", drawn - floor, settings)
    if base is not None:
        difference = counts - base.counts(base.leaked, kind)
        paired = training_draws(difference[None], f"personal data {kind} over base", settings, run.clusters)
        row |= _interval("base_", "base_per_1000", base.draws(kind, settings, "base"), settings, 0)
        row |= _interval("over_base_", "over_base", paired, settings)
    return row


COMPARED = (
    "control_n",
    *("control_per_1000", "control_low", "control_high", "over_control", "over_control_low", "over_control_high"),
    *("base_per_1000", "base_low", "base_high", "over_base", "over_base_low", "over_base_high"),
)
"""Columns that are null where there is nothing to compare with."""


def _interval(
    prefix: str, name: str, drawn: TrainingDraws, settings: Statistics, lowest: float = -np.inf
) -> dict[str, float]:
    low, high = drawn.bounds(settings, lowest, np.inf)
    return {name: PER * drawn.value, f"{prefix}low": PER * low, f"{prefix}high": PER * high}


def types_of(runs: Iterable[RunValues], looked_for: Iterable[str]) -> list[str]:
    """All types together, then those that are looked for or found, in the order of the table."""
    kinds = {*looked_for, *(kind for run in runs for kind in run.types())}
    return [ALL, *(kind for kind in ORDER if kind in kinds), *sorted(kinds - set(ORDER))]
