import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from memorization import local_files, plan
from memorization.config import Config
from memorization.errors import UserError

MODELS = ("t5-small", "t5-base", "gpt-neo")
DATASETS = ("news", "news-2", "chat", "qa.v1")
DECODINGS = ("greedy", "top_k", "top_p")
POPULATIONS = ("member", "control")


def study(**keys: Any) -> dict[str, Any]:
    plain = {"kind": "memorization", "datasets": ["news"], "models": ["t5-small"], "states": ["base", "full"]}
    return plain | keys


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
        "studies": {"table": study()},
    }
    return Config.model_validate(values | sections)


def grid() -> Config:
    everything = study(
        datasets=DATASETS,
        models=MODELS,
        states=["base", "full", "head"],
        decodings=DECODINGS,
    )
    return configuration(
        studies={
            "last": everything,
            "epochs": everything | {"states": ["full"], "epochs": [1, 5, 10]},
            "prefixes": everything | {"prefix_tokens": [15, 50]},
            "members": everything | {"control": False},
        }
    )


def test_no_two_runs_of_a_large_grid_share_a_path() -> None:
    runs = plan.all_runs(grid())
    # Each dataset with prefixes of 15 and 50 tokens and its own; the further epochs with its own alone.
    prefixes = sum(len({15, 50, 20 if name == "chat" else 50}) for name in DATASETS)
    states = prefixes * 3 + len(DATASETS) * 2
    assert len(runs) == len(MODELS) * len(DECODINGS) * len(POPULATIONS) * states
    assert max(Counter(run.path for run in runs).values()) == 1
    probes = {run.path: plan.fill(plan.PROBES, run) for run in runs}
    assert len(set(probes.values())) == len(MODELS) * len(POPULATIONS) * prefixes


def test_coordinates_can_be_read_back_from_the_path() -> None:
    for run in plan.all_runs(grid()):
        parts = dict(part.split("=", 1) for part in run.path.split("/")[1:])
        assert plan.Run(**parts | {key: int(parts[key]) for key in ("epoch", "prefix_tokens")}) == run  # type: ignore[arg-type]


def test_runs_that_studies_share_appear_once() -> None:
    config = configuration(
        studies={
            "one": study(epochs=[1]),
            "all": study(epochs=[1, 5]),
            "again": study(epochs=[5], control=False),
        }
    )
    assert Counter((run.state, run.epoch, run.population) for run in plan.all_runs(config)) == {
        (state, epoch, population): 1
        for state, epoch in (("base", 0), ("full", 1), ("full", 5))
        for population in POPULATIONS
    }


def test_the_rows_of_a_table_are_the_combinations_of_a_study_in_its_order() -> None:
    config = configuration(
        studies={
            "table": study(
                datasets=["news", "chat"], prefix_tokens=[50, 15], decodings=["top_k", "greedy"], epochs=[5, 1]
            )
        }
    )
    runs = plan.member_runs(config, config.studies["table"])
    assert [(run.dataset, run.prefix_tokens, run.decoding, run.state, run.epoch) for run in runs] == [
        (dataset, prefix, decoding, state, epoch)
        for dataset in ("news", "chat")
        for prefix in (50, 15)
        for decoding in ("top_k", "greedy")
        for state, epoch in (("base", 0), ("full", 5), ("full", 1))
    ]
    assert {run.population for run in runs} == {"member"}


def test_controls_are_the_same_runs_on_the_other_population() -> None:
    config = grid()
    members = plan.member_runs(config, config.studies["last"])
    runs = plan.study_runs(config, config.studies["last"])
    assert runs == members + [run.control() for run in members]
    assert plan.study_runs(config, config.studies["members"]) == members
    assert [each["task"] for each in plan.described_runs(config, config.studies["last"])] == ["qa"] * len(runs)


def test_a_dataset_named_twice_has_one_run() -> None:
    config = configuration(studies={"table": study(datasets=["news", "chat", "news"], states=["full"])})
    assert [run.dataset for run in plan.member_runs(config, config.studies["table"])] == ["news", "chat"]


def test_epoch_and_prefix_length_fall_back_to_the_recipe_and_the_dataset() -> None:
    config = configuration(studies={"table": study(datasets=["news", "chat"], states=["full"])})
    news, chat = plan.member_runs(config, config.studies["table"])
    assert (news.epoch, news.prefix_tokens, chat.prefix_tokens) == (10, 50, 20)
    assert plan.kept_epochs(config.recipes["full"]) == [1, 5, 10]
    assert plan.kept_epochs(config.recipes["head"]) == [2]


def test_a_training_run_stands_once_however_many_epochs_are_shown() -> None:
    config = configuration(studies={"table": study(epochs=[1, 5, 10])})
    assert plan.training_runs(config, config.studies["table"]) == [
        {"model": "t5-small", "recipe": "full", "dataset": "news"}
    ]


def test_every_study_is_a_target_and_makes_its_tables_and_figures() -> None:
    config = configuration(
        studies={"one": study(), "two": study(published="task_disparity")}, targets={"both": ["one", "two"]}
    )
    assert local_files.targets(config) == {"one": ["one"], "two": ["two"], "both": ["one", "two"]}
    made = plan.products(config, "two")
    assert len(made) == len(set(made)) == 3 * len(plan.TABLE_FORMATS) + len(plan.FIGURE_FORMATS)
    assert "tables/two-published.md" in made
    assert not any("published" in file for file in plan.products(config, "one"))


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
        studies={"table": study()},
    )
    assert plan.titles(config, config.studies["table"]) == {
        "datasets": {"news": "news"},
        "models": {"t5-small": "T5-small"},
    }


def test_roots_are_put_into_paths_and_other_braces_stay() -> None:
    config = configuration(data_root="/big/{disk}")
    assert local_files.dataset_files(config, "news") == {
        "train": "/big/{disk}/news.parquet",
        "test": "/big/{disk}/news.parquet",
    }
    assert local_files.model_folder(config, "t5-small") == "models/t5-small"


@pytest.mark.parametrize("key", ["data_root", "model_root"])
def test_a_root_that_is_not_set_is_asked_for(key: str) -> None:
    config = configuration(**{key: None})
    with pytest.raises(UserError, match=rf"needs `{key}`, which is not set.*--config {key}=FOLDER"):
        local_files.check_inputs(config)


def test_both_roots_that_are_not_set_are_asked_for_at_once() -> None:
    with pytest.raises(UserError) as raised:
        local_files.check_inputs(configuration(data_root=None, model_root=None))
    assert "--config data_root=FOLDER" in str(raised.value)
    assert "--config model_root=FOLDER" in str(raised.value)


def test_every_missing_file_is_told_at_once(tmp_path: Path) -> None:
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
    assert lines[-1].endswith("no config.json there; a model folder holds config.json, *.safetensors and a tokenizer.")
    assert str(tmp_path / "chat.parquet") in lines[0]


def test_inputs_that_no_study_needs_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    (tmp_path / "t5-small").mkdir()
    (tmp_path / "t5-small/config.json").touch()
    local_files.check_inputs(configuration(data_root=str(tmp_path), model_root=str(tmp_path)))


def scratch(dataset: str) -> dict[str, Any]:
    pretraining = {"dataset": dataset, "epochs": 1}
    return {"source": {"kind": "scratch", "architecture": {"model_type": "t5"}, "pretraining": pretraining}}


def test_files_that_a_model_is_pretrained_on_are_looked_for(tmp_path: Path) -> None:
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
def test_settings_of_datasets_and_models_do_not_name_places(root: str) -> None:
    here, there = configuration(data_root=root, model_root=root), configuration()
    for dataset in DATASETS:
        settings = local_files.dataset_settings(here, dataset)
        assert root not in json.dumps(settings)
        assert settings == local_files.dataset_settings(there, dataset)
    for model in MODELS:
        assert root not in json.dumps(local_files.model_settings(here, model))
        assert local_files.model_settings(here, model) == local_files.model_settings(there, model)


def test_settings_leave_out_what_changes_no_row() -> None:
    assert not {"title", "prefix_tokens"} & set(local_files.dataset_settings(configuration(), "chat"))


def likelihood(**keys: Any) -> dict[str, Any]:
    return study(kind="likelihood", **keys)


def test_likelihoods_are_asked_of_every_combination_once() -> None:
    asked = likelihood(
        models=["t5-small", "gpt-neo"], datasets=["news", "chat"], states=["base", "full"], epochs=[1, 10]
    )
    config = configuration(studies={"likely": asked})

    cells = plan.likelihood_cells(config, config.studies["likely"])

    places = [plan.fill(plan.LIKELIHOOD, cell) for cell in cells]
    assert len(set(places)) == len(places) == 2 * 2 * 3 * len(POPULATIONS)
    assert places[:3] == [
        "likelihoods/model=t5-small/state=base/epoch=0/dataset=news/population=member/prefix_tokens=50",
        "likelihoods/model=t5-small/state=base/epoch=0/dataset=news/population=control/prefix_tokens=50",
        "likelihoods/model=t5-small/state=full/epoch=1/dataset=news/population=member/prefix_tokens=50",
    ]
    assert {cell["prefix_tokens"] for cell in cells if cell["dataset"] == "chat"} == {20}
    assert plan.study_runs(config, config.studies["likely"]) == []


def test_one_likelihood_serves_all_studies_that_ask_for_it() -> None:
    config = configuration(
        studies={
            "one": likelihood(decodings=["top_p", "greedy"], tokens=50, draws=[1, 100], probability=[0.5]),
            "other": likelihood(decodings=["top_k"], tokens=20, draws=[10, 1], probability=[0.1, 0.5], control=False),
            "elsewhere": likelihood(datasets=["chat"], tokens=7),
            "table": study(),
        }
    )
    member, control = plan.likelihood_cells(config, config.studies["one"])[:2]

    assert plan.likelihood_settings(config, {key: str(value) for key, value in member.items()}) == {
        "decodings": ["greedy", "top_k", "top_p"],
        "tokens": [20, 50],
        "draws": [1, 10, 100],
        "probability": [0.1, 0.5],
    }
    assert plan.likelihood_settings(config, control)["tokens"] == [50]


def test_a_study_of_likelihoods_has_one_table_and_one_figure() -> None:
    config = configuration(studies={"likely": likelihood()})

    assert plan.products(config, "likely") == [
        *(f"tables/likely.{ending}" for ending in plan.TABLE_FORMATS),
        *(f"figures/likely.{ending}" for ending in plan.FIGURE_FORMATS),
    ]
