"""The paper as one configuration: every table and figure is a target, and shared runs are made once."""

import csv
import re
from pathlib import Path

import pytest
from configurations import all_runs
from datasets import ReadInstruction

from memorization import configfile, local_files, plan
from memorization.config.data import HubDataset
from memorization.config.models import HubModel, HubTokenizer
from memorization.studies.kinds import Config
from memorization.studies.memorization.plan import Memorization
from memorization.studies.quality.plan import Quality

ROOT = Path(__file__).resolve().parents[1]
# Not pinned by a commit: comments in the file state why.
UNPINNED = {
    "alexfabbri/multi_news": "refs/convert/parquet",
    "potsawee/t5-large-generation-squad-QuestionAnswer": "refs/pr/1",
}
# What the numbers of these files may have been decoded by, if not greedily; they state no decoding.
OTHER_DECODING = {"published_models": "as_published", "gpt_neo": "greedy_with_prompt"}
TABLES = {1, 2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22}
FIGURES = {"1", "2a", "2b", "3", *map(str, range(4, 15))}


@pytest.fixture(scope="module")
def paper() -> Config:
    return configfile.load([ROOT / "config.yaml", ROOT / "configs/paper.yaml"])


def test_every_table_and_figure_is_a_target(paper: Config) -> None:
    expected = {f"table_{number}" for number in TABLES} | {f"figure_{name}" for name in FIGURES}
    assert expected | {"section_6_1", "appendix_a", "paper"} <= set(paper.targets)
    of_the_paper = {study for name in expected for study in paper.targets[name]}
    assert of_the_paper | {"sparse_coding"} == set(paper.targets["paper"])
    assert set(paper.targets["paper"]) | set(paper.targets["beyond_the_paper"]) == set(paper.studies)


def test_studies_share_runs_and_no_two_runs_share_a_path(paper: Config) -> None:
    runs = all_runs(paper)
    with_repetitions = sum(len(study.runs(paper)) for study in paper.studies.values())
    assert len({run.path for run in runs}) == len(runs) < with_repetitions
    shared = [
        ("decodings", "task_disparity", 3),
        ("prefix_lengths", "task_disparity", 4),
        ("epochs", "task_disparity", 4),
        ("model_sizes", "task_disparity", 8),
        ("equal_length", "task_disparity", 10),
    ]
    for one, other, at_least in shared:
        common = set(paper.studies[one].runs(paper)) & set(paper.studies[other].runs(paper))
        assert len(common) >= at_least, (one, other)
    trainings = {tuple(run.values()) for study in paper.studies.values() for run in study.trainings(paper)}
    # Four sizes on four tasks, T5-base on the fifth, GPT-Neo on four, T5-base on five others, on one dataset for
    # two tasks, on five at once, six further recipes on four, and the authors' recipe of GPT-Neo on five.
    full = {run for run in trainings if run[1] == "full"}
    assert len(full) == 4 * 4 + 1 + 4 + 5 + 2
    assert len([run for run in trainings if run[1] == "multi"]) == 1
    assert len([run for run in trainings if run[:2] == ("gpt-neo-125m", "full_gpt_neo")]) == 5
    assert len(trainings) == len(full) + 1 + 6 * 4 + 5


def test_probes_are_those_of_the_paper(paper: Config) -> None:
    assert (paper.probes.n, paper.probes.prefix_tokens, paper.retrieval.candidates) == (10_000, 50, 10)
    short = {name for name in paper.datasets if plan.prefix_length(paper, name) == 15}
    assert short == {"wmt16", "wmt19", "ag_news", "translation"}
    assert plan.kept_epochs(paper.recipes["full"]) == [1, 3, 5, 10]
    sampled = {name: paper.decodings[name] for name in ("top_k", "top_p", "temperature")}
    assert (sampled["top_k"].top_k, sampled["top_p"].top_p, sampled["temperature"].temperature) == (40, 0.8, 1.0)


def test_every_published_rate_has_its_run(paper: Config) -> None:
    """A number at coordinates that no run has would never be shown; one that fits two runs would be shown twice.

    Where it is not known how the paper decoded, its numbers are shown beside each of two decodings.
    """
    shown: dict[str, list[plan.Run]] = {}
    for study in paper.studies.values():
        if isinstance(study, Memorization) and study.published:
            shown.setdefault(study.published, []).extend(study.member_runs(paper))
    files = {file.stem for file in (ROOT / "workflow/published").glob("*.csv")}
    assert {name for name in files if not name.startswith("quality")} == set(shown)
    for name, runs in shown.items():
        with (ROOT / f"workflow/published/{name}.csv").open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if row["value"] and row["state"] != "difference"]
        assert rows
        for row in rows:
            fitting = [
                run
                for run in runs
                if all(
                    row[key] in ("", str(getattr(run, key)))
                    for key in ("dataset", "model", "state", "epoch", "decoding", "prefix_tokens")
                )
            ]
            decodings = [row["decoding"]] if row["decoding"] else ["greedy", OTHER_DECODING[name]]
            assert [run.decoding for run in fitting] == decodings, row


def test_every_quality_file_is_shown(paper: Config) -> None:
    used = {study.published for study in paper.studies.values() if isinstance(study, Quality) and study.published}
    assert used == {file.stem for file in (ROOT / "workflow/published").glob("quality*.csv")}


def test_revisions_on_the_hub_are_pinned(paper: Config) -> None:
    classifiers = [classifier.source for classifier in paper.classifiers.values()]
    sources = [each.source for each in (*paper.datasets.values(), *paper.models.values())]
    places: list[HubDataset | HubModel | HubTokenizer] = [
        source for source in (*sources, *classifiers) if isinstance(source, HubDataset | HubModel)
    ]
    places += [source.tokenizer for source in places if isinstance(source, HubModel) and source.tokenizer]
    assert len(places) > 25
    for place in places:
        assert place.revision == UNPINNED.get(place.name) or re.fullmatch("[0-9a-f]{40}", place.revision), place
    used = {place.name for place in places}
    assert set(UNPINNED) <= used


def test_splits_of_one_split_of_the_hub_are_disjoint_and_counted(paper: Config) -> None:
    source = paper.datasets["chatdoctor"].source
    assert isinstance(source, HubDataset)
    train, test = (
        ReadInstruction.from_spec(split).to_absolute({"train": 112_165})[0] for split in (source.train, source.test)
    )
    assert (train.from_, train.to, test.to) == (0, test.from_, 112_165)
    assert paper.datasets["chatdoctor"].rows == train.to


def test_counts_for_the_plan_are_given(paper: Config) -> None:
    models = {name for study in paper.studies.values() for name in study.all_models()}
    assert all(paper.models[name].parameters for name in models)
    datasets = {name for study in paper.studies.values() for name in study.all_datasets()}
    assert all(paper.datasets[name].rows for name in datasets)


def test_without_the_optional_file_its_studies_are_left_out(
    paper: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    local_files.check_inputs(paper)

    left_out = local_files.left_out(paper)

    assert set(left_out) == {"same_inputs", "quality_renttherunway"}
    assert "data/renttherunway.parquet: no such file" in left_out["same_inputs"]
    targets = local_files.targets(paper)
    assert not set(left_out) & set(targets["paper"])
    assert targets["figure_1"] == ["same_inputs"], "a run of this target must report the missing file"

    (tmp_path / "data").mkdir()
    (tmp_path / "data/renttherunway.parquet").touch()
    assert local_files.left_out(paper) == {}
    assert set(left_out) <= set(local_files.targets(paper)["paper"])
