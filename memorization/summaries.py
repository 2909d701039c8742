"""The text at the end of a run: where the results are, the tables as wide as the terminal, and what to do next."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from memorization.checksums import check_file
from memorization.plan import PAGE, TABLE, VERDICT
from memorization.report.formats import without_markup
from memorization.studies.audit.verdict import EXIT_CODES, Answer, Verdict, whole_answer
from memorization.studies.audit.words import short
from memorization.studies.kinds import Config

# With more tables than this the summary shows none, only their folder; and of one no more rows than this.
SHOWN, ROWS = 3, 60
# Shown before other columns where not all have room: what a rate is to be compared with.
IMPORTANT = ("Total Mem Rate", "Control", "Ceiling", "n", "Above control")
# A cell takes at most this share of a terminal's width, but for the columns that tell rows apart no less than this.
SHARE, LEAST = 0.36, 12
GAP = "  "
# Of a terminal: green, red, yellow.
COLOURS: dict[Answer, int] = {"pass": 32, "fail": 31, "cannot tell": 33}


def text(config: Config, warnings: Sequence[str], width: int | None) -> str:
    """The summary of a run with these warnings of its jobs; tables are cut to a width in columns, or whole (None)."""
    results = Path(config.results)
    page = results / PAGE
    parts = ["", f"Open {page} in a browser: every table, figure and case."] if page.is_file() else []
    tables = {study: results / f"{TABLE.format(study=study)}.md" for study in config.studies}
    made = {study: table for study, table in tables.items() if table.is_file()}
    if len(made) <= SHOWN:
        for study, table in made.items():
            content = table.read_text(encoding="utf-8")
            whole = without_markup(content).rstrip()
            parts += ["", study, "=" * len(study), "", whole if width is None else cut(content, width, table)]
    else:
        parts += ["", _wrapped(f"{len(made)} studies: {', '.join(made)}.", width)]
    # What a demonstration warns of is no news: its own sizes.
    kind = "Note" if config.label else "Warning"
    notes = [_wrapped(f"{kind}: {each}", width) for each in grouped(warnings)]
    parts += ["", *notes] if notes else []
    parts += ["", *_places(results, width), "", *_next(config, width)]
    return "\n".join(parts)


def verdicts(config: Config) -> list[Verdict]:
    """The verdicts of a configuration's audits, as far as they are there. Raises UserError where one is damaged."""
    files = [Path(config.results, f"{VERDICT.format(study=study)}.json") for study in config.studies]
    made = [file for file in files if file.is_file()]
    for file in made:
        check_file(file)
    return [Verdict.model_validate_json(file.read_bytes()) for file in made]


def verdict_lines(found: Sequence[Verdict], coloured: bool) -> str:
    """The text at the very end of a run whose target is `audit`."""
    lines = [""]
    for verdict in found:
        for line, answer in short(verdict):
            start, end = (f"\x1b[{COLOURS[answer]}m", "\x1b[0m") if coloured and answer else ("", "")
            lines.append(f"{start}{line}{end}")
    code = exit_code(found)
    return "\n".join([*lines, f"Exit code {code}."])


def exit_code(found: Sequence[Verdict]) -> int:
    """The exit code of the worst of several verdicts."""
    return EXIT_CODES[whole_answer([verdict.answer for verdict in found])]


def _places(results: Path, width: int | None) -> list[str]:
    rows = [
        ("Tables", "tables", ".parquet and .csv for programs, .md, .tex and .html for people"),
        ("Figures", "figures", ".svg and .png"),
        ("Evidence", "runs", "every run: generations, candidates, matches, outcomes, rates"),
        ("Checkpoints", "checkpoints", "fine-tuned models"),
        ("Logs", "logs", f"time and memory of every job: {results}/benchmarks/"),
    ]
    longest = max(len(f"{results}/{folder}/") for _, folder, _ in rows)
    lines = [(f"{what:11}  {f'{results}/{folder}/':{longest}}", remark) for what, folder, remark in rows]
    return [line if width and len(line) + len(remark) + 4 > width else f"{line}  ({remark})" for line, remark in lines]


def _next(config: Config, width: int | None) -> list[str]:
    lines = [
        "Change a setting and start the same command again: it makes what depends on that (`snakemake -n` says what).",
        "Before you quote a rate, read what it is and is not: docs/pitfalls.md.",
        "Measure your own data and model: `configs/real-data.yaml`, explained in README.md."
        if config.label
        else f"Check all files before you share them: `memorization verify {config.results}`.",
    ]
    return ["Next:", *(_wrapped(f"- {line}", width, "  ") for line in lines)]


def grouped(warnings: Iterable[str]) -> list[str]:
    """Each warning once, and those that differ in their dataset alone as one."""
    datasets: dict[str, list[str]] = {}
    for warning in warnings:
        named = re.match(r"dataset ([^,:]+)([,:].*)", warning, re.DOTALL)
        names = datasets.setdefault(named[2] if named else warning, [])
        if named and named[1] not in names:
            names.append(named[1])
    return [
        f"dataset{'s' if len(names) > 1 else ''} {', '.join(names)}{rest}" if names else rest
        for rest, names in datasets.items()
    ]


def cut(markdown: str, width: int, file: Path) -> str:
    """A table's label and as many of its columns as have room, from `formats.markdown`; the others are named.

    `file` is where the whole table is.
    """
    lines = markdown.splitlines()
    table = [_cells(line) for line in lines if line.startswith("|")]
    label = lines[0] if lines[0].startswith("**") else ""
    parts = [_wrapped(without_markup(label), width), ""] if label else []
    if len(table) > 2:
        heads, rows = table[0], table[2:]
        shown = rows[:ROWS]
        chosen = _chosen([heads, *shown], width)
        parts += _laid_out([[row[column] for column in chosen] for row in [heads, *shown]], width)
        hidden = [head for column, head in enumerate(heads) if column not in chosen]
        missing = [f"{len(rows) - ROWS:,} more rows"] if len(rows) > ROWS else []
        missing += [f"columns {', '.join(hidden)}"] if hidden else []
        also = f"Also there: {'; '.join(missing)}. " if missing else ""
        parts += ["", _wrapped(f"{also}Whole and explained: {file}", width)]
    return "\n".join(parts)


def _cells(line: str) -> list[str]:
    return [without_markup(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _chosen(table: Sequence[Sequence[str]], width: int) -> list[int]:
    """Columns that have room, in order: first those that tell rows apart, then the important ones, then the others."""
    heads, rows = table[0], _filled(table[1:])
    keys: list[int] = []
    groups = 1
    for column in range(len(heads)):
        values = {tuple(row[each] for each in (*keys, column)) for row in rows}
        if len(values) > groups:
            groups = len(values)
            keys.append(column)
        if groups == len(rows):
            break
    keys = keys or [0]
    others = [column for column in range(len(heads)) if column not in keys]
    rank = {head: place for place, head in enumerate(IMPORTANT)}
    others.sort(key=lambda column: (rank.get(heads[column], len(rank)), column))
    chosen: list[int] = []
    left = width + len(GAP)
    for column in (*keys, *others):
        needed = _width(table, column, width) + len(GAP)
        if needed <= left or not chosen:
            chosen.append(column)
            left -= needed
        elif column not in keys and heads[column] not in rank:
            # A later one would stand alone, without those that belong to it.
            break
    return sorted(chosen)


def _filled(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows whose empty cells are as the ones above: a group of rows names what they share once."""
    filled: list[list[str]] = []
    for row in rows:
        above = filled[-1] if filled else [""] * len(row)
        filled.append([cell or before for cell, before in zip(row, above, strict=True)])
    return filled


def _width(table: Sequence[Sequence[str]], column: int, width: int) -> int:
    from rich.cells import cell_len

    return min(max(cell_len(row[column]) for row in table), max(LEAST, int(SHARE * width)))


def _laid_out(table: Sequence[Sequence[str]], width: int) -> list[str]:
    from rich.cells import cell_len, set_cell_size

    widths = [_width(table, column, width) for column in range(len(table[0]))]

    def cell(content: str, size: int) -> str:
        return set_cell_size(content, size) if cell_len(content) <= size else f"{set_cell_size(content, size - 3)}..."

    lines = [GAP.join(map(cell, row, widths)).rstrip() for row in table]
    return [lines[0], GAP.join("-" * size for size in widths), *lines[1:]]


def _wrapped(line: str, width: int | None, indent: str = "") -> str:
    """A text on lines of a width at most; words, such as paths, stay whole."""
    if width is None:
        return line
    return textwrap.fill(line, max(width, 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
