"""What `memorization canaries` draws: persons, secrets, which canaries are held out, and places in the file.

Every draw follows from the seed and a purpose of its own, so that more canaries or another form change no other draw.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from memorization.datasets.canary_key import Canary, KeyForm
from memorization.datasets.secret_forms import PERSON, FormError, space_of
from memorization.errors import UserError

MOST_CANARIES = 9_984
"""As many made-up persons there are."""


@dataclass(frozen=True)
class Draw:
    """What is drawn: of each form and number of copies `each` canaries, held out with that probability."""

    forms: Mapping[str, KeyForm]
    copies: Sequence[int]
    each: int
    held_out: float
    seed: int

    @property
    def per_form(self) -> int:
        """Canaries of one form."""
        return len(self.copies) * self.each

    def generator(self, purpose: str) -> random.Random:
        """The random numbers of one purpose."""
        return random.Random(f"{self.seed} {purpose}")


def drawn(draw: Draw, taken: Mapping[str, Collection[str]]) -> list[Canary]:
    """Canaries that are not in the file, all held out: their places come later (`placed`).

    `taken` has, by pattern, what occurs in the file. UserError where a space is too small, or where the file has
    canaries of this draw.
    """
    count = len(draw.forms) * draw.per_form
    if count > MOST_CANARIES:
        raise UserError(f"--each: {count:,} canaries in all; allowed: at most {MOST_CANARIES:,}.")
    _refuse_planted(draw, taken)
    try:
        names = space_of(PERSON).draw(count, draw.generator(PERSON), taken[PERSON])
    except FormError as error:
        raise UserError(f"--each: too many canaries for the made-up names of persons: {error}.") from None
    canaries: list[Canary] = []
    used = set(names)
    for form, settings in draw.forms.items():
        try:
            known = used | set(taken[settings.pattern])
            secrets = space_of(settings.pattern).draw(draw.per_form, draw.generator(settings.pattern), known)
        except FormError as error:
            raise UserError(f"--form: {form!r}: {error}; choose a larger form, or fewer canaries.") from None
        used |= set(secrets)
        for place, secret in enumerate(secrets):
            number, copies = len(canaries), draw.copies[place // draw.each]
            canaries.append(
                Canary(
                    number=number,
                    form=form,
                    copies=copies,
                    name=names[number],
                    secret=secret,
                    held_out=True,
                    rows=[],
                )
            )
    return canaries


def _refuse_planted(draw: Draw, taken: Mapping[str, Collection[str]]) -> None:
    """UserError where the file has persons that this seed makes up, and secrets of theirs."""

    def found(pattern: str, count: int) -> int:
        try:
            return sum(text in taken[pattern] for text in space_of(pattern).draw(count, draw.generator(pattern)))
        except FormError:
            return 0

    persons = found(PERSON, len(draw.forms) * draw.per_form)
    if persons and any(found(form.pattern, draw.per_form) for form in draw.forms.values()):
        raise UserError(
            f"--input: has {persons} persons that --seed {draw.seed} makes up, and secrets of theirs: it has these "
            "canaries already. Plant them in the file without, or choose another --seed."
        )


def placed(draw: Draw, canaries: Sequence[Canary], rows: int) -> tuple[list[tuple[int, Canary]], list[Canary]]:
    """Where each copy goes: the row of the file before which it is put, in order, with its canary; and all canaries.

    Each canary is held out by a coin of its own; of the others, the places are drawn among `rows` + 1, and their rows
    counted in the file that has them all. UserError where the coins leave a form without control, or without copies.
    """
    coin, generator = draw.generator("coins"), draw.generator("places")
    kept = [canary for canary in canaries if coin.random() >= draw.held_out]
    for form in draw.forms:
        of_form = sum(canary.form == form for canary in kept)
        if of_form in (0, draw.per_form):
            raise UserError(
                f"--each: given {draw.each}; the coins keep {'none' if of_form else 'all'} of the canaries of form "
                f"{form!r} out: draw more, or choose another --seed."
            )
    copies = [canary for canary in kept for _ in range(canary.copies)]
    generator.shuffle(copies)
    places = sorted(generator.randint(0, rows) for _ in copies)
    found: dict[int, list[int]] = {canary.number: [] for canary in kept}
    for before, (place, canary) in enumerate(zip(places, copies, strict=True)):
        found[canary.number].append(place + before)
    everywhere = [
        canary.model_copy(update={"held_out": False, "rows": found[canary.number]})
        if canary.number in found
        else canary
        for canary in canaries
    ]
    return [(place, everywhere[canary.number]) for place, canary in zip(places, copies, strict=True)], everywhere
