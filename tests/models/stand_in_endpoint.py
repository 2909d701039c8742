"""A local server with OpenAI's interface that answers as a test tells it to: badly, late, or not at all."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a request is answered with: a status, a body as it is sent, headers.

    `broken` ends the connection after so many bytes of the body; `until` is waited for before anything is sent.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    broken: int | None = None
    until: threading.Event | None = None


@dataclass(frozen=True)
class Request:
    """What was asked: path, body and headers."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def prompt(self) -> str:
        return str(self.body["prompt"] if "prompt" in self.body else self.body["messages"][-1]["content"])


def text_of(request: Request) -> str:
    """A text that follows from the prompt."""
    return f" and then {len(request.prompt)} letters were written by the model {request.body['model']}"


def completion(request: Request, text: str | None = None, **changed: Any) -> Answer:
    """The usual answer to a request, with another text, or with other values of the choice."""
    written = text_of(request) if text is None else text
    choice = {"index": 0, "finish_reason": "stop", "text": written}
    if request.path.endswith("/chat/completions"):
        choice["message"] = {"role": "assistant", "content": choice.pop("text")}
    usage = {"prompt_tokens": -1, "completion_tokens": 10**9}
    answer = {"model": request.body["model"], "choices": [choice | changed], "usage": usage}
    return Answer(body=json.dumps(answer).encode())


def tokens_of(text: str) -> list[str]:
    """Words with the white space before them."""
    return re.findall(r"\s*\S+|\s+$", text)


def echoed(request: Request, tokens: list[str] | None = None, logs: list[Any] | None = None, **changed: Any) -> Answer:
    """The answer to a request for the log-probabilities of its prompt: these tokens, and one that is written.

    Without `logs`, what was said before decides: the longer a token, the less likely, and all the less for other models
    than `bot`.
    """
    tokens = tokens_of(request.prompt) if tokens is None else tokens
    if logs is None:
        logs = [None, *(-len(token) / (3 if request.body["model"] == "bot" else 5) for token in tokens[1:])]
    told = {"tokens": [*tokens, " more"], "token_logprobs": [*logs, -0.5], "text_offset": [-1] * (len(tokens) + 1)}
    return completion(request, "".join([*tokens, " more"]), logprobs=told | changed)


def refusal(status: int, message: str = "no", code: str | None = None, **headers: str) -> Answer:
    """An error as OpenAI's interface has them."""
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class StandIn(ThreadingHTTPServer):
    """A server whose `answers` are given in this order, and then by `usual`; `requests` is what was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *answers: Callable[[Request], Answer], usual: Callable[[Request], Answer] = completion) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.usual = list(answers), usual
        self.requests: list[Request] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def prompts(self) -> list[str]:
        return [request.prompt for request in self.requests]

    def __enter__(self) -> "StandIn":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = Request(self.path, body, dict(self.headers))
        server = self.server
        with server.lock:
            server.requests.append(request)
            answer = (server.answers.pop(0) if server.answers else server.usual)(request)
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        if answer.until is not None:
            answer.until.wait(30)
        with server.lock:
            server.at_once -= 1
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.broken])
        if answer.broken is not None:
            # At once, and with what was written lost.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
