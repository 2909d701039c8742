"""Requests to a server with OpenAI's interface: several at once, no faster than allowed, tried again where that helps.

Neither the key nor a prompt is in a message or a log, whatever a server answers.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from memorization.config.models import Endpoint
from memorization.errors import UserError
from memorization.hub import PASSING

log = logging.getLogger(__name__)

PATHS = {"completions": "/completions", "chat": "/chat/completions"}
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each further try, where the server states none."""
LONGEST_WAIT = 600.0
"""Seconds that a server may ask to wait; beyond them the job ends, since somebody should know."""
LONGEST_REPLY = 10_000_000
"""Bytes of a reply."""
CONNECT_SECONDS = 10.0
SAID = 200
"""Characters of a server's own words in a message."""

Body = Mapping[str, Any]


@dataclass(frozen=True)
class _Trouble:
    """What went wrong with a request, what to do about it, and whether a later try may succeed, after so many seconds.

    `advice` follows in a message that nobody will try again.
    """

    what: str
    advice: str
    passes: bool
    seconds: float | None = None


class _StoppedError(Exception):
    """Another request has failed, or the job is to end."""


class _Pace:
    """When requests may begin: so many in a minute, and none while the server asks to wait."""

    def __init__(self, per_minute: float | None) -> None:
        self.stop = threading.Event()
        self._between = 60 / per_minute if per_minute else 0.0
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self) -> None:
        """Return when a request may begin. Raises _StoppedError where none may any more."""
        with self._lock:
            begin = max(self._next, time.monotonic())
            self._next = begin + self._between
        if self.stop.wait(max(0.0, begin - time.monotonic())):
            raise _StoppedError

    def hold(self, seconds: float) -> None:
        """Let no request begin for so many seconds."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Server:
    """The server of an endpoint; `key` is its key in the configuration, for messages.

    Raises UserError where the environment lacks its key, or contains none that can be sent.
    """

    def __init__(self, key: str, endpoint: Endpoint) -> None:
        self.key, self.endpoint = key, endpoint
        self.url = endpoint.url + PATHS[endpoint.api]
        self._secret = os.environ.get(endpoint.key_name or "", "").strip()
        if endpoint.key_name is not None and not self._secret:
            raise UserError(
                f"{key}.key: the environment variable {endpoint.key_name} is not set here. Nothing is sent."
            )
        if not (self._secret.isascii() and self._secret.isprintable()):
            raise UserError(
                f"{key}.key: the environment variable {endpoint.key_name} contains characters that no key has."
            )
        self._pace = _Pace(endpoint.requests_per_minute)

    def ask_all(self, bodies: Iterable[Body], take: Callable[[int, bytes], None]) -> None:
        """Send request bodies, and hand over the number of each with its reply, as soon as it is there, from a thread.

        Raises UserError where a request fails for good, or where `take` does: what is under way is waited for then,
        and no more is sent.
        """
        import httpx2

        # One line for each request otherwise.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        timeout = httpx2.Timeout(self.endpoint.timeout_seconds, connect=CONNECT_SECONDS)
        limits = httpx2.Limits(max_connections=self.endpoint.parallel)
        requests, lock = iter(enumerate(bodies)), threading.Lock()
        errors: list[BaseException] = []

        def work() -> None:
            while not self._pace.stop.is_set():
                with lock:
                    number, body = next(requests, (0, None))
                if body is None:
                    return
                try:
                    take(number, self._ask(client, body))
                except _StoppedError:
                    return
                except BaseException as error:
                    errors.append(error)
                    self._pace.stop.set()

        with httpx2.Client(headers=headers, timeout=timeout, limits=limits) as client:
            # Not an executor's: a signal ends the job while they wait for the server.
            threads = [threading.Thread(target=work, daemon=True) for _ in range(self.endpoint.parallel)]
            for thread in threads:
                thread.start()
            try:
                for thread in threads:
                    thread.join()
            finally:
                self._pace.stop.set()
        if errors:
            raise errors[0]

    def _ask(self, client: Any, body: Body) -> bytes:
        for seconds in (*WAITS, None):
            self._pace.wait()
            found = self._try(client, body)
            if isinstance(found, bytes):
                return found
            wanted = seconds if found.seconds is None else found.seconds
            if not found.passes:
                raise self._error(f"{found.what}. {found.advice}")
            if seconds is None or wanted is None:
                raise self._error(f"{found.what}, at each of {len(WAITS) + 1} tries. {found.advice}")
            if wanted > LONGEST_WAIT:
                raise self._error(f"{found.what}, and asks to wait {wanted:,.0f} s. {found.advice}")
            log.warning("%s: %s: %s; trying again in %.0f s", self.key, self.url, found.what, wanted)
            self._pace.hold(wanted)
        raise AssertionError("the last try returns or raises")

    def _error(self, text: str) -> UserError:
        return UserError(f"{self.key}: {self.url}: {text} Replies so far are kept, and none is asked for twice.")

    def _try(self, client: Any, body: Body) -> bytes | _Trouble:
        """The reply to one request, or what went wrong."""
        import httpx2

        try:
            with client.stream("POST", self.url, json=body) as response:
                return self._read(response, body)
        except httpx2.ConnectError as error:
            return _Trouble(
                f"no connection ({self._hidden(str(error), body)})",
                "Check `url`, and whether the server runs; then the same command goes on.",
                passes=False,
            )
        except (httpx2.TimeoutException, TimeoutError):
            return _Trouble(
                f"no reply within {self.endpoint.timeout_seconds:g} s",
                "Raise `timeout_seconds`, or lower `parallel`.",
                passes=True,
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            return _Trouble(
                f"it broke off ({type(error).__name__})", "Start the same command again later.", passes=True
            )

    def _read(self, response: Any, body: Body) -> bytes | _Trouble:
        deadline = time.monotonic() + self.endpoint.timeout_seconds
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LONGEST_REPLY:
                return _Trouble(
                    f"a reply of more than {LONGEST_REPLY:,} bytes", "This is no server of texts.", passes=False
                )
            if time.monotonic() > deadline:
                raise TimeoutError
        data = b"".join(parts)
        return data if response.status_code == 200 else self._refused(response, data, body)

    def _refused(self, response: Any, data: bytes, body: Body) -> _Trouble:
        """What a status other than 200 means."""
        status = response.status_code
        said, code = _said(data)
        said = self._hidden(said, body)
        what = f"it answered {status} ({response.reason_phrase[:50] or 'no reason'})" + (f": {said}" if said else "")
        name = self.endpoint.key_name
        if status in (401, 403):
            # What a server says of a key may contain it.
            what = f"it answered {status}"
            advice = (
                f"Check the key in the environment variable {name}, and what it may be used for."
                if name
                else f"It wants a key: name its environment variable (`{self.key}.key`)."
            )
        elif status == 404:
            advice = "Check `url` (it ends with the API's version, as /v1), `api` and `model`."
        elif 300 <= status < 400:
            advice = "It sends requests elsewhere, and nothing is sent there: put the right address into `url`."
        elif code == "insufficient_quota":
            return _Trouble(what, "Its account has no means left.", passes=False)
        elif status in PASSING or status >= 500:
            return _Trouble(what, "Start the same command again later.", True, _wanted(response.headers))
        else:
            advice = "It does not take this request: check `api`, `model`, and lengths."
        return _Trouble(what, advice, passes=False)

    def _hidden(self, text: str, body: Body) -> str:
        """A server's words without the key; none where they repeat the prompt."""
        told = [each for each in _texts(body) if len(each) > 3]
        if any(each[:20].strip() in text for each in told):
            return ""
        if self._secret:
            text = text.replace(self._secret, "***")
        return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:SAID].rstrip(".")


def _texts(body: Body) -> list[str]:
    """The texts of a prompt."""
    messages = body.get("messages", [])
    return [str(body.get("prompt", "")), *(str(message["content"]) for message in messages)]


def _said(data: bytes) -> tuple[str, str]:
    """Message and code of an error, as OpenAI's interface has them; empty where there are none."""
    try:
        error = json.loads(data[:100_000])["error"]
        message, code = (error.get("message"), error.get("code")) if isinstance(error, dict) else (error, None)
    except (ValueError, RecursionError, LookupError, TypeError):
        return "", ""
    return message if isinstance(message, str) else "", code if isinstance(code, str) else ""


def _wanted(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait (`Retry-After`: a number, or a date); None where it states none."""
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.replace(".", "", 1).isdigit():
        return float(stated)
    try:
        until = parsedate_to_datetime(stated)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
