"""A Hugging Face Hub of ours on 127.0.0.1: as much of its HTTP interface as pushing and pulling a model needs."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import unquote, urlsplit

TOKEN: Final = "hf_loopback"
OWNER: Final = "room"

Answer = tuple[int, dict[str, str], bytes]


@dataclass(slots=True)
class Repo:
    """A repository: what each commit holds, and where its branches are."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, files: dict[str, bytes]) -> str:
        """Add ``files`` to the branch and return the new commit."""
        held = {**self.files(branch), **files}
        told = json.dumps([len(self.commits), sorted((name, sha256(held[name]).hexdigest()) for name in held)])
        commit = sha1(told.encode(), usedforsecurity=False).hexdigest()
        self.commits[commit] = held
        self.branches[branch] = commit
        return commit

    def files(self, revision: str) -> dict[str, bytes]:
        """Return the files at a branch or commit."""
        return self.commits[self.branches.get(revision, revision)]


@dataclass(slots=True)
class Hub:
    """The Hub: its repositories, what was asked of it, and how it misbehaves."""

    repos: dict[str, Repo] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)  # files that break off in the middle, then fail
    status: int = 0  # answer everything with it
    address: str = ""

    def made(self, name: str, files: dict[str, bytes], *, private: bool = False) -> Repo:
        """Return a new repository with ``files`` in its first commit."""
        repo = self.repos[name] = Repo(private=private, commits={"": {}}, branches={"main": ""})
        repo.commit("main", files)
        return repo

    def answer(self, method: str, path: str, token: str, body: bytes) -> Answer:
        """Return status, headers and body for a request."""
        self.asked.append(f"{method} {path}")
        if self.status:
            return _json({"error": "as told"}, self.status)
        if token not in {"", TOKEN}:
            return _refusal(401, message="Invalid credentials in Authorization header")
        for pattern, route in _ROUTES:
            if match := re.fullmatch(pattern, path):
                return self._routed(route, token, match, body)
        return self._of_no_repo(path, token, body)

    def _of_no_repo(self, path: str, token: str, body: bytes) -> Answer:
        if path.startswith("/lfs/"):
            self.blobs[path.removeprefix("/lfs/")] = body
            return _json({})
        if path == "/api/validate-yaml":
            bad = "license: [" in json.loads(body)["content"]
            return _json({"warnings": [], "errors": [{"message": "no YAML"}] if bad else []}, 400 if bad else 200)
        return self._create(token, json.loads(body)) if path == "/api/repos/create" else _refusal(404)

    def _create(self, token: str, asked: dict[str, Any]) -> Answer:
        owner = asked["organization"] or OWNER
        if token != TOKEN or owner != OWNER:
            return _refusal(403 if token else 401)
        name = f"{owner}/{asked['name']}"
        told = {"url": f"{self.address}/{name}"}
        if name in self.repos:
            return _json(told, 409)
        self.made(name, {".gitattributes": b""}, private=asked.get("visibility") == "private")
        return _json(told)

    def _routed(self, route: "Route", token: str, match: re.Match[str], body: bytes) -> Answer:
        parts = match.groupdict()
        repo = self.repos.get(parts["repo"])
        if not repo or (repo.private and not token):
            return _refusal(404 if token else 401, code="RepoNotFound")
        revision = unquote(parts.get("revision") or "main")
        if route is not _branch and revision not in {*repo.branches, *repo.commits}:
            return _refusal(404, code="RevisionNotFound")
        return route(self, repo, {**parts, "revision": revision}, body)


Route = Callable[[Hub, Repo, dict[str, str], bytes], Answer]


def _json(content: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def _refusal(status: int, *, code: str = "", message: str = "refused") -> Answer:
    return status, {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}, b"{}"


def _info(_hub: Hub, repo: Repo, parts: dict[str, str], _body: bytes) -> Answer:
    revision = parts["revision"]
    siblings = [{"rfilename": name} for name in repo.files(revision)]
    sha = repo.branches.get(revision, revision)
    return _json({"id": parts["repo"], "sha": sha, "private": repo.private, "siblings": siblings})


def _branch(_hub: Hub, repo: Repo, parts: dict[str, str], _body: bytes) -> Answer:
    if parts["revision"] in repo.branches:
        return _json({}, 409)
    repo.branches[parts["revision"]] = repo.branches["main"]
    return _json({})


def _preupload(_hub: Hub, _repo: Repo, _parts: dict[str, str], body: bytes) -> Answer:
    names = [file["path"] for file in json.loads(body)["files"]]
    modes = {name: "lfs" if name.endswith(".safetensors") else "regular" for name in names}
    return _json({"files": [{"path": name, "uploadMode": modes[name], "shouldIgnore": False} for name in names]})


def _batch(hub: Hub, _repo: Repo, _parts: dict[str, str], body: bytes) -> Answer:
    objects = json.loads(body)["objects"]
    uploads = [{**one, "actions": {"upload": {"href": f"{hub.address}/lfs/{one['oid']}"}}} for one in objects]
    return _json({"transfer": "basic", "objects": uploads})


def _commit(hub: Hub, repo: Repo, parts: dict[str, str], body: bytes) -> Answer:
    files: dict[str, bytes] = {}
    for line in map(json.loads, body.splitlines()):
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = hub.blobs[value["oid"]]
    commit = repo.commit(parts["revision"], files)
    return _json({"commitUrl": f"{hub.address}/{parts['repo']}/commit/{commit}", "commitOid": commit})


def _tree(_hub: Hub, repo: Repo, parts: dict[str, str], _body: bytes) -> Answer:
    files = repo.files(parts["revision"]).items()
    return _json([{"type": "file", "path": name, "size": len(held), "oid": _oid(held)} for name, held in files])


def _resolve(hub: Hub, repo: Repo, parts: dict[str, str], _body: bytes) -> Answer:
    name = unquote(parts["file"])
    held = repo.files(parts["revision"]).get(name)
    if held is None:
        return _refusal(404, code="EntryNotFound")
    if f"broken {name}" in hub.cut:
        return _refusal(500)
    return 200, {"ETag": f'"{_oid(held)}"', "X-Repo-Commit": parts["revision"], "X-File": name}, held


def _oid(held: bytes) -> str:
    return sha1(held, usedforsecurity=False).hexdigest()


_REPO: Final = r"(?P<repo>[^/]+/[^/]+?)"
_ROUTES: Final[tuple[tuple[str, Route], ...]] = (
    (rf"/api/models/{_REPO}(/revision/(?P<revision>[^/]+))?", _info),
    (rf"/api/models/{_REPO}/branch/(?P<revision>[^/]+)", _branch),
    (rf"/api/models/{_REPO}/preupload/(?P<revision>[^/]+)", _preupload),
    (rf"/api/models/{_REPO}/commit/(?P<revision>[^/]+)", _commit),
    (rf"/api/models/{_REPO}/tree/(?P<revision>[^/]+)", _tree),
    (rf"/{_REPO}\.git/info/lfs/objects/batch", _batch),
    (rf"/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", _resolve),
)


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, headers, told = hub.answer(self.command, urlsplit(self.path).path, token, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            name = headers.get("X-File", "")
            if self.command == "GET" and name in hub.cut:
                hub.cut.add(f"broken {name}")
                told = told[: len(told) // 2]
            if self.command != "HEAD":
                self.wfile.write(told)

        def do_GET(self) -> None:
            self._serve()

        def do_HEAD(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve the Hub while the block runs; its ``address`` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
