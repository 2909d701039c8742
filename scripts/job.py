"""What every script shares: its log and errors, its manifest, its files."""

import sys
from collections.abc import Callable
from pathlib import Path

# Without installation too: under `--sdm conda` the environment has what the package needs, not the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from snakemake.script import Snakemake

from memorization import cards, freshness, jobs, storage

ROOT = Path(__file__).resolve().parent.parent


def run(main: Callable[[Snakemake], None], snakemake: Snakemake) -> None:
    """Run a script's `main`, as `jobs.run` does: with the code of its run, and on a card of its own."""

    def work() -> None:
        source = snakemake.params.get("source")
        freshness.recall(results / freshness.PLACE)
        # Another Python, as one of `--sdm conda`, has other digests of the same code.
        if source and snakemake.config["python"] == sys.version:
            freshness.check(source, ROOT, *snakemake.config["scripts"][source])
        if snakemake.resources.get("gpu"):
            cards.take(snakemake.config["jobs_per_gpu"])
        main(snakemake)

    output, results = Path(next(iter(snakemake.output), "")), Path(snakemake.config["results"])
    jobs.run(work, Path(snakemake.log[0]), output, results)


def manifest(snakemake: Snakemake, *packages: str, **settings: object) -> dict[str, object]:
    """Where a result comes from: rule, coordinates, settings, digest of the code, versions of what computed it."""
    made_by = {"rule": snakemake.rule, "source": snakemake.params.source, "versions": storage.versions(*packages)}
    return made_by | {"coordinates": dict(snakemake.wildcards.items()), "settings": settings}


def input_files(snakemake: Snakemake) -> dict[str, list[Path]]:
    """A rule's input files by name."""
    files = {name: [value] if isinstance(value, str) else value for name, value in snakemake.input.items()}
    return {name: [Path(file) for file in value] for name, value in files.items()}


def unfinished(output: Path) -> Path:
    """Where a training keeps its state until it ends: beside its output, where Snakemake does not remove it.

    Locked for this job: UserError where another process trains.
    """
    folder = output.with_name(f"{output.name}.unfinished")
    jobs.lock(folder)
    return folder
