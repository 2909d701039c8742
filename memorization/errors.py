"""The one exception whose message is written for the user.

Independent of Snakemake, files and terminals: whoever catches it decides where to show the message.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can correct: a file, a configuration key, a row, a full disk.

    The message is complete in itself (what, where, the given value, allowed values, what to do) and is shown without a
    traceback. Every other exception is a defect of the program and keeps its traceback.
    """


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest allowed spelling, or an empty text if none is near."""
    nearest = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
