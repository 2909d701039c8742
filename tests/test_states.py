"""States that others fine-tuned, in a configuration: what they need, and what is refused before anything starts."""

from functools import partial
from pathlib import Path

import pytest
from configurations import loaded

from memorization import plan
from memorization.errors import UserError

CONFIGURATION = """
datasets:
  news: {task: summarization, source: {kind: synthetic, corpora: [news], train: 9, test: 9}}
models:
  t5:
    source: {kind: folder, path: t5}
    fine_tuned: {shipped: {kind: folder, path: shipped}, other: {kind: hub, name: a/b, revision: main}}
  gpt: {source: {kind: folder, path: gpt}}
recipes:
  full: {epochs: 4, keep: [2, 4], seeds: [0, 1], max_input_tokens: 99}
decodings: {greedy: {strategy: greedy}}
detection: {paraphrase: {classifier: null}}
studies:
  one: {kind: memorization, datasets: [news], models: [t5], states: [base, shipped, full], epochs: [2]}
  two: {kind: quality, datasets: [news], models: [t5], states: [other]}
"""


configured = partial(loaded, CONFIGURATION)


def test_a_shipped_state_is_not_trained_and_is_compared_with_its_base(tmp_path: Path) -> None:
    config = configured(tmp_path)
    study = config.studies["one"]

    states = dict.fromkeys((run.state, run.epoch, run.seed) for run in study.runs(config))
    assert list(states) == [("base", 0, 0), ("shipped", 0, 0), ("full", 2, 0), ("full", 2, 1)]
    assert {training["recipe"] for training in study.trainings(config)} == {"full"}
    assert study.fine_tuned(config) == [("t5", "shipped")]
    (shipped,) = (run for run in study.member_runs(config) if run.state == "shipped")
    assert shipped.base() in study.runs(config)
    assert plan.model_inputs(config, vars(shipped)) == {
        "model": "models/t5",
        "checkpoints": "fine_tuned/model=t5/state=shipped",
    }


def test_a_shipped_state_answers_as_its_base(tmp_path: Path) -> None:
    config = configured(tmp_path)

    assert plan.answer_settings(config, "other") == plan.answer_settings(config, "base")
    assert plan.answer_settings(config, "full")["max_input_tokens"] == 99
    assert [cell["state"] for cell in config.studies["two"].cells(config)] == ["other"]


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (("states: [other]", "states: [shiped]"), "allowed: base, full, other, shipped; did you mean 'shipped'?"),
        (
            ("models: [t5], states: [other]", "models: [t5, gpt], states: [other]"),
            "studies.two.states: given 'other', which model 'gpt' does not have; define it (models.gpt.fine_tuned), or "
            "leave the combination out with `only`",
        ),
        (("{shipped: {", "{full: {"), "models.t5.fine_tuned.full: a recipe has this name; choose another"),
        (("{shipped: {", "{base: {"), "models.t5.fine_tuned.base: the name `base` is reserved for the model before"),
        (("{shipped: {", "{difference: {"), "models.t5.fine_tuned.difference: the name `difference` is reserved"),
        (
            ("{shipped: {kind: folder", "{shipped: {kind: scratch"),
            "kind: given 'scratch'; allowed: endpoint, folder, hub",
        ),
        (("path: shipped}", "path: shipped, base: {kind: x}}"), "base.kind: given 'x'; allowed: folder, hub"),
        (("path: shipped}", "path: shipped, revision: x}"), "unknown key 'revision'; allowed: base, kind, path"),
    ],
)
def test_what_cannot_be_meant_is_refused(replaced: tuple[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        configured(tmp_path, replaced)

    assert message in str(error.value)


def test_models_without_the_state_are_left_out_by_only(tmp_path: Path) -> None:
    only = "models: [t5, gpt], states: [other], only: [{models: [t5]}]"
    config = configured(tmp_path, ("models: [t5], states: [other]", only))

    assert config.studies["two"].fine_tuned(config) == [("t5", "other")]
