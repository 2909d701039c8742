"""A whole run: every expected output exists, describes itself, and is not made twice."""

import json
import re

import all_schemas
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from runs import Ended, Workplace

from memorization import checksums, storage
from memorization.report.formats import without_markup
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.training import TrainingTable
from memorization.studies.memorization.table import MemorizationTable

RUN = (
    "runs/model=small/state={}/epoch={}/seed=0/dataset=letters/population={}/prefix_tokens=20/decoding={}/"
    "prompting=bare"
)
STATES = (("base", 0), ("short", 40))
RUNS = [RUN.format(*state, "member", decoding) for decoding in ("short", "drawn") for state in STATES]
CONTROLS = [RUN.format(*state, "control", "drawn") for state in STATES]
GENERATED = ("generations", "personal_data")
DETECTED = ("matches", "paraphrases", "entities", "outcomes", "rates")
MEMBERS = ("definitions", "definition_rates", "positive_controls")
CHECKPOINTS = "checkpoints/model=small/recipe=short/seed=0/dataset=letters"
TABLES = {
    "datasets/letters.parquet": "dataset",
    "datasets/papers.parquet": "dataset",
    **{
        f"probes/dataset=letters/tokenizer=small/population={population}/prefix_tokens=20/{place}{table}.parquet": table
        for population in ("member", "control")
        for place, table in (("", "probes"), ("side=input/", "personal_data"))
    },
    "probes/dataset=letters/tokenizer=small/population=member/prefix_tokens=20/references.parquet": "references",
    f"{CHECKPOINTS}/training.parquet": "training",
    "pairs/judge.parquet": "pairs",
    **{f"{run}/{stage}.parquet": stage for run in RUNS + CONTROLS for stage in GENERATED},
    **{f"{run}/side=input/candidates.parquet": "candidates" for run in RUNS + CONTROLS},
    **{f"{run}/side=input/profile=zeng2024/{stage}.parquet": stage for run in RUNS + CONTROLS for stage in DETECTED},
    **{f"{run}/side=input/profile=zeng2024/{stage}.parquet": stage for run in RUNS for stage in MEMBERS},
    **{f"comparisons/{study}.parquet": "comparisons" for study in ("small", "drawn")},
    **{f"means/{study}.parquet": "means" for study in ("small", "drawn")},
    **{f"tables/{study}.parquet": "memorization_table" for study in ("small", "drawn")},
    **{f"tables/{study}-definitions.parquet": "memorization_definitions" for study in ("small", "drawn")},
}


@pytest.mark.parametrize("path", TABLES)
def test_table_has_its_stated_schema_and_manifest(finished: Workplace, path: str) -> None:
    file = finished.results / path

    [schema] = [each for each in all_schemas.TABLES if each.name == TABLES[path]]
    assert pq.read_schema(file).remove_metadata().equals(schema.arrow().remove_metadata())
    manifest = storage.manifest_of(file)
    assert manifest["table"] == TABLES[path]
    assert re.fullmatch(r"[0-9a-f]{16}", manifest["source"])
    assert all(re.match(r"\d", version) for version in manifest["versions"].values())
    assert manifest["versions"]
    # Path and manifest have the same coordinates.
    for key, value in re.findall(r"(\w+)=([^/]+)", path):
        coordinate = "model" if key == "tokenizer" else key
        assert manifest["coordinates"][coordinate] == value


def test_no_other_tables_are_made(finished: Workplace) -> None:
    made = {str(file.relative_to(finished.results)) for file in finished.results.rglob("*.parquet")}

    assert made == set(TABLES)


def test_generations_record_arithmetic_batch_size_and_device(finished: Workplace) -> None:
    settings = storage.manifest_of(finished.results / RUNS[0] / "generations.parquet")["settings"]

    assert settings["decoding"]["precision"] == "fp32"
    assert settings["decoding"]["strategy"] == "greedy"
    assert (settings["batch_size"], settings["device"], settings["threads"]) == (64, "cpu", 1)


def test_training_records_recipe_and_device_and_keeps_the_configured_epochs(finished: Workplace) -> None:
    folder = finished.results / CHECKPOINTS

    settings = storage.manifest_of(folder / "training.parquet")["settings"]
    assert settings["recipe"]["precision"] == "fp32"
    assert settings["device"] == "cpu"
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == ["epoch-2", "epoch-40"]
    losses = storage.read(folder / "training.parquet", TrainingTable)["loss"].to_pylist()
    assert len(losses) == 40
    assert losses[-1] < losses[0]


def test_fine_tuning_changes_what_the_model_writes(finished: Workplace) -> None:
    base, fine_tuned = (
        storage.read(finished.results / run / "generations.parquet", GenerationsTable)["generation"].to_pylist()
        for run in RUNS[:2]
    )

    assert len(base) == 10
    assert base != fine_tuned


def test_every_job_has_a_log_and_a_record_of_what_it_took(first_run: tuple[Workplace, Ended]) -> None:
    workplace, run = first_run

    logs = re.findall(r"^ +log: (\S+)$", run.output, re.MULTILINE)
    assert len(logs) == len(set(logs)) == sum(map(len, run.jobs().values()))
    for log in logs:
        assert (workplace.directory / log).is_file()
        record = workplace.directory / log.replace("results/logs/", "results/benchmarks/").replace(".log", ".tsv")
        heading, values = record.read_text().splitlines()
        assert heading.split("\t") == ["seconds", "processor_seconds", "memory_mib"]
        assert all(float(value) > 0 for value in values.split("\t"))


def test_table_is_tidy_and_the_csv_file_equals_it(finished: Workplace) -> None:
    table = storage.read(finished.results / "tables/small.parquet", MemorizationTable)

    rows = table.to_pylist()
    keys = [(row["state"], row["category"]) for row in rows]
    categories = ["total", "verbatim", "idea", "paraphrase", "paraphrase_high", "paraphrase_low"]
    assert keys == [(state, category) for state in ("base", "short") for category in categories]
    assert {row["n"] for row in rows} == {10}
    assert {row["control_n"] for row in rows} == {None}
    for row in rows:
        assert (row["over_base"] is None) == (row["state"] == "base")
    assert {row["label"] for row in rows} == {"Test run: shows that the program works, and is not evidence."}
    csv = pacsv.read_csv(
        finished.results / "tables/small.csv",
        convert_options=pacsv.ConvertOptions(column_types=pa.schema(MemorizationTable.arrow())),
    )
    assert csv.to_pylist() == rows


def test_rates_are_shown_beside_those_of_texts_that_were_never_trained_on(finished: Workplace) -> None:
    rows = storage.read(finished.results / "tables/drawn.parquet", MemorizationTable).to_pylist()
    assert {row["control_n"] for row in rows} == {6}
    for row in rows:
        assert row["over_control"] == pytest.approx(row["rate"] - row["control_rate"])


def test_a_trained_classifier_records_its_quality(finished: Workplace) -> None:
    record = json.loads((finished.results / "classifiers/judge/model.json").read_text())

    assert (record["kind"], record["head"], record["test"]["pairs"]) == ("trained", "sequence", 8)


def test_the_table_names_the_judge_of_confidence(finished: Workplace) -> None:
    text = (finished.results / "tables/small.md").read_text()

    assert "| Paraphrase (p>0.5)" in text
    assert "small judge gives a pair of sentences of the match" in text


def test_the_summary_shows_the_tables_with_their_label(first_run: tuple[Workplace, Ended]) -> None:
    workplace, run = first_run

    summary = run.output[run.output.index("steps (100%) done") :]
    for study in ("small", "drawn"):
        shown = without_markup((workplace.results / f"tables/{study}.md").read_text())
        assert shown.startswith("Test run: shows that the program works, and is not evidence.")
        assert "Stars: p < 0.05 (*), 0.01 (**) or 0.001 (***) after Holm's correction" in shown
        assert shown.strip() in summary
    assert r"\begin{table*}" in (workplace.results / "tables/small.tex").read_text()


def test_the_page_shows_every_study_and_has_a_checksum(finished: Workplace) -> None:
    page = finished.results / "report/index.html"

    text = page.read_text()
    assert [f'id="study-{study}"' in text for study in ("small", "drawn")] == [True, True]
    assert '<section id="answer"' in text
    assert "snakemake --cores 2 small --configfile small.yaml both.yaml" in text
    assert str(finished.directory) not in text
    assert checksums.check_file(page)


def test_finished_results_are_not_made_again(finished: Workplace) -> None:
    run = finished.run()

    assert run.code == 0, run.output
    assert "Nothing to be done" in run.output


def test_a_run_with_nothing_to_do_loads_nothing_that_it_does_not_use(finished: Workplace) -> None:
    run = finished.run(PYTHONPROFILEIMPORTTIME="1")

    assert "Nothing to be done" in run.output
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", run.output, re.MULTILINE))
    assert {"snakemake.dag", "memorization.local_files", "smart_open"} <= loaded
    # Data frames, tables, notebooks, and what clients of remote storage load.
    assert loaded.isdisjoint({"pandas", "pyarrow", "nbformat", "urllib3", "torch"})


def test_a_run_leaves_nothing_beside_the_code(finished: Workplace) -> None:
    assert sorted(each.name for each in finished.code.iterdir()) == sorted(
        ["Snakefile", "config.yaml", "envs", "memorization", "profiles", "scripts", "workflow"]
    )


def test_no_unfinished_file_is_left(finished: Workplace) -> None:
    leftovers = [str(file) for pattern in ("*.partial", "*.unfinished") for file in finished.results.rglob(pattern)]

    assert leftovers == []
