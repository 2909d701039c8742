"""Which results are made again after a change, and which are not: dry runs over a finished run."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SMALL
from runs import Workplace

SHOWN = {"memorization_table", "memorization_figure"}
MASKS = {"personal_data_of_probes", "personal_data_of_generations"}
DEFINITIONS = {"definitions", "definition_rates", "memorization_definitions"}
FROM_OUTCOMES = {"outcomes", "rates", "comparisons"} | SHOWN | DEFINITIONS
FROM_MATCHES = {"matches", "paraphrases", "entities"} | FROM_OUTCOMES
CONTROLS = {"positive_controls"}
FROM_GENERATIONS = {"generations", "candidates", "personal_data_of_generations"} | CONTROLS | FROM_MATCHES


@contextlib.contextmanager
def edited(file: Path, text: str) -> Iterator[None]:
    """Replace the text of a file of the code within a `with` statement."""
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


def without_page(jobs: dict[str, list[str]]) -> dict[str, list[str]]:
    """What would be made beside the page, which is made again with anything that it shows."""
    assert not jobs or jobs.pop("report_page") == ["results/report/index.html"]
    return jobs


def study(decoding: str) -> dict[str, Any]:
    return {
        "kind": "memorization",
        "datasets": ["letters"],
        "models": ["small"],
        "states": ["base", "short"],
        "decodings": [decoding],
        "control": decoding == "drawn",
    }


def test_a_changed_decoding_makes_its_own_runs_again_and_what_follows(finished: Workplace, tmp_path: Path) -> None:
    drawn = {"strategy": "sample", "top_k": 39, "max_new_tokens": 12, "seed": 0}

    jobs = finished.with_configuration(tmp_path / "change.yaml", {"decodings": {"drawn": drawn}}).dry_run()

    assert set(without_page(jobs)) == FROM_GENERATIONS
    assert {rule: len(outputs) for rule, outputs in jobs.items()} == {
        **dict.fromkeys(FROM_GENERATIONS, 4),
        "positive_controls": 2,
        "definitions": 2,
        "definition_rates": 2,
        "comparisons": 1,
        "memorization_table": 1,
        "memorization_figure": 1,
        "memorization_definitions": 1,
    }
    outputs = [output for outputs in jobs.values() for output in outputs]
    assert [output for output in outputs if "decoding=drawn" not in output and "s/drawn" not in output] == []


def test_an_added_decoding_adds_only_its_runs(finished: Workplace, tmp_path: Path) -> None:
    change = {
        "decodings": {"warm": {"strategy": "sample", "temperature": 1.5, "max_new_tokens": 12}},
        "studies": {"small": study("short"), "drawn": study("drawn"), "warm": study("warm")},
    }

    jobs = finished.with_configuration(tmp_path / "change.yaml", change).dry_run()

    assert set(without_page(jobs)) == FROM_GENERATIONS
    outputs = [output for outputs in jobs.values() for output in outputs]
    assert len(outputs) == 2 * 11 + 4
    assert [output for output in outputs if "decoding=warm" not in output and "s/warm" not in output] == []


def test_another_side_is_searched_in_the_generations_that_are_there(finished: Workplace, tmp_path: Path) -> None:
    change = {"studies": {"small": study("short") | {"sides": ["input", "target"]}, "drawn": study("drawn")}}

    jobs = finished.with_configuration(tmp_path / "change.yaml", change).dry_run()

    added = {"sides", "index", "sentences", "candidates", "personal_data_of_probes", "rates"} | CONTROLS
    detected = FROM_MATCHES - SHOWN - DEFINITIONS - {"comparisons"}
    # The table of other definitions is of suffixes alone, but states the study's sides.
    shown = {"comparisons", "memorization_definitions"} | SHOWN
    assert set(without_page(jobs)) == added | detected | shown
    assert {rule: len(outputs) for rule, outputs in jobs.items()} == {
        **dict.fromkeys(added | detected, 2),
        **dict.fromkeys({"sides", "index", "sentences", "personal_data_of_probes"}, 1),
        **dict.fromkeys(shown, 1),
    }
    outputs = [output for rule in added | detected for output in jobs[rule]]
    assert [output for output in outputs if "/side=target/" not in output] == []


def test_another_prompting_adds_only_its_runs(finished: Workplace, tmp_path: Path) -> None:
    change = {"studies": {"small": study("short") | {"promptings": ["bare", "repeat"]}, "drawn": study("drawn")}}

    jobs = without_page(finished.with_configuration(tmp_path / "change.yaml", change).dry_run())

    shown = {"comparisons", "memorization_definitions"} | SHOWN
    assert set(jobs) == {"prompts"} | FROM_GENERATIONS | shown
    outputs = [output for rule, outputs in jobs.items() if rule not in shown for output in outputs]
    assert [output for output in outputs if "/prompting=repeat/" not in output] == []


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"statistics": {"draws": 60}}, {"rates", "comparisons"} | SHOWN | DEFINITIONS - {"definitions"}),
        ({"retrieval": {"candidates": 9}}, FROM_GENERATIONS - {"generations"} - MASKS),
        ({"label": "Another label."}, SHOWN | {"memorization_definitions"}),
        ({"detection": {"sentences": "punkt_corpus", "definitions": {"tokens": 5}}}, DEFINITIONS),
        (
            {"detection": {"paraphrase": {"classifier": "judge", "low": 0.6}}},
            {"paraphrases"} | CONTROLS | FROM_OUTCOMES,
        ),
        ({"detection": {"paraphrase": {"classifier": None}}}, CONTROLS | FROM_OUTCOMES),
        ({"detection": {"entities": {"region": "DE"}}}, {"entities"} | MASKS | FROM_OUTCOMES),
        ({"report": {"case_megabytes": 3}}, set()),
        ({"detection": {"entities": {"patterns": False}}}, FROM_OUTCOMES),
        ({"detection": {"decides": "strongest"}}, CONTROLS | FROM_OUTCOMES),
        # In fp32 none of these changes a result.
        ({"compute": {"generation_batch_size": 3, "memory_mb": 1500}}, set()),
        ({"compute": {"device": "cpu", "engine": "transformers"}}, FROM_GENERATIONS),
        # Another number of jobs.
        (
            {"compute": {"device": "cpu", "shard_probes": 9}},
            FROM_GENERATIONS - {"generations"} | {"generation_shards", "gathered_generations"},
        ),
        ({"detection": {"paraphrase": {"classifier": "judge", "batch_size": 3}}}, set()),
    ],
    ids=[
        "draws",
        "candidates",
        "label",
        "definitions",
        "bound of confidence",
        "no confidence",
        "region",
        "size of the page",
        "no entities",
        "decides",
        "batch size and memory",
        "engine",
        "shards",
        "batch size of confidence",
    ],
)
def test_a_changed_setting_makes_the_results_that_depend_on_it_again(
    finished: Workplace, tmp_path: Path, change: dict[str, Any], rules: set[str]
) -> None:
    jobs = finished.with_configuration(tmp_path / "change.yaml", change).dry_run()

    assert set(without_page(jobs)) == rules


@pytest.mark.parametrize("instruction", ["Shorten the article.", "{id}"])
def test_a_changed_instruction_makes_what_reads_it_again(finished: Workplace, tmp_path: Path, instruction: str) -> None:
    """Where all rows share it, no base model's run and no probes; one of a column is in the dataset's rows."""
    letters = yaml.safe_load(SMALL)["datasets"]["letters"]
    change = {"datasets": {"letters": {**letters, "instruction": instruction}}}

    jobs = without_page(finished.with_configuration(tmp_path / "change.yaml", change).dry_run())

    if instruction == "{id}":
        of_probes = {"probes", "references", "index", "sentences"} | MASKS
        assert set(jobs) == {"dataset", "train"} | of_probes | FROM_GENERATIONS
        return
    assert set(jobs) == {"train"} | FROM_GENERATIONS
    # A greedy run, and drawn ones of training inputs and of controls; both studies.
    of_studies = {"comparisons"} | SHOWN
    assert {rule: len(outputs) for rule, outputs in jobs.items()} == {
        **dict.fromkeys(FROM_GENERATIONS, 3),
        **dict.fromkeys(CONTROLS | DEFINITIONS | of_studies, 2),
        "train": 1,
    }
    of_runs = [output for outputs in jobs.values() for output in outputs if "state=" in output]
    assert [output for output in of_runs if "state=short" not in output] == []


WORDS = {
    "memorization/detection/alignment.py": ('"""', '"""Put differently: '),
    "memorization/schemas/training.py": ("mean training loss", "average training loss"),
    "memorization/studies/attention/correlation.py": ("base model; null for all", "model; null for all"),
    "memorization/studies/memorization/table.py": ("rate of the control; null", "the control's rate; null"),
    "memorization/studies/memorization/caption.rst": ("How many probes", "The number of probes that"),
}
NOT_REACHED = (
    "memorization/schemas/likelihoods.py",
    "memorization/studies/memorization/plan.py",
    "memorization/studies/quality/table.py",
    "memorization/models/recipes/goldfish.py",
    "memorization/errors.py",
    "memorization/launch.py",
)


def test_a_dry_run_says_by_rule_which_setting_or_code_changed(finished: Workplace, tmp_path: Path) -> None:
    file = finished.code / "memorization/detection/spans.py"
    change = finished.with_configuration(tmp_path / "change.yaml", {"retrieval": {"candidates": 9}})

    setting = change.run("--dry-run").output
    with edited(file, file.read_text() + "\nADDED = 1\n"):
        code = finished.run("--dry-run").output

    assert re.search(r"^  candidates of \d+ runs: candidates 10 -> 9$", setting, re.MULTILINE), setting
    assert re.search(r"^  follows from these: matches ", setting, re.MULTILINE), setting
    assert re.search(r"^  entities of \d+ runs: its code changed$", code, re.MULTILINE), code
    assert len(code.splitlines()) < 50


def test_words_and_code_that_no_result_reaches_make_nothing_again(finished: Workplace) -> None:
    """A docstring, comments, meanings of columns, a caption of the report, and modules of what is not configured."""
    with contextlib.ExitStack() as edits:
        for name, (old, new) in WORDS.items():
            file = finished.code / name
            text = file.read_text()
            assert old in text
            comment = "# A comment.\n" if file.suffix == ".py" else ""
            edits.enter_context(edited(file, comment + text.replace(old, new, 1)))
        for name in NOT_REACHED:
            file = finished.code / name
            edits.enter_context(edited(file, f"{file.read_text()}\nADDED = 1\n"))

        assert finished.dry_run() == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "rules"),
    [
        # The figure is drawn from the table's file.
        ("memorization/studies/memorization/table.py", "Memorization in percent of", "Rates in percent of", SHOWN),
        (
            "memorization/studies/memorization/table.py",
            "    control_rate = Nullable(",
            '    added = Nullable(FLOAT64, "fraction")\n    control_rate = Nullable(',
            SHOWN,
        ),
        (
            "memorization/studies/memorization/definitions.py",
            "class MemorizationDefinitionsTable(",
            "ADDED = 1\n\n\nclass MemorizationDefinitionsTable(",
            {"memorization_definitions"},
        ),
        (
            "memorization/coordinates.py",
            '"task": task',
            '"task": task.upper()',
            {"rates", "comparisons", "definition_rates", "memorization_definitions"} | SHOWN,
        ),
    ],
    ids=["caption", "column of a final table", "another final table", "coordinates in rows"],
)
def test_a_changed_table_makes_that_table_again(
    finished: Workplace, file: str, old: str, new: str, rules: set[str]
) -> None:
    place = finished.code / file
    assert old in place.read_text()

    with edited(place, place.read_text().replace(old, new, 1)):
        assert set(without_page(finished.dry_run())) == rules


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("memorization/detection/alignment.py", CONTROLS | FROM_MATCHES),
        ("memorization/detection/definitions.py", DEFINITIONS),
        ("memorization/detection/references.py", DEFINITIONS | {"references"}),
        ("memorization/schemas/definitions.py", DEFINITIONS),
        ("memorization/schemas/alignment.py", CONTROLS | FROM_MATCHES),
        ("memorization/report/formats.py", SHOWN | {"memorization_definitions"}),
        ("memorization/report/cells.py", SHOWN | {"memorization_definitions"}),
        ("memorization/studies/memorization/comparisons.py", {"comparisons"} | SHOWN),
        ("memorization/models/engines/transformers.py", FROM_GENERATIONS),
        ("memorization/models/engines/native.py", FROM_GENERATIONS),
        ("memorization/detection/entities.py", {"entities"} | MASKS | CONTROLS | FROM_OUTCOMES),
        ("memorization/detection/personal_data.py", MASKS),
        (
            "memorization/models/classifiers.py",
            {"classifier", "paraphrases", "entities"} | MASKS | CONTROLS | FROM_OUTCOMES,
        ),
        ("memorization/datasets/pairs.py", {"pairs", "classifier", "paraphrases"} | CONTROLS | FROM_OUTCOMES),
        ("memorization/report/drawing.py", {"memorization_figure"}),
        ("memorization/models/generation.py", FROM_GENERATIONS),
    ],
)
def test_changed_code_makes_the_results_that_reach_it_again(finished: Workplace, module: str, rules: set[str]) -> None:
    file = finished.code / module

    with edited(file, f"{file.read_text()}\nADDED = 1\n"):
        assert set(without_page(finished.dry_run())) == rules


@pytest.mark.parametrize("file", ["memorization/page/cases.py", "memorization/page/assets/page.css"])
def test_a_changed_page_makes_the_page_alone_again(finished: Workplace, file: str) -> None:
    place = finished.code / file

    with edited(place, f"{place.read_text()}\n{'ADDED = 1' if place.suffix == '.py' else 'p { margin: 0 }'}\n"):
        assert set(finished.dry_run()) == {"report_page"}


def test_settings_of_the_page_make_the_page_alone_again(finished: Workplace, tmp_path: Path) -> None:
    change = finished.with_configuration(tmp_path / "change.yaml", {"report": {"personal_data": "absent"}})

    assert set(change.dry_run()) == {"report_page"}
