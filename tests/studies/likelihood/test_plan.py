from typing import Any

from configurations import POPULATIONS, configuration, study

from memorization import plan
from memorization.report import drawing, formats
from memorization.studies.kind import likelihood_settings


def likelihood(**keys: Any) -> dict[str, Any]:
    return study(kind="likelihood", **keys)


def test_likelihoods_are_asked_of_every_combination_once() -> None:
    study = likelihood(
        models=["t5-small", "gpt-neo"], datasets=["news", "chat"], states=["base", "full"], epochs=[1, 10]
    )
    config = configuration(studies={"likely": study})

    cells = config.studies["likely"].cells(config)

    places = [plan.fill(plan.LIKELIHOOD, cell) for cell in cells]
    assert len(set(places)) == len(places) == 2 * 2 * 3 * len(POPULATIONS)
    assert places[:3] == [
        "likelihoods/model=t5-small/state=base/epoch=0/seed=0/dataset=news/population=member/prefix_tokens=50",
        "likelihoods/model=t5-small/state=base/epoch=0/seed=0/dataset=news/population=control/prefix_tokens=50",
        "likelihoods/model=t5-small/state=full/epoch=1/seed=0/dataset=news/population=member/prefix_tokens=50",
    ]
    assert {cell["prefix_tokens"] for cell in cells if cell["dataset"] == "chat"} == {20}
    assert config.studies["likely"].runs(config) == []


def test_one_likelihood_serves_all_studies_that_ask_for_it() -> None:
    config = configuration(
        studies={
            "one": likelihood(decodings=["top_p", "greedy"], tokens=50, draws=[1, 100], probability=[0.5]),
            "other": likelihood(decodings=["top_k"], tokens=20, draws=[10, 1], probability=[0.1, 0.5], control=False),
            "elsewhere": likelihood(datasets=["chat"], tokens=7),
            "table": study(),
        }
    )
    member, control = config.studies["one"].cells(config)[:2]

    assert likelihood_settings(config, config.studies.values(), {key: str(value) for key, value in member.items()}) == {
        "decodings": ["greedy", "top_k", "top_p"],
        "tokens": [20, 50],
        "draws": [1, 10, 100],
        "probability": [0.1, 0.5],
    }
    assert likelihood_settings(config, config.studies.values(), control)["tokens"] == [50]


def test_a_study_of_likelihoods_has_one_table_and_one_figure() -> None:
    config = configuration(studies={"likely": likelihood()})

    assert config.studies["likely"].products("likely") == [
        *(f"tables/likely.{ending}" for ending in formats.FORMATS),
        *(f"figures/likely.{ending}" for ending in drawing.FORMATS),
    ]


def test_likelihoods_of_targets_are_refused() -> None:
    config = configuration(studies={"likely": likelihood()})
    study = config.studies["likely"]
    assert list(study.faults(config, "likely")) == []

    [(path, message)] = study.model_copy(update={"sides": ["target"]}).faults(config, "likely")

    assert path == ["studies", "likely", "sides"]
    assert "likelihoods are those of the suffixes of inputs" in message
