"""Punkt's training, against NLTK's own trainer on texts of whatever its rules look at."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.punkt import PunktTrainer

from memorization.detection.punkt import Trainer

WORDS = [
    *(
        "a.",
        "b.",
        "U.S.",
        "etc.",
        "fig.",
        "No.",
        "e.g.",
        "Mr.",
        "x.y",
        "A.",
        "İ.",
        "ß",
        "é.",
        "雨。",
        "3.",
        "12",
        "-3.5.",
    ),
    *(
        "I",
        "The",
        "the",
        "He",
        "said",
        "Smith",
        "well,",
        "a-b.",
        "a--b",
        "(a)",
        '"Hi."',
        '."',
        ".)",
        ",",
        "--",
        "?",
        "?!",
    ),
    *(".", ". .", ". . .", "...", "\0"),
]
SPACES = [
    *[" "] * 6,
    "",
    "\n",
    "\n\n",
    "\t",
    "\r",
    "\x0b",
    "\x1c",
    "\x1f",
    "\x85",
    "\u2028",
    "\xa0",
    "\u180e",
    "\u200b",
]
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), min_size=1, max_size=40).map(
    lambda parts: "".join(word + space for word, space in parts)
)


def parameters(trainer: PunktTrainer) -> list[object]:
    found = trainer.get_params()
    return [found.abbrev_types, found.collocations, found.sent_starters, dict(found.ortho_context)]


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=6), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_parameters_are_those_of_nltk(batches: list[list[str]]) -> None:
    ours, theirs = Trainer(), PunktTrainer()
    for batch in batches:
        ours.train_batch(batch)
        theirs.train("\n\n".join(batch), finalize=False)
    assert parameters(ours) == parameters(theirs)


def test_every_kind_of_parameter_is_found() -> None:
    text = (
        "We read fig. 2 of Mr. Smith. They like fig. 3 more, as Mr. Smith does. However, he said so. However, fig. 4 "
        "came on p. 5 of No. 7 by J. Bach. However, it did not. In 1990. In May he came. "
    )
    trainer = Trainer()
    trainer.train_batch([text] * 20)
    found = trainer.get_params()
    assert {"fig", "mr"} <= found.abbrev_types
    assert ("##number##", "in") in found.collocations
    assert "we" in found.sent_starters
    assert found.ortho_context


@pytest.mark.parametrize("texts", [[], [""], ["\x1c\n \n"]])
def test_texts_without_a_word_have_no_parameters(texts: list[str]) -> None:
    trainer = Trainer()
    trainer.train_batch(texts)
    assert parameters(trainer) == parameters(PunktTrainer())
