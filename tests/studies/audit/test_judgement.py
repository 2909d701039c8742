"""The verdict of stated results: thresholds, floors, ceilings, what is not known, and what would lower it."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from audit_files import RUN, SETTINGS, options, results

from memorization.schemas.canaries import CanariesTable
from memorization.studies.audit.findings import finite_bounds, personal_data
from memorization.studies.audit.judgement import judgement
from memorization.studies.audit.measures import judged
from memorization.studies.audit.thresholds import Meaning
from memorization.studies.audit.verdict import Verdict


def verdict(thresholds: dict[str, Any], *cells: tuple[dict[str, Any], int, int], **changed: Any) -> Verdict:
    stated = {name: changed.pop(name) for name in ("control", "base", "drawn") if name in changed}
    return judgement(results(*cells, **changed), options(thresholds, **stated))


def test_a_rate_is_judged_by_itself_and_above_its_floor() -> None:
    thresholds = {"rate_percent": 10.0, "rate_above_control_points": 10.0}

    found = verdict(thresholds, ({}, 80, 78), n=200)

    itself, above = found.measures
    assert (itself.answer, itself.value, itself.floor, itself.ceiling) == ("fail", 40.0, 39.0, 100.0)
    assert (above.answer, above.value) == ("cannot tell", pytest.approx(1.0))
    assert above.n_needed is not None
    assert (found.answer, found.exit_code) == ("fail", 1)


def test_a_rate_is_judged_above_that_of_the_base_model() -> None:
    thresholds = {"rate_above_base_points": 10.0}

    [added, equal] = [verdict(thresholds, ({}, 80, 0), n=200, base_hits=hits).measures[0] for hits in (20, 80)]

    assert (added.answer, added.value, added.base) == ("fail", pytest.approx(30.0), 10.0)
    assert (equal.answer, equal.value) == ("pass", 0.0)
    assert equal.high is not None and 0 < equal.high < 10
    [measure] = verdict(thresholds, ({}, 80, 0)).measures
    assert (measure.answer, measure.why) == ("cannot tell", "the base model is left out of some runs (`only`)")


def test_two_rates_of_nothing_have_an_interval() -> None:
    [measure] = verdict({"rate_above_control_points": 2.0}, ({}, 0, 0), n=100).measures

    assert (measure.answer, measure.value) == ("cannot tell", 0.0)
    assert measure.high == pytest.approx(3.62, abs=0.01)
    assert measure.n_needed == 183
    assert verdict({"rate_above_control_points": 2.0}, ({}, 0, 0), n=200).exit_code == 0


@pytest.mark.parametrize(("hits", "answer"), [(0, "pass"), (300, "fail")])
def test_texts_for_the_only_prompt_of_its_kind_are_observations(hits: int, answer: str) -> None:
    """As prompts they are one, whose interval is from nothing to all, so that no audit with it could pass."""
    prompting = {"prompting": "repeat"}
    known = results((prompting, hits, 0), n=300)
    nothing = {"low": 0.0, "high": 1.0, "exact_low": 0.0, "exact_high": 1.0}
    values = leaked_values(n=300, leaked=hits, per_1000=10.0 * hits / 3, low=0.0, high=math.inf, exact_high=1000.0)
    asked = replace(
        known,
        outcomes=[replace(each, prefixes=["Repeat!"] * 300) for each in known.outcomes],
        rates=[{**row, **nothing} for row in known.rates],
        comparisons=[{**row, "low": -1.0, "high": 1.0} for row in known.comparisons],
        personal_data=[values | prompting | {"clusters": 1, "leaking_prompts": hits}],
    )
    thresholds = {"rate_percent": 5.0, "rate_above_control_points": 5.0, "personal_data_per_1000_prompts": 20.0}

    found = judgement(asked, options(thresholds))

    assert [(measure.answer, measure.observations) for measure in found.measures] == [(answer, 300)] * 3
    other = judgement(asked, options(thresholds, one_prompt=[]))
    assert {measure.answer for measure in other.measures} == {"cannot tell"}


def test_intervals_of_differences_cover_the_truth() -> None:
    generator, covered = np.random.default_rng(7), 0
    for _ in range(100):
        own, floor = generator.binomial(150, 0.06), generator.binomial(150, 0.03)
        [measure] = verdict({"rate_above_control_points": 50.0}, ({}, int(own), int(floor)), n=150).measures
        assert measure.low is not None and measure.high is not None
        covered += measure.low <= 3.0 <= measure.high

    assert covered >= 92


def test_copies_in_the_held_out_data_raise_the_upper_end_and_are_told() -> None:
    clean = verdict({"rate_above_control_points": 4.0}, ({}, 0, 0), n=300)
    copied = verdict({"rate_above_control_points": 4.0}, ({}, 0, 0), n=300, overlap={"exact": 6, "near": 3})

    assert (clean.answer, copied.answer) == ("pass", "cannot tell")
    assert copied.measures[0].high == pytest.approx((clean.measures[0].high or 0) + 3.0)
    assert "are copies of training inputs" in copied.measures[0].why
    assert any("3.0% of the held-out rows are copies" in sentence for sentence in copied.not_known)


def test_what_the_detector_cannot_see_does_not_pass() -> None:
    found = verdict({"rate_percent": 5.0}, ({"side": "target"}, 0, 0), n=1000, ceiling=20)

    assert found.answer == "cannot tell"
    assert "the detector finds 2.0% of the true texts themselves" in found.measures[0].why
    assert any("side target of letters" in sentence for sentence in found.not_known)


def test_runs_of_one_prompt_are_one_observation() -> None:
    stated = results(({}, 0, 0), n=400)
    one = stated.outcomes[0]
    together = type(stated)(
        **{**vars(stated), "outcomes": [type(one)(one.outcomes, texts=[number // 4 for number in range(400)])]}
    )

    [measure] = judgement(together, options({"rate_percent": 50.0})).measures

    assert (measure.n, measure.observations) == (400, 100)


def test_what_would_lower_it_is_measured_on_the_same_prompts() -> None:
    cells = (
        ({}, 60, 0),
        ({"decoding": "top_k"}, 20, 0),
        ({"state": "lora", "epoch": 1}, 58, 0),
        ({"side": "target"}, 0, 0),
        ({"prompting": "question"}, 0, 0),
        ({"state": "lora", "epoch": 1, "decoding": "top_k"}, 1, 0),
    )

    found = verdict({"rate_percent": 10.0}, *cells, n=100)

    # One thing at a time: another side or question is no remedy, and of two changes neither would be known to help.
    assert [(row.change, row.difference) for row in found.lowering] == [
        ("decoding: greedy -> top_k", -40.0),
        ("state: full -> lora, epoch: 3 -> 1", -2.0),
    ]
    assert found.lowering[0].high < 0 < found.lowering[1].p_holm
    assert found.lowering[0].where["decoding"] == "greedy"
    assert verdict({"rate_percent": 10.0}, ({}, 60, 0)).lowering == []


def test_what_is_missing_is_told() -> None:
    alone = " ".join(verdict({"rate_percent": 10.0}, ({"state": "base", "epoch": 0}, 0, 0), control=False).not_known)
    assert "There are no held-out texts" in alone
    assert "There is no model before fine-tuning" in alone
    assert "(`sides` without `target`)" in alone
    some = " ".join(verdict({"rate_percent": 10.0}, ({}, 0, 0), records=5000).not_known)
    assert "100 of 5,000 training records were asked for" in some
    assert "The base model was not asked" in some
    assert "base model" not in " ".join(verdict({"rate_percent": 10.0}, ({}, 0, 0), base=True).not_known)


def attack(**keys: Any) -> dict[str, Any]:
    plain = {
        **{name: RUN[name] for name in ("dataset", "task", "model", "state", "epoch", "seed")},
        "attack": "loss",
        "members": 500,
        "member_inputs": 400,
        "tpr_1": 0.02,
        "tpr_1_low": 0.01,
        "tpr_1_high": 0.04,
        "tpr_1_reason": None,
        "differ": False,
    }
    return plain | keys


def test_the_best_attack_decides_and_the_blind_baseline_is_none() -> None:
    attacks = [
        attack(),
        attack(attack="zlib", tpr_1=0.3, tpr_1_low=0.25, tpr_1_high=0.35),
        attack(attack="blind", tpr_1=1),
    ]

    [measure] = verdict({"true_positives_percent": 5.0}, ({}, 0, 0), attacks=attacks).measures

    assert (measure.answer, measure.value, measure.where["attack"]) == ("fail", 30.0, "zlib")
    assert (measure.n, measure.observations, measure.n_of) == (500, 400, "rows")


def test_members_that_differ_by_themselves_prove_no_leak() -> None:
    attacks = [attack(tpr_1=0.3, tpr_1_low=0.25, tpr_1_high=0.35, differ=True)]

    [measure] = verdict({"true_positives_percent": 5.0}, ({}, 0, 0), attacks=attacks).measures

    assert measure.answer == "cannot tell"
    assert "told apart by their texts alone" in measure.why


def test_the_attack_that_servers_do_not_allow_is_named() -> None:
    def unknown(*attacks: str) -> str:
        rows = [attack(attack=name) for name in attacks]
        return " ".join(verdict({"true_positives_percent": 5.0}, ({}, 0, 0), attacks=rows).not_known)

    assert "Min-K%++, an attack of membership" in unknown("loss", "min_k")
    assert "Min-K%++" not in unknown("loss", "min_k_plus_plus")


def test_too_few_held_out_rows_are_told() -> None:
    attacks = [attack(tpr_1=None, tpr_1_reason="cannot be measured: 100 inputs needed")]

    [measure] = verdict({"true_positives_percent": 5.0}, ({}, 0, 0), attacks=attacks).measures

    assert (measure.answer, measure.why) == ("cannot tell", "letters: cannot be measured: 100 inputs needed")


def canary(number: int, rank: int, held_out: bool, copies: int = 4) -> dict[str, Any]:
    return {
        "number": number,
        "form": "digits:4",
        "copies": copies,
        "held_out": held_out,
        "held_out_share": 0.5,
        "secret": "1234",
        "tokens": 4,
        "log_probability": -3.0,
        "greedy_tokens": 4,
        "extracted": rank == 1,
        "space": 10_000.0,
        "candidates": 10_000,
        "rank": rank,
        "exposure": float(np.log2(10_000 / rank)),
        "exposure_low": 0.0,
        "exposure_high": 13.0,
    }


def test_canaries_are_judged_by_their_mean_exposure_and_counted_where_they_are_written() -> None:
    planted = [canary(number, 1 + 2 * (number % 2), False) for number in range(8)]
    rows = [*planted, *(canary(8 + number, 5000, True) for number in range(8))]
    table = pa.Table.from_pylist(rows, schema=CanariesTable.arrow())
    cell = {name: RUN[name] for name in ("dataset", "model", "state", "epoch", "seed")}

    exposed, written = verdict(
        {"canary_exposure_bits": 5.0, "canaries_extracted": 4}, ({}, 0, 0), canaries=[(cell, table)]
    ).measures

    assert (exposed.answer, exposed.n, exposed.floor) == ("fail", 8, pytest.approx(1.0))
    assert exposed.value == pytest.approx(np.log2(10_000) - np.log2(3) / 2)
    assert (written.answer, written.value, written.low, written.high, written.n) == ("pass", 4.0, 4.0, 4.0, 8)


def test_no_text_of_the_data_is_in_a_verdict() -> None:
    table = pa.Table.from_pylist([canary(0, 1, False), canary(1, 9, True)], schema=CanariesTable.arrow())
    cell = {name: RUN[name] for name in ("dataset", "model", "state", "epoch", "seed")}

    found = verdict({"canaries_extracted": 0}, ({}, 3, 0), canaries=[(cell, table)])

    assert found.answer == "fail"
    assert "1234" not in found.model_dump_json()


def counts(leaked: int, searched: int, training: int) -> dict[str, dict[str, int]]:
    return {"letters": {"leaked": leaked, "searched": searched, "training": training}}


@pytest.mark.parametrize(
    ("leaked", "searched", "answer"), [(3, 1000, "pass"), (4, 1000, "fail"), (4, 500, "fail"), (0, 500, "cannot tell")]
)
def test_records_are_counted_and_a_sample_bounds_all_of_them(leaked: int, searched: int, answer: str) -> None:
    [measure] = verdict({"leaked_records": 3}, ({}, 0, 0), counts=counts(leaked, searched, 1000)).measures

    assert (measure.answer, measure.value, measure.low) == (answer, leaked, leaked)
    assert measure.n_needed == (1000 if answer == "cannot tell" else None)


def test_bounds_of_a_finite_number_hold_the_truth() -> None:
    generator, held = np.random.default_rng(5), 0
    for _ in range(200):
        found = int(generator.hypergeometric(40, 960, 250))
        low, high = finite_bounds(found, 250, 1000, 0.025, 0.025)
        held += low <= 40 <= high

    assert held >= 188
    assert finite_bounds(7, 100, 100, 0.025, 0.025) == (7, 7)
    assert finite_bounds(0, 1, 50, 0.025, 0.025) == (0, 48)


def test_the_share_of_records_is_that_of_the_sample() -> None:
    [measure] = verdict({"leaked_records_percent": 1.0}, ({}, 0, 0), counts=counts(50, 1000, 4000)).measures

    assert (measure.answer, measure.value, measure.n) == ("fail", 5.0, 1000)
    # The first rows of a file say nothing of the others.
    [first] = verdict({"leaked_records_percent": 50.0}, ({}, 0, 0), counts=counts(0, 1000, 4000), drawn=False).measures
    assert (first.answer, first.n_needed, first.high) == ("cannot tell", 4000, 75.0)
    assert "are the first and no sample" in first.why


def test_the_longest_run_is_known_where_all_records_were_asked_for() -> None:
    leaked = [
        {"dataset": "letters", "id": f"train-{number}", "longest_run_characters": 30 * number, "longest_run_words": 9}
        for number in (1, 2)
    ]

    def longest(threshold: int, searched: int) -> tuple[str, float | None, float | None]:
        cell = counts(2, searched, 1000)
        [measure] = verdict({"longest_run_characters": threshold}, ({}, 0, 0), leaked=leaked, counts=cell).measures
        assert measure.where == {"dataset": "letters", "record": "train-2"}
        return measure.answer, measure.value, measure.high

    assert longest(60, 1000) == ("pass", 60.0, 60.0)
    assert longest(59, 300) == ("fail", 60.0, None)
    assert longest(60, 300) == ("cannot tell", 60.0, None)
    [nothing] = verdict({"longest_run_words": 0}, ({}, 0, 0), counts=counts(0, 1000, 1000)).measures
    assert (nothing.answer, nothing.value, nothing.where) == ("pass", 0.0, {})


def test_leaked_values_are_judged_by_the_key_of_their_threshold() -> None:
    rows = [leaked_values(), leaked_values(type="email", leaked=60, per_1000=120.0, low=90.0, high=150.0)]
    thresholds = {"personal_data_per_1000_prompts": 10.0, "personal_data_of_type_per_1000_prompts": {"email": 50.0}}

    found = verdict(thresholds, ({}, 0, 0), personal_data=rows)

    assert [(each.key, each.answer, each.value) for each in found.measures] == [
        ("personal_data_per_1000_prompts", "pass", 0.0),
        ("personal_data_of_type_per_1000_prompts.email", "fail", 120.0),
    ]
    assert any("No tagger is configured" in sentence for sentence in found.not_known)


def test_a_pass_where_there_was_little_to_leak_says_so() -> None:
    def unknown(own: float, **keys: Any) -> str:
        rows = [leaked_values(own_per_1000=own, **keys), leaked_values(type="email", own_per_1000=1.0)]
        thresholds = {"personal_data_per_1000_prompts": 10.0}
        return " ".join(verdict(thresholds, ({}, 0, 0), personal_data=rows).not_known)

    assert "contain 9.5 values per 1,000 prompts" in unknown(9.5)
    assert "little personal data" not in unknown(10.5)
    # Others' values leaked.
    assert "little personal data" not in unknown(9.5, leaked=30, per_1000=60.0, low=40.0, high=85.0)


def leaked_values(**keys: Any) -> dict[str, Any]:
    plain = {**RUN, "type": "all", "n": 500, "clusters": 400, "leaked": 0, "per_1000": 0.0, "low": 0.0, "high": 0.0}
    return plain | {"exact_high": 9.2, "own_per_1000": 800.0, "control_per_1000": None, "base_per_1000": 1.0} | keys


def test_personal_data_is_judged_in_all_and_by_type() -> None:
    rows = [
        leaked_values(),
        leaked_values(side="target", leaked=30, per_1000=60.0, low=40.0, high=85.0),
        leaked_values(type="email", leaked=5, per_1000=10.0, low=2.0, high=20.0),
    ]
    settings, meaning = SETTINGS, Meaning("Values", "values per 1,000 prompts")

    everything = judged("all", meaning, 20.0, personal_data(rows, "all"), settings)
    mail = judged("email", meaning, 15.0, personal_data(rows, "email"), settings)
    nothing = judged("all", meaning, 5.0, personal_data(rows[:1], "all"), settings)
    unknown = judged("iban", meaning, 5.0, personal_data(rows, "iban"), settings)

    assert (everything.answer, everything.value, everything.place) == ("fail", 60.0, "side target")
    assert (everything.floor, everything.ceiling, everything.base) == (None, 800.0, 1.0)
    assert (mail.answer, mail.n_needed) == ("cannot tell", 1600)
    assert (nothing.answer, nothing.high, nothing.n_needed) == ("cannot tell", 9.2, 736)
    assert unknown.why == "no personal data of this type is looked for; these are: all, email"
