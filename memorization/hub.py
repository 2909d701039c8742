"""Requests to the Hugging Face hub: what passes is tried again, the rest is one message that says what to do.

The hub's client tries again by itself what its downloads meet, and little else; and it raises one of a dozen classes of
three libraries, often with the cause behind another error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from memorization.errors import UserError

log = logging.getLogger(__name__)
T = TypeVar("T")

WAITS = (2.0, 5.0, 15.0, 45.0)
"""Seconds before each further try."""

PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Statuses of a hub that is busy or being mended."""


def ask(shown: str, kind: str, request: Callable[[], T]) -> T:
    """The result of a request to the hub, tried again where what went wrong may pass.

    `shown` begins the message: key, repository, revision; `kind` is the kind of source to use without a hub (`files` or
    `folder`). Raises UserError where it does not pass; a ValueError is the caller's to explain, unless the hub is its
    cause.
    """
    for wait in (*WAITS, None):
        try:
            return request()
        except Exception as error:
            causes = list(_causes(error))
            if wait is not None and any(map(_may_pass, causes)) and not _is_offline():
                log.warning("%s: %s; trying again in %.0f s", shown, _first(causes), wait)
                time.sleep(wait)
                continue
            if isinstance(error, ValueError) and not any(map(_of_the_hub, causes)):
                raise
            raise UserError(f"{shown}: cannot be loaded from the hub: {_explained(causes, kind)}") from error
    raise AssertionError("the last try returns or raises")


def _explained(causes: list[BaseException], kind: str) -> str:
    """What went wrong, and what to do."""
    from huggingface_hub import errors

    def of(*classes: type[BaseException]) -> bool:
        return any(isinstance(cause, classes) for cause in causes)

    # Some errors of the client come without the one that they stand for, and only their text tells.
    text = " ".join(_line(cause) for cause in causes)
    elsewhere = f"download it elsewhere and use `kind: {kind}`"
    if _is_offline():
        return (
            "HF_HUB_OFFLINE is set, and it is not in the hub's cache (HF_HOME). Unset it, download it where there is a "
            f"network, or {elsewhere}."
        )
    if of(errors.GatedRepoError) or "is a gated dataset" in text or any(_status(cause) == 403 for cause in causes):
        return (
            "it needs permission. Ask for it on the repository's page, then log in with `hf auth login` or set "
            "HF_TOKEN."
        )
    if of(errors.RevisionNotFoundError) or ("Revision" in text and "exist" in text):
        return "it has no such revision. Check `revision`: a commit, a branch or a tag of this repository."
    if of(errors.RepositoryNotFoundError) or "doesn't exist on the Hub" in text:
        return (
            "no such repository, or a private one. Check the name; for a private one log in with `hf auth login` or "
            "set HF_TOKEN."
        )
    if "scripts are no longer supported" in text or "No (supported) data files" in text:
        return (
            "it contains no data files that can be read without running its code. The hub's own conversion to Parquet, "
            f"where there is one, is `revision: refs/convert/parquet`; or {elsewhere}."
        )
    if any(map(_may_pass, causes)):
        return (
            f"{_first(causes)}, at each of {len(WAITS) + 1} tries. Start the same command again later: finished work "
            f"is kept. Without a network, {elsewhere}."
        )
    if any(map(_has_no_connection, causes)):
        return f"no connection ({_line(causes[-1])[:150]}). Check the network, or {elsewhere}."
    return f"{_line(causes[0])[:300].rstrip('.')}. Check the network and the name; without a network, {elsewhere}."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it, each once."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        yield behind
        behind = behind.__cause__ or behind.__context__


def _status(cause: BaseException) -> int | None:
    status = getattr(getattr(cause, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _is_offline() -> bool:
    """Whether the client was told to stay away from the network."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _may_pass(cause: BaseException) -> bool:
    """Whether a later try may succeed: a busy hub, a connection that is slow or breaks off; not one that fails."""
    if (status := _status(cause)) is not None:
        return status in PASSING
    # By name: each of the libraries below the client has classes of its own.
    passing = ("Timeout", "ReadError", "RemoteProtocolError", "IncompleteRead", "ChunkedEncodingError")
    return isinstance(cause, ConnectionResetError | TimeoutError) or any(
        each in base.__name__ for base in type(cause).__mro__ for each in passing
    )


def _has_no_connection(cause: BaseException) -> bool:
    return any(base.__name__ in ("ConnectError", "ConnectionError") for base in type(cause).__mro__)


def _of_the_hub(cause: BaseException) -> bool:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    return isinstance(cause, HfHubHTTPError | LocalEntryNotFoundError) or _may_pass(cause) or _has_no_connection(cause)


def _first(causes: list[BaseException]) -> str:
    """The cause that may pass, in short."""
    cause = next(cause for cause in causes if _may_pass(cause))
    return f"the hub answered {status}" if (status := _status(cause)) else f"it broke off ({_line(cause)[:150]})"


def _line(cause: BaseException) -> str:
    return " ".join(str(cause).split()) or type(cause).__name__
