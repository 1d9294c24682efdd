"""The REST half of the loopback Discord: reads a request, judges it, lets simcord answer, or fails on demand."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, NamedTuple

from aiohttp import web
from simcord import BackendError, RouteNotImplemented, UnsupportedField
from simcord.backend import Backend
from simcord.http import routes as simcord_routes
from simcord.http.router import dispatch

from tests.end_to_end.discord_contract import Contract

API = "/api/v10"
WITHOUT_TOKEN = ("/interactions/*", "/webhooks/*/*", "/gateway")
THREAD = re.compile(r"/channels/\d+/messages/(\d+)/threads")
EDIT = re.compile(r"/channels/(\d+)/messages/\d+")
assert simcord_routes  # importing it is what fills simcord's table of routes


class Request(NamedTuple):
    """One REST request of the bot and the status it was answered with."""

    method: str
    path: str
    json: Any
    status: int
    query: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, never changed


@dataclass(slots=True)
class Fault:
    """The answer that the next `left` matching requests get; `applied` ones take effect all the same."""

    status: int
    left: int
    path: str
    applied: bool
    retry_after: float
    code: int = 0
    method: str = "*"

    def fits(self, method: str, path: str) -> bool:
        return bool(self.left) and fnmatch(path, self.path) and fnmatch(method, self.method)

    def answer(self) -> web.Response:
        if self.status != 429:
            return _json(self.status, {"message": "the test said so", "code": self.code})
        body = {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": False}
        # Without Via discord.py takes a 429 for a ban of the address.
        return _json(429, body, {"Via": "1.1 loopback", "Retry-After": str(self.retry_after)})


@dataclass(frozen=True, slots=True)
class _Upload:
    """An uploaded file in the shape simcord reads."""

    fp: io.BytesIO
    filename: str
    description: str | None


class Rest:
    """Answers `/api/v10/…` and remembers what was asked, what broke the contract and what simcord does not know."""

    def __init__(self, backend: Backend, token: str, changed: Callable[[], object], contract: Contract | None) -> None:
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.unmodelled: list[str] = []
        self.faults: list[Fault] = []
        self.gateway_url = ""
        self._backend = backend
        self._authorization = f"Bot {token}"
        self._changed = changed
        self._contract = contract
        self._posted: dict[tuple[str, str], Any] = {}

    async def handle(self, request: web.Request) -> web.Response:
        path = request.rel_url.raw_path.removeprefix(API)
        body, files = await _read(request)
        try:
            response = self._answer(request, path, body, files)
        except Exception as error:
            # A bot would only see one more 500 and retry it; the test must hear of it.
            self.unmodelled.append(f"{request.method} {path}: the loopback itself failed: {error!r}")
            raise
        self.requests.append(Request(request.method, path, body, response.status, dict(request.query)))
        self._changed()
        return response

    def _answer(self, request: web.Request, path: str, body: object, files: list[_Upload]) -> web.Response:
        if self._contract is not None:
            self.violations += self._contract.violations(request.method, path, body, dict(request.query))
        fault = self._take_fault(request.method, path)
        if fault is not None and not fault.applied:
            return fault.answer()
        if request.headers.get("Authorization") != self._authorization and not any(
            fnmatch(path, p) for p in WITHOUT_TOKEN
        ):
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        response = self._dispatch(request, path, body, files)
        return fault.answer() if fault is not None else response

    def _take_fault(self, method: str, path: str) -> Fault | None:
        fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
        if fault is not None:
            fault.left -= 1
        return fault

    def _dispatch(self, request: web.Request, path: str, body: object, files: list[_Upload]) -> web.Response:
        if path == "/gateway/bot":
            limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
            return _json(200, {"url": self.gateway_url, "shards": 1, "session_start_limit": limit})
        refused = self._refusal(request.method, path)
        if refused is not None:
            return refused
        nonce = (path, str(body["nonce"])) if isinstance(body, dict) and body.get("enforce_nonce") else None
        if nonce in self._posted:
            return _json(200, self._posted[nonce])
        reason = request.headers.get("X-Audit-Log-Reason")
        try:
            result = dispatch(
                self._backend, request.method, path, json=body, params=dict(request.query), files=files, reason=reason
            )
        except (RouteNotImplemented, UnsupportedField, LookupError, TypeError, ValueError) as error:
            self.unmodelled.append(f"{request.method} {path}: {error!r}")
            return _json(501, {"message": str(error), "code": 0})
        except BackendError as error:
            return _json(error.status, error.to_json())
        if nonce is not None:
            self._posted[nonce] = result
        return web.Response(status=204) if result is None else _json(200, result)

    def _refusal(self, method: str, path: str) -> web.Response | None:
        """Refuse what Discord does and simcord does not: a second thread on a message, an edit in one that sleeps."""
        thread, edit = THREAD.fullmatch(path), EDIT.fullmatch(path)
        if method == "POST" and thread and int(thread[1]) in self._backend.channels:
            return _json(400, {"message": "A thread has already been created for this message", "code": 160004})
        channel = self._backend.channels.get(int(edit[1])) if method == "PATCH" and edit else None
        if channel and channel.thread_metadata and channel.thread_metadata.archived:
            return _json(400, {"message": "Thread is archived", "code": 50083})
        return None


def _json(status: int, payload: object, headers: dict[str, str] | None = None) -> web.Response:
    # Exactly this content type: with a charset discord.py takes the body for text.
    headers = {**(headers or {}), "Content-Type": "application/json"}
    return web.Response(status=status, body=json.dumps(payload).encode(), headers=headers)


async def _read(request: web.Request) -> tuple[Any, list[_Upload]]:
    """A request's JSON (also out of a multipart body's payload_json) and its files."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        return (json.loads(raw) if raw else None), []
    form = await request.post()
    body = json.loads(str(form["payload_json"])) if "payload_json" in form else None
    message = (body or {}).get("data") or body or {}  # an interaction's answer wraps its message
    described = {str(item["id"]): item.get("description") for item in message.get("attachments") or ()}
    files = []
    for name, part in form.items():
        if isinstance(part, web.FileField):
            number = name.removeprefix("files[").removesuffix("]")
            files.append(_Upload(io.BytesIO(part.file.read()), part.filename, described.get(number)))
            part.file.close()
    return body, files
