"""A page in headless Chromium, from disk: its size, and when a reader sees it, as a Markdown table.

    python benchmarks/page.py [results/report/index.html ...] [--repeats 5]

First paint is the browser's own (`first-contentful-paint`), from the beginning of the navigation; "all read" is the end
of the parser's work and of the programs that it starts. Each visit is in a context of its own, without a cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

# The browser is started as the tests do.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/page"))

from browsing import OPTIONS

TIMES = """
async () => {
  const paint = () => performance.getEntriesByName("first-contentful-paint")[0];
  const read = () => performance.getEntriesByType("navigation")[0].loadEventEnd;
  while (!paint() || !read()) await new Promise((resolve) => setTimeout(resolve, 10));
  return [paint().startTime, read()];
}
"""


def main(arguments: list[str] | None = None) -> None:
    """Print a line per page."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path, default=[Path("results/report/index.html")])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    for file in given.pages:
        if not file.is_file():
            parser.error(f"{file}: no such file; make it with `snakemake --cores 2`, or name another page")
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        parser.error("Chromium is not installed; install it, or set CHROMIUM to its program")
    print("| page | MB | first paint (ms) | all read (ms) |\n|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        for file in given.pages:
            visits = [visit(browser, file) for _ in range(given.repeats)]
            paint, read = (statistics.median(times) for times in zip(*visits, strict=True))
            print(f"| {file} | {file.stat().st_size / 1e6:.2f} | {paint:.0f} | {read:.0f} |")
        browser.close()


def visit(browser: Any, file: Path) -> tuple[float, float]:
    """Milliseconds from the beginning of a visit to the first paint, and until all of the page is read."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(file.resolve().as_uri())
    times: tuple[float, float] = tuple(tab.evaluate(TIMES))
    context.close()
    return times


if __name__ == "__main__":
    main()
