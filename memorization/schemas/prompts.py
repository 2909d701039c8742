"""Table `prompts`."""

from __future__ import annotations

from dataclasses import dataclass

from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import BOOL, INT32, TEXT, Column, Nullable, list_of


class PromptsTable(ProbesTable):
    """What models are asked under a prompting other than `bare`: one row per probe.

    Who needs to know what stood in a prompt reads it as it reads the probes, from `prefix`.
    """

    name = "prompts"

    prefix = Column(TEXT, "")
    """all texts of the prompt, a line each: what a model that repeats them does not give back"""
    suffix = Column(TEXT, "")
    """s: the rest of the input after the probe's own prefix"""
    prefix_characters = Column(INT32, "characters")
    """length of the texts of the prompt"""
    text = Column(TEXT, "")
    """prompt of a model that is asked with plain text, without the beginning of its answer"""
    system = Column(TEXT, "")
    """system message of a model that is asked in its chat template; empty for none"""
    turns = Nullable(list_of(TEXT), "")
    """turns of such a model, user's and assistant's in alternation; null where all models are asked with plain text"""
    answer_start = Column(TEXT, "")
    """beginning of the answer, which the model continues; empty for none"""
    is_question = Column(BOOL, "")
    """the prompt is the row's whole question, which is read, and answered, as in training"""


@dataclass(frozen=True)
class Asked:
    """What a model is asked, whatever its tokenizer: columns of `PromptsTable`."""

    text: str
    system: str = ""
    turns: tuple[str, ...] | None = None
    answer_start: str = ""
    is_question: bool = False

    @property
    def shown(self) -> str:
        """All texts of the prompt, a line each."""
        asked = (self.text,) if self.turns is None else (self.system, *self.turns)
        return "\n".join(part for part in (*asked, self.answer_start) if part)
