"""A study's table: tidy for programs (Parquet, CSV), laid out as the paper's Table 2 for people (Markdown, LaTeX)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from memorization import storage

# Headings of Table 2, in its order; in place of the last come those of confidence, where paraphrases were classified.
CATEGORY_HEADINGS = {"total": "Total Mem Rate", "verbatim": "Verbatim", "idea": "Idea", "paraphrase": "Paraphrase"}
TASK_HEADINGS = {
    "summarization": "Summarization",
    "dialog": "Dialog",
    "sentiment": "Sentiment Classification",
    "qa": "Reading Comprehension",
    "translation": "Translation",
    "classification": "Classification",
}
# What LaTeX reads as more than itself, and how it is written to stand for itself.
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}"}
)
Row = Mapping[str, Any]


def query(sql: Path, rates: Sequence[Path], **parameters: Any) -> pa.Table:
    """Run a study's SQL file by DuckDB over the view `rates` (all rows of the given files), with named parameters."""
    import duckdb

    with duckdb.connect() as connection:
        # The folders' key=value names repeat columns of the files.
        files = [str(file) for file in rates]
        connection.read_parquet(files, hive_partitioning=False).create_view("rates")
        return connection.sql(sql.read_text(encoding="utf-8"), params=parameters).to_arrow_table()


def last_losses(training: Sequence[Path]) -> dict[tuple[str, str, str, int], float]:
    """Mean training loss (nats/token) by (model, recipe, dataset, epoch), from training runs' tables."""
    losses = {}
    for file in training:
        coordinates = storage.manifest_of(file)["coordinates"]
        for row in storage.read(file, "training").to_pylist():
            key = (coordinates["model"], coordinates["recipe"], coordinates["dataset"], row["epoch"])
            losses[key] = row["loss"]
    return losses


def headings(rows: Sequence[Row], low: float) -> dict[str, str]:
    """Heading of each category that is shown; `low` is the bound of high confidence."""
    if not any(row["category"] == "paraphrase_high" for row in rows):
        return CATEGORY_HEADINGS
    shown = {category: heading for category, heading in CATEGORY_HEADINGS.items() if category != "paraphrase"}
    name = CATEGORY_HEADINGS["paraphrase"]
    return {**shown, "paraphrase_high": f"{name} (p>{low:g})", "paraphrase_low": f"{name} (p<{low:g})"}


def write(
    table: pa.Table,
    losses: Mapping[tuple[str, str, str, int], float],
    titles: Mapping[str, Mapping[str, str]],
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
    paraphrase: Mapping[str, Any] | None = None,
) -> None:
    """Write a study's table of rates (schema `table`, without its label) as `write_formats` does.

    `paraphrase` tells how confidence was told: `title` of the classifier, bounds `low` and `high`; None: it was not.
    """
    rows = table.to_pylist()
    wide = layout(rows, losses, titles, paraphrase["low"] if paraphrase else 0.5)
    write_formats(table, "table", wide, caption(rows, statistics, paraphrase), label, manifest, output)


def write_formats(
    table: pa.Table,
    schema: str,
    wide: Sequence[Mapping[str, str]],
    said: str,
    label: str,
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write `output`.parquet and .csv (the table and the label), .md and .tex (`wide`, with `said` as its caption)."""
    table = table.append_column("label", pa.array([label] * table.num_rows, pa.string()))

    def ending(suffix: str) -> Path:
        # Not with_suffix: a study's name may hold dots.
        return output.with_name(output.name + suffix)

    storage.write_table(ending(".parquet"), schema, table, manifest)
    sheet = io.BytesIO()
    pacsv.write_csv(table, sheet)
    storage.write_text(ending(".csv"), sheet.getvalue().decode())
    storage.write_text(ending(".md"), markdown(wide, said, label))
    storage.write_text(ending(".tex"), latex(wide, said, label))


def layout(
    rows: Sequence[Row],
    losses: Mapping[tuple[str, str, str, int], float],
    titles: Mapping[str, Mapping[str, str]],
    low: float = 0.5,
) -> list[dict[str, str]]:
    """One row a (model, dataset, state) with the categories side by side; a group's task and dataset stand once."""
    wide: list[dict[str, str]] = []
    previous: tuple[str, str] | None = None
    for total in (row for row in rows if row["category"] == "total"):
        group = (total["model"], total["dataset"])
        run = {row["category"]: row for row in rows if _run(row) == _run(total)}
        model = titles["models"].get(total["model"], total["model"])
        task: str = total["task"]
        loss = losses.get((total["model"], total["state"], total["dataset"], total["epoch"]))
        wide.append(
            {
                "Task": TASK_HEADINGS.get(task, task) if group != previous else "",
                "Dataset": titles["datasets"].get(total["dataset"], total["dataset"]) if group != previous else "",
                "Model": "Difference" if total["state"] == "difference" else in_state(model, total["state"]),
                **{heading: cell(run[category]) for category, heading in headings(rows, low).items()},
                "n": f"{total['n']:,}",
                "Training loss": "" if loss is None else f"{loss:.3f}",
            }
        )
        previous = group
    return wide


def in_state(model: str, state: str) -> str:
    """A model's name with the state it is in."""
    return f"{model} (base)" if state == "base" else f"{model} (fine-tuned)"


def _run(row: Row) -> tuple[Any, ...]:
    keys = ("model", "state", "epoch", "dataset", "population", "prefix_tokens", "decoding")
    return tuple(row[key] for key in keys)


def cell(row: Row) -> str:
    """A rate with its interval in percent; a difference with an arrow, `-` where nothing changed.

    0/n also shows the exact upper bound, because the bootstrap's interval is [0, 0] there.
    """
    low, high = 100 * row["low"], 100 * row["high"]
    if row["state"] == "difference":
        if row["count"] == 0 and low == high == 0:
            return "-"
        arrow = "↑" if row["count"] > 0 else "↓" if row["count"] < 0 else ""
        return f"{arrow}{abs(100 * row['rate']):.2f}% [{low:+.2f}, {high:+.2f}]"
    if row["count"] == 0:
        return f"0.00% (≤ {100 * row['exact_high']:.2f}%)"
    return f"{100 * row['rate']:.2f}% [{low:.2f}, {high:.2f}]"


def caption(rows: Sequence[Row], statistics: Mapping[str, Any], paraphrase: Mapping[str, Any] | None = None) -> str:
    """What the numbers are, in one paragraph."""
    confidence = ""
    if paraphrase:
        low, high = (f"{paraphrase[key]:g}" for key in ("low", "high"))
        confidence = (
            f" Paraphrase (p>{low}): {paraphrase['title']} gives a pair of sentences of the match a probability of "
            f"equivalence between {low} and {high}; (p<{low}): it gives none."
        )
    return (
        f"Memorization in percent of n probes ({asked(rows)}), with "
        f"{intervals(statistics, '; differences paired by probe')}. "
        "Where no probe is memorized, the exact (Clopper-Pearson) upper bound stands in parentheses. "
        f"Training loss: mean of the shown epoch, in nats per token.{confidence}"
    )


def asked(rows: Sequence[Row]) -> str:
    """Where the probes come from and how texts were decoded."""
    populations = {"member": "training inputs", "control": "test inputs, never trained on"}
    who = " and ".join(dict.fromkeys(populations[row["population"]] for row in rows))
    return f"{who}; decoding: {', '.join(dict.fromkeys(row['decoding'] for row in rows))}"


def intervals(statistics: Mapping[str, Any], also: str = "") -> str:
    """What the intervals are, with one thing more in the parenthesis."""
    coverage = 100 * (statistics["high"] - statistics["low"])
    return (
        f"{coverage:g}% bootstrap intervals ({statistics['draws']:,} draws, quantiles {statistics['low']:g} and "
        f"{statistics['high']:g}{also})"
    )


def markdown(wide: Sequence[Mapping[str, str]], said: str, label: str) -> str:
    """The table as Markdown, with label and caption."""
    from tabulate import tabulate

    cells = [{key: value.replace("|", "\\|") for key, value in row.items()} for row in wide]
    headed = [f"**{label}**", ""] if label else []
    return "\n".join(
        [
            *headed,
            tabulate(cells, headers="keys", tablefmt="github", disable_numparse=True),
            "",
            said,
            "",
        ]
    )


def latex(wide: Sequence[Mapping[str, str]], said: str, label: str) -> str:
    """The table as a LaTeX `table` (packages: booktabs), with label and caption."""
    from tabulate import tabulate

    body = str(tabulate(list(wide), headers="keys", tablefmt="latex_booktabs", disable_numparse=True))
    for sign, command in {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "≤": r"$\leq$"}.items():
        body = body.replace(sign, command)
    whole = f"{label} {said}".strip().translate(LATEX)
    lines = [r"\begin{table*}", r"\centering", r"\small", f"\\caption{{{whole}}}", body, r"\end{table*}", ""]
    return "\n".join(lines)


def plain(markdown_text: str) -> str:
    """The Markdown table as it is shown on a terminal: without the marks for bold."""
    return markdown_text.replace("**", "")
