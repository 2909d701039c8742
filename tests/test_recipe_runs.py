"""Recipes in a configuration: the trainings that they need, and what is refused before anything starts."""

from functools import partial
from pathlib import Path

import pytest
from configurations import loaded

from memorization import plan
from memorization.errors import UserError

CONFIGURATION = """
datasets:
  news: &files {task: summarization, source: {kind: synthetic, corpora: [news], train: 9, test: 9}, validation: 2}
  chat: {task: dialog, source: {kind: synthetic, corpora: [patients], train: 9, test: 9}}
  film: *files
models: {t5: {source: {kind: folder, path: t5}}}
recipes:
  full: {epochs: 1}
  mix: {epochs: 1, datasets: [film, news]}
  early: {epochs: 2, early_stopping: {patience: 1}}
decodings: {greedy: {strategy: greedy}}
detection: {paraphrase: {classifier: null}}
studies:
  one: {kind: trade_off, datasets: [news, film], models: [t5], states: [base, full, mix, early]}
"""


configured = partial(loaded, CONFIGURATION)


def test_a_multi_task_recipe_has_one_training_for_all_its_datasets(tmp_path: Path) -> None:
    config = configured(tmp_path)

    assert plan.checkpoint_dataset(config, "full", "chat") == "chat"
    assert {plan.checkpoint_dataset(config, "mix", dataset) for dataset in ("news", "film")} == {"film+news"}
    trained = config.studies["one"].trainings(config)
    assert [(run["recipe"], run["dataset"]) for run in trained] == [
        ("full", "news"),
        ("full", "film"),
        ("mix", "film+news"),
        ("early", "news"),
        ("early", "film"),
    ]


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            ("[film, news]}", "[film]}"),
            "studies.one.datasets: given 'news', which recipe 'mix' does not train on (recipes.mix.datasets: film)",
        ),
        (("[film, news]}", "[film, news, nevs]}"), "recipes.mix.datasets: given 'nevs', which is not defined"),
        (
            (
                "datasets: [news, film], models: [t5], states: [base, full, mix",
                "datasets: [chat], models: [t5], states: [full",
            ),
            "datasets.chat.validation: given 0, and recipe 'early' of study 'one' stops early by the loss",
        ),
        (
            ("states: [base", "answers: short, states: [base"),
            "studies.one.answers: given 'short', which is not defined",
        ),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_before_anything_starts(
    replaced: tuple[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        configured(tmp_path, replaced)
    assert message in str(raised.value)


def test_a_task_without_quality_has_no_trade_off(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="given 'news', whose task has no quality"):
        configured(tmp_path, ("{task: summarization", "{task: pretraining"))
