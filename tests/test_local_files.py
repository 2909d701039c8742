import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from configurations import DATASETS, MODELS, configuration, study
from model_folders import write_adapter, write_checkpoint, write_tokenizer

from memorization import local_files, plan
from memorization.errors import UserError
from memorization.studies.kinds import Config


def test_roots_are_inserted_into_paths_and_other_braces_stay() -> None:
    config = configuration(data_root="/big/{disk}")
    assert local_files.dataset_files(config, "news") == {
        "train": ["/big/{disk}/news.parquet"],
        "test": ["/big/{disk}/news.parquet"],
    }
    assert local_files.checkpoint_folders(config, "t5-small") == {"files": "models/t5-small"}


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
    assert "no config.json; a model folder contains config.json, *.safetensors and a tokenizer" in lines[-1]
    assert str(tmp_path / "chat.parquet") in lines[0]


def test_inputs_that_no_study_needs_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").touch()
    write_checkpoint(tmp_path / "t5-small")
    local_files.check_inputs(configuration(data_root=str(tmp_path), model_root=str(tmp_path)))


def of_models(tmp_path: Path, models: dict[str, Any], **keys: Any) -> Config:
    """A configuration of models in that folder, with one study of the first."""
    (tmp_path / "news.parquet").touch()
    named = study(models=list(models)[:1], **keys)
    return configuration(data_root=str(tmp_path), model_root=str(tmp_path), models=models, studies={"table": named})


def faults_of(config: Config) -> list[str]:
    try:
        local_files.check_inputs(config)
    except UserError as error:
        return [line.strip() for line in str(error).splitlines()[1:]]
    return []


def folder_source(name: str, **keys: Any) -> dict[str, Any]:
    return {"kind": "folder", "path": f"{{model_root}}/{name}", **keys}


def test_files_of_models_are_looked_at_before_the_run(tmp_path: Path) -> None:
    config = of_models(tmp_path, {"mine": {"source": folder_source("mine")}})
    weights = write_checkpoint(tmp_path / "mine") / "model.safetensors"
    assert faults_of(config) == []

    weights.write_bytes(weights.read_bytes()[:-1])

    (fault,) = faults_of(config)
    assert fault.startswith(f"models.mine.source.path: {weights}: no safetensors file, or not a whole one")


CHAT: dict[str, Any] = {
    "task": "dialog",
    "source": {"kind": "files", "train": "{data_root}/news.parquet"},
    "conversation": {"chat_template": True},
}


@pytest.mark.parametrize(
    ("architecture", "files", "fault"),
    [
        (
            "gpt2",
            {},
            "models.mine.source: `datasets.news.conversation` has `chat_template: true`, and the model has no",
        ),
        ("gpt2", {"tokenizer_config.json": '{"chat_template": "x"}'}, None),
        ("gpt2", {"chat_template.jinja": "x"}, None),
        ("t5", {}, None),
    ],
)
def test_a_chat_template_that_training_needs_is_looked_for(
    tmp_path: Path, architecture: str, files: dict[str, str], fault: str | None
) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    for name, content in {"config.json": json.dumps({"model_type": architecture}), **files}.items():
        (folder / name).write_text(content)
    (tmp_path / "news.parquet").touch()
    settings = {
        "data_root": str(tmp_path),
        "model_root": str(tmp_path),
        "models": {"mine": {"source": folder_source("mine")}},
        "datasets": {"news": CHAT},
    }
    trained, untrained = (study(models=["mine"], control=False, states=states) for states in (["full"], ["base"]))
    assert faults_of(configuration(studies={"table": untrained}, **settings)) == []
    found = faults_of(configuration(studies={"table": trained}, **settings))
    assert [each[: len(fault or "")] for each in found] == ([fault] if fault else [])
    plain = CHAT | {"conversation": {}}
    assert faults_of(configuration(studies={"table": trained}, **settings | {"datasets": {"news": plain}})) == []


def test_blocks_cannot_be_filled_with_turns(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / "chat_template.jinja").write_text("x")
    recipes = {"full": {"epochs": 1, "blocks": {"tokens": 8}}}
    models = {"mine": {"source": folder_source("mine")}}
    (tmp_path / "news.parquet").touch()
    config = configuration(
        data_root=str(tmp_path),
        model_root=str(tmp_path),
        models=models,
        recipes=recipes,
        datasets={"news": CHAT},
        studies={"table": study(models=["mine"], control=False, states=["full"])},
    )
    assert faults_of(config) == [
        "recipes.full.blocks: `datasets.news.conversation` has `chat_template: true`, and a stream of texts has no "
        "turns: leave one of them out."
    ]


def test_an_adapter_needs_its_base(tmp_path: Path) -> None:
    config = of_models(tmp_path, {"mine": {"source": folder_source("adapter")}})
    base = tmp_path / "base"
    adapter = write_adapter(tmp_path / "adapter", str(base))

    (fault,) = faults_of(config)
    assert fault.startswith(f"models.mine.source.path: {adapter}/adapter_config.json: the model that the adapter")
    assert f"is {base}, and there is no such folder" in fault

    write_checkpoint(base)
    assert faults_of(config) == []
    assert local_files.checkpoint_folders(config, "mine") == {"files": str(adapter), "base": str(base)}
    assert local_files.weights_folder(config, "mine") == str(base)

    (base / "model.safetensors").write_bytes(b"")
    (fault,) = faults_of(config)
    assert fault.startswith(f"models.mine.source.base.path: {base}/model.safetensors")


def test_a_base_in_the_configuration_stands_for_the_adapters_own(tmp_path: Path) -> None:
    write_adapter(tmp_path / "adapter", "/not/here")
    write_checkpoint(tmp_path / "base")
    whole = write_checkpoint(tmp_path / "whole")
    mine = {"source": folder_source("adapter", base=folder_source("base"))}

    config = of_models(tmp_path, {"mine": mine})
    assert faults_of(config) == []
    assert local_files.checkpoint_folders(config, "mine")["base"] == str(tmp_path / "base")

    needless = of_models(tmp_path, {"mine": {"source": folder_source("whole", base=folder_source("base"))}})
    assert faults_of(needless) == [
        f"models.mine.source.base: given, and {whole} contains no adapter (adapter_config.json); leave it out."
    ]


def test_fine_tuned_states_are_looked_at_where_a_study_names_them(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    mine = {"source": folder_source("mine"), "fine_tuned": {"shipped": folder_source("shipped")}}

    assert faults_of(of_models(tmp_path, {"mine": mine})) == []
    named = of_models(tmp_path, {"mine": mine}, states=["base", "shipped"])
    assert faults_of(named) == [f"models.mine.fine_tuned.shipped.path: {tmp_path}/shipped: no such folder."]

    shipped = write_checkpoint(tmp_path / "shipped")
    (shipped / "tokenizer.json").unlink()
    assert faults_of(named) == []
    # An adapter belongs to the model's own checkpoint, whatever base it names.
    adapted = {"source": folder_source("mine"), "fine_tuned": {"shipped": folder_source("adapter")}}
    write_adapter(tmp_path / "adapter", "/not/here")
    config = of_models(tmp_path, {"mine": adapted}, states=["base", "shipped"])
    assert faults_of(config) == []
    assert local_files.checkpoint_folders(config, "mine", "shipped") == {"files": str(tmp_path / "adapter")}


@pytest.mark.parametrize("source", ["folder", "encoder"])
def test_classifiers_and_encoders_are_looked_at(source: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    (write_checkpoint(tmp_path / "judge") / "tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1")
    judge: dict[str, Any] = folder_source("judge")
    if source == "encoder":
        pairs = {"kind": "synthetic", "train": 8, "seed": 1}
        judge = {"kind": "trained", "encoder": judge, "pairs": pairs, "epochs": 1}
    (tmp_path / "news.parquet").touch()
    config = configuration(
        data_root=str(tmp_path),
        model_root=str(tmp_path),
        models={"mine": {"source": folder_source("mine")}},
        classifiers={"judge": {"source": judge}},
        detection={"paraphrase": {"classifier": "judge"}},
        studies={"table": study(models=["mine"])},
    )

    (fault,) = faults_of(config)

    part = "encoder.path" if source == "encoder" else "path"
    assert fault.startswith(f"classifiers.judge.source.{part}: {tmp_path}/judge: tokenizer.json: a pointer of Git LFS")


def test_a_tokenizer_of_a_model_from_scratch_is_looked_at(tmp_path: Path) -> None:
    mine = scratch("news")
    mine["source"]["tokenizer"] = "{model_root}/tokenizer"
    config = of_models(tmp_path, {"mine": mine})

    assert faults_of(config) == [f"models.mine.source.tokenizer: {tmp_path}/tokenizer: no such folder."]
    write_tokenizer(tmp_path / "tokenizer")
    assert faults_of(config) == []


def test_settings_of_models_contain_a_base_only_for_adapters_and_no_path(tmp_path: Path) -> None:
    models = {
        "whole": {"source": folder_source("whole"), "fine_tuned": {"shipped": folder_source("one")}},
        "adapter": {"source": folder_source("adapter", base=folder_source("base"))},
    }
    config = of_models(tmp_path, models)

    assert local_files.model_settings(config, "whole") == {"kind": "folder", "path": "folder"}
    assert local_files.model_settings(config, "whole", "shipped") == {"kind": "folder", "path": "folder"}
    assert local_files.model_settings(config, "adapter")["base"] == {"kind": "folder", "path": "folder"}


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


@pytest.mark.parametrize("instruction", ["", "Sum up.", "{title}"])
def test_an_instruction_is_a_setting_of_the_dataset_or_shared_by_all_rows(instruction: str) -> None:
    news = of_files("a.csv")["news"]
    config = configuration(datasets={"news": {**news, "instruction": instruction}, "chat": news})
    setting = local_files.dataset_settings(config, "news").get("instruction")
    shared = local_files.shared_instructions(config, ["chat", "news"])
    own = instruction == "{title}"
    assert (setting, shared) == (instruction if own else None, {"chat": ""} | ({} if own else {"news": instruction}))


def files_in(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [str(folder / name) for name in names]


def of_files(train: Any, **keys: Any) -> dict[str, Any]:
    return {"news": {"task": "qa", "source": {"kind": "files", "train": train, **keys}}}


def test_patterns_and_lists_are_read_in_order(tmp_path: Path) -> None:
    files_in(tmp_path, "b-2.csv", "b-1.csv", "a.jsonl", "sub/b-3.csv", "b-4.csv/in.csv")
    config = configuration(data_root=str(tmp_path), datasets=of_files(["{data_root}/b-*.csv", "{data_root}/a.jsonl"]))
    found = local_files.dataset_files(config, "news")
    assert found == {"train": [f"{tmp_path}/{name}" for name in ("b-1.csv", "b-2.csv", "a.jsonl")]}
    everything = configuration(datasets=of_files(f"{tmp_path}/**/*.csv"))
    assert len(local_files.dataset_files(everything, "news")["train"]) == 4
    assert local_files.dataset_settings(config, "news") == local_files.dataset_settings(everything, "news")


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    [file] = files_in(tmp_path, "rows[1].csv")
    assert local_files.dataset_files(configuration(datasets=of_files(file)), "news") == {"train": [file]}


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    [file] = files_in(tmp_path, "a.csv")
    with pytest.raises(UserError, match=r"datasets\.news\.source\.train: .*a\.csv: is named twice"):
        local_files.check_inputs(configuration(datasets=of_files([file, f"{tmp_path}/*.csv"])))


def test_folders_that_save_to_disk_has_written_are_their_files(tmp_path: Path) -> None:
    datasets.DatasetDict(
        {split: datasets.Dataset.from_dict({"input": ["x", "y"]}) for split in ("train", "validation")}
    ).save_to_disk(tmp_path / "both", num_shards={"train": 2, "validation": 1})
    both = tmp_path / "both"
    config = configuration(datasets=of_files(str(both), test=str(both / "validation")))
    assert local_files.dataset_files(config, "news") == {
        "train": [f"{both}/train/data-0000{n}-of-00002.arrow" for n in (0, 1)],
        "test": [f"{both}/validation/data-00000-of-00001.arrow"],
    }
    with pytest.raises(UserError, match=r"has no split 'test'; it has train, validation: name the folder of one"):
        local_files.check_inputs(configuration(datasets=of_files(str(both), test=str(both))))
    (both / "train/data-00001-of-00002.arrow").unlink()
    with pytest.raises(UserError, match=r"data-00001-of-00002\.arrow: no such file"):
        local_files.check_inputs(config)


def test_what_a_path_does_not_lead_to_is_told(tmp_path: Path) -> None:
    config = configuration(datasets=of_files(f"{tmp_path}/*.csv", test=str(tmp_path)))
    with pytest.raises(UserError) as raised:
        local_files.check_inputs(config)
    assert f"datasets.news.source.train: {tmp_path}/*.csv: no file matches this pattern." in str(raised.value)
    assert f"datasets.news.source.test: {tmp_path}: is a folder, and no dataset that" in str(raised.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("x" * 300, "cannot be read (File name too long)."), ("a\0b", "no such file."), ("a\0b*", "no file matches this")],
)
def test_paths_that_no_file_can_have_are_told(path: str, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        local_files.check_inputs(configuration(datasets=of_files(path), studies={"table": study(control=False)}))
    assert f"datasets.news.source.train: {path}: {reason}" in str(raised.value)


def test_studies_of_optional_patterns_without_a_file_are_left_out(tmp_path: Path) -> None:
    config = configuration(datasets=of_files(f"{tmp_path}/*.csv", optional=True))
    assert "no file matches this pattern" in local_files.left_out(config)["table"]


def test_new_keys_that_are_not_set_change_no_settings() -> None:
    settings = local_files.dataset_settings(configuration(), "chat")
    assert not {"separator", "encoding", "join", "conversation", "drop_overlap"} & {*settings, *settings["source"]}
    changed = {"task": "qa", "join": " ", "source": {"kind": "files", "train": "a.csv", "separator": ";"}}
    settings = local_files.dataset_settings(configuration(datasets={"news": changed}), "news")
    assert (settings["join"], settings["source"]["separator"]) == (" ", ";")


def test_settings_of_pairs_contain_no_paths_and_no_new_keys() -> None:
    pairs = {"kind": "files", "train": ["a.csv", "b.csv"], "encoding": "cp1252"}
    judge = {"source": {"kind": "trained", "architecture": {"model_type": "bert"}, "pairs": pairs}}
    settings = local_files.classifier_settings(configuration(classifiers={"judge": judge}), "judge")["pairs"]
    assert settings["train"] == "train"
    assert settings["encoding"] == "cp1252"
    assert "separator" not in settings


def test_a_file_of_both_splits_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "a", "target": "b", "part": "train"}\n')
    source = {"kind": "files", "train": str(file), "test": str(tmp_path / "*.jsonl")}

    def of(source: dict[str, Any]) -> Config:
        datasets = {"texts": {"task": "qa", "source": source}}
        return configuration(datasets=datasets, studies={"table": study(datasets=["texts"])})

    with pytest.raises(UserError, match=r"is a file of both splits, so that training inputs would be their own"):
        local_files.dataset_files(of(source), "texts")
    apart = of(source | {"split_column": "part"})
    assert local_files.dataset_files(apart, "texts") == {"train": [str(file)], "test": [str(file)]}


def test_an_engine_that_does_not_know_a_model_is_refused() -> None:
    bart = {
        "bart": {"source": {"kind": "hub", "name": "a/b", "revision": "main"}, "architecture": {"model_type": "bart"}}
    }
    known = {"models": bart, "studies": {"table": study(models=["bart"])}}

    local_files.check_engines(configuration(**known))
    local_files.check_engines(configuration(**known, compute={"engine": "transformers"}))
    with pytest.raises(
        UserError, match=r"^models\.bart: compute\.engine: given 'native', .* models of type bart, only t5,"
    ):
        local_files.check_engines(configuration(**known, compute={"engine": "native"}))


def test_training_data_below_a_folder_that_is_written_from_it_is_refused() -> None:
    output = "results/audit/release/without_leaked_records"
    local_files.check_apart(output, {"news": [f"{output}-2/rows.csv", "rows.csv"], "chat": []})

    with pytest.raises(UserError, match=r"^datasets\.chat\.source\.train: .*rows\.csv: is below .*: copy it elsewhere"):
        local_files.check_apart(output, {"news": [], "chat": ["rows.csv", f"{Path.cwd()}/{output}/chat/rows.csv"]})
