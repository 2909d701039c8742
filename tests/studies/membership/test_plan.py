"""Studies of membership: their cells, what is read for them, and configurations that cannot be."""

from pathlib import Path
from typing import Any

import pytest
from configurations import configuration, loaded, study

from memorization import costs, local_files, plan
from memorization.errors import UserError
from memorization.report import drawing, formats

STUDY = """
datasets:
  letters:
    task: dialog
    source: {kind: synthetic, corpora: [news], train: 12, test: 6, seed: 1}
    instruction: "Answer."
models:
  t5: {source: {kind: folder, path: t5}, parameters: 1000}
recipes:
  full: {epochs: 5, keep: [1, 5]}
decodings:
  greedy: {strategy: greedy}
studies:
  members: {kind: membership, models: [t5], datasets: [letters], states: [base, full]}
"""


def membership(**keys: Any) -> dict[str, Any]:
    return study(kind="membership", **keys)


def test_every_combination_has_one_result_in_the_table_s_order() -> None:
    config = configuration(
        studies={
            "members": membership(models=["t5-small", "gpt-neo"], datasets=["news", "chat", "news"], epochs=[1, 10])
        }
    )

    cells = config.studies["members"].cells(config)

    places = [plan.fill(plan.ATTACKS, cell) for cell in cells]
    assert len(set(places)) == len(places) == 2 * 2 * 3
    assert places[:3] == [
        "membership/model=t5-small/state=base/epoch=0/seed=0/dataset=news/attacks.parquet",
        "membership/model=t5-small/state=full/epoch=1/seed=0/dataset=news/attacks.parquet",
        "membership/model=t5-small/state=full/epoch=10/seed=0/dataset=news/attacks.parquet",
    ]
    assert config.studies["members"].runs(config) == []
    assert config.studies["members"].products("members") == [
        *(f"tables/members.{ending}" for ending in formats.FORMATS),
        *(f"figures/members.{ending}" for ending in drawing.FORMATS),
    ]


def test_both_sides_are_read_and_by_the_base_model_too() -> None:
    blocks = {"epochs": 1, "blocks": {"tokens": 64}}
    config = configuration(
        recipes={"full": {"epochs": 1, "max_input_tokens": 300, "max_target_tokens": 30}, "stream": blocks},
        membership={"n": 40, "max_input_tokens": 200, "max_target_tokens": 20},
        studies={"members": membership(states=["base", "full", "stream"])},
    )

    work = config.studies["members"].work(config)

    assert {place.split("/")[2]: (each.what, each.texts, each.read, each.written) for place, each in work.items()} == {
        "state=base": ("membership", 40, 220, 0),
        "state=full": ("membership", 80, 330, 0),
        "state=stream": ("membership", 80, 64, 0),
    }
    assert len(work) == 3 * 2


def test_texts_are_read_as_the_recipe_reads_them() -> None:
    config = configuration(
        recipes={
            "full": {"epochs": 9, "learning_rate": 0.1, "loss": "target", "deduplicate": "near"},
            "several": {"epochs": 1, "datasets": ["news", "chat"]},
        },
        membership={"max_input_tokens": 200, "max_target_tokens": 20},
    )

    assert plan.reading(config, "full") == {
        "max_input_tokens": 512,
        "max_target_tokens": 128,
        "loss": "target",
        "blocks": None,
        "deduplicate": "near",
        "deduplicate_by": None,
    }
    for state in ("base", "shipped"):
        assert plan.reading(config, state) == {"max_input_tokens": 200, "max_target_tokens": 20, "loss": None}
        assert plan.trained_on(config, state, "chat") == ["chat"]
    assert plan.trained_on(config, "several", "chat") == ["news", "chat"]
    assert plan.trained_on(config, "full", "chat") == ["chat"]


def test_a_dataset_without_a_test_split_and_keys_without_a_meaning_are_refused(tmp_path: Path) -> None:
    without = loaded(STUDY, tmp_path, ("test: 6", "test: 0"))
    with pytest.raises(UserError, match=r"studies\.members\.datasets: membership is measured against a test split"):
        local_files.check_inputs(without)
    with pytest.raises(UserError, match=r"studies\.members\.decodings"):
        loaded(STUDY, tmp_path, ("states: [base, full]", "states: [base, full], decodings: [greedy]"))
    with pytest.raises(UserError, match=r"studies\.members\.epochs: given 3, which recipe 'full' does not keep"):
        loaded(STUDY, tmp_path, ("states: [base, full]", "states: [base, full], epochs: [3]"))


def test_the_estimate_counts_what_is_read(tmp_path: Path) -> None:
    [cost] = costs.costs(loaded(STUDY, tmp_path))

    # Of the base model two sides of 1,000 rows, of the fine-tuned one the same twice, each of 640 tokens.
    seconds = 2 * 1000 * 6 * 1000 * 640 / (0.05 * 1e12)
    assert cost.inference_hours * 3600 == pytest.approx(seconds + 4 * costs.SECONDS_PER_JOB)
    assert cost.runs == 0
