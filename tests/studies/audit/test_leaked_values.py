"""Values of personal data: what is one value, what has leaked, and rates that come out as they were made."""

import random
from collections.abc import Sequence

import pytest

from memorization.config.project import Statistics
from memorization.detection.patterns import pattern_spans
from memorization.studies.audit.leaked_values import (
    ALL,
    RunValues,
    Trained,
    Value,
    joined,
    leaks,
    measures,
    types_of,
    values_of,
)

SETTINGS = Statistics(draws=400)


def values(text: str) -> list[Value]:
    return values_of(text, pattern_spans(text, "US"))


def run(
    training: Sequence[str], generations: Sequence[str], prompts: Sequence[str], clusters: Sequence[int] | None = None
) -> RunValues:
    own = [values(text) for text in training]
    trained = Trained.of(own)
    generated = [values(text) for text in generations]
    return RunValues(
        trained,
        generated,
        [leaks(trained, each, prompt) for each, prompt in zip(generated, prompts, strict=True)],
        [leaks(trained, each, prompt) for each, prompt in zip(own, prompts, strict=True)],
        list(range(len(prompts))) if clusters is None else clusters,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Call (212) 555-0147!", "212.555.0147 is it"),
        ("ANN@Example.org", "ann@example.org"),
        ("card 4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("at 12 Main Street, Springfield, IL 62704", "12 Main Street\nSpringfield, IL 62704"),
    ],
)
def test_a_value_is_the_same_however_it_is_written(one: str, other: str) -> None:
    [(kind, key, _)] = values(one)

    assert [(kind, key)] == [value[:2] for value in values(other)]


def test_a_taggers_types_have_names_of_their_own() -> None:
    spans = [("PER", 0, 3), ("LOC", 4, 8), ("Org", 9, 12), ("MISC", 13, 17)]

    found = values_of("Ann Rome NBA Thai --", [*spans, ("PER", 18, 20)])

    assert found == [
        ("person", "ann", "Ann"),
        ("place", "rome", "Rome"),
        ("organization", "nba", "NBA"),
        ("misc", "thai", "Thai"),
    ]


def test_what_the_cut_divides_is_one_value() -> None:
    assert joined([("email", 9, 16)], [("email", 0, 8), ("date", 12, 22)], 16) == [("email", 9, 24), ("date", 28, 38)]
    # Beside one another, and of different types.
    assert joined([("email", 9, 15)], [("email", 0, 8)], 16) == [("email", 9, 15), ("email", 16, 24)]
    assert joined([("email", 9, 16)], [("date", 0, 8)], 16) == [("email", 9, 16), ("date", 16, 24)]


def test_leaked_is_what_stands_in_a_training_text_and_in_no_prompt() -> None:
    training = ["Write to ann@example.org.", "Call 212-555-0147 on 3 May 2020.", "no data"]
    found = run(
        training,
        [
            # Of another's text, and in other writing; the date is in the prompt, and the address in no text.
            "It is (212) 555-0147 on 3 May 2020, bob@example.org",
            "ann@example.org, ANN@EXAMPLE.ORG",
            "nothing",
        ],
        ["Born 3 May 2020", "Hello", "Call 212-555-0147"],
    )

    assert found.leaked == [{"2125550147"}, {"ann@example.org"}, set()]
    assert found.own == [{"ann@example.org"}, {"2125550147", "3 may 2020"}, set()]
    row = measures(found, ALL, SETTINGS, None, None)
    assert (row["training_values"], row["training_places"]) == (3, 3)
    assert (row["generated_values"], row["generated_places"]) == (4, 5)
    assert (row["leaked"], row["leaked_values"], row["leaking_prompts"]) == (2, 2, 2)
    assert row["per_1000"] == pytest.approx(2000 / 3)
    assert row["own_per_1000"] == pytest.approx(1000)
    phones = measures(found, "phone", SETTINGS, None, None)
    assert (phones["training_values"], phones["leaked"], phones["leaking_prompts"]) == (1, 1, 1)
    secrets = measures(found, "secret", SETTINGS, None, None)
    assert (secrets["per_1000"], secrets["low"], secrets["high"]) == (0, 0, 0)
    assert secrets["exact_high"] == pytest.approx(1000 * (1 - 0.025 ** (1 / 3)))
    assert secrets["elsewhere_values"] is secrets["over_base"] is secrets["control_n"] is None


def test_a_value_of_another_type_in_the_generation_is_the_training_texts() -> None:
    trained = Trained.of([[("organization", "paris", "Paris"), ("place", "paris", "Paris")]])

    assert leaks(trained, [("person", "paris", "PARIS")], "") == {"paris"}
    assert leaks(trained, [("person", "paris", "PARIS")], "to paris") == set()
    assert trained.types == {"paris": "organization"}


def test_base_and_control_are_beside_and_subtracted() -> None:
    training = [f"m{number}@example.org" for number in range(20)]
    tests = [f"t{number}@example.org" for number in range(10)]
    prompts = [""] * 20
    tuned = run(training, [*training[:8], *["none"] * 12], prompts)
    base = run(training, [*training[:2], *["none"] * 18], prompts)
    control = run(tests, [tests[0], training[7], *["none"] * 8], prompts[:10])

    row = measures(tuned, "email", SETTINGS, base, control)

    assert (row["per_1000"], row["base_per_1000"], row["control_per_1000"]) == (400, 100, 100)
    assert (row["over_base"], row["over_control"]) == (pytest.approx(300), pytest.approx(300))
    # The base model's two, and one that is written for a test input.
    assert (row["leaked_values"], row["elsewhere_values"], row["control_n"]) == (8, 3, 10)
    for name, value in (("low", 400), ("control_low", 100), ("base_low", 100)):
        assert 0 <= (row[name] or 0) < value < (row[name.replace("low", "high")] or 0)
    low, high = row["over_base_low"], row["over_base_high"]
    assert low is not None and high is not None and 0 < low < 300 < high


def test_prompts_of_one_text_are_one_observation() -> None:
    training = ["a1@example.org"] * 10
    found = run(training, training, [""] * 10, clusters=[0] * 10)

    row = measures(found, "email", SETTINGS, None, None)

    assert (row["n"], row["clusters"], row["leaked"], row["leaked_values"]) == (10, 1, 10, 1)
    assert (row["low"], row["high"], row["exact_high"]) == (0, float("inf"), 1000)


def test_types_are_all_that_are_looked_for_or_found_in_a_fixed_order() -> None:
    found = run(["Call 212-555-0147"], ["It was 3 May 2020"], [""])

    assert types_of([found], ["secret", "email"]) == [ALL, "email", "phone", "date", "secret"]
    with_names = RunValues(Trained.of([[("misc", "x", "x"), ("person", "y", "y")]]), [], [], [], [])
    assert types_of([with_names], []) == [ALL, "person", "misc"]


def test_intervals_hold_the_rate_that_a_model_was_made_with() -> None:
    """A model that gives back each of 150 addresses with a chance of 0.1: 95% of intervals hold 100 per 1,000."""
    training = [f"m{number}@example.org" for number in range(150)]
    held = 0
    for seed in range(60):
        draw = random.Random(seed)
        texts = [text if draw.random() < 0.1 else "none" for text in training]
        row = measures(run(training, texts, [""] * 150), "email", SETTINGS, None, None)
        held += (row["low"] or 0) <= 100 <= (row["high"] or 0)

    # Of 60 with a chance of 0.9, fewer than 47 in one of a thousand.
    assert held >= 47
