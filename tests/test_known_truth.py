"""What comes out is what was put in: models that give back stated texts for stated prompts, at stated rates."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from remembering import NOTHING, Data, Known, data_of, run_with
from scipy import stats

from memorization import storage
from memorization.config.project import Statistics
from memorization.datasets.synthetic.corpora import documents
from memorization.schemas.matches import MatchesTable
from memorization.statistics.rates import RunOutcomes, rates

MEMBERS, CONTROLS = 200, 100
SETTINGS = Statistics(draws=400)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Data:
    texts = [document.input for document in documents("patients", 0, MEMBERS, 5)]
    return data_of(tmp_path_factory.mktemp("members"), texts)


@pytest.fixture(scope="module")
def controls(tmp_path_factory: pytest.TempPathFactory) -> Data:
    texts = [document.input for document in documents("patients", MEMBERS, CONTROLS, 5)]
    return data_of(tmp_path_factory.mktemp("controls"), texts, population="control")


@pytest.fixture(scope="module")
def unseen() -> list[str]:
    """Texts that are in no collection, and of another kind."""
    return [document.input for document in documents("reviews", 0, MEMBERS, 5)]


@pytest.fixture(scope="module")
def alike() -> list[str]:
    """Texts of the same kind, with the same phrases, that are in no collection."""
    return [document.input for document in documents("patients", 0, MEMBERS, 6)]


@pytest.fixture(scope="module")
def in_disguise(members: Data) -> list[str]:
    """The suffixes without every fifth word, so that no copied passage is as long as the detector's."""
    return [
        " ".join(word for place, word in enumerate(probe["suffix"].split()) if place % 5) for probe in members.probes
    ]


@pytest.fixture(scope="module")
def fates(
    members: Data, in_disguise: list[str], unseen: list[str], alike: list[str], tmp_path_factory: Any
) -> dict[str, Known]:
    """By what a model does with every prompt, the run of that model."""
    folder = tmp_path_factory.mktemp("fates")
    texts = {
        "verbatim": [probe["suffix"] for probe in members.probes],
        "disguised": in_disguise,
        "other": unseen,
        "alike": alike,
        "nothing": [NOTHING] * MEMBERS,
    }
    return {fate: run_with(members, memory_of(members, written), folder / fate) for fate, written in texts.items()}


def memory_of(data: Data, written: Sequence[str]) -> dict[str, str]:
    return {probe["prefix"]: text for probe, text in zip(data.probes, written, strict=True)}


def shares(known: Known) -> dict[str, float]:
    return {rate.category: rate.rate for rate in rates(RunOutcomes(known.outcomes), SETTINGS)}


def test_prompts_are_told_apart(members: Data, controls: Data) -> None:
    assert len({probe["prefix"] for probe in members.probes + controls.probes}) == MEMBERS + CONTROLS


def test_all_that_a_model_gives_back_is_found_and_nothing_else(fates: dict[str, Known]) -> None:
    assert set(fates["verbatim"].outcomes) == {"verbatim"}
    assert set(fates["nothing"].outcomes) == {"none"}
    # Texts that were never trained on.
    assert shares(fates["other"])["total"] <= 0.01
    # The passage is there, and no copy of it.
    assert shares(fates["disguised"])["paraphrase"] > 0.9


def test_what_comes_back_is_named_as_the_probes_own_text(fates: dict[str, Known]) -> None:
    for fate in ("verbatim", "disguised"):
        table = storage.read(fates[fate].folder / "matches.parquet", MatchesTable, ["probe", "rank", "document"])
        first = {row["probe"]: row["document"] for row in table.to_pylist() if row["rank"] == 1}
        assert len(first) > 0.9 * MEMBERS
        assert all(probe == document for probe, document in first.items())


def test_a_mixture_has_the_rates_that_it_was_made_with(
    members: Data, in_disguise: list[str], unseen: list[str], fates: dict[str, Known], tmp_path: Path
) -> None:
    draws = random.Random(3)
    chosen = draws.choices(["verbatim", "disguised", "other", "nothing"], [0.3, 0.2, 0.3, 0.2], k=MEMBERS)
    texts = {"disguised": in_disguise, "other": unseen, "nothing": [NOTHING] * MEMBERS}
    texts["verbatim"] = [probe["suffix"] for probe in members.probes]
    written = [texts[fate][number] for number, fate in enumerate(chosen)]

    known = run_with(members, memory_of(members, written), tmp_path)

    # Probe by probe what each fate gives by itself: no text depends on another.
    assert known.outcomes == [fates[fate].outcomes[number] for number, fate in enumerate(chosen)]
    found = {rate.category: rate for rate in rates(RunOutcomes(known.outcomes), SETTINGS)}
    assert found["verbatim"].count == chosen.count("verbatim")
    for category, truth in (("verbatim", 0.3), ("paraphrase", 0.2 * shares(fates["disguised"])["paraphrase"])):
        assert stats.binomtest(found[category].count, MEMBERS, truth).pvalue > 0.01
        assert found[category].exact_low <= truth <= found[category].exact_high


@pytest.mark.parametrize("truth", [0.02, 0.2, 0.5])
def test_intervals_hold_the_rate_that_a_model_was_made_with_as_often_as_they_state(
    truth: float, fates: dict[str, Known]
) -> None:
    """Over many models that give back texts at one rate, the detector's mistakes included."""
    remembered, forgotten = (np.array(fates[fate].outcomes) for fate in ("verbatim", "other"))
    false = float((forgotten != "none").mean())
    rate = truth + (1 - truth) * false
    generator = np.random.default_rng(7)
    trials, held, exact = 300, 0, 0
    for _ in range(trials):
        # Other texts in each trial, too: the rate is that of all texts of the kind.
        texts = generator.integers(MEMBERS, size=MEMBERS)
        outcomes = np.where(generator.random(MEMBERS) < truth, remembered[texts], forgotten[texts])
        total = rates(RunOutcomes(outcomes.tolist()), SETTINGS)[0]
        held += total.low <= rate <= total.high
        exact += total.exact_low <= rate <= total.exact_high
    # A percentile bootstrap of few hits holds less than it states; Clopper and Pearson's bounds never do.
    assert exact >= stats.binom.ppf(0.001, trials, 0.95)
    assert held >= stats.binom.ppf(0.001, trials, 0.95 if truth > 0.1 else 0.88)


def test_phrases_of_a_kind_of_text_are_found_as_often_where_nothing_was_learned(
    controls: Data, alike: list[str], fates: dict[str, Known], tmp_path: Path
) -> None:
    """Such a model has a high rate, and a floor as high."""
    known = run_with(controls, memory_of(controls, alike[:CONTROLS]), tmp_path)
    hits = [sum(outcome != "none" for outcome in run.outcomes) for run in (fates["alike"], known)]
    assert hits[0] > MEMBERS / 2
    table = [[hits[0], MEMBERS - hits[0]], [hits[1], CONTROLS - hits[1]]]
    assert stats.fisher_exact(table).pvalue > 0.05


def test_leaked_entities_are_those_that_the_model_was_told_to_write(
    members: Data, fates: dict[str, Known], tmp_path: Path
) -> None:
    """A copy leaks what the suffix has and the prefix has not; without its telephone numbers, as many fewer."""
    numbers = [re.findall(r"\d{3}-\d{3}-\d{4}", probe["suffix"]) for probe in members.probes]
    assert sum(map(len, numbers)) > MEMBERS / 2
    masked = [re.sub(r"\d{3}-\d{3}-\d{4}", "a number", probe["suffix"]) for probe in members.probes]
    without = run_with(members, memory_of(members, masked), tmp_path)

    leaked, fewer = fates["verbatim"].entities, without.entities
    found = 0
    for number, one, other in zip(numbers, leaked, fewer, strict=True):
        # Some made-up numbers are of no area, and no telephone numbers to the pattern.
        assert 0 <= one - other <= len(number)
        found += one - other
    assert found > 0
    assert set(fates["nothing"].entities) == {0}
