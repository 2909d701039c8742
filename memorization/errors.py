"""The one exception that speaks to the user.

Knows nothing of Snakemake, files or terminals: whoever catches it decides where the message goes.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend: a file, a configuration key, a row, a full disk.

    The message is complete in itself (what, where, what was found, what is allowed, what to do) and is
    shown without a traceback. Every other exception is a defect of the program and keeps its traceback.
    """


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest allowed spelling, or nothing."""
    nearest = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
