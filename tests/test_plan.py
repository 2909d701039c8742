import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from memorization import plan
from memorization.config import Config
from memorization.errors import UserError

MODELS = ("t5-small", "t5-base", "gpt-neo")
DATASETS = ("news", "news-2", "chat", "qa.v1")
DECODINGS = ("greedy", "top_k", "top_p")
POPULATIONS = ("member", "control")
PREFIXES = (None, 15, 50)


def configuration(**sections: Any) -> Config:
    files = {"kind": "files", "train": "{data_root}/{name}.parquet", "test": "{data_root}/{name}.parquet"}
    values: dict[str, Any] = {
        "data_root": "data",
        "model_root": "models",
        "datasets": {
            name: {
                "task": "qa",
                "source": {key: value.replace("{name}", name) for key, value in files.items()},
                "prefix_tokens": 20 if name == "chat" else None,
            }
            for name in DATASETS
        },
        "models": {name: {"source": {"kind": "folder", "path": f"{{model_root}}/{name}"}} for name in MODELS},
        "recipes": {"full": {"epochs": 10, "keep": [10, 1, 5]}, "head": {"epochs": 2}},
        "decodings": {name: {"strategy": "sample" if name != "greedy" else "greedy"} for name in DECODINGS},
        "studies": {"table": {"datasets": ["news"], "models": ["t5-small"]}},
    }
    return Config.model_validate(values | sections)


def grid() -> Config:
    states = (("full", None), ("full", 1), ("full", 5), ("head", None))
    studies = {
        f"{recipe}-{epoch}-{decoding}-{population}-{prefix}": {
            "datasets": DATASETS,
            "models": MODELS,
            "recipe": recipe,
            "epoch": epoch,
            "decoding": decoding,
            "population": population,
            "prefix_tokens": prefix,
        }
        for (recipe, epoch), decoding, population, prefix in product(states, DECODINGS, POPULATIONS, PREFIXES)
    }
    return configuration(studies=studies)


def test_no_two_runs_of_a_large_grid_share_a_path() -> None:
    runs = plan.all_runs(grid())
    cells = sum(len({prefix or (20 if name == "chat" else 50) for prefix in PREFIXES}) for name in DATASETS)
    assert len(runs) == len(MODELS) * len(DECODINGS) * len(POPULATIONS) * cells * 5
    assert max(Counter(run.path for run in runs).values()) == 1
    probes = {run.path: plan.fill(plan.PROBES, run) for run in runs}
    assert len(set(probes.values())) == len(MODELS) * len(POPULATIONS) * cells


def test_coordinates_can_be_read_back_from_the_path() -> None:
    for run in plan.all_runs(grid()):
        parts = dict(part.split("=", 1) for part in run.path.split("/")[1:])
        assert plan.Run(**parts | {key: int(parts[key]) for key in ("epoch", "prefix_tokens")}) == run  # type: ignore[arg-type]


def test_the_base_run_that_studies_share_appears_once() -> None:
    study = {"datasets": ["news"], "models": ["t5-small"]}
    config = configuration(
        studies={"one": study | {"epoch": 1}, "five": study | {"epoch": 5}, "again": study | {"epoch": 5}}
    )
    assert Counter((run.state, run.epoch) for run in plan.all_runs(config)) == {
        ("base", 0): 1,
        ("full", 1): 1,
        ("full", 5): 1,
    }


def test_every_fine_tuned_run_stands_behind_its_base() -> None:
    config = grid()
    for study in config.studies.values():
        runs = plan.study_runs(config, study)
        for run in plan.fine_tuned_runs(config, study):
            assert runs.index(run.base()) < runs.index(run)


def test_a_dataset_named_twice_has_one_run() -> None:
    config = configuration(studies={"table": {"datasets": ["news", "chat", "news"], "models": ["t5-small"]}})
    assert [run.dataset for run in plan.fine_tuned_runs(config, config.studies["table"])] == ["news", "chat"]


def test_epoch_and_prefix_length_fall_back_to_the_recipe_and_the_dataset() -> None:
    config = configuration(studies={"table": {"datasets": ["news", "chat"], "models": ["t5-small"]}})
    news, chat = plan.fine_tuned_runs(config, config.studies["table"])
    assert (news.epoch, news.prefix_tokens, chat.prefix_tokens) == (10, 50, 20)
    assert plan.kept_epochs(config.recipes["full"]) == [1, 5, 10]
    assert plan.kept_epochs(config.recipes["head"]) == [2]


def test_a_pattern_is_filled_from_a_run_and_from_a_mapping() -> None:
    run = plan.Run("m", "full", 3, "d", "member", 50, "greedy")
    assert (
        run.path
        == plan.fill(plan.RUN, run)
        == ("runs/model=m/state=full/epoch=3/dataset=d/population=member/prefix_tokens=50/decoding=greedy")
    )
    assert plan.fill(plan.DATASET, {"dataset": "d"}) == "datasets/d.parquet"
    assert plan.fill(plan.PROBES, run).startswith(plan.fill(plan.PROBED, run))


def test_titles_fall_back_to_names() -> None:
    config = configuration(
        models={"t5-small": {"title": "T5-small", "source": {"kind": "folder", "path": "t5"}}},
        studies={"table": {"datasets": ["news"], "models": ["t5-small"]}},
    )
    assert plan.titles(config, config.studies["table"]) == {
        "datasets": {"news": "news"},
        "models": {"t5-small": "T5-small"},
    }


def test_roots_are_put_into_paths_and_other_braces_stay() -> None:
    config = configuration(data_root="/big/{disk}")
    assert plan.dataset_files(config, "news") == {
        "train": "/big/{disk}/news.parquet",
        "test": "/big/{disk}/news.parquet",
    }
    assert plan.model_folder(config, "t5-small") == "models/t5-small"


@pytest.mark.parametrize("key", ["data_root", "model_root"])
def test_a_root_that_is_not_set_is_asked_for(key: str) -> None:
    config = configuration(**{key: None})
    with pytest.raises(UserError, match=rf"needs `{key}`, which is not set.*--config {key}=FOLDER"):
        plan.check_inputs(config)


def test_both_roots_that_are_not_set_are_asked_for_at_once() -> None:
    with pytest.raises(UserError) as raised:
        plan.check_inputs(configuration(data_root=None, model_root=None))
    assert "--config data_root=FOLDER" in str(raised.value)
    assert "--config model_root=FOLDER" in str(raised.value)


def test_every_missing_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    (tmp_path / "t5-base").mkdir()
    config = configuration(
        data_root=str(tmp_path),
        model_root=str(tmp_path),
        studies={"table": {"datasets": ["news", "chat", "qa.v1"], "models": ["t5-small", "t5-base"]}},
    )
    with pytest.raises(UserError) as raised:
        plan.check_inputs(config)
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
    assert lines[-1].endswith("no config.json there; a model folder holds config.json, *.safetensors and a tokenizer.")
    assert str(tmp_path / "chat.parquet") in lines[0]


def test_inputs_that_no_study_needs_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    (tmp_path / "t5-small").mkdir()
    (tmp_path / "t5-small/config.json").touch()
    plan.check_inputs(configuration(data_root=str(tmp_path), model_root=str(tmp_path)))


def scratch(dataset: str) -> dict[str, Any]:
    pretraining = {"dataset": dataset, "epochs": 1}
    return {"source": {"kind": "scratch", "architecture": {"model_type": "t5"}, "pretraining": pretraining}}


def test_files_that_a_model_is_pretrained_on_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    config = configuration(data_root=str(tmp_path), models={"t5-small": scratch("chat")})
    assert plan.pretraining_dataset(config, "t5-small") == "chat"
    with pytest.raises(UserError, match=r"datasets\.chat\.source\.train"):
        plan.check_inputs(config)


def test_controls_need_a_test_split() -> None:
    synthetic = {"task": "qa", "source": {"kind": "synthetic", "corpora": ["news"], "train": 3}}
    config = configuration(
        datasets={"news": synthetic},
        models={"t5-small": scratch("news")},
        studies={"table": {"datasets": ["news"], "models": ["t5-small"], "population": "control"}},
    )
    with pytest.raises(UserError, match=r"studies\.table\.population: `control` needs a test split.*'news'"):
        plan.check_inputs(config)


@pytest.mark.parametrize("root", ["/somewhere/else", "relative"])
def test_settings_of_datasets_and_models_do_not_name_places(root: str) -> None:
    here, there = configuration(data_root=root, model_root=root), configuration()
    for dataset in DATASETS:
        settings = plan.dataset_settings(here, dataset)
        assert root not in json.dumps(settings)
        assert settings == plan.dataset_settings(there, dataset)
    for model in MODELS:
        assert root not in json.dumps(plan.model_settings(here, model))
        assert plan.model_settings(here, model) == plan.model_settings(there, model)


def test_settings_leave_out_what_changes_no_row() -> None:
    assert not {"title", "prefix_tokens"} & set(plan.dataset_settings(configuration(), "chat"))
