"""A local server that answers as the Hugging Face hub does, with repositories that a test makes up.

It serves what `huggingface_hub` and `datasets` ask for (`HF_ENDPOINT`): the description of a repository at a revision,
its tree, and its files by HEAD and GET, with ranges. Faults of a hub are made up too: a status that passes or stays, a
download that breaks off, a repository that needs permission.
"""

import hashlib
import json
import re
import threading
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree|paths-info)/([^/]+)(?:/(.*))?)?$")
FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")


@dataclass
class Repository:
    """Files by path. `refs` are its revisions; `gated` needs permission; `faults` are statuses per path and try."""

    files: dict[str, bytes]
    refs: tuple[str, ...] = ("main",)
    gated: bool = False
    # Status of the first tries of any request whose path contains the key; then it is answered.
    faults: dict[str, list[int]] = field(default_factory=dict)
    # Bytes after which the first download of a file breaks off.
    broken: dict[str, int] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """A commit that changes with the files."""
        digest = hashlib.sha1(usedforsecurity=False)
        for path, data in sorted(self.files.items()):
            digest.update(path.encode() + b"\0" + data + b"\0")
        return digest.hexdigest()


class Hub(ThreadingHTTPServer):
    """A hub of repositories: `models` and `datasets` by name; `requests` counts what was asked, by method and path."""

    daemon_threads = True

    def __init__(self, models: dict[str, Repository], datasets: dict[str, Repository]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.repositories = {"models": models, "datasets": datasets}
        self.requests: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.tries: Counter[tuple[int, str]] = Counter()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """The address for `HF_ENDPOINT`."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Hub":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_POST(self) -> None:
        self.posted = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path, _, query = self.path.partition("?")
        self.server.requests[f"{self.command} {urllib.parse.unquote(path)}"] += 1
        if found := API.fullmatch(path):
            kind, name, what, revision, rest = found.groups()
        elif found := FILE.fullmatch(path):
            kind, what = ("datasets" if found[1] else "models"), "file"
            name, revision, rest = found[2], found[3], found[4]
        else:
            self._json(404, {"error": "Not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        repository = self.server.repositories[kind].get(name)
        revision = urllib.parse.unquote(revision or "main")
        if repository is None:
            # The hub does not tell a missing repository from a private one.
            self._json(401, {"error": "Invalid username or password."}, {"X-Error-Code": "RepoNotFound"})
            return
        if (status := self._fault(repository, path)) is not None:
            self._json(status, {"error": f"status {status}"}, {"Retry-After": "0"})
            return
        if revision not in (*repository.refs, repository.commit):
            self._json(404, {"error": f"Invalid rev id: {revision}"}, {"X-Error-Code": "RevisionNotFound"})
            return
        if repository.gated and what == "file":
            error = f"Access to {name} is restricted. You must have access to it and be authenticated to access it."
            self._json(401, {"error": error}, {"X-Error-Code": "GatedRepo"})
            return
        answers = {"tree": self._tree, "paths-info": self._paths, "file": self._file}
        answers.get(what or "", self._about)(kind, name, repository, urllib.parse.unquote(rest or ""), query, body)

    def _fault(self, repository: Repository, path: str) -> int | None:
        for key, statuses in repository.faults.items():
            if key in path:
                tries = (id(repository), key)
                self.server.tries[tries] += 1
                # The last one stays where it is negative.
                at = self.server.tries[tries] - 1
                if at < len(statuses):
                    return abs(statuses[at])
                if statuses[-1] < 0:
                    return -statuses[-1]
        return None

    def _about(self, kind: str, name: str, repository: Repository, *_: Any) -> None:
        siblings = [{"rfilename": file} for file in sorted(repository.files)]
        about = {"_id": "0", "id": name, "sha": repository.commit, "private": False, "tags": [], "siblings": siblings}
        self._json(200, about | {"downloads": 0, "likes": 0, "gated": "auto" if repository.gated else False})

    def _entry(self, repository: Repository, file: str) -> dict[str, Any]:
        data = repository.files[file]
        return {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}

    def _tree(self, kind: str, name: str, repository: Repository, folder: str, query: str, *_: Any) -> None:
        inside = [file for file in sorted(repository.files) if not folder or file.startswith(f"{folder}/")]
        if folder and not inside:
            self._json(404, {"error": f"{folder} does not exist"}, {"X-Error-Code": "EntryNotFound"})
            return
        folders = sorted({file[: place.start()] for file in inside for place in re.finditer("/", file)})
        folders = [each for each in folders if len(each) > len(folder)]
        if urllib.parse.parse_qs(query).get("recursive", ["false"])[0].lower() != "true":
            depth = folder.count("/") + 1 if folder else 0
            inside = [file for file in inside if file.count("/") == depth]
            folders = [each for each in folders if each.count("/") == depth]
        entries = [{"type": "directory", "path": each, "oid": "0", "size": 0} for each in folders]
        self._json(200, entries + [self._entry(repository, file) for file in inside])

    def _paths(self, kind: str, name: str, repository: Repository, *_: Any) -> None:
        form = urllib.parse.parse_qs(self.posted.decode())
        asked = form.get("paths") or json.loads(self.posted or b"{}").get("paths", [])
        entries = [self._entry(repository, file) for file in asked if file in repository.files]
        folders = [each for each in asked if any(file.startswith(f"{each}/") for file in repository.files)]
        self._json(200, entries + [{"type": "directory", "path": each, "oid": "0"} for each in folders])

    def _file(self, kind: str, name: str, repository: Repository, file: str, query: str, body: bool) -> None:
        data = repository.files.get(file)
        if data is None:
            self._json(404, {"error": f"{file}: entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        start, end = 0, len(data) - 1
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or end), end)
        part = data[start : end + 1]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        for key, value in {
            "Content-Length": str(len(part)),
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Repo-Commit": repository.commit,
        }.items():
            self.send_header(key, value)
        self.end_headers()
        if not body:
            return
        if (cut := repository.broken.pop(file, None)) is not None:
            self.wfile.write(part[:cut])
            self.close_connection = True
            return
        self.server.sent[file] += len(part)
        self.wfile.write(part)

    def _json(self, status: int, values: Any, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(values).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", "Content-Length": str(len(text))}.items():
            self.send_header(key, value)
        for key, value in {
            **(headers or {}),
            "X-Error-Message": str(values.get("error", ""))[:200] if isinstance(values, dict) else "",
        }.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
