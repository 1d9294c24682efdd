"""A Discord on 127.0.0.1 that is faster than any bot: a gateway, and only the routes that a bot of ours asks.

It keeps no world: a card is what the bot said last. It notes when an interaction was sent, acknowledged and answered,
and when the messages of a channel were edited.
"""

import asyncio
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aiohttp import WSMsgType, web

from benchmarks.discord import payloads
from benchmarks.discord.limits import Limits
from benchmarks.discord.payloads import Json, Snowflakes

API: Final = "/api/v10"
TOKEN: Final = "loopback.discord.token"  # noqa: S105 - nobody else's
MOST_SOCKETS: Final = 4096
_AWAY: Final = 0.02  # seconds; answered sooner than its thread looks up, discord.py believes to be a heartbeat behind
_HEARTBEAT, _IDENTIFY, _HELLO, _ACK = 1, 2, 10, 11
_MESSAGE, _DEFERRED_MESSAGE = 4, 5
_SOME: Final = 60  # characters of a sentence


@dataclass(slots=True)
class Asked:
    """One interaction: when it was sent, and futures of when it was acknowledged and answered for the first time."""

    channel: int
    sent: float = 0.0
    acknowledged: "asyncio.Future[float]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    answered: "asyncio.Future[float]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    message: int = 0

    @property
    def took(self) -> float:
        """Milliseconds until it was acknowledged."""
        return 1000 * (self.acknowledged.result() - self.sent)


@dataclass(slots=True)
class Edits:
    """When messages of a channel were sent and edited; seconds of one clock."""

    sent: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    by_channel: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def edited(self, channel: int, message: int, now: float) -> None:
        """Note an edit."""
        self.first.setdefault(message, now)
        self.by_channel[channel].append(now)


class FastDiscord:
    """``async with FastDiscord() as discord:`` an address for one bot, which may be told of commands and clicks.

    ``strict``, all edits of a channel share its limit; else those of an interaction's answer have their own, as on
    Discord. ``deferred_is_all`` of a bot that answers nothing after its acknowledgement.
    """

    def __init__(self) -> None:
        self.commands: dict[str, str] = {}
        self.limits = Limits()
        self.edits: Edits | None = None
        self.strict = False
        self.deferred_is_all = False
        self.unknown: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.numbers = Snowflakes()
        self._asked: dict[str, Asked] = {}
        self._socket: web.WebSocketResponse | None = None
        self._sequence = 0
        self._here = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_get("/gateway", self._gateway)
        hooks = API + "/webhooks/{application}/{token}"
        app.add_routes(
            [
                web.post(API + "/interactions/{id}/{token}/callback", self._callback),
                web.patch(hooks + "/messages/{message}", self._answer),
                web.delete(hooks + "/messages/{message}", self._gone),
                web.post(hooks, self._follow_up),
                web.patch(API + "/channels/{channel}/messages/{message}", self._edit),
                web.post(API + "/channels/{channel}/messages", self._send),
                web.get(API + "/users/@me", self._me),
                web.get(API + "/oauth2/applications/@me", self._application),
                web.get(API + "/gateway/bot", self._where),
                web.put(API + "/applications/{application}/commands", self._sync),
                web.route("*", API + "/{path:.*}", self._not_known),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=MOST_SOCKETS).start()
        self._address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._socket:
            await self._socket.close(code=1001)
        await self._runner.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What a bot process needs in its environment to find this Discord instead of the real one."""
        return {
            "GREENLIT_DISCORD_API": f"http://{self._address}{API}",
            "GREENLIT_DISCORD_GATEWAY": f"ws://{self._address}/gateway",
            "GREENLIT_DISCORD_TOKEN": TOKEN,
        }

    async def ready(self, within: float = 60.0) -> None:
        """Wait until a bot listens.

        Raises:
            TimeoutError: none comes.
        """
        await asyncio.wait_for(self._here.wait(), within)

    # What members do -----------------------------------------------------------------------------------

    async def click(self, member: int, card: payloads.Card, pitch: int) -> Asked:
        """Send a vote."""
        return await self._ask(payloads.click(self.numbers.new(), member, card, pitch))

    async def slash(self, member: int, channel: int, name: str, **options: str | int) -> Asked:
        """Send a command."""
        number, identity = self.numbers.new(), self.commands.get(name, "1")
        return await self._ask(payloads.command(number, member, channel, name, identity, **options))

    async def _ask(self, payload: Json) -> Asked:
        assert self._socket, "no bot is here"  # noqa: S101 - our own order
        asked = self._asked[payload["id"]] = Asked(int(payload["channel_id"]))
        frame = self._frame("INTERACTION_CREATE", payload)
        asked.sent = time.perf_counter()
        await self._socket.send_str(frame)
        return asked

    # The gateway ---------------------------------------------------------------------------------------

    def _frame(self, event: str, data: Json) -> str:
        self._sequence += 1
        return json.dumps({"op": 0, "t": event, "s": self._sequence, "d": data})

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.send_json({"op": _HELLO, "d": {"heartbeat_interval": 41_250}})
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await self._heard(socket, frame.json())
        self._socket = None
        self._here.clear()
        return socket

    async def _heard(self, socket: web.WebSocketResponse, frame: Json) -> None:
        if frame["op"] == _HEARTBEAT:
            await asyncio.sleep(_AWAY)
            await socket.send_json({"op": _ACK, "d": None})
        elif frame["op"] == _IDENTIFY:
            self._socket, self._sequence = socket, 0
            ready = {
                "v": 10,
                "user": payloads.BOT,
                "guilds": [{"id": str(payloads.SERVER), "unavailable": True}],
                "session_id": "one",
                "resume_gateway_url": f"ws://{self._address}/gateway",
                "shard": frame["d"].get("shard") or [0, 1],
                "application": {"id": str(payloads.APPLICATION), "flags": 0},
            }
            await socket.send_str(self._frame("READY", ready))
            await socket.send_str(self._frame("GUILD_CREATE", payloads.server()))
            self._here.set()

    # What the bot asks -----------------------------------------------------------------------------------

    async def _callback(self, request: web.Request) -> web.Response:
        now = time.perf_counter()
        asked = self._asked.get(number := request.match_info["id"])
        said = _said(await request.read())
        kind = said["type"]
        if asked is None:
            return _json({"message": "Unknown interaction", "code": 10062}, 404)
        asked.message = asked.message or self.numbers.new()
        if not asked.acknowledged.done():
            asked.acknowledged.set_result(now)
        if kind != _DEFERRED_MESSAGE or self.deferred_is_all:  # a vote, or a refusal: all is said
            self._done(number, now)
            if kind == _MESSAGE:
                self.said[said["data"]["content"][:_SOME]] += 1
        elif self.edits:
            self.edits.sent[asked.message] = now
        told = {"id": number, "type": 2, "response_message_id": str(asked.message)}
        return _json({"interaction": {**told, "response_message_loading": kind == _DEFERRED_MESSAGE}})

    def _done(self, number: str, now: float) -> None:
        asked = self._asked.pop(number, None)
        if asked and not asked.answered.done():
            asked.answered.set_result(now)

    async def _answer(self, request: web.Request) -> web.Response:
        token, named = request.match_info["token"], request.match_info["message"]
        number, _, channel = token.partition(".")
        asked = self._asked.get(number)
        message = asked.message if asked else int(number)
        if named != "@original":
            message = int(named)
        bucket = f"channel:{channel}" if self.strict else f"token:{token}"
        return await self._edited(request, int(channel), message, bucket, number)

    async def _edit(self, request: web.Request) -> web.Response:
        channel, message = int(request.match_info["channel"]), int(request.match_info["message"])
        return await self._edited(request, channel, message, f"channel:{channel}", "")

    async def _edited(self, request: web.Request, channel: int, message: int, bucket: str, number: str) -> web.Response:
        now = time.perf_counter()
        body = await request.read()
        headers, wait = self.limits.edit(bucket)
        if wait:
            told = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": False}
            return _json(told, 429, headers)
        if self.edits:
            self.edits.edited(channel, message, now)
        elif number:
            self._done(number, now)
        return _json(payloads.message(message, channel, _components(body)), headers=headers)

    async def _gone(self, request: web.Request) -> web.Response:
        self._done(request.match_info["token"].partition(".")[0], time.perf_counter())
        return web.Response(status=204)

    async def _follow_up(self, request: web.Request) -> web.Response:
        number, _, channel = request.match_info["token"].partition(".")
        said = _said(await request.read())
        self.said[said.get("content", "")[:_SOME]] += 1
        self._done(number, time.perf_counter())
        return _json(payloads.message(self.numbers.new(), int(channel)))

    async def _send(self, request: web.Request) -> web.Response:
        components = _components(await request.read())
        return _json(payloads.message(self.numbers.new(), int(request.match_info["channel"]), components))

    async def _me(self, _request: web.Request) -> web.Response:
        return _json(payloads.BOT)

    async def _application(self, _request: web.Request) -> web.Response:
        told = {"id": str(payloads.APPLICATION), "name": "GreenLIT", "icon": None, "description": "", "summary": ""}
        rest = {"bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": 0, "team": None}
        return _json({**told, **rest, "owner": payloads.user(payloads.OWNER, "owner"), "bot": payloads.BOT})

    async def _where(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return _json({"url": f"ws://{self._address}/gateway", "shards": 1, "session_start_limit": limit})

    async def _sync(self, request: web.Request) -> web.Response:
        wanted: list[Json] = await request.json()
        self.commands = {one["name"]: str(self.numbers.new()) for one in wanted}
        kept = {"application_id": str(payloads.APPLICATION), "version": "1", "description": ""}
        return _json([{**kept, **one, "id": self.commands[one["name"]]} for one in wanted])

    async def _not_known(self, request: web.Request) -> web.Response:
        self.unknown[f"{request.method} {request.path}"] += 1
        return _json({"message": "not here", "code": 0}, 501)


def _said(body: bytes) -> Json:
    """Return what an interaction is answered with; where files come with it, it is the first JSON of several parts."""
    start = body.index(b"{")
    found: Json = json.loads(body if not start else body[start : body.index(b"\r\n--", start)])
    return found


def _components(body: bytes) -> list[Json]:
    """Return the components of a message; of one with files none, nobody clicks there."""
    found: list[Json] = json.loads(body).get("components") or [] if body.startswith(b"{") else []
    return found


def _json(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:  # noqa: ANN401 - JSON
    # Exactly this content type: with a charset discord.py takes the body for text.
    told = {**(headers or {}), "Content-Type": "application/json"}
    return web.Response(status=status, body=json.dumps(payload).encode(), headers=told)
