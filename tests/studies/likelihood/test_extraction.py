"""Extraction: what n draws are expected to contain, computed from likelihoods alone."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.config.project import Statistics
from memorization.schemas.likelihoods import LikelihoodsTable
from memorization.statistics.bootstrap import clopper_pearson
from memorization.studies.likelihood.extraction import Extraction, ExtractionGrid, at_least_once, extraction

SETTINGS = Statistics(draws=200)
GRID = ExtractionGrid(greedy=(), lengths=[2], draws=[1, 10], probabilities=[0.1, 0.5])


def table(*probes: tuple[list[float], int], decoding: str = "drawn") -> pa.Table:
    """Likelihoods of probes given by their tokens' probabilities and their greedy heads."""
    rows = []
    for number, (tokens, greedy) in enumerate(probes):
        logs = [math.log(q) if q else -math.inf for q in tokens]
        rows.append(
            {
                "probe": number,
                "decoding": decoding,
                "tokens": len(tokens),
                "greedy_tokens": greedy,
                "log_probability": sum(logs),
                "token_log_probabilities": logs,
            }
        )
    return pa.Table.from_pylist(rows, schema=LikelihoodsTable.arrow())


def extracted(likelihoods: pa.Table, **changed: Any) -> list[Extraction]:
    """Rows for the grid with some fields changed; every probe has a text of its own."""
    return extraction(likelihoods, dict(enumerate(range(len(likelihoods)))), replace(GRID, **changed), SETTINGS)


def test_probes_have_their_texts_by_number_wherever_a_table_begins() -> None:
    likelihoods = table(*[([0.5, 0.5], 0)] * 3, *[([0.9, 0.9], 2)] * 3)
    texts = [0, 0, 1, 1, 2, 2]
    part = likelihoods.set_column(0, "probe", pa.array(range(5000, 5006), pa.int32()))

    shifted = extraction(part, {5000 + probe: text for probe, text in enumerate(texts)}, GRID, SETTINGS)

    assert shifted == extraction(likelihoods, dict(enumerate(texts)), GRID, SETTINGS)


def one(rows: list[Extraction], **wanted: object) -> Extraction:
    (row,) = [row for row in rows if all(getattr(row, key) == value for key, value in wanted.items())]
    return row


@pytest.mark.parametrize(
    ("q", "draws", "expected"),
    [
        (0.5, 1, 0.5),
        (0.5, 2, 0.75),
        (0.5, 3, 0.875),
        (0.1, 10, 0.6513215599),
        (1e-6, 1_000_000, 0.6321207428),
        (1e-3, 1_000, 0.6323045752),
        (1.0, 1, 1.0),
        (1.0, 1_000_000, 1.0),
        (0.0, 1_000_000, 0.0),
    ],
)
def test_at_least_one_of_n_draws(q: float, draws: int, expected: float) -> None:
    log = np.array([math.log(q) if q else -math.inf])

    assert at_least_once(log, draws)[0] == pytest.approx(expected, rel=1e-9)


def test_the_smallest_and_largest_probabilities_are_kept() -> None:
    logs = np.array([-700.0, -100.0, -50.0])
    assert at_least_once(logs, 1_000_000) == pytest.approx(1e6 * np.exp(logs), rel=1e-9)
    # (1 - q) of a nearly certain suffix is as good as its logarithm allows, and not what 1 - exp leaves of it.
    assert 1 - at_least_once(np.array([-1e-9]), 1)[0] == pytest.approx(1e-9, rel=1e-6)


@given(st.floats(-60, 0), st.floats(-60, 0), st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_draws_and_likelier_suffixes_give_more(one: float, other: float, some: int, more: int) -> None:
    low, high = sorted([one, other])
    few, many = sorted([some, more])

    assert 0 <= at_least_once(np.array([low]), few)[0] <= at_least_once(np.array([high]), few)[0] <= 1
    assert at_least_once(np.array([low]), few)[0] <= at_least_once(np.array([low]), many)[0]


def test_discoverable_suffixes_are_counted_by_hand() -> None:
    # One draw gives 0.25, 0.05, 0 and 1; ten give 0.9437, 0.4013, 0 and 1.
    likelihoods = table(([0.5, 0.5], 0), ([0.1, 0.5], 1), ([0.0, 0.9], 0), ([1.0, 1.0], 2))

    rows = extracted(likelihoods)

    counts = {(row.draws, row.probability): row.count for row in rows if row.measure == "discoverable"}
    assert counts == {(1, 0.1): 2, (1, 0.5): 1, (10, 0.1): 3, (10, 0.5): 2}
    ten = 1 - 0.75**10, 1 - 0.95**10
    assert one(rows, measure="expected", draws=1).value == pytest.approx((0.25 + 0.05 + 1) / 4)
    assert one(rows, measure="expected", draws=10).value == pytest.approx((sum(ten) + 1) / 4)
    assert {row.n for row in rows} == {4}


def test_a_share_has_its_exact_bounds_and_a_mean_has_none() -> None:
    rows = extracted(table(([0.5, 0.5], 0), ([0.01, 0.5], 0)))

    share, mean = one(rows, measure="discoverable", draws=1, probability=0.1), one(rows, measure="expected", draws=1)
    assert (share.count, share.value) == (1, 0.5)
    assert (share.exact_low, share.exact_high) == clopper_pearson(1, 2, SETTINGS)
    assert share.low is not None and share.high is not None and share.low <= 0.5 <= share.high
    assert (mean.count, mean.exact_low, mean.exact_high) == (None, None, None)
    assert (mean.low, mean.high) == pytest.approx((0.005, 0.25))


def test_greedy_extractability_is_computed_at_every_length_of_greedy_decodings() -> None:
    greedy = table(([1.0, 1.0, 1.0], 3), ([1.0, 0.0, 0.0], 1), ([1.0, 1.0], 2), decoding="greedy")
    likelihoods = pa.concat_tables([greedy, table(([0.5, 0.5, 0.5], 3))])

    rows = extracted(likelihoods, greedy=["greedy"], lengths=[2, 4])

    shares = [(row.length, row.n, row.count, row.value) for row in rows if row.measure == "greedy_extractable"]
    assert shares == [(1, 3, 3, 1.0), (2, 3, 2, 2 / 3), (3, 2, 1, 0.5), (4, 0, None, None)]
    assert {row.decoding for row in rows if row.measure == "greedy_extractable"} == {"greedy"}
    # The text of greedy search is that of every draw.
    drawn = {row.value for row in rows if row.decoding == "greedy" and row.length == 2 and row.draws is not None}
    assert drawn == {2 / 3}


def test_probes_with_shorter_suffixes_are_not_comparable() -> None:
    rows = extracted(table(([0.5], 0), ([0.5, 0.5, 0.1], 0)), lengths=[1, 2, 3, 4])

    counted = {row.length: row.n for row in rows}
    values = {row.length: row.value for row in rows if row.measure == "expected" and row.draws == 1}
    assert counted == {1: 2, 2: 1, 3: 1, 4: 0}
    assert values.pop(4) is None
    assert values == pytest.approx({1: 0.5, 2: 0.25, 3: 0.025})


def test_probes_of_one_text_are_resampled_together() -> None:
    likelihoods = table(*[([1.0], 1)] * 20, *[([0.0], 0)] * 20)

    apart = one(extracted(likelihoods, lengths=[1]), measure="expected", draws=1)
    (together,) = [
        row
        for row in extraction(
            likelihoods, dict(enumerate([0] * 20 + [1] * 20)), ExtractionGrid((), [1], [1], [0.5]), SETTINGS
        )
        if row.measure == "expected"
    ]

    assert apart.value == together.value == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    assert 0.2 < apart.low < 0.5 < apart.high < 0.8


def test_one_probe_is_enough() -> None:
    rows = extracted(table(([0.5, 0.5], 0)))

    assert rows[0] == Extraction(
        decoding="drawn",
        measure="discoverable",
        length=2,
        draws=1,
        probability=0.1,
        n=1,
        prefixes=1,
        count=1,
        value=1.0,
        low=1.0,
        high=1.0,
        exact_low=pytest.approx(0.025),
        exact_high=1.0,
    )
