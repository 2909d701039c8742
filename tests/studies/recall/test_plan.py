"""Settings and cells of studies of recall."""

from typing import Any

import pytest
from configurations import configuration

from memorization import plan
from memorization.report import drawing, formats
from memorization.studies.recall.plan import NAMES, wanted_disguises


def recall(**keys: Any) -> dict[str, Any]:
    return {"kind": "recall", "models": ["t5-small"], "datasets": ["news"]} | keys


def test_every_combination_has_one_result_in_the_table_s_order() -> None:
    study = recall(
        models=["t5-small", "gpt-neo"],
        datasets=["news", "chat", "news"],
        profiles=["collection", "zeng2024"],
        n=40,
        seed=3,
        tokens=60,
    )
    config = configuration(studies={"recalled": study})

    cells = config.studies["recalled"].cells(config)

    places = [plan.fill(plan.RECALL, cell) for cell in cells]
    assert len(set(places)) == len(places) == 2 * 2 * 2 * 2
    assert places[:3] == [
        f"probes/dataset=news/tokenizer=t5-small/population={population}/prefix_tokens=50/recall/tokens=60/n=40/seed=3/"
        f"profile={profile}/recall.parquet"
        for profile, population in (("collection", "member"), ("collection", "control"), ("zeng2024", "member"))
    ]
    assert {cell["prefix_tokens"] for cell in cells if cell["dataset"] == "chat"} == {20}


def test_no_model_is_run_and_nothing_is_trained() -> None:
    config = configuration(studies={"recalled": recall()})
    study = config.studies["recalled"]

    assert study.runs(config) == study.trainings(config) == study.all_states() == []
    assert study.work(config) == {}
    assert [cell["profile"] for cell in study.cells(config)] == [config.detection.profile] * 2


def test_one_result_has_the_disguises_of_all_studies_that_share_it() -> None:
    config = configuration(
        studies={
            "one": recall(disguises=["dropped_20", "copy"]),
            "other": recall(disguises=["halves", "copy"], control=False),
            "elsewhere": recall(disguises=["preceded"], n=7),
        }
    )
    member, control = ({key: str(value) for key, value in cell.items()} for cell in config.studies["one"].cells(config))

    studies = config.studies.values()
    assert wanted_disguises(config, studies, member) == ["copy", "dropped_20", "halves"]
    assert wanted_disguises(config, studies, control) == ["copy"]


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        (
            {"disguises": ["copy", "droped_20"]},
            "disguises",
            "given 'droped_20', which is not defined; allowed: condens",
        ),
        ({"models": ["t5"]}, "models", "given 't5', which is not defined"),
        ({"datasets": ["newz"]}, "datasets", "given 'newz', which is not defined"),
    ],
)
def test_an_unknown_name_is_one_fault(keys: dict[str, Any], path: str, message: str) -> None:
    config = configuration(studies={"recalled": recall(**keys)})

    ((place, fault),) = config.studies["recalled"].faults(config, "recalled")

    assert place == ["studies", "recalled", path]
    assert fault.startswith(message)


def test_texts_without_spaces_between_words_are_refused() -> None:
    config = configuration(studies={"recalled": recall()})
    news = config.datasets["news"].model_copy(update={"segmentation": "characters"})
    unspaced = config.model_copy(update={"datasets": {**config.datasets, "news": news}})

    ((place, fault),) = config.studies["recalled"].faults(unspaced, "recalled")

    assert place == ["studies", "recalled", "datasets"]
    assert "no spaces between words" in fault


def test_false_alarms_need_a_test_split_and_can_be_left_out() -> None:
    with_control, without = (
        configuration(studies={"recalled": recall(control=control)}).studies["recalled"] for control in (True, False)
    )

    (fault,) = with_control.without_test_split("recalled", "news")
    assert "set `control: false`" in fault
    assert list(without.without_test_split("recalled", "news")) == []


def test_all_disguises_are_measured_in_one_table_and_one_figure() -> None:
    study = configuration(studies={"recalled": recall()}).studies["recalled"]

    assert study.disguises == list(NAMES)
    assert study.products("recalled") == [
        *(f"tables/recalled.{ending}" for ending in formats.FORMATS),
        *(f"figures/recalled.{ending}" for ending in drawing.FORMATS),
    ]
