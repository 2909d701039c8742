"""Studies of canaries: their cells, their cost, and what is looked at before anything runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from configurations import configuration, study
from source_files import source

from memorization import cli, local_files, plan, preflight
from memorization.configfile import load
from memorization.errors import UserError
from memorization.report import drawing, formats
from memorization.studies.canaries.plan import reading_limits
from memorization.studies.kinds import Config

ROWS = [{"input": f"Letter {number}", "target": "yes"} for number in range(20)]


def planted(folder: Path, **dataset: Any) -> Config:
    """A configuration with a study of canaries in a file of the folder."""
    if not (folder / "planted.jsonl").exists():
        source(folder / "rows.jsonl", ROWS)
        row = {"input": "The code of {name}?", "target": "It is {secret}."}
        (folder / "row.json").write_text(json.dumps(row), encoding="utf-8")
        files = {"input": "rows.jsonl", "row": "row.json", "output": "planted.jsonl", "key": "key.json"}
        words = [word for name, file in files.items() for word in (f"--{name}", str(folder / file))]
        assert cli.main(["canaries", *words, "--copies", "1,2", "--each", "4"]) == 0
    letters = {
        "task": "qa",
        "source": {"kind": "files", "train": "{data_root}/planted.jsonl"},
        "canaries": "{data_root}/key.json",
    }
    return configuration(
        data_root=str(folder),
        results=str(folder / "results"),
        datasets={"letters": letters | dataset},
        studies={"secrets": secrets()},
    )


def secrets(**keys: Any) -> dict[str, Any]:
    return study(**{"kind": "canaries", "datasets": ["letters"], **keys})


def test_every_state_and_epoch_is_a_cell_once(tmp_path: Path) -> None:
    config = planted(tmp_path)
    several = config.studies["secrets"].model_copy(update={"epochs": [1, 10], "models": ["t5-small", "t5-small"]})

    assert [plan.fill(plan.CANARIES, cell) for cell in several.cells(config)] == [
        f"canaries/model=t5-small/state={state}/epoch={epoch}/seed=0/dataset=letters/canaries.parquet"
        for state, epoch in (("base", 0), ("full", 1), ("full", 10))
    ]
    assert config.studies["secrets"].runs(config) == []
    assert config.studies["secrets"].products("secrets") == [
        *(f"tables/secrets.{ending}" for ending in formats.FORMATS),
        *(f"figures/secrets.{ending}" for ending in drawing.FORMATS),
    ]


def test_the_cost_is_that_of_all_candidates_and_nothing_without_a_key(tmp_path: Path) -> None:
    config = planted(tmp_path)

    work = config.studies["secrets"].work(config)

    # Eight canaries of digits:4, each ranked among all.
    assert {each.texts for each in work.values()} == {8 * 10_000}
    (tmp_path / "key.json").unlink()
    assert {each.texts for each in config.studies["secrets"].work(config).values()} == {0}


def test_limits_are_those_of_training(tmp_path: Path) -> None:
    config = planted(tmp_path)
    recipe = config.recipes["full"]

    assert reading_limits(config, "full") == {
        "max_input_tokens": recipe.max_input_tokens,
        "max_target_tokens": recipe.max_target_tokens,
    }
    assert reading_limits(config, "base") == {
        "max_input_tokens": config.answers.max_input_tokens,
        "max_target_tokens": None,
    }


def test_a_key_makes_no_dataset_stale(tmp_path: Path) -> None:
    with_key, without = planted(tmp_path), planted(tmp_path, canaries=None)

    assert local_files.dataset_settings(with_key, "letters") == local_files.dataset_settings(without, "letters")


def test_a_dataset_without_canaries_is_refused(tmp_path: Path) -> None:
    config = planted(tmp_path, canaries=None)

    [(path, message)] = list(config.studies["secrets"].faults(config, "secrets"))

    assert path == ["studies", "secrets", "datasets"]
    assert "given 'letters', which has no planted canaries" in message


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"deduplicate": True}, "`deduplicate: true` would leave out the copies of `canaries`"),
        (
            {"source": {"kind": "synthetic", "corpora": ["news"], "train": 3}},
            "`canaries` are in a local file, and `source.kind` is not `files`",
        ),
    ],
)
def test_datasets_that_cannot_have_canaries_are_refused(tmp_path: Path, dataset: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        planted(tmp_path, **dataset)


def test_a_planted_file_with_its_key_is_in_order(tmp_path: Path) -> None:
    preflight.check(planted(tmp_path))
    # And remembered: nothing is read again.
    remembered = json.loads((tmp_path / "results" / preflight.REMEMBERED).read_text())
    assert {"datasets.letters", "datasets.letters.canaries"} <= remembered.keys()
    preflight.check(planted(tmp_path))


def test_a_missing_key_is_reported_with_what_else_is_missing(tmp_path: Path) -> None:
    config = planted(tmp_path)
    (tmp_path / "key.json").unlink()

    with pytest.raises(UserError, match=r"datasets\.letters\.canaries: .*key\.json: no such file"):
        local_files.check_inputs(config)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    config = planted(tmp_path)
    with pytest.raises(UserError, match=r"given 3, and planted\.jsonl has .* rows: copies of canaries would be"):
        preflight.check(planted(tmp_path, limit=3))
    with (tmp_path / "planted.jsonl").open("a") as file:
        file.write('{"input": "one more", "target": "no"}\n')
    with pytest.raises(UserError, match=r"is the key of 'planted\.jsonl' as `memorization canaries` wrote it"):
        preflight.check(config)
    (tmp_path / "key.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="is no key file of `memorization canaries`"):
        preflight.check(config)


def test_the_key_is_read_from_a_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("canaries: {enumerated: 100, sample: 50, seed: 2}\n", encoding="utf-8")
    root = Path(__file__).resolve().parents[3]

    assert load([root / "config.yaml", file]).canaries.sample == 50
