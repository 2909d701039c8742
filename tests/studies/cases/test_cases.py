"""Which cases are shown, where they are cut, and what is masked in them."""

from dataclasses import replace

import pyarrow as pa
import pytest
from example_cases import RUN, case

from memorization.detection.patterns import Span
from memorization.detection.spans import RunTexts
from memorization.studies.cases.cases import Case, case_rows, cases_of, clearest, excerpt, masked


def test_a_case_is_the_match_that_decided_and_not_one_that_repeats_its_prompt() -> None:
    suffix = "My name is Ann Lee, and I am ill."
    # A run's probes need not begin at 0.
    texts = RunTexts(
        {7: "her name is Ann Lee, and so", 8: "I am ill"},
        {7: "Dear doctor. ", 8: "I am ill. "},
        {7: "Nothing.", 8: suffix},
    )
    row = {"paraphrase_probability": None, "generation_length": 10, "suffix_length": 10, "document": 8}
    outcomes = pa.Table.from_pylist(
        [
            row | {"probe": 7, "outcome": "verbatim", "generation_start": 12, "suffix_start": 11},
            row
            | {"probe": 8, "outcome": "idea", "generation_start": 0, "generation_length": 8}
            | {"suffix_start": 24, "suffix_length": 8},
            {"probe": 9, "outcome": "none"},
        ]
    )
    masks = {(7, "generation"): [("per", 12, 19)], (8, "suffix"): [("per", 11, 18)], (8, "prefix"): [("per", 0, 1)]}
    (only,) = cases_of(RUN, outcomes, texts, masks)
    assert (only.probe, only.type) == (7, "verbatim")
    assert only.aligned == ("Ann Lee, a", "Ann Lee, a")
    assert (only.generation_masks, only.training_masks) == ([("per", 12, 19)], [("per", 11, 18)])


def test_the_clearest_of_each_type_are_shown_and_a_passage_once() -> None:
    cases = [
        case("idea", "short one", 0),
        case("verbatim", "a rather long passage of text", 1),
        case("verbatim", "A rather long passage, of text", 2),
        case("verbatim", "the longest passage of text that is there", 3),
        case("verbatim", "short", 4),
        case("paraphrase_high", "long but improbable as can be", 5, probability=0.6),
        case("paraphrase_high", "probable", 6, probability=0.9),
    ]
    chosen = [(each.type, each.probe) for each in clearest(cases, 2)]
    assert chosen == [
        ("verbatim", 3),
        ("verbatim", 2),
        ("paraphrase_high", 6),
        ("paraphrase_high", 5),
        ("idea", 0),
    ]
    assert [each.probe for each in clearest(cases, 1)] == [3, 6, 0]


def test_a_paraphrase_of_one_sentence_in_a_long_passage_is_not_a_clear_one() -> None:
    text = "It is a long passage, of which only the first sentence is paraphrased. " + "More. " * 50
    one_sided = Case(RUN, 0, "paraphrase_high", text, (0, 70), text, (0, len(text)), 0.98)
    alike = case("paraphrase_high", "as long as the other", 1, probability=0.9)
    assert clearest([one_sided, alike], 1) == [alike]


@pytest.mark.parametrize(
    ("context", "shown", "marked"),
    [
        (0, "…Ann Lee…", "Ann Lee"),
        (4, "…is Ann Lee,…", "Ann Lee"),
        (7, "…is Ann Lee, and…", "Ann Lee"),
        (100, "my name is Ann Lee, and I am", "Ann Lee"),
    ],
)
def test_excerpts_are_cut_between_words_and_keep_the_aligned_passage(context: int, shown: str, marked: str) -> None:
    text, span = excerpt("my name is Ann Lee, and I am", (11, 18), context)
    assert text == shown
    assert text[slice(*span)] == marked


def test_personal_data_is_replaced_by_its_type_before_a_text_is_cut() -> None:
    text = "Ann wrote to bob@x.org on 3 May."
    masks: list[Span] = [("per", 0, 3), ("email", 13, 22), ("date", 26, 31)]
    assert masked(text, (10, 25), masks, 100) == ("[PER] wrote ", "to [EMAIL] on", " [DATE].")
    # What reaches over an end of the passage counts to where it begins, and no part of it is left.
    assert masked(text, (15, 28), masks, 100) == ("[PER] wrote to [EMAIL]", " on [DATE]", ".")
    assert masked(text, (4, 9), masks, 9) == ("[PER] ", "wrote", " to…")
    assert masked(text, (4, 9), [], 9) == ("Ann ", "wrote", " to…")


def test_rows_contain_masked_excerpts_and_no_personal_data() -> None:
    whole = "He said call Ann Lee now again."
    masks = [("per", whole.index("Ann"), whole.index(" now"))]
    secret = case(passage="call Ann Lee now")

    [row] = case_rows([replace(secret, generation_masks=masks, training_masks=masks)], 50)
    parts = [f"{side}_{part}" for side in ("generation", "training") for part in ("before", "aligned", "after")]
    assert list(row) == [*RUN, "type", "probe", "probability", *parts]
    assert "Ann" not in str(row)
    assert row["generation_aligned"] == row["training_aligned"] == "call [PER] now"
    assert "Ann Lee" in str(case_rows([secret], 50))
    assert case_rows([], 50) == []
