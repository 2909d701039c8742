"""Clusters: connected components, against a plain search; and everything that is distinct changes nothing."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import TEXTS, settings

from memorization import storage
from memorization.config.project import Statistics
from memorization.schemas.probes import ProbesTable
from memorization.statistics.bootstrap import bootstrap_mean, bootstrap_share, clopper_pearson, resampled_means
from memorization.statistics.clusters import clusters_of, read_clusters
from memorization.statistics.measurements import share
from memorization.statistics.rates import RunOutcomes, in_category, rates
from memorization.statistics.significance import over_base, over_control
from memorization.statistics.trainings import training_draws

LABELS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abcde")), max_size=12)


@given(LABELS)
def test_probes_are_together_where_a_chain_of_shared_labels_links_them(labels: list[tuple[int, str]]) -> None:
    texts, prefixes = [text for text, _ in labels], [prefix for _, prefix in labels]
    numbers = clusters_of(texts, prefixes)
    for probe in range(len(labels)):
        reached = {probe}
        while more := {
            other
            for other in range(len(labels))
            for one in reached
            if other not in reached and (texts[other] == texts[one] or prefixes[other] == prefixes[one])
        }:
            reached |= more
        assert reached == {other for other, number in enumerate(numbers) if number == numbers[probe]}
    # Numbered in the order of their first probes, as texts are: so nothing changes where prefixes add nothing.
    assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))


def test_labels_of_different_numbers_of_probes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[2, 1\]"):
        clusters_of([0, 1], ["a"])


def test_clusters_are_read_by_text_and_by_prefix(tmp_path: Path) -> None:
    rows = [
        {"probe": probe, "id": "", "prefix": prefix, "suffix": "", "prefix_characters": 0, "suffix_characters": 0}
        | {"input_text": text}
        for probe, (text, prefix) in enumerate([(0, "a"), (1, "b"), (2, "a"), (1, "b")])
    ]
    storage.write_table(tmp_path / "p", ProbesTable, pa.Table.from_pylist(rows, schema=ProbesTable.arrow()), {})
    assert read_clusters(tmp_path / "p") == {0: 0, 1: 1, 2: 0, 3: 1}


@given(st.lists(st.sampled_from(["none", "idea", "verbatim"]), min_size=1, max_size=20))
def test_distinct_texts_and_prefixes_change_no_number(outcomes: list[str]) -> None:
    n = len(outcomes)
    texts, prefixes = list(range(n)), [f"prefix {probe}" for probe in range(n)]
    alone, numbered = RunOutcomes(outcomes), RunOutcomes(outcomes, texts, prefixes)
    assert rates(alone, settings(50)) == rates(numbered, settings(50))
    assert over_base(outcomes[::-1], outcomes, settings(50)) == over_base(
        outcomes[::-1], outcomes, settings(50), clusters=numbered.clusters
    )


def test_equal_prompts_are_resampled_and_tested_as_equal_texts_are() -> None:
    outcomes = ["verbatim" if text in (1, 4) else "none" for text in TEXTS]
    by_text, by_prefix = RunOutcomes(outcomes, TEXTS), RunOutcomes(outcomes, range(12), [f"p{text}" for text in TEXTS])
    counted = [
        [{**vars(rate), **{name: None for name in vars(rate) if "once" in name}} for rate in rates(each, settings(200))]
        for each in (by_text, by_prefix)
    ]
    assert counted[0] == counted[1]
    apart = rates(RunOutcomes(outcomes), settings(200))[0]
    total = rates(by_prefix, settings(200))[0]
    assert (total.rate, total.n) == (apart.rate, apart.n)
    assert total.low < apart.low
    assert total.high > apart.high
    # Five twelfths of six prompts.
    assert (total.exact_low, total.exact_high) == clopper_pearson(2.5, 6, settings(1))
    none = ["none"] * 12
    [gained] = over_base(none, outcomes, settings(50), clusters=by_prefix.clusters)[:1]
    assert gained.p_value == 0.5, "two prompts gained"


ONE = [0] * 16


def test_sixteen_equal_questions_are_one_observation() -> None:
    every, nothing = ["verbatim"] * 16, ["none"] * 16
    asked = RunOutcomes(every, range(16), ["the same"] * 16)
    total = rates(asked, settings(100))[0]
    assert (total.count, total.rate) == (16, 1)
    assert (total.low, total.high) == (0, 1)
    assert (total.exact_low, total.exact_high) == (pytest.approx(0.025), 1)
    unfound = rates(RunOutcomes(nothing, range(16), ["the same"] * 16), settings(100))[0]
    assert unfound.exact_high == pytest.approx(0.975)
    for compared in (
        over_base(nothing, every, settings(100), clusters=ONE)[0],
        over_control(every, nothing, settings(100), clusters=ONE)[0],
        over_control(every, nothing, settings(100), control_clusters=ONE)[0],
    ):
        assert compared.difference == 1
        assert (compared.low, compared.high) == (-1, 1)
        assert compared.p_value > 0.05


def test_the_bounds_of_one_cluster_are_what_is_possible() -> None:
    hits = in_category(["idea"] * 16, "total")
    assert bootstrap_share(hits, "x", settings(50), ONE) == (0, 1)
    assert bootstrap_mean(hits.astype(float), "x", settings(50), ONE) == (0, float("inf"))
    assert bootstrap_mean(hits.astype(float), "x", settings(50), ONE, highest=1.0) == (0, 1)
    assert share(hits, "x", settings(50), ONE).exact_low == pytest.approx(0.025)
    trained = training_draws(hits[None], "x", settings(50), ONE)
    assert trained.bounds(settings(50), 0, 1) == (0, 1)
    assert trained.p_value() == 1
    other = training_draws(hits[None], "y", settings(50), None)
    assert (trained - other).bounds(settings(50), -1, 1) == (other - trained).bounds(settings(50), -1, 1) == (-1, 1)
    # One probe alone is one observation, and has the bounds that it always had.
    assert bootstrap_share(hits[:1], "x", settings(50), [0]) == (1, 1)


def test_intervals_over_few_prompts_hold_the_rate_of_all_prompts() -> None:
    """16 probes each of 30 prompts, whose greedy text is memorized or not: the old bounds hold 30% far too seldom."""
    import numpy as np

    generator, held = np.random.default_rng(0), {"by prompt": 0, "by probe": 0}
    wide = Statistics(draws=300)
    for _ in range(200):
        hits = np.repeat(generator.random(30) < 0.3, 16)
        for name, clusters in {"by prompt": np.repeat(np.arange(30), 16).tolist(), "by probe": None}.items():
            low, high = np.quantile(resampled_means(hits.astype(int), "x", wide, clusters), [0.025, 0.975])
            held[name] += low <= 0.3 <= high
    assert held["by prompt"] / 200 > 0.88
    assert held["by probe"] / 200 < 0.5
