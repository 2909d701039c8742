"""Made-up scores of members and held-out rows, and attacks on them in files, for the tests of membership."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sheets import context, run, sql

from memorization import storage
from memorization.config.project import Statistics
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.attacks import AttacksTable
from memorization.schemas.membership import MembershipTable
from memorization.schemas.run import StateColumns
from memorization.studies.membership import table
from memorization.studies.membership.attacks import Population, attack

STATISTICS = Statistics(draws=100)
STUDY = {"datasets": ["news", "chat"], "models": ["t5"], "states": ["base", "full"]}
WORDS = [f"{a}{b}" for a in ("red", "blue", "old", "new", "warm") for b in ("sea", "hill", "tree", "road")]


def made_up_texts(n: int, seed: int, planted: str = "", share: float = 0.0) -> list[str]:
    """Texts of ten words, all different; the word `planted` is before that share of them."""
    generator = np.random.default_rng(seed)
    return [
        " ".join(
            [*([planted] if generator.random() < share else []), *generator.choice(WORDS, 10), f"number{seed}x{row}"]
        )
        for row in range(n)
    ]


def scores(loss: np.ndarray, base_loss: np.ndarray | None = None, tokens: int = 10, zlib_bytes: int = 50) -> pa.Table:
    """Rows with these losses, and no other difference."""
    rows = [
        {
            "row": row,
            "id": str(row),
            "tokens": tokens,
            "zlib_bytes": zlib_bytes,
            "loss": float(value),
            "base_loss": None if base_loss is None else float(base_loss[row]),
            "min_k": -2 * float(value),
            "min_k_plus_plus": -float(value),
        }
        for row, value in enumerate(loss)
    ]
    return pa.Table.from_pylist(rows, schema=MembershipTable.arrow())


def population(loss: np.ndarray, texts: list[str], base_loss: np.ndarray | None = None) -> Population:
    """Rows with these losses and texts, each its own input and source."""
    return Population(scores(loss, base_loss), texts, texts, texts)


# Six parameters: every one changes what a table or figure shows.
def attack_rows(
    shift: float = 1.0, n: int = 120, controls: int = 100, seed: int = 0, base: bool = False, share: float = 0.0
) -> list[dict[str, Any]]:
    """Attacks on members whose loss is lower by `shift` standard deviations, of which `share` begin with a word."""
    generator = np.random.default_rng(seed)
    sides = []
    for size, lower, texts in (
        (n, shift, made_up_texts(n, 1, "member", share)),
        (controls, 0.0, made_up_texts(controls, 2)),
    ):
        difficulty = generator.normal(5, 0.5, size)
        loss = difficulty + generator.normal(0, 0.5, size) - lower
        sides.append(population(loss, texts, None if base else difficulty))
    return attack(*sides, STATISTICS, 0)


def attacks_file(folder: Path, dataset: str, state: str, **keys: Any) -> Path:
    """The file of the attacks on a model in a state."""
    coordinates = {name: run(dataset, state=state)[name] for name in StateColumns.columns()}
    rows = [coordinates | row for row in attack_rows(base=state == "base", **keys)]
    file = folder / dataset / state / "attacks.parquet"
    storage.write_table(file, AttacksTable, pa.Table.from_pylist(rows, schema=AttacksTable.arrow()), {})
    return file


def membership_context(**fields: Any) -> Context:
    """The context of the study's table and figure."""
    plain = {"study": "members", "title": "Membership", "options": {"study": STUDY}}
    return context(
        {"news": "Multi-news"}, {"t5": "T5_base"}, **plain | {"statistics": STATISTICS.model_dump()} | fields
    )


def membership_sheet(folder: Path) -> Sheet:
    """The sheet of the study, from files in another order: one dataset whose members differ by themselves."""
    files = [
        attacks_file(folder, "chat", "full", n=20, controls=30, share=1.0),
        attacks_file(folder, "news", "full"),
        attacks_file(folder, "news", "base", shift=0.0),
    ]
    return table.sheet({"query": [sql("membership")], "attacks": files}, membership_context())
