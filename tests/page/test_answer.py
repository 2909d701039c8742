"""The answer: which run is shown of a dataset, and what is said of it."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import page_results
import pytest
from rate_files import BASE, CONTROL, FINE_TUNED, WITH_CONTROLS, Outcomes
from sheets import LABEL, run

from memorization.page import answer, verdict


def row(
    state: str = "full", epoch: int = 3, seed: int | None = 0, category: str = "total", **changed: Any
) -> dict[str, Any]:
    return {**run(state=state), "epoch": epoch, "seed": seed, "category": category} | changed


def words(results: Path, outcomes: Outcomes, **fields: Any) -> str:
    """The text of the section on one dataset, without markup."""
    study = page_results.rates(results, outcomes, ["news"], drawn=False)
    section = answer.section({}, page_results.page_context(results, study, **fields))
    assert section is not None
    cards = section.html[section.html.index("<article") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", "", cards, flags=re.DOTALL)))


def test_the_last_epoch_and_the_mean_of_trainings_are_shown() -> None:
    rows = [row("base", 0), *(row(epoch=epoch, seed=seed) for epoch in (3, 9) for seed in (0, 1, None))]

    shown = answer.chosen({}, [*rows, row(epoch=9, seed=None, category="verbatim")])

    assert (shown.total["epoch"], shown.total["seed"]) == (9, None)
    assert list(shown.rows) == ["total", "verbatim"]
    assert shown.base == rows[0]


def test_the_first_model_recipe_decoding_and_prefix_length_are_shown() -> None:
    first = row(epoch=3)
    others = [{**first, name: other} for name, other in (("model", "gpt"), ("state", "lora"), ("decoding", "top_k"))]
    longer = [{**each, "epoch": 9} for each in [*others, {**first, "prefix_tokens": 100}]]

    assert answer.chosen({}, [first, *longer]).total == first


def test_suffixes_are_shown_before_targets_and_both_are_said() -> None:
    suffixes, longer = row(), row(prefix_tokens=100, side="target")
    values = {"rate": 0.25, "low": 0.125, "high": 0.5, "control_rate": 0.0, "ceiling": None}
    targets = {**row(side="target"), **values}

    shown = answer.chosen({}, [row("base", 0, side="target"), targets, longer, suffixes])

    assert (shown.total, shown.others, shown.base) == (suffixes, [targets], None)
    assert answer._other(targets) == "Searched for targets: 25% (12.5 to 50%, floor 0%)."
    # Where nothing else was searched for, targets are the answer.
    assert answer.chosen({}, [targets, longer]).total == targets


def test_confidences_of_paraphrases_replace_their_sum() -> None:
    names = ("total", "verbatim", "paraphrase", "paraphrase_high", "paraphrase_low")

    shown = answer.chosen({}, [row(category=name) for name in names])

    assert list(shown.rows) == ["total", "verbatim", "paraphrase_high", "paraphrase_low"]
    assert shown.base is None


def test_each_dataset_is_shown_from_the_first_study_that_has_it(tmp_path: Path) -> None:
    first = page_results.rates(tmp_path / "one", datasets=["news"], drawn=False)
    study = page_results.rates(tmp_path, datasets=["chat", "news"], drawn=False)
    place = {**study["exhibits"][0], "place": "one/tables/disparity"}
    context = page_results.page_context(tmp_path, {**first, "name": "first", "exhibits": [place]}, study)

    assert [(each.study["name"], each.total["dataset"]) for each in answer.answers(context)] == [
        ("first", "news"),
        ("disparity", "chat"),
    ]


def test_a_rate_stands_between_its_floor_and_its_ceiling(tmp_path: Path) -> None:
    text = words(tmp_path, WITH_CONTROLS)

    assert (
        "The model gave back 20 of 100 texts that it was trained on, 18 points more than the detector reports" in text
    )
    assert "of texts that it never saw; fine-tuning added 15 points." in text
    assert re.search(r"Shown the first 50 tokens of each: 20% \(95% interval [\d.]+ to [\d.]+%\)\.", text)
    assert re.search(r"Floor: 2% of 50 texts that it never saw; difference 18 points \([\d.]+ to [\d.]+\)\.", text)
    assert re.search(r"Before fine-tuning: 5%; difference 15 points \([\d.]+ to [\d.]+\)\.", text)
    assert "Ceiling: 50% of the true texts, cut to what it wrote (20.5 tokens on average)." in text
    assert "n = 100; control n = 50; 1,234 different suffixes matched; T5-base (full, epoch 3); greedy" in text
    assert "small n" not in text
    assert LABEL.startswith("Demonstration")
    assert "demonstration" in text


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({("full", "member"): ["none"] * 60}, "gave back none of 60 texts that it was trained on, with no control"),
        ({("full", "member"): ["none"] * 60}, "small n: 60 prompts"),
        ({("full", "member"): ["none"] * 60}, "0% (at most 6%)"),
        ({("full", "member"): FINE_TUNED}, "gave back 20 of 100 texts that it was trained on, with no control that"),
        ({("base", "member"): BASE}, "gave back 5 of 100 texts, with no control"),
        ({("base", "member"): BASE}, "not fine-tuned"),
        ({**WITH_CONTROLS, ("full", "member"): BASE}, "; fine-tuning added nothing that shows."),
        ({**WITH_CONTROLS, ("full", "member"): [*BASE[1:], "idea"]}, "; what fine-tuning added may be chance."),
        ({("full", "control"): BASE, ("full", "member"): BASE}, "no more than chance may explain beside texts"),
        (
            {("full", "member"): BASE, ("full", "control"): ["verbatim"] * 50},
            "95 points fewer than the detector reports",
        ),
    ],
)
def test_what_is_said_follows_from_what_was_measured(tmp_path: Path, outcomes: Outcomes, said: str) -> None:
    assert said in words(tmp_path, outcomes)


def test_a_low_ceiling_is_said_instead_of_a_verdict() -> None:
    hidden = {"ceiling": 0.03, "rate": 0.0, "n": 60, "state": "full", "seed": 0, "generated_tokens": 1.0, "count": 0}

    said = verdict.sentence(hidden, None)

    assert said == (
        "The model gave back none of 60 texts that it was trained on, which <strong>says nothing about memory"
        "</strong>: it wrote 1 token on average, and even of the true texts, cut to that length, the "
        "detector would report 3%."
    )


def test_nothing_is_said_where_no_study_measures_rates(tmp_path: Path) -> None:
    context = page_results.page_context(tmp_path, page_results.study("scores", ["table"], kind="quality"))

    assert answer.section({}, context) is None


def test_the_control_of_the_tests_has_one_hit() -> None:
    # What the numbers above follow from.
    assert (CONTROL.count("idea"), len(CONTROL), FINE_TUNED.count("none")) == (1, 50, 80)
