"""What all kinds of studies share: runs, trainings, targets, products."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from configurations import POPULATIONS, all_runs, configuration, grid, study

from memorization import local_files, plan
from memorization.report import drawing, formats
from memorization.studies.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
WITH_PROMPT = {"strategy": "greedy", "with_prompt": True}


def test_runs_that_studies_share_appear_once() -> None:
    config = configuration(
        studies={
            "one": study(epochs=[1]),
            "all": study(epochs=[1, 5]),
            "again": study(epochs=[5], control=False),
        }
    )
    assert Counter((run.state, run.epoch, run.population) for run in all_runs(config)) == {
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
    runs = config.studies["table"].member_runs(config)
    assert [(run.dataset, run.prefix_tokens, run.decoding, run.state, run.epoch) for run in runs] == [
        (dataset, prefix, decoding, state, epoch)
        for dataset in ("news", "chat")
        for prefix in (50, 15)
        for decoding in ("top_k", "greedy")
        for state, epoch in (("base", 0), ("full", 5), ("full", 1))
    ]
    assert {run.population for run in runs} == {"member"}


def test_promptings_are_asked_where_they_make_sense() -> None:
    asked = ["bare", "question", "repeat"]
    table = study(prefix_tokens=[50, 15], promptings=asked, sides=["input", "target"], states=["full"])
    runs = configuration(studies={"table": table}).studies["table"].member_runs(configuration())
    assert [(run.prefix_tokens, run.prompting, run.side) for run in runs] == [
        (50, "bare", "input"),
        (50, "bare", "target"),
        (50, "question", "target"),
        (50, "repeat", "input"),
        (50, "repeat", "target"),
        (15, "bare", "input"),
        (15, "bare", "target"),
    ]


@pytest.mark.parametrize(
    ("keys", "key", "message"),
    [
        ({"promptings": ["bar"]}, "promptings", "given 'bar', which is not defined; allowed: answer_start, bare, "),
        ({"promptings": ["question"]}, "sides", "it takes `sides: [target]`"),
        ({"promptings": ["turn"], "decodings": ["with_prompt"]}, "promptings", "has `with_prompt: true`"),
        ({"promptings": ["turn"], "kind": "likelihood"}, "promptings", "so `[bare]` alone is allowed"),
    ],
)
def test_promptings_that_make_no_sense_are_refused(keys: dict[str, Any], key: str, message: str) -> None:
    config = configuration(decodings={"greedy": {"strategy": "greedy"}, "with_prompt": WITH_PROMPT})
    kinds = {kind.kind_name(): kind for kind in KINDS}
    kind = kinds[str(keys.get("kind", "memorization"))]
    [(path, fault)] = kind.model_validate(study(**keys)).faults(config, "table")
    assert path == ["studies", "table", key]
    assert message in fault


def test_controls_are_the_same_runs_on_the_other_population() -> None:
    config = grid()
    members = config.studies["last"].member_runs(config)
    runs = config.studies["last"].runs(config)
    assert runs == members + [run.control() for run in members]
    assert config.studies["members"].runs(config) == members
    assert [each["task"] for each in config.studies["last"].run_rows(config)] == ["qa"] * len(runs)


def test_a_dataset_named_twice_has_one_run() -> None:
    config = configuration(studies={"table": study(datasets=["news", "chat", "news"], states=["full"])})
    assert [run.dataset for run in config.studies["table"].member_runs(config)] == ["news", "chat"]


def test_epoch_and_prefix_length_fall_back_to_the_recipe_and_the_dataset() -> None:
    config = configuration(studies={"table": study(datasets=["news", "chat"], states=["full"])})
    news, chat = config.studies["table"].member_runs(config)
    assert (news.epoch, news.prefix_tokens, chat.prefix_tokens) == (10, 50, 20)
    assert plan.kept_epochs(config.recipes["full"]) == [1, 5, 10]
    assert plan.kept_epochs(config.recipes["head"]) == [2]


def test_a_training_run_stands_once_however_many_epochs_are_shown() -> None:
    config = configuration(studies={"table": study(epochs=[1, 5, 10])})
    assert config.studies["table"].trainings(config) == [
        {"model": "t5-small", "recipe": "full", "seed": 0, "dataset": "news"}
    ]


def test_every_study_is_a_target_and_makes_its_tables_and_figures() -> None:
    config = configuration(
        studies={"one": study(), "two": study(published="task_disparity")}, targets={"both": ["one", "two"]}
    )
    assert local_files.targets(config) == {"one": ["one"], "two": ["two"], "both": ["one", "two"]}
    made = config.studies["two"].products("two")
    assert len(made) == len(set(made)) == 3 * len(formats.FORMATS) + len(drawing.FORMATS)
    assert "tables/two-published.md" in made
    assert not any("published" in file for file in config.studies["one"].products("one"))


def test_titles_fall_back_to_names() -> None:
    config = configuration(
        models={"t5-small": {"title": "T5-small", "source": {"kind": "folder", "path": "t5"}}},
        studies={"table": study()},
    )
    assert config.studies["table"].titles(config) == {
        "datasets": {"news": "news"},
        "models": {"t5-small": "T5-small"},
    }


def test_every_exhibit_has_its_module_and_its_caption_in_its_kind_s_folder() -> None:
    for kind in KINDS:
        folder = ROOT / "memorization" / "studies" / kind.kind_name()
        assert kind.EXHIBITS
        for exhibit in kind.EXHIBITS:
            assert (folder / f"{exhibit.name}.py").is_file()
            assert (folder / f"{exhibit.caption}.rst").read_text(encoding="utf-8").strip()
