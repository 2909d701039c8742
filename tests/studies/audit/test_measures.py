"""From cells to an answer: the worst decides, intervals tell how well it is known, and how many would be needed."""

import math

import numpy as np
import pytest
from audit_files import SETTINGS

from memorization.statistics.bootstrap import clopper_pearson
from memorization.studies.audit.measures import Beside, Estimate, Found, judged, n_needed
from memorization.studies.audit.thresholds import Meaning, fewest
from memorization.studies.audit.verdict import Measure

MEANING = Meaning("Texts", "percent of prompts")


def share(hits: int, n: int, **keys: object) -> Estimate:
    low, high = clopper_pearson(hits, n, SETTINGS)
    plain = {"n": n, "observations": n, "where": {"decoding": "greedy"}, "nothing_of": 0.0 if hits else 100.0}
    return Estimate(100 * hits / n, 100 * low, 100 * high, **{**plain, **keys})


def judge(threshold: float, *cells: Estimate, **found: str) -> Measure:
    return judged("rate_percent", MEANING, threshold, Found(cells, **found), SETTINGS)


@pytest.mark.parametrize(
    ("hits", "n", "answer"),
    [(0, 400, "pass"), (1, 1000, "pass"), (0, 100, "cannot tell"), (20, 400, "fail"), (6, 400, "cannot tell")],
)
def test_an_answer_needs_the_whole_interval_on_one_side(hits: int, n: int, answer: str) -> None:
    assert judge(1.0, share(hits, n)).answer == answer


def test_the_worst_of_all_cells_decides_and_is_named() -> None:
    good, bad = share(0, 2000), share(80, 2000, where={"decoding": "top_k"}, beside=Beside(0.1, 99.0, 0.2))

    measure = judge(1.0, good, bad)

    assert (measure.answer, measure.value, measure.where, measure.cells) == ("fail", 4.0, {"decoding": "top_k"}, 2)
    assert (measure.floor, measure.ceiling, measure.base) == (0.1, 99.0, 0.2)
    assert judge(1.0, good).answer == "pass"


def test_of_equal_cells_the_least_known_is_the_worst_and_of_equally_known_ones_none_is() -> None:
    many, few = share(0, 2000, where={"decoding": "greedy"}), share(0, 400, where={"decoding": "top_k"})

    assert judge(1.0, many, few).place == "decoding top_k"
    assert judge(1.0, many, share(0, 2000, where={"decoding": "top_k"})).place == ""


def test_a_cell_that_is_not_known_well_enough_keeps_others_from_passing() -> None:
    assert judge(1.0, share(0, 2000), share(0, 50)).answer == "cannot tell"


def test_lower_ends_allow_for_the_number_of_cells_and_upper_ends_need_not() -> None:
    one, many = judge(1.0, share(9, 400)), judge(1.0, *[share(9, 400)] * 20)

    assert one.low is not None and many.low is not None
    assert (one.answer, many.answer) == ("fail", "cannot tell")
    assert many.low < one.low
    assert many.high == one.high


def test_where_nothing_is_remembered_few_audits_of_many_cells_fail_by_chance() -> None:
    generator, n, cells, share_of_all = np.random.default_rng(3), 500, 20, 0.02
    failed = 0
    for _ in range(300):
        measure = judge(
            100 * share_of_all, *[share(int(hits), n) for hits in generator.binomial(n, share_of_all, cells)]
        )
        failed += measure.answer == "fail"

    # 2.5% of 300, and three standard deviations above it.
    assert failed <= 15


def test_where_one_cell_is_above_few_audits_pass_by_chance() -> None:
    generator, n, passed = np.random.default_rng(4), 500, 0
    for _ in range(300):
        hits = [*generator.binomial(n, 0.001, 19), generator.binomial(n, 0.02)]
        passed += judge(2.0, *[share(int(each), n) for each in hits]).answer == "pass"

    assert passed <= 15


def test_so_many_of_which_nothing_is_found_suffice() -> None:
    needed = judge(1.0, share(0, 100)).n_needed

    assert needed == math.ceil(fewest(0.01, SETTINGS)) == 368
    assert clopper_pearson(0, needed, SETTINGS)[1] <= 0.01 < clopper_pearson(0, needed - 1, SETTINGS)[1]


@pytest.mark.parametrize(("hits", "threshold"), [(10, 6.0), (10, 4.2), (30, 18.0), (30, 13.0)])
def test_with_the_needed_n_and_the_same_value_it_can_be_told(hits: int, threshold: float) -> None:
    before = judge(threshold, share(hits, 200))
    assert before.answer == "cannot tell"
    assert before.n_needed is not None
    # Some more, since exact intervals of few hits are not symmetric.
    times = math.ceil(1.3 * before.n_needed / 200)

    assert judge(threshold, share(times * hits, times * 200)).answer == ("pass" if hits / 2 < threshold else "fail")


def test_no_n_is_named_where_none_would_do() -> None:
    assert judge(5.0, share(5, 100)).n_needed is None
    unbounded = Estimate(1.0, 0.0, math.inf, 1, 1, {})
    assert judge(5.0, unbounded).n_needed is None
    assert judge(5.0, unbounded).high is None


def test_what_was_counted_in_full_has_no_interval() -> None:
    counted = Estimate(3.0, 3.0, 3.0, 50, 50, {})

    assert [judge(threshold, counted).answer for threshold in (2, 3, 4)] == ["fail", "pass", "pass"]


def test_where_only_asking_all_decides_all_are_needed() -> None:
    assert n_needed(Estimate(0.0, 0.0, 90.0, 50, 50, {}, all_of=5000), 3.0, 1, SETTINGS) == 5000


def test_what_could_not_have_been_seen_is_no_pass() -> None:
    blind = share(0, 1000, blind="the detector finds nothing")

    assert judge(5.0, blind).answer == "cannot tell"
    assert judge(5.0, blind).why == "the detector finds nothing"
    assert judge(5.0, blind, share(0, 900, where={"decoding": "top_k"})).why == (
        "decoding greedy: the detector finds nothing"
    )


def test_a_doubt_makes_a_failure_unknown_and_leaves_a_pass() -> None:
    assert judge(5.0, share(50, 100), doubt="they differ by themselves").answer == "cannot tell"
    assert judge(5.0, share(0, 1000), doubt="they differ by themselves").answer == "pass"


def test_a_measure_without_cells_says_what_is_missing() -> None:
    measure = judge(5.0, missing="100 inputs needed")

    assert (measure.answer, measure.value, measure.why) == ("cannot tell", None, "100 inputs needed")
