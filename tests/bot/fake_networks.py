"""Bluesky, Mastodon and a webhook's receiver on a socket of this machine, with their documented answers.

Each keeps what it was sent; ``answers`` replaces what a route says, ``silent`` takes a post and never answers.
"""

import asyncio
import hashlib
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import regex
from aiohttp import web

from tests.bot.fake_x import Answer

POSTS: Final = "app.bsky.feed.post"
SIGN_IN, REFRESH = "POST com.atproto.server.createSession", "POST com.atproto.server.refreshSession"
BLOB, PUT, GET = "POST com.atproto.repo.uploadBlob", "POST com.atproto.repo.putRecord", "GET com.atproto.repo.getRecord"
INSTANCE, ME = "GET /api/v2/instance", "GET /api/v1/accounts/verify_credentials"
MEDIA, MEDIA_DONE, STATUSES = "POST /api/v2/media", "GET /api/v1/media/9", "POST /api/v1/statuses"
RECENT: Final = "GET /api/v1/accounts/77/statuses"
HOOK: Final = "POST /hook"


@dataclass
class FakeServer:
    """What the three have in common."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    silent: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        route = f"{request.method} {request.path.removeprefix('/xrpc/')}"
        self.calls.append(route)
        if route in self.answers:
            return await self.answers[route](request)
        return await self.own(route, request)

    async def own(self, route: str, request: web.Request) -> web.Response:
        raise NotImplementedError

    async def quiet(self) -> None:
        if self.silent:
            await self.closing.wait()


@asynccontextmanager
async def serving(server: FakeServer) -> AsyncIterator[str]:
    """Have ``server`` listen; give its address."""
    app = web.Application(client_max_size=20_000_000)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    server.closing.set()
    await runner.cleanup()


def error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": code, "message": message}, status=status)


@dataclass
class FakeBluesky(FakeServer):
    """A Personal Data Server that knows ``greenlit.test`` by the password ``app-pass``; ``current`` is the session."""

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)
    sessions: int = 0
    current: str = ""
    expired: bool = False

    async def own(self, route: str, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "")
        if route == SIGN_IN:
            return self._sign_in(await request.json())
        if route == REFRESH:
            return self._session() if bearer == f"Bearer refresh-{self.current}" else self._bad_token()
        if self.expired and bearer == f"Bearer access-{self.current}":
            return error(400, "ExpiredToken", "Token has expired")
        if bearer != f"Bearer access-{self.current}":
            return self._bad_token()
        return await self._repo(route, request)

    async def _repo(self, route: str, request: web.Request) -> web.Response:
        if route == BLOB:
            return self._blob(request.content_type, await request.read())
        if route == GET:
            return self._get(request.query["collection"], request.query["rkey"])
        assert route == PUT
        answer = self._put(await request.json())
        await self.quiet()
        return answer

    def _sign_in(self, keys: dict[str, str]) -> web.Response:
        if keys != {"identifier": "greenlit.test", "password": "app-pass"}:
            return error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _session(self) -> web.Response:
        self.sessions, self.expired = self.sessions + 1, False
        self.current = str(self.sessions)
        return web.json_response(
            {
                "did": "did:plc:abc",
                "handle": "greenlit.test",
                "accessJwt": f"access-{self.current}",
                "refreshJwt": f"refresh-{self.current}",
            }
        )

    def _bad_token(self) -> web.Response:
        return error(401, "InvalidToken", "Token could not be verified")

    def _blob(self, kind: str, content: bytes) -> web.Response:
        self.blobs.append((kind, content))
        link = {"$link": hashlib.sha256(content).hexdigest()}
        return web.json_response({"blob": {"$type": "blob", "ref": link, "mimeType": kind, "size": len(content)}})

    def _get(self, collection: str, key: str) -> web.Response:
        record = self.records.get((collection, key))
        if record is None:
            return error(400, "RecordNotFound", f"Could not locate record: at://did:plc:abc/{collection}/{key}")
        return web.json_response({"uri": f"at://did:plc:abc/{collection}/{key}", "cid": _cid(record), "value": record})

    def _put(self, asked: dict[str, Any]) -> web.Response:
        place, record = (asked["collection"], asked["rkey"]), asked["record"]
        old = self.records.get(place)
        if "swapRecord" in asked and asked["swapRecord"] != (None if old is None else _cid(old)):
            return error(400, "InvalidSwap", "Record was at " + ("null" if old is None else _cid(old)))
        text = record.get("text", "")
        if len(regex.findall(r"\X", text)) > 300 or len(text.encode()) > 3000:
            return error(400, "InvalidRequest", "Invalid app.bsky.feed.post record: Record/text must not be longer")
        self.records[place] = record
        return web.json_response({"uri": f"at://did:plc:abc/{place[0]}/{place[1]}", "cid": _cid(record)})


def _cid(record: dict[str, Any]) -> str:
    return hashlib.sha256(repr(record).encode()).hexdigest()


@dataclass
class FakeMastodon(FakeServer):
    """An instance that knows one account by ``token``; a picture is being worked on for ``working`` looks."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    media: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    characters: int = 500
    working: int = 0
    bot: bool = True

    async def own(self, route: str, request: web.Request) -> web.Response:
        if route != INSTANCE and request.headers.get("Authorization") != "Bearer token":
            return web.json_response({"error": "The access token is invalid"}, status=401)
        if route == STATUSES:
            answer = self._post(await request.json(), request.headers.get("Idempotency-Key", ""))
            await self.quiet()
            return answer
        if route == MEDIA:
            return await self._upload(request)
        if route == MEDIA_DONE:
            return self._media(206)
        return web.json_response(self._rest(route))

    def _rest(self, route: str) -> Any:  # noqa: ANN401 - JSON
        media = {"description_limit": 1500, "image_size_limit": 16777216}
        statuses = {"max_characters": self.characters, "characters_reserved_per_url": 23}
        return {
            INSTANCE: {"configuration": {"statuses": statuses, "media_attachments": media}},
            ME: {"id": "77", "acct": "greenlit", "bot": self.bot},
            RECENT: self.statuses[::-1],
        }[route]

    async def _upload(self, request: web.Request) -> web.Response:
        sent = await request.post()
        file, words = sent["file"], sent["description"]
        assert isinstance(file, web.FileField)
        self.media.append((file.filename, file.content_type, file.file.read(), str(words)))
        return self._media(202, str(8 + len(self.media)))

    def _media(self, unfinished: int, number: str = "9") -> web.Response:
        if self.working:
            self.working -= 1
            return web.json_response({"id": number, "type": "image", "url": None}, status=unfinished)
        return web.json_response({"id": number, "type": "image", "url": f"https://files.test/{number}.png"})

    def _post(self, sent: dict[str, Any], key: str) -> web.Response:
        if key in self.keys:
            return web.json_response(self.keys[key])
        length = len(regex.findall(r"\X", sent["status"] + sent.get("spoiler_text", "")))
        if length > self.characters:
            words = f"Validation failed: Text character limit of {self.characters} exceeded"
            return web.json_response({"error": words}, status=422)
        number = str(1000 + len(self.statuses))
        content = html.escape(sent["status"]).replace("\n\n", "</p><p>").replace("\n", "<br />")
        address = {"id": number, "url": f"https://m.test/@greenlit/{number}", "uri": f"https://m.test/users/g/{number}"}
        status = {**sent, **address, "content": f"<p>{content}</p>"}
        self.statuses.append(status)
        self.keys[key] = status
        return web.json_response(status)


@dataclass
class FakeReceiver(FakeServer):
    """A receiver that knows a key it has seen; ``bodies`` are the shows it took, ``headers`` of every request."""

    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def own(self, route: str, request: web.Request) -> web.Response:
        assert route == HOOK
        self.headers.append(dict(request.headers))
        body = await request.read()
        if any(known["Idempotency-Key"] == request.headers["Idempotency-Key"] for known in self.headers[:-1]):
            return web.Response(status=409, text="seen")
        self.bodies.append(body)
        await self.quiet()
        return web.Response(text="thanks")
