"""Where the results come from: methods, configuration, versions, time and memory, seeds, digests."""

from __future__ import annotations

import csv
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.jobs import BENCHMARKS
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files

ROOT = Path(__file__).resolve().parents[2]
# Folders of results whose files are named after what a stage makes; in the others, the folder is.
BY_STAGE = ("probes", "runs", "attention", "quality", "likelihoods")


def section(files: Files, context: PageContext) -> Section:
    """What a reader needs to trust the results, or to make them again."""
    manifests = [storage.manifest_of(file) for file in _made(context)]
    parts = [
        _methods(context),
        _folded("Configuration: what differs from the defaults", _configuration(context)),
        _folded("Versions and machine", _versions(manifests)),
        _folded("Time and memory by stage", _costs(context.results / BENCHMARKS)),
        _folded("Seeds", _table(("key", "value"), context.seeds)),
        _folded("Digests", _digests(context, manifests)),
    ]
    return Section("provenance", "How it was measured", "\n".join(part for part in parts if part))


def _made(context: PageContext) -> Iterator[Path]:
    """The files whose manifests are read: those of the shown studies that are there."""
    for place in context.evidence:
        if (file := context.results / place).is_file():
            yield file


def _methods(context: PageContext) -> str:
    """The paragraph for a paper, and what it cites, in the order of their numbers."""
    numbers = {key: place for place, key in enumerate(context.citations, start=1)}

    def numbered(found: re.Match[str]) -> str:
        return f"[{numbers[found[1]]}]" if found[1] in numbers else found[0]

    text = re.sub(r"\[(\w+)\]", numbered, " ".join(context.methods))
    cited = "".join(f"<li>{escaped(source)}</li>" for source in context.citations.values())
    return (
        f'<div class="methods"><h3>Methods, for a paper</h3>\n<p>{escaped(text)}</p>\n'
        f'<ol class="small">{cited}</ol></div>'
    )


def _configuration(context: PageContext) -> str:
    return _table(("key", "value", "default"), context.settings)


def _versions(manifests: Sequence[Mapping[str, Any]]) -> str:
    """Versions of what computed the results, the devices, and the machine on which the page was made."""
    versions: dict[str, set[str]] = {}
    settings: dict[str, set[str]] = {}
    for manifest in manifests:
        for package, version in manifest.get("versions", {}).items():
            versions.setdefault(package, set()).add(version)
        for name in ("device", "engine", "threads"):
            if (value := manifest.get("settings", {}).get(name)) is not None:
                settings.setdefault(name, set()).add(str(value).rsplit(".", 1)[-1])
    rows = [("commit", commit(ROOT) or "unknown: the program lies in no repository of its own")]
    rows += [(f"{name} (models)", ", ".join(sorted(values))) for name, values in sorted(settings.items())]
    rows += [("Python (this page)", platform.python_version()), ("machine (this page)", machine())]
    rows += [(package, ", ".join(sorted(found))) for package, found in sorted(versions.items())]
    return _table(("what", "which"), rows)


def commit(root: Path) -> str | None:
    """The commit of the repository whose folder is `root`, with `-dirty` behind it where files are changed."""
    command = ["git", "-C", str(root)]
    try:
        top = subprocess.run([*command, "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
        # A folder of another repository says nothing of the program in it.
        if Path(top.stdout.strip()) != root:
            return None
        described = [*command, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        return subprocess.run(described, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine() -> str:
    """Processor, number of cores and memory of this machine, as far as it says them."""
    model, memory = "", ""
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        model = next(
            (line.split(":", 1)[1].strip() for line in facts.splitlines() if line.startswith("model name")), ""
        )
        gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        memory = f"{gibibytes:.0f} GiB of memory"
    except (OSError, ValueError):
        pass
    parts = [platform.system(), model or platform.machine(), f"{os.cpu_count()} cores", memory]
    return ", ".join(part for part in parts if part)


def _costs(folder: Path) -> str:
    """What the jobs took that made what lies in the results folder, by stage."""
    stages: dict[str, list[dict[str, float]]] = {}
    for file in sorted(folder.rglob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as lines:
            jobs = [{key: float(value) for key, value in job.items()} for job in csv.DictReader(lines, delimiter="\t")]
        stages.setdefault(stage(file.relative_to(folder)), []).extend(jobs)

    def total(jobs: Sequence[Mapping[str, float]], what: str) -> float:
        return sum(job[what] for job in jobs)

    rows = [
        (
            name,
            f"{len(jobs):,}",
            f"{total(jobs, 'seconds'):,.1f}",
            f"{total(jobs, 'processor_seconds'):,.1f}",
            f"{max(job['memory_mib'] for job in jobs):,.0f}",
        )
        for name, jobs in sorted(stages.items(), key=lambda each: -total(each[1], "seconds"))
    ]
    return _table(("stage", "jobs", "seconds", "processor seconds", "most memory (MiB)"), rows, numbers=True)


def stage(file: Path) -> str:
    """The stage of a file of the benchmarks, from its place below their folder."""
    top = file.parts[0]
    names = [part for part in (*file.parts[1:-1], file.name.split(".")[0]) if "=" not in part]
    if top not in BY_STAGE or not names:
        return {"runs": "generations", "attention": "attention maps"}.get(top, top)
    return names[-1].replace("_", " ")


def _digests(context: PageContext, manifests: Sequence[Mapping[str, Any]]) -> str:
    """Digests of the code by stage, and the checksums of the tables and figures."""
    code: dict[str, set[str]] = {}
    for manifest in manifests:
        if "rule" in manifest and "source" in manifest:
            code.setdefault(manifest["rule"], set()).add(manifest["source"])
    sums = []
    for study in context.studies:
        for exhibit in study["exhibits"]:
            place = context.results / exhibit["place"]
            listed = place.with_name(f"{place.name}.sha256")
            if listed.is_file():
                for line in listed.read_text(encoding="utf-8").splitlines():
                    digest, _, name = line.partition("  ")
                    # Of each exhibit the form that the others are made from, or that the page shows.
                    if name.endswith((".parquet", ".svg")):
                        sums.append((f"{Path(exhibit['place']).parent}/{name}", digest))
    return _table(
        ("stage", "digest of its code"), [(rule, ", ".join(sorted(each))) for rule, each in sorted(code.items())]
    ) + _table(("file", "SHA-256"), sums)


def _folded(heading: str, content: str) -> str:
    if not content:
        return ""
    area = f'<div class="scroll facts" tabindex="0" role="region" aria-label="{heading}">{content}</div>'
    return f'<details class="exhibit"><summary><h3>{heading}</h3></summary>{area}</details>'


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """A plain table; "" without rows."""
    kind = ' class="number"' if numbers else ""
    lines = [
        "<tr>"
        + f'<th scope="row">{escaped(first)}</th>'
        + "".join(f"<td{kind}>{escaped(each)}</td>" for each in others)
        + "</tr>"
        for first, *others in rows
    ]
    head = "".join(f'<th scope="col"{kind if place else ""}>{heading}</th>' for place, heading in enumerate(headings))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>" if lines else ""
