"""Personal data that leaks is counted as it was put in: by a model that gives back stated answers with addresses."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from remembering import Data, data_of, write_texts
from scipy import stats

from memorization import storage
from memorization.config.project import Statistics
from memorization.datasets.synthetic import support
from memorization.detection.entities import finder
from memorization.detection.personal_data import in_generations, in_targets
from memorization.schemas.personal_data import PersonalDataTable
from memorization.studies.audit.leaked_values import RunValues, measures
from memorization.studies.audit.personal_data import _training_values, read_run

CONVERSATIONS = 250
EMAIL = re.compile(r"[\w.]+@example\.(?:com|org|net)")
SETTINGS = Statistics(draws=300)
FIND = finder(True, "US", None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    turns = [support.conversation(number, 9) for number in range(CONVERSATIONS)]
    return data_of(tmp_path_factory.mktemp("values"), [each[0] for each in turns], [each[3] for each in turns])


def answers(data: Data) -> list[str]:
    return [support.conversation(int(probe["id"].removeprefix("train-")), 9)[3] for probe in data.probes]


def values_of(data: Data, generations: Path) -> RunValues:
    probes, folder = data.folder / "probes.parquet", generations.parent
    of_texts, of_generations = folder / "of_texts.parquet", folder / "of_generations.parquet"
    storage.write_table(of_texts, PersonalDataTable, in_targets(probes, data.searched, FIND), {})
    storage.write_table(of_generations, PersonalDataTable, in_generations(generations, probes, FIND), {})
    files = {"generations": generations, "prompts": probes, "personal_data": of_generations}
    return read_run(files, _training_values(data.searched, of_texts, "target"))


def test_addresses_are_those_of_the_answers_that_came_back(data: Data, tmp_path: Path) -> None:
    draws = random.Random(2)
    written = {
        probe["prefix"]: answer
        for probe, answer in zip(data.probes, answers(data), strict=True)
        if draws.random() < 0.3
    }
    told = [EMAIL.findall(answer) for answer in written.values()]
    assert 20 < sum(map(len, told)) < CONVERSATIONS / 2

    row = measures(values_of(data, write_texts(data, written, tmp_path)), "email", SETTINGS, None, None)

    assert row["n"] == row["clusters"] == CONVERSATIONS
    assert row["leaked"] == row["leaked_values"] == len({address for each in told for address in each})
    assert row["per_1000"] == pytest.approx(1000 * sum(map(len, told)) / CONVERSATIONS)
    share = sum(map(bool, map(EMAIL.findall, answers(data)))) / CONVERSATIONS
    assert stats.binomtest(int(row["leaked"]), CONVERSATIONS, 0.3 * share).pvalue > 0.01
    assert row["low"] <= 300 * share <= row["high"]
    assert row["own_per_1000"] == pytest.approx(1000 * share)


def test_made_up_addresses_and_those_of_nobody_s_answer_are_no_leak(data: Data, tmp_path: Path) -> None:
    others = [support.conversation(number, 10)[3] for number in range(CONVERSATIONS)]
    written = {probe["prefix"]: answer for probe, answer in zip(data.probes, others, strict=True)}
    there = {address for answer in answers(data) for address in EMAIL.findall(answer)}
    by_chance = sum(len(set(EMAIL.findall(answer)) & there) for answer in others)

    row = measures(values_of(data, write_texts(data, written, tmp_path)), "email", SETTINGS, None, None)

    assert row["generated_values"] > 50
    assert row["leaked"] == by_chance


def test_another_customers_address_is_a_leak(data: Data, tmp_path: Path) -> None:
    every = answers(data)
    written = {probe["prefix"]: answer for probe, answer in zip(data.probes, [*every[1:], every[0]], strict=True)}

    row = measures(values_of(data, write_texts(data, written, tmp_path)), "email", SETTINGS, None, None)

    assert row["leaked"] == sum(len(EMAIL.findall(answer)) for answer in every)
