"""What the page has of cases: each text once, places as a browser counts them, a bounded sample, no personal data."""

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from case_files import Made, case_section, run

from memorization.page import page
from memorization.page.cases import OUTCOMES
from memorization.page.columns import unpack
from memorization.page.section import Section

SECRET = "ann.lee@example.org"
LEAK = Made(
    "Dear doctor, ",
    f"write to {SECRET} until then.",
    f"Please write to {SECRET} until tomorrow.",
    f"write to {SECRET} until",
)
CUT = Made(f"I am {SECRET[:7]}", f"{SECRET[7:]} and ill.", f"{SECRET[7:]} or 555-123-4567")
PLAIN = Made("Once upon ", "a time there was a king.", "nothing of it")
MADE = [LEAK, CUT, PLAIN]


def columns(section: Section, name: str) -> dict[str, Any]:
    """Columns of all blocks of that name, one behind the other."""
    parts = [
        unpack(text) for block, text in section.blocks.items() if block.rpartition("-")[0] == name or block == name
    ]
    return {key: [value for part in parts for value in part[key]] for key in parts[0]}


def meta(section: Section) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(columns(section, "cases-list")["meta"][0])
    return value


def test_a_text_is_there_once_whatever_the_number_of_runs(tmp_path: Path) -> None:
    section = case_section(tmp_path, [(run(state="base", epoch=0), MADE), (run(), MADE)])

    texts = columns(section, "cases-texts")["text"]
    assert sorted(texts) == sorted({text for made in MADE for text in (made.prefix, made.suffix, made.generation)})
    listed = columns(section, "cases-list")
    assert len(listed["run"]) == 6
    for number, probe in enumerate(listed["probe"]):
        assert texts[listed["generation"][number]] == MADE[probe].generation
    inputs = columns(section, "cases-inputs")
    assert [texts[row] for row in inputs["prefix"]] == [MADE[probe].prefix for probe in inputs["probe"]]
    assert [inputs["id"][row] for row in listed["input"]] == [f"row-{probe}" for probe in listed["probe"]]


def test_cases_with_a_match_come_first_and_say_what_they_match(tmp_path: Path) -> None:
    section = case_section(tmp_path, [(run(), [PLAIN, replace(LEAK, source=1), CUT])])

    listed = columns(section, "cases-list")
    assert [OUTCOMES[number] for number in listed["outcome"]] == ["verbatim", "none", "none"]
    assert (listed["probe"][0], listed["own"][0], listed["length"][0]) == (1, 1, len(LEAK.passage))
    assert listed["snippet"][0].startswith(LEAK.passage)
    assert (listed["leaked"][0], listed["types"][0]) == (1, 1 << meta(section)["types"].index("EMAIL"))
    assert listed["training"][1:] == [-1, -1]


def test_places_are_counted_as_a_browser_counts(tmp_path: Path) -> None:
    grin = "\U0001f600"
    made = Made(f"{grin} ", f"{grin}{LEAK.suffix}", f"{grin}{grin}{LEAK.generation}", LEAK.passage)
    section = case_section(tmp_path, [(run(), [made])])

    [details] = map(json.loads, columns(section, "cases-details")["details"])
    [[rank, document, kind, start, length, suffix_start, suffix_length, *_]] = details["matches"]
    assert (rank, document, kind, length, suffix_length) == (1, 0, "verbatim", len(LEAK.passage), len(LEAK.passage))
    assert (start, suffix_start) == (made.generation.index(LEAK.passage) + 2, made.suffix.index(LEAK.passage) + 1)
    rows = columns(section, "cases-texts")
    masks = dict(zip(rows["text"], rows["masks"], strict=True))[made.generation]
    assert masks == f"0 {made.generation.index(SECRET) + 2} {len(SECRET)}"


@pytest.mark.parametrize("mode", ["masked", "revealed", "absent"])
def test_personal_data_is_in_no_part_of_a_page_without_it(tmp_path: Path, mode: str) -> None:
    section = case_section(tmp_path, [(run(), MADE)], personal_data=mode)
    page.write(tmp_path / "index.html", "Title", "", [section])

    whole = (tmp_path / "index.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<script type="text/plain" id="block-[^"]+">([^<]*)</script>', whole)
    assert len(blocks) == len(section.blocks)
    everything = whole + "".join(gzip.decompress(base64.b64decode(block)).decode("latin-1") for block in blocks)
    planted = [SECRET, SECRET[7:], "555-123-4567", "row-0"]
    assert [each in everything for each in planted] == [mode != "absent"] * len(planted)
    if mode == "absent":
        [first, *_] = map(json.loads, columns(section, "cases-details")["details"])
        [[_, _, _, start, length, *_]] = first["matches"]
        texts = columns(section, "cases-texts")["text"]
        generation = texts[columns(section, "cases-list")["generation"][0]]
        assert generation[start : start + length] == "write to [EMAIL] until"
        assert "[EMAIL] or [PHONE]" in texts


def many(count: int, matches: int) -> list[Made]:
    draws = np.random.default_rng(0)
    words = ["".join(map(chr, draws.integers(97, 123, 8))) for _ in range(2000)]
    texts = [" ".join(draws.choice(words, 220)) for _ in range(count)]
    return [
        Made("A prefix", text, text if number < matches else text[::-1], text[:300] if number < matches else "", number)
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize("bound", [0.04, 0.2])
def test_beyond_a_bound_matches_are_kept_and_of_the_others_a_sample(tmp_path: Path, bound: float) -> None:
    made = many(200, 40)
    runs = [(run(), made)]
    section = case_section(tmp_path / "first", runs, case_megabytes=bound)

    size = sum(map(len, section.blocks.values()))
    assert 0.6 * bound < size / 1e6 < 1.1 * bound
    outcomes = [OUTCOMES[number] for number in columns(section, "cases-list")["outcome"]]
    kept = [outcomes.count(outcome) for outcome in ("verbatim", "none")]
    assert kept == ([40, kept[1]] if bound == 0.2 else [kept[0], 0])
    assert 0 < kept[bound == 0.2] < (160 if bound == 0.2 else 40)
    stated = f"the page has {kept[0]} of 40 cases with a match and {kept[1]} of 160 without"
    assert stated in section.html
    again = case_section(tmp_path / "second", runs, case_megabytes=bound)
    assert again.blocks == section.blocks


def test_a_page_of_all_cases_states_no_sample(tmp_path: Path) -> None:
    section = case_section(tmp_path, [(run(), MADE)])

    assert "every outcome of every run, 3 in all" in section.html
    assert "case_megabytes" not in section.html
