"""Processor seconds of starts: imports of scripts, a run with nothing to do, and the whole demonstration.

    python benchmarks/start_up.py [--before CHECKOUT] [--repeats 5] [--run]

Each line compares this checkout with another one (`git worktree add CHECKOUT COMMIT`), in turns, with user and system
time of all processes. `--run` also runs the demonstration of each, once, in a temporary folder, and then a run with
nothing to do.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("generations", "train", "matches", "rates", "outcomes", "table")
# What a script imports before it works; a script that runs a model also what every model needs.
IMPORTS = """
import ast, sys
from pathlib import Path
sys.path[:0] = [".", "scripts"]
from snakemake.script import Snakemake
for node in ast.parse(Path("scripts", sys.argv[1]).read_bytes()).body:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        exec(compile(ast.Module([node], []), "script", "exec"), globals())
if "torch_setup" in globals() or "loading" in globals():
    # Of an older checkout, it is a function of `loading`.
    start = torch_setup.start if "torch_setup" in globals() else loading.start_torch
    start("cpu", 1)
    import transformers.generation.utils, transformers.modeling_utils
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.models.t5.modeling_t5 import T5ForConditionalGeneration
"""


def main() -> None:
    """Print a Markdown table, one line per start."""
    parser = argparse.ArgumentParser(description="Processor seconds of starts.")
    parser.add_argument("--before", type=Path, help="another checkout, which is compared")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--run", action="store_true", help="run the demonstration, too")
    given = parser.parse_args()
    checkouts = [ROOT, *([given.before.resolve()] if given.before else [])]
    print("| processor seconds | now | " + ("before | ratio |" if given.before else ""))
    print("|---|---|" + ("---|---|" if given.before else ""))
    python = [sys.executable, "-c"]
    show("`import pyarrow, numpy`", checkouts[:1], [*python, "import pyarrow, numpy"], given.repeats)
    for script in SCRIPTS:
        show(f"imports of `{script}`", checkouts, [*python, IMPORTS, f"{script}.py"], given.repeats)
    if given.run:
        with tempfile.TemporaryDirectory() as folder:
            run = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory"]
            show("the demonstration", checkouts, run, 1, Path(folder))
            show("the same again, nothing to do", checkouts, run, given.repeats, Path(folder))


def show(what: str, checkouts: list[Path], command: list[str], repeats: int, folder: Path | None = None) -> None:
    """Measure a command in every checkout, in turns, and print its line: median, least and greatest."""
    seconds: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
    for _ in range(repeats):
        for place, checkout in enumerate(checkouts):
            own = [] if folder is None else [str(folder / str(place))]
            seconds[checkout].append(processor_seconds([*command, *own], checkout))
    cells = [f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in seconds.values()]
    if len(checkouts) == 2:
        now, before = (statistics.median(each) for each in seconds.values())
        cells.append(f"{now / before:.2f}")
    print(f"| {what} | {' | '.join(cells)} |", flush=True)


def processor_seconds(command: list[str], checkout: Path) -> float:
    """User and system time of a command and its children, started in a checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(checkout)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(command)}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
