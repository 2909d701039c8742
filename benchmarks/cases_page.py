"""The page's case browser with many cases in headless Chromium: sizes, times and memory, as a Markdown table.

    python benchmarks/cases_page.py
    python benchmarks/cases_page.py --cases 20000 --characters 500 --keep page.html

Texts are drawn by a seed from a made-up vocabulary with the frequencies of natural English (Zipf's law). There are two
runs on the same inputs, base and fine-tuned; a fifth of the second's generations repeats a passage of a training text.
Texts are searched for that occur nowhere or seldom, so that all are read to their ends. Of times the least, the median
and the most are printed, and the processor time, because other work on the machine makes them longer. `--keep` keeps
the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from page import OPTIONS

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memorization.page import cases, page
from memorization.page.cases import ByProbe, Run
from memorization.page.context import PageContext
from memorization.page.section import Section

VOCABULARY = 40_000
PASSAGE = 300
MATCHED = 0.2
REPEATS = 10
SORTS = ("length", "score", "run", "leaked", "probability")
COORDINATES = {
    "dataset": "made_up",
    "task": "dialog",
    "dataset_title": "made-up texts",
    "model": "model",
    "model_title": "a model",
    "seed": 0,
    "population": "member",
    "prefix_tokens": 50,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "zeng2024",
    "studies": ["benchmark"],
}


def main(arguments: list[str] | None = None) -> None:
    """Make the page, open it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--characters", type=int, default=1000, help="of a generation, and of a training text")
    parser.add_argument("--megabytes", type=float, default=1000.0, help="as `report.case_megabytes`")
    parser.add_argument("--keep", type=Path, help="where the page is kept")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "index.html")
        rows = made(file, options) | opened(file)
        if options.keep:
            shutil.copy(file, options.keep)
    print("| what | measured |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


def made(file: Path, options: argparse.Namespace) -> dict[str, str]:
    """Write the page; its size, and what it took."""
    runs = list(made_up_runs(options.cases // 2, options.characters))
    begun = time.process_time()
    context = PageContext(Path(), runs=[dict(run.coordinates) for run in runs], case_megabytes=options.megabytes)
    section = cases.section_of(runs, context)
    frame = Section("before", "Before", "<p>What stands above the cases.</p>")
    page.write(file, "Benchmark", "", [frame, section])
    return {
        "cases": f"{options.cases:,} of {options.characters:,} characters on each side",
        "size of the file": f"{file.stat().st_size / 1e6:.1f} MB",
        "making it": f"{time.process_time() - begun:.1f} s of processor time",
    }


def made_up_runs(probes: int, characters: int) -> Iterator[Run]:
    """Two runs on the same inputs, as tables in memory."""
    draws = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
    words = np.array(["".join(draws.choice(letters, size)) for size in draws.integers(2, 11, VOCABULARY)])
    frequencies = 1 / np.arange(1, VOCABULARY + 1)

    def texts(length: int) -> list[str]:
        drawn = draws.choice(words, probes * (length // 6 + 2), p=frequencies / frequencies.sum())
        whole, size = " ".join(drawn), length + 1
        return [whole[number * size : number * size + length] for number in range(probes)]

    numbers = np.arange(probes, dtype=np.int32)
    prefixes, suffixes = texts(200), texts(characters)
    inputs = table(probe=numbers, id=[f"row-{number}" for number in numbers], prefix=prefixes, suffix=suffixes)
    for state, epoch in (("base", 0), ("full", 3)):
        written = texts(characters)
        sources = draws.integers(0, probes, probes)
        matched = draws.random(probes) < (MATCHED if epoch else 0)
        for number in np.flatnonzero(matched):
            written[number] = suffixes[sources[number]][:PASSAGE] + written[number][PASSAGE:]
        documents = np.concatenate([sources[:, None], draws.integers(0, probes, (probes, 9))], axis=1)
        yield Run(
            COORDINATES | {"state": state, "epoch": epoch},
            0,
            {
                "probes": inputs,
                "prompts": inputs,
                "generations": table(
                    probe=numbers, generation=written, generated_tokens=[200] * probes, at_limit=[True] * probes
                ),
                "candidates": table(
                    probe=numbers.repeat(10),
                    rank=np.tile(np.arange(1, 11, dtype=np.int32), probes),
                    document=documents.reshape(-1).astype(np.int32),
                    score=draws.random(10 * probes).astype(np.float32) * 60,
                ),
                "matches": _matches(numbers[matched], sources[matched]),
                "outcomes": _outcomes(numbers, sources, matched),
            },
        )


def _matches(numbers: np.ndarray, sources: np.ndarray) -> ByProbe:
    count = len(numbers)
    places = {name: np.zeros(count, np.int32) for name in ("span", "generation_start", "suffix_start")}
    lengths = {name: np.full(count, PASSAGE) for name in ("generation_length", "suffix_length")}
    return table(probe=numbers, rank=[1] * count, document=sources, type=["verbatim"] * count, **places, **lengths)


def _outcomes(numbers: np.ndarray, sources: np.ndarray, matched: np.ndarray) -> ByProbe:
    return table(
        probe=numbers,
        outcome=np.where(matched, "verbatim", "none"),
        rank=pa.array(np.ones(len(numbers), np.int32), mask=~matched),
        own_suffix=pa.array(sources == numbers, mask=~matched),
        paraphrase_probability=pa.nulls(len(numbers), pa.float64()),
        entities=pa.nulls(len(numbers), pa.int32()),
    )


def table(**columns: Any) -> ByProbe:
    """A table by probe."""
    return ByProbe(pa.table(columns))


PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
LISTED = "document.querySelector('#case-browser[data-ready]') ? performance.now() : null"
PREPARED = "document.querySelector('#case-browser[data-searchable]') ? performance.now() : null"
# From a reader's act to the frame that shows its effect, in milliseconds.
SEARCH = """async (text) => {
  const counted = document.querySelector('.counted');
  const input = document.querySelector('#case-browser input[type=search]');
  const before = counted.textContent;
  const begun = performance.now();
  input.value = text;
  input.dispatchEvent(new Event('input'));
  while (counted.textContent === before) await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - begun;
}"""
FILTER = """async (place) => {
  const begun = performance.now();
  document.querySelectorAll('.facet input')[place].click();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - begun;
}"""
SORT = """async (value) => {
  const select = document.querySelectorAll('#case-browser .tools select')[1];
  const begun = performance.now();
  select.value = value;
  select.dispatchEvent(new Event('change'));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - begun;
}"""
OPEN = """async (slot) => {
  const begun = performance.now();
  const name = document.querySelector('.case')?.dataset.case;
  document.querySelectorAll('.case-list .row')[slot].click();
  while (document.querySelector('.case')?.dataset.case === name) await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - begun;
}"""
# Frames while the list is scrolled from end to end, and frames of which a place had no row.
SCROLL = """async () => {
  const list = document.querySelector('.case-list');
  list.scrollIntoView({ behavior: 'instant', block: 'center' });
  const { left, top, height } = list.getBoundingClientRect();
  const times = [];
  let gaps = 0;
  const frames = 120;
  let last = performance.now();
  for (let frame = 0; frame <= frames; frame += 1) {
    list.scrollTop = (list.scrollHeight - list.clientHeight) * (frame / frames);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    for (const share of [0.02, 0.3, 0.6, 0.98]) {
      if (!document.elementFromPoint(left + 40, top + height * share)?.closest('.row')) gaps += 1;
    }
    times.push(performance.now() - last);
    last = performance.now();
  }
  return [gaps, times];
}"""


def opened(file: Path) -> dict[str, str]:
    """Times and memory of a browser that opens the page; of times the least, the median and the most."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(file.resolve().as_uri(), wait_until="commit")
        paint, listed, prepared = (waited(tab, each) for each in (PAINT, LISTED, PREPARED))
        tab.wait_for_selector(".case")
        words = ["q nowhere", "the nowhere", "zq"]
        gaps, frames = tab.evaluate(SCROLL)
        rows = {
            "first paint": f"{paint:.0f} ms",
            "until cases can be filtered": f"{listed:.0f} ms",
            "until texts can be searched": f"{prepared:.0f} ms",
            "a filter": repeated(lambda number: tab.evaluate(FILTER, number % 2)),
            "sorting": repeated(lambda number: tab.evaluate(SORT, SORTS[number % len(SORTS)])),
            **{
                f"a search for `{text}`": repeated(
                    lambda number, text=text: (tab.evaluate(SEARCH, text), tab.evaluate(SEARCH, ""))[0]
                )
                for text in words
            },
            "opening a case": repeated(lambda number: tab.evaluate(OPEN, number % 8 + 1)),
            "a frame of scrolling": spread(frames),
            "gaps while scrolling": f"{gaps}",
            "memory of the browser": f"{memory() / 1e6:,.0f} MB",
        }
        browser.close()
    return rows


def waited(tab: Any, value: str) -> float:
    """A value of the page as soon as it has one; asked for from outside, because the page's policy allows no other."""
    while (found := tab.evaluate(value)) is None:
        time.sleep(0.01)
    return float(found)


def repeated(measure: Any) -> str:
    """Several measurements in ms, and the processor time of all of the browser for each."""
    before = processor_seconds()
    times: Sequence[float] = [measure(number) for number in range(REPEATS)]
    taken = 1000 * (processor_seconds() - before) / REPEATS
    return f"{spread(times)}; {taken:.0f} ms of processor time"


def spread(times: Sequence[float]) -> str:
    """The least of several times in ms, their median and the most."""
    return f"{min(times):.0f} ms ({statistics.median(times):.0f}, {max(times):.0f})"


def browsers() -> list[Any]:
    """The processes of the browser."""
    import psutil

    return list(psutil.Process().children(recursive=True))


def memory() -> float:
    """Memory of the browser's processes in bytes, without what they share."""
    return float(sum(each.memory_full_info().uss for each in browsers()))


def processor_seconds() -> float:
    """Processor time of the browser's processes until now, user and system."""
    return float(sum(sum(each.cpu_times()[:2]) for each in browsers()))


if __name__ == "__main__":
    main()
