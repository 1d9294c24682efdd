"""X's v2 interface on a socket of this machine, with the answers a test wants."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
Answer = Callable[[web.Request], Awaitable[web.Response]]
UPLOAD, METADATA, TWEETS = "POST /2/media/upload", "POST /2/media/metadata", "POST /2/tweets"
ME, RECENT = "GET /2/users/me", "GET /2/users/77/tweets"


@dataclass
class FakeX:
    """X's v2 interface on a socket; ``answers`` replaces what a route says, ``silent`` accepts posts without a word."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    tweets: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    alts: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        route = f"{request.method} {request.path}"
        self.calls.append(route)
        self.signed.append(request.headers.get("Authorization", ""))
        if route == TWEETS:
            return await self._tweet(request)
        if route in self.answers:
            return await self.answers[route](request)
        sent = await request.json() if request.method == "POST" else {}
        return web.json_response(self._rest(route, sent))

    def _rest(self, route: str, sent: dict[str, Any]) -> dict[str, Any]:
        if route == UPLOAD:
            self.pictures[str(9 + len(self.pictures))] = base64.b64decode(sent["media"])
        elif route == METADATA:
            self.alts[sent["id"]] = sent["metadata"]["alt_text"]["text"]
        recent = [{"id": tweet["id"], "text": tweet["text"].replace("&", "&amp;")} for tweet in self.tweets]
        return {
            UPLOAD: {"data": {"id": next(reversed(self.pictures), "9"), "media_key": "3_9"}},
            METADATA: {"data": {"id": "9"}},
            ME: {"data": {"id": "77", "username": "greenlit"}},
            RECENT: {"data": recent[::-1]} if recent else {"meta": {"result_count": 0}},
        }[route]

    async def _tweet(self, request: web.Request) -> web.Response:
        if TWEETS in self.answers:
            return await self.answers[TWEETS](request)
        sent = await request.json()
        if any(tweet["text"] == sent["text"] for tweet in self.tweets):
            return web.json_response({"title": "Forbidden", "detail": DUPLICATE, "status": 403}, status=403)
        self.tweets.append({"id": str(1000 + len(self.tweets)), **sent})
        if self.silent:
            await self.closing.wait()
        return web.json_response({"data": {"id": self.tweets[-1]["id"], "text": sent["text"]}}, status=201)


def says(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Answer:  # noqa: ANN401
    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html", headers=headers)
        return web.json_response(body or {}, status=status, headers=headers)

    return answer
