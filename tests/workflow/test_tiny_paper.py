"""The whole paper, end to end on tiny models and data: every target is made, with correct numbers."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import tiny_paper
from runs import ROOT, Workplace

from memorization import configfile, plan, storage
from memorization.schemas.all_pairs import AllPairsTable
from memorization.schemas.answers import AnswersTable
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.positive_controls import PositiveControlsTable
from memorization.schemas.probes import ProbesTable
from memorization.statistics.rates import in_category
from memorization.studies.kinds import Config
from memorization.studies.memorization.published import MemorizationPublishedTable
from memorization.studies.memorization.search import MemorizationSearchTable
from memorization.studies.memorization.table import MemorizationTable
from memorization.studies.quality.table import QualityTable


@pytest.fixture(scope="session")
def paper(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workplace with all results of the paper and beyond it."""
    folder = tmp_path_factory.mktemp("paper")
    overlay = tiny_paper.write(folder)
    workplace = Workplace(code, folder / "work", (ROOT / "configs/paper.yaml", overlay))
    run = workplace.run("--", "paper", "beyond_the_paper")
    assert run.code == 0, run.output
    return workplace


@pytest.fixture(scope="session")
def config(paper: Workplace) -> Config:
    return configfile.load([ROOT / "config.yaml", *paper.configs])


def test_every_target_of_the_paper_is_made(paper: Workplace, config: Config) -> None:
    numbered = {f"table_{number}" for number in (1, 2, 5, 6, 7, *range(9, 23))}
    numbered |= {f"figure_{number}" for number in ("1", "2a", "2b", *range(3, 15))} | {"section_6_1", "appendix_a"}
    assert numbered <= set(config.targets)
    studies = {study for target in config.targets for study in config.targets[target]}
    assert studies == set(config.studies)
    for study in studies:
        for product in config.studies[study].products(study):
            assert (paper.results / product).stat().st_size > 100, product


def test_the_page_shows_every_study_with_its_exhibits(paper: Workplace, config: Config) -> None:
    run = paper.run("--", "report_page")

    assert run.code == 0, run.output
    page = (paper.results / "report/index.html").read_text(encoding="utf-8")
    for name, study in config.studies.items():
        for exhibit in study.exhibits():
            assert f'id="study-{name}-{exhibit.name}"' in page, (name, exhibit.name)


def test_nothing_is_left_to_do(paper: Workplace) -> None:
    assert paper.dry_run("--", "paper", "beyond_the_paper") == {}


def test_another_instruction_that_all_rows_share_concerns_what_reads_it(
    paper: Workplace, config: Config, tmp_path: Path
) -> None:
    dataset = config.datasets["multi_news"].model_dump(mode="json") | {"instruction": "Sum up."}
    change = paper.with_configuration(tmp_path / "change.yaml", {"datasets": {"multi_news": dataset}})

    jobs = change.dry_run("--", "paper", "beyond_the_paper")

    assert {"train", "answers", "attention"} <= set(jobs)
    assert not {"dataset", "probes", "index", "sentences", "base_model", "disguised_suffixes"} & set(jobs)
    continued = [part for output in jobs["generations"] for part in output.split("/") if part.startswith("state=")]
    assert set(continued) <= {f"state={recipe}" for recipe in config.recipes}


def test_rates_are_counts_of_outcomes(paper: Workplace, config: Config) -> None:
    rows = storage.read(paper.results / "tables/task_disparity.parquet", MemorizationTable).to_pylist()
    assert {(row["dataset"], row["state"]) for row in rows} == {("multi_news", "base"), ("multi_news", "full")}
    for row in rows:
        for population, prefix in (("member", ""), ("control", "control_")):
            run = plan.DETECTION.format(**row | {"population": population})
            rows_of_run = storage.read(paper.results / run / "outcomes.parquet", OutcomesTable).to_pylist()
            outcomes = [each["outcome"] for each in rows_of_run]
            counts = Counter(outcomes) + Counter({"total": sum(each != "none" for each in outcomes)})
            assert row[f"{prefix}n"] == len(outcomes) == 6
            assert row[f"{prefix}rate"] == counts[row["category"]] / len(outcomes)
            if population == "member":
                matched = [each for each in rows_of_run if each["outcome"] != "none"]
                assert row["own_matches"] == sum(each["document"] == each["probe"] for each in matched)
                assert row["matched_suffixes"] == len({each["document"] for each in matched})


def test_ceilings_are_rates_of_the_true_suffixes_by_each_detector(paper: Workplace) -> None:
    rows = storage.read(paper.results / "tables/task_disparity.parquet", MemorizationTable).to_pylist()
    assert {row["profile"] for row in rows} == {"zeng2024", "collection"}
    for row in rows:
        file = paper.results / plan.DETECTION.format(**row) / "positive_controls.parquet"
        found = storage.read(file, PositiveControlsTable).to_pylist()
        for ceiling, cut in (("ceiling", "length"), ("limit_ceiling", "limit")):
            outcomes = [each["outcome"] for each in found if each["cut"] == cut]
            assert len(outcomes) == row["n"]
            assert row[ceiling] == sum(in_category(outcomes, row["category"])) / row["n"]
    shown = (paper.results / "tables/task_disparity.md").read_text(encoding="utf-8")
    assert "Full ceiling" in shown
    assert "| collection" in shown


def test_several_trainings_have_a_mean(paper: Workplace) -> None:
    rows = storage.read(paper.results / "tables/multi_task.parquet", MemorizationTable).to_pylist()
    multi = {row["seed"]: row for row in rows if row["state"] == "multi" and row["category"] == "total"}
    assert set(multi) == {0, 1, None}
    assert multi[None]["rate"] == pytest.approx((multi[0]["rate"] + multi[1]["rate"]) / 2)
    assert multi[None]["over_base"] == pytest.approx((multi[0]["over_base"] + multi[1]["over_base"]) / 2)
    assert {row["seed"] for row in rows if row["state"] != "multi"} == {0}


def test_every_published_number_is_beside_its_run(paper: Workplace) -> None:
    table = storage.read(
        paper.results / "tables/task_disparity-published.parquet", MemorizationPublishedTable
    ).to_pylist()
    total = {(row["dataset"], row["state"]): row for row in table if row["category"] == "total"}
    assert total["multi_news", "base"]["published"] == 0.1398
    assert total["multi_news", "full"]["published"] == 0.2233
    assert total["multi_news", "difference"]["published"] == 0.0835
    for row in table:
        assert row["difference"] == pytest.approx(row["measured"] - row["published"])
        assert row["agrees"] == (row["difference_low"] <= 0 <= row["difference_high"])


def test_matches_with_every_suffix_are_beside_those_of_the_candidates(paper: Workplace) -> None:
    table = storage.read(paper.results / "tables/published_dialog-search.parquet", MemorizationSearchTable).to_pylist()
    assert {row["decoding"] for row in table} == {"greedy", "as_published"}
    for row in table:
        compared = storage.read(paper.results / plan.ALL_PAIRS.format(**row, all_pairs=4), AllPairsTable).to_pylist()
        file = paper.results / plan.DETECTION.format(**row) / "outcomes.parquet"
        outcomes = {each["probe"]: each["outcome"] for each in storage.read(file, OutcomesTable).to_pylist()}
        assert (row["n"], row["pairs"]) == (len(compared), sum(each["pairs"] for each in compared)) == (4, 24)
        assert [each["found"] for each in compared] == [outcomes[each["probe"]] != "none" for each in compared]
        assert row["all_pairs_count"] == sum(each["matching_suffixes"] > 0 for each in compared)
        assert row["missed_count"] == row["all_pairs_count"] - row["candidates_count"]


def _rouge(answers: list[dict[str, Any]]) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    return sum(scorer.score(row["references"][0], row["answer"])["rouge1"].fmeasure for row in answers) / len(answers)


def test_quality_is_that_of_the_reference_library(paper: Workplace) -> None:
    rows = storage.read(paper.results / "tables/quality_summarization.parquet", QualityTable).to_pylist()
    scored = {(row["model"], row["state"]): row for row in rows if row["metric"] == "rouge1"}
    assert set(scored) == {("flan-t5-base", "base"), ("t5-base", "full")}
    for row in scored.values():
        answers = storage.read(paper.results / plan.QUALITY.format(**row) / "answers.parquet", AnswersTable).to_pylist()
        assert row["value"] == pytest.approx(_rouge(answers))
        assert row["n"] == len(answers) == 4
        assert row["published"] is not None


def test_the_decoder_only_model_is_measured_with_and_without_prompt(paper: Workplace) -> None:
    rows = storage.read(paper.results / "tables/gpt_neo.parquet", MemorizationTable).to_pylist()
    texts = {}
    for decoding in ("greedy", "greedy_with_prompt"):
        run = next(row for row in rows if row["decoding"] == decoding and row["state"] == "full_gpt_neo")
        generations = paper.results / plan.RUN.format(**run) / "generations.parquet"
        texts[decoding] = storage.read(generations, GenerationsTable)["generation"].to_pylist()
    for continuation, both in zip(texts["greedy"], texts["greedy_with_prompt"], strict=True):
        assert both.endswith(continuation)
        assert len(both) > len(continuation)


def test_generations_of_equal_length_have_the_minimum_length(paper: Workplace) -> None:
    rows = storage.read(paper.results / "tables/equal_length.parquet", MemorizationTable).to_pylist()
    lengths = {row["generated_tokens"] for row in rows if row["decoding"] == "greedy_long"}
    assert min(lengths) >= 12


def test_a_multi_task_recipe_is_trained_once_for_all_its_datasets(paper: Workplace) -> None:
    folders = [folder.name for folder in (paper.results / "checkpoints").glob("model=*/recipe=multi/seed=*/*")]
    assert folders == 2 * ["dataset=multi_news+chatdoctor+imdb+squad_v2+wmt16"]


def test_probes_of_one_passage_share_a_number(paper: Workplace) -> None:
    for file in (paper.results / "probes").rglob("population=member/*/probes.parquet"):
        rows = storage.read(file, ProbesTable).to_pylist()
        texts = Counter(row["prefix"] + row["suffix"] for row in rows)
        numbers = Counter(row["input_text"] for row in rows)
        assert sorted(texts.values()) == sorted(numbers.values())


def test_attention_that_is_shown_is_a_distribution(paper: Workplace) -> None:
    files = list((paper.results / "attention").rglob("maps.parquet"))
    assert len(files) == 5
    for file in files:
        for row in storage.read(file, AttentionMapsTable).to_pylist():
            shape = (row["output_tokens"], row["input_tokens"])
            sums = [sum(row["weights"][start * shape[1] : (start + 1) * shape[1]]) for start in range(shape[0])]
            # GPT-Neo's last layer is local: a late output token may not attend to the input.
            attending = [total for total in sums if total or "model=gpt-neo-125m" not in file.parts]
            assert attending == pytest.approx([1.0] * len(attending), abs=1e-3)
            assert attending


def test_the_report_shows_every_table_and_figure(paper: Workplace, config: Config) -> None:
    report = paper.directory / "report.zip"

    run = paper.run("--report", str(report), "--", "paper", "beyond_the_paper")

    assert run.code == 0, run.output
    with zipfile.ZipFile(report) as archive:
        shown = {Path(name).name for name in archive.namelist()}
    for study in config.studies:
        for product in config.studies[study].products(study):
            if product.endswith((".html", ".png")):
                assert any(name.endswith(Path(product).name) for name in shown), product
