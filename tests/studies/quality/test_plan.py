"""Studies of quality: their grid, what they make, and names that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from memorization import configfile, local_files, plan
from memorization.errors import UserError
from memorization.studies.kinds import Config
from memorization.studies.quality.plan import Quality

STUDY = {
    "kind": "quality",
    "models": ["t5"],
    "against": ["flan"],
    "datasets": ["news", "imdb"],
    "states": ["base", "full"],
}


def configuration(**changed: Any) -> Config:
    files = {"kind": "files", "train": "rows.csv", "test": "rows.csv"}
    values = {
        "datasets": {name: {"task": "summarization", "source": files} for name in ("news", "imdb")},
        "models": {name: {"source": {"kind": "folder", "path": name}} for name in ("t5", "t5-large", "flan")},
        "recipes": {"full": {"epochs": 5, "keep": [1, 5], "max_input_tokens": 300}},
        "decodings": {
            name: {"strategy": "greedy", "with_prompt": name == "whole"} for name in ("greedy", "other", "whole")
        },
        "studies": {"scored": {**STUDY, **changed}},
    }
    return Config.model_validate(values)


def cells(**changed: Any) -> list[tuple[Any, ...]]:
    config = configuration(**changed)
    study = config.studies["scored"]
    assert isinstance(study, Quality)
    return [tuple(cell.values()) for cell in study.cells(config)]


def test_models_without_fine_tuning_are_before_those_beside_them_and_have_one_state() -> None:
    assert cells() == [
        (model, state, epoch, 0, dataset, "greedy")
        for dataset in ("news", "imdb")
        for model, state, epoch in (("flan", "base", 0), ("t5", "base", 0), ("t5", "full", 5))
    ]
    pairs = cells(models=["t5", "t5-large"], against=["flan"], datasets=["news"], states=["full"])
    assert [cell[:2] for cell in pairs] == [("flan", "base"), ("t5", "full"), ("t5-large", "full")]


def test_epochs_and_decodings_are_axes() -> None:
    assert cells(against=[], datasets=["news"], epochs=[1, 5], decodings=["greedy", "other"]) == [
        ("t5", state, epoch, 0, "news", decoding)
        for decoding in ("greedy", "other")
        for state, epoch in (("base", 0), ("full", 1), ("full", 5))
    ]
    assert len(set(cells(datasets=["news", "news"], models=["t5", "t5"]))) == len(cells(datasets=["news"]))


def test_only_models_of_the_grid_are_trained_and_all_are_titled() -> None:
    config = configuration()
    study = config.studies["scored"]
    assert {training["model"] for training in study.trainings(config)} == {"t5"}
    assert list(study.titles(config)["models"]) == ["flan", "t5"]
    assert study.products("scored")[-1] == "figures/scored.png"
    assert len(study.products("scored")) == 8


def test_fine_tuned_models_read_what_they_read_in_training() -> None:
    config = configuration()
    assert plan.answer_settings(config, "base") == {"n": 1000, "max_input_tokens": 512, "seed": 0}
    assert plan.answer_settings(config, "full") == {"n": 1000, "max_input_tokens": 300, "seed": 0}


def test_quality_needs_a_test_split() -> None:
    values = configuration(against=[]).model_dump(mode="json")
    values["datasets"]["news"]["source"]["test"] = None
    with pytest.raises(UserError, match=r"studies\.scored\.datasets: quality is measured on a test split, .* 'news'"):
        local_files.check_inputs(Config.model_validate(values))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"against": ["flam"]}, r"studies\.scored\.against: given 'flam', which is not defined.*did you mean 'flan'\?"),
        ({"decodings": ["whole"]}, r"studies\.scored\.decodings: given 'whole', which has `with_prompt: true`"),
        ({"epochs": [2]}, r"studies\.scored\.epochs: given 2, which recipe 'full' does not keep"),
        ({"published": "nowhere"}, r"studies\.scored\.published: given 'nowhere'"),
    ],
)
def test_names_that_cannot_be_used_are_reported(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(configuration(**changed).model_dump(mode="json")), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        configfile.load([file])
