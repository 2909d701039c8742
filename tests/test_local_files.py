import json
from pathlib import Path
from typing import Any

import pytest
from configurations import DATASETS, MODELS, configuration, study

from memorization import local_files, plan
from memorization.errors import UserError


def test_roots_are_inserted_into_paths_and_other_braces_stay() -> None:
    config = configuration(data_root="/big/{disk}")
    assert local_files.dataset_files(config, "news") == {
        "train": "/big/{disk}/news.parquet",
        "test": "/big/{disk}/news.parquet",
    }
    assert local_files.model_folder(config, "t5-small") == "models/t5-small"


@pytest.mark.parametrize("key", ["data_root", "model_root"])
def test_a_root_that_is_needed_and_not_set_is_an_error(key: str) -> None:
    config = configuration(**{key: None})
    with pytest.raises(UserError, match=rf"needs `{key}`, which is not set.*--config {key}=FOLDER"):
        local_files.check_inputs(config)


def test_both_roots_that_are_not_set_are_reported_at_once() -> None:
    with pytest.raises(UserError) as raised:
        local_files.check_inputs(configuration(data_root=None, model_root=None))
    assert "--config data_root=FOLDER" in str(raised.value)
    assert "--config model_root=FOLDER" in str(raised.value)


def test_every_missing_file_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    (tmp_path / "t5-base").mkdir()
    config = configuration(
        data_root=str(tmp_path),
        model_root=str(tmp_path),
        studies={"table": study(datasets=["news", "chat", "qa.v1"], models=["t5-small", "t5-base"])},
    )
    with pytest.raises(UserError) as raised:
        local_files.check_inputs(config)
    heading, *lines = str(raised.value).splitlines()
    assert heading == "Inputs are missing."
    assert [line.strip().split(":")[0] for line in lines] == [
        "datasets.chat.source.train",
        "datasets.chat.source.test",
        "datasets.qa.v1.source.train",
        "datasets.qa.v1.source.test",
        "models.t5-small.source.path",
        "models.t5-base.source.path",
    ]
    assert lines[-1].endswith("no config.json; a model folder contains config.json, *.safetensors and a tokenizer.")
    assert str(tmp_path / "chat.parquet") in lines[0]


def test_inputs_that_no_study_needs_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    (tmp_path / "t5-small").mkdir()
    (tmp_path / "t5-small/config.json").touch()
    local_files.check_inputs(configuration(data_root=str(tmp_path), model_root=str(tmp_path)))


def scratch(dataset: str) -> dict[str, Any]:
    pretraining = {"dataset": dataset, "epochs": 1}
    return {"source": {"kind": "scratch", "architecture": {"model_type": "t5"}, "pretraining": pretraining}}


def test_files_that_a_model_is_pretrained_on_are_checked(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    config = configuration(data_root=str(tmp_path), models={"t5-small": scratch("chat")})
    assert plan.pretraining_dataset(config, "t5-small") == "chat"
    with pytest.raises(UserError, match=r"datasets\.chat\.source\.train"):
        local_files.check_inputs(config)


def test_controls_need_a_test_split() -> None:
    synthetic = {"task": "qa", "source": {"kind": "synthetic", "corpora": ["news"], "train": 3}}
    config = configuration(
        datasets={"news": synthetic},
        models={"t5-small": scratch("news")},
    )
    with pytest.raises(UserError, match=r"studies\.table\.control: controls need a test split.*'news'"):
        local_files.check_inputs(config)
    local_files.check_inputs(
        configuration(
            datasets={"news": synthetic},
            models={"t5-small": scratch("news")},
            studies={"table": study(control=False)},
        )
    )


@pytest.mark.parametrize("root", ["/somewhere/else", "relative"])
def test_settings_of_datasets_and_models_contain_no_paths(root: str) -> None:
    here, there = configuration(data_root=root, model_root=root), configuration()
    for dataset in DATASETS:
        settings = local_files.dataset_settings(here, dataset)
        assert root not in json.dumps(settings)
        assert settings == local_files.dataset_settings(there, dataset)
    for model in MODELS:
        assert root not in json.dumps(local_files.model_settings(here, model))
        assert local_files.model_settings(here, model) == local_files.model_settings(there, model)


def test_settings_leave_out_keys_that_change_no_row() -> None:
    assert not {"title", "prefix_tokens", "segmentation"} & set(local_files.dataset_settings(configuration(), "chat"))
