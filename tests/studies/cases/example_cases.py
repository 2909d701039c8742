"""Cases for the tests of their choice and of their table."""

from typing import Any

from memorization.studies.cases.cases import Case

RUN = {
    "dataset": "chat",
    "task": "dialog",
    "model": "t5",
    "state": "full",
    "epoch": 3,
    "seed": 0,
    "population": "member",
    "prefix_tokens": 50,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "zeng2024",
}


def case(kind: str = "verbatim", passage: str = "the same words", probe: int = 0, **changed: Any) -> Case:
    whole = f"He said {passage} again."
    span = (8, 8 + len(passage))
    return Case(RUN, probe, kind, whole, span, whole, span, changed.get("probability"))
