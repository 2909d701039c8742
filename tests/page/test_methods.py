"""The paragraph for a paper says what was done, and nothing else."""

from typing import Any

import pytest
from configurations import configuration, study

from memorization.page import methods

OWN = {"own": {"kind": "request", "text": "Go on.", "chat_template": False}}


def paragraph(studies: dict[str, Any], **sections: Any) -> str:
    config = configuration(studies=studies, **sections)
    return " ".join(methods.sentences(config, config.studies))


def test_everything_that_is_cited_is_listed_in_its_order() -> None:
    config = configuration(studies={"table": study(decodings=["greedy", "top_k"])})
    text = methods.sentences(config, config.studies)

    whole, citations = " ".join(text), methods.cited(text)

    places = [whole.index(f"[{key}]") for key in citations]
    assert places == sorted(places)
    assert whole.count("[") == sum(whole.count(f"[{key}]") for key in citations)


@pytest.mark.parametrize(
    ("changed", "sections", "said", "unsaid"),
    [
        ({}, {}, "control", "LoRA"),
        ({"control": False}, {}, "BM25", "Fisher"),
        ({"states": ["full"]}, {}, "Fisher", "McNemar"),
        ({"states": ["base"]}, {}, "BM25", "Fine-tuning"),
        ({}, {"recipes": {"full": {"epochs": 1, "trains": "lora"}}}, "LoRA adapters of rank 8", "goldfish"),
        ({}, {"recipes": {"full": {"epochs": 1, "goldfish": {}}}}, "goldfish loss (k = 4)", "LoRA"),
        ({}, {"recipes": {"full": {"epochs": 1, "seeds": [0, 1]}}}, "2 trainings each", "one training each"),
        ({"decodings": ["top_k"]}, {"decodings": {"top_k": {"strategy": "sample", "top_k": 5}}}, "k = 5", "greedy"),
        ({}, {}, "the model continued the prefix", "asked"),
        ({"promptings": ["bare", "turn"]}, {}, "were also asked (turn) by the prefix in the user's turn.", "place"),
        ({"promptings": ["repeat"]}, {}, "were asked (repeat) to repeat the word 'poem'", "continued the prefix"),
        ({"promptings": ["rest"]}, {}, "{prefix}', with the prefix in its place.", "also asked"),
        ({"promptings": ["own"]}, {"promptings": OWN}, "plain text: 'Go on.', the same for all prefixes.", "place"),
        ({"kind": "quality"}, {}, "Quality was measured", "BM25"),
    ],
)
def test_it_follows_from_the_configuration(
    changed: dict[str, Any], sections: dict[str, Any], said: str, unsaid: str
) -> None:
    named = study(**changed)

    text = paragraph({"table": named}, **sections)

    assert said in text
    assert unsaid not in text
