"""The real loading code against a local hub: what passes is tried again, the rest is one message."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from made_up import SEEN, folder, of_record, plain, script_only
from stand_in import Hub, Repository
from tiny import moses_tokenizer, tiny_model, tiny_tokenizer

from memorization import configfile
from memorization.config.data import HubDataset
from memorization.config.models import HubModel, HubTokenizer
from memorization.models import files
from memorization.studies.kinds import Config

ROOT = Path(__file__).resolve().parents[2]
# One process makes each hub once.
pytestmark = pytest.mark.xdist_group("hub")
CONFIGURATIONS = ("paper", "quick")
PLAIN = {"kind": "hub", "configuration": "plain", "revision": "main", "test": "validation"}


def ask(hub: Hub, questions: dict[str, Any], place: Path) -> dict[str, Any]:
    """What the project's code makes of the hub, by question."""
    answers = place / "answers.json"
    asked = {"questions": questions, "folder": str(place), "answers": str(answers)}
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(place / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }
    for left_out in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_DATASETS_CACHE"):
        environment.pop(left_out, None)
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("asking.py"))],
        input=json.dumps(asked),
        text=True,
        capture_output=True,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, Any] = json.loads(answers.read_text())
    return found


def given(name: str, **settings: Any) -> list[Any]:
    """A question for a dataset of the hub."""
    return ["dataset", {"task": "qa", "source": {**PLAIN, "name": name, **settings}}]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Hub]:
    repositories = {
        "some/plain": plain(),
        "some/many": plain(files_of_train=10),
        "some/converted": Repository(
            {
                f"default/{split}/0000.parquet": plain().files["data/validation-0.parquet"]
                for split in ("train", "test")
            },
            refs=("refs/convert/parquet",),
        ),
        "some/program": script_only("program"),
        "some/gated": plain(gated=True),
        "some/busy": plain(faults={"train-0": [500, 429], "api/": [503], "README": [502]}),
        "some/down": plain(faults={"datasets": [-500]}),
        "some/broken_off": plain(broken={"data/train-0.parquet": 200}),
    }
    questions = {
        "plain": given("some/plain"),
        "head": given("some/plain", train="train[:20]"),
        "head_of_two_files": given("some/plain", train="train[:40]"),
        "head_of_many": given("some/many", train="train[:12]"),
        "share": given("some/plain", train="train[:50%]", test="train[50%:]"),
        "converted": ["dataset", {"task": "qa", "source": {
            "kind": "hub", "name": "some/converted", "revision": "refs/convert/parquet"}}],
        "program": given("some/program", configuration=None),
        "gated": given("some/gated"),
        "busy": given("some/busy"),
        "down": given("some/down"),
        "broken_off": given("some/broken_off"),
        "missing": given("some/nothing"),
        "no_revision": given("some/plain", revision="v9"),
        "no_configuration": given("some/plain", configuration="other"),
        "no_split": given("some/plain", train="training"),
        "no_split_head": given("some/plain", train="training[:20]"),
    }  # fmt: skip
    with Hub({}, repositories) as hub:
        return ask(hub, questions, tmp_path_factory.mktemp("datasets")), hub


def test_rows_of_the_hub_are_those_of_its_files(datasets: tuple[dict[str, Any], Hub]) -> None:
    answers, _ = datasets
    rows = answers["plain"]
    assert [row["id"] for row in rows] == [str(number) for number in range(60)]
    assert [row["split"] for row in rows] == ["train"] * 50 + ["test"] * 10
    for name, train in (("head", 20), ("head_of_two_files", 40), ("head_of_many", 12)):
        assert answers[name] == rows[:train] + rows[50:]
    assert [row["id"] for row in answers["share"]] == [str(number) for number in range(50)]
    assert [row["id"] for row in answers["converted"]] == [str(number) for number in (*range(50, 60), *range(50, 60))]


def test_the_first_rows_are_read_of_the_first_files_alone(datasets: tuple[dict[str, Any], Hub]) -> None:
    _, hub = datasets
    asked = " ".join(hub.requests)
    read = {file for file in range(10) if re.search(rf"GET /datasets/some/many/resolve/\w+/data/train-{file}\.", asked)}
    # Twelve rows are in three files of five: one was too few, and two.
    assert read == {0, 1, 2, 3}


@pytest.mark.parametrize("name", ["busy", "broken_off"])
def test_what_passes_is_tried_again(datasets: tuple[dict[str, Any], Hub], name: str) -> None:
    assert len(datasets[0][name]) == 60


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("program", "no data files that can be read without running its code. .* `revision: refs/convert/parquet`"),
        ("gated", "it needs permission. Ask for it on the repository's page, then log in with `hf auth login`"),
        ("down", "the hub answered 500, at each of 2 tries. Start the same command again later"),
        ("missing", "no such repository, or a private one"),
        ("no_revision", "it has no such revision. Check `revision`"),
        ("no_configuration", "'other' not found. Available: .'plain'"),
        ("no_split", "it has no split 'training'; it has: train, validation"),
        ("no_split_head", "it has no split 'training'; it has: train, validation"),
    ],
)
def test_the_rest_is_one_message(datasets: tuple[dict[str, Any], Hub], name: str, part: str) -> None:
    message = datasets[0][name]
    assert isinstance(message, str)
    assert message.startswith("datasets.mine: 'some/")
    assert "\n" not in message
    assert re.search(part, message)


def configurations() -> dict[str, Config]:
    return {name: configfile.load([ROOT / "config.yaml", ROOT / f"configs/{name}.yaml"]) for name in CONFIGURATIONS}


def hub_models(config: Config) -> dict[str, str]:
    """Repositories of models that a configuration names, with their revisions."""
    sources = [model.source for model in config.models.values()]
    sources += [each.source for each in config.classifiers.values()]  # type: ignore[misc]
    named = {source.name: source.revision for source in sources if isinstance(source, HubModel)}
    others = [source.tokenizer for source in sources if isinstance(source, HubModel)]
    return named | {each.name: each.revision for each in others if isinstance(each, HubTokenizer)}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Hub]:
    """Every dataset of the hub that the configurations name, from a hub with the recorded columns and splits."""
    repositories = {name: of_record(name) for name in SEEN["datasets"]}
    questions = {}
    for file, config in configurations().items():
        for name, dataset in config.datasets.items():
            if isinstance(dataset.source, HubDataset):
                settings = dataset.model_dump(mode="json")
                pinned = dataset.source.revision
                if len(pinned) == 40:
                    repositories[dataset.source.name].refs += (pinned,)
                questions[f"{file}-{name}"] = ["dataset", settings]
    with Hub({}, repositories) as hub:
        return ask(hub, questions, tmp_path_factory.mktemp("named")), hub


def test_templates_labels_and_splits_fit_what_the_hub_has(named: tuple[dict[str, Any], Hub]) -> None:
    answers, _ = named
    refused = {name: rows for name, rows in answers.items() if isinstance(rows, str)}
    assert not refused
    for name, rows in answers.items():
        file, _, dataset = name.partition("-")
        config = configurations()[file].datasets[dataset]
        assert isinstance(config.source, HubDataset)
        splits = {row["split"] for row in rows}
        assert splits >= ({"train", "test"} if config.source.test else {"train"}), name
        if config.labels:
            assert {row["target"] for row in rows} == set(config.labels.values()), name


@pytest.mark.parametrize("file", CONFIGURATIONS)
def test_rows_that_a_configuration_states_are_those_of_the_hub(file: str) -> None:
    for name, dataset in configurations()[file].datasets.items():
        source = dataset.source
        if isinstance(source, HubDataset) and source.train in SEEN["datasets"][source.name]["splits"]:
            rows = SEEN["datasets"][source.name]["splits"][source.train]
            assert dataset.rows in (None, rows), name


def test_models_have_weights_and_a_tokenizer_that_are_read(tmp_path: Path) -> None:
    named_models = hub_models(configurations()["paper"]) | hub_models(configurations()["quick"])
    for entry, names in SEEN["models"].items():
        name, _, revision = entry.partition("@")
        assert named_models[name] == revision, "the record is of another revision"
        place = tmp_path / name.replace("/", "-")
        place.mkdir()
        for file in names:
            # What is not downloaded is not read.
            if Path(file).suffix in files.ENDINGS:
                (place / file).write_bytes(b"")
        assert files._has_weights(place), name
        assert files.has_tokenizer(place) or "BioGPT" in name, name


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("models")
    tokenizer = tiny_tokenizer()

    def saved(name: str, architecture: str = "t5", seed: int = 0, **settings: Any) -> dict[str, bytes]:
        path = place / "given" / name
        model = tiny_model(architecture, tokenizer, seed)
        model.save_pretrained(path, **settings)
        tokenizer.save_pretrained(path)
        return folder(path)

    whole = saved("whole")
    slow = place / "given" / "slow"
    moses = moses_tokenizer("fsmt", slow)
    special = {"eos_token_id": 2, "pad_token_id": 1, "bos_token_id": 0, "decoder_start_token_id": 1}
    tiny_model("fsmt", moses, **special).save_pretrained(slow)
    without = {name: data for name, data in whole.items() if "token" not in name}
    repositories = {
        "some/whole": Repository(whole),
        "some/sharded": Repository(saved("sharded", max_shard_size="20KB")),
        "some/slow": Repository(folder(slow)),
        "some/causal": Repository(saved("causal", "gpt2")),
        "some/pickled": Repository({name.replace("safetensors", "bin"): data for name, data in whole.items()}),
        "some/weights": Repository(without),
        "some/gated": Repository(saved("gated", seed=1), gated=True),
        "some/busy": Repository(saved("busy", seed=2), faults={"model.safetensors": [429, 503], "api/": [500]}),
        "some/down": Repository(saved("down", seed=3), faults={"models": [-503], "resolve": [-503]}),
        "some/broken_off": Repository(saved("broken_off", seed=4), broken={"model.safetensors": 1000}),
    }

    def wanted(name: str, **settings: Any) -> list[Any]:
        return ["model", {"kind": "hub", "name": f"some/{name}", "revision": "main", **settings}]

    questions = {each.partition("/")[2]: wanted(each.partition("/")[2]) for each in repositories}
    questions |= {
        "missing": wanted("nothing"),
        "no_revision": wanted("whole", revision="v9"),
        "other_tokenizer": wanted("weights", tokenizer={"name": "some/whole", "revision": "main"}),
    }
    with Hub(repositories, {}) as hub:
        return ask(hub, questions, place) | {"commit": repositories["some/whole"].commit}


def test_models_of_the_hub_are_loaded(models: dict[str, Any]) -> None:
    assert models["whole"]["revision"] == models["commit"]
    assert models["sharded"]["parameters"] == models["whole"]["parameters"]
    assert models["other_tokenizer"]["parameters"] == models["whole"]["parameters"]
    assert models["other_tokenizer"]["tokens"] == models["whole"]["tokens"]
    for name in ("slow", "causal", "busy", "broken_off"):
        assert isinstance(models[name], dict), models[name]
        assert models[name]["tokens"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("pickled", "its weights are pickled"),
        ("weights", "it contains no tokenizer"),
        ("gated", "it needs permission. Ask for it on the repository's page"),
        ("down", "the hub answered 503, at each of 2 tries. Start the same command again later"),
        ("missing", "no such repository, or a private one"),
        ("no_revision", "it has no such revision. Check `revision`"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_message(models: dict[str, Any], name: str, part: str) -> None:
    assert isinstance(models[name], str)
    assert models[name].startswith("models.mine")
    assert part in models[name]
    assert "\n" not in models[name]
