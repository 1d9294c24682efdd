"""The gateway half of the loopback Discord: sessions that a bot opens, loses and resumes."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord
from aiohttp import WSMsgType, web
from simcord.backend import Backend, serializers
from simcord.gateway import FakeGateway

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 3, 6, 9, 10, 11
WRONG_TOKEN, UNKNOWN_ERROR = 4004, 4000


class Session:
    """One IDENTIFY and everything sent under it, kept so that a RESUME can replay it.

    It stands where simcord expects discord.py's connection state: a "parser" of an event sends it.
    """

    def __init__(self, backend: Backend, number: int, intents: int) -> None:
        self.id = f"session-{number}"
        self.intents = discord.Intents._from_value(intents)
        self.parsers = self
        self._sent: list[str] = []
        self._more = asyncio.Event()
        self.feed = FakeGateway(backend, self).feed

    def __getitem__(self, event: str) -> Callable[[Any], None]:
        return partial(self.dispatch, event)

    def dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        frame = {"op": DISPATCH, "t": event, "s": len(self._sent) + 1, "d": payload}
        self._sent.append(json.dumps(frame))
        self._more.set()

    async def pump(self, socket: web.WebSocketResponse, sent: int) -> None:
        """Send what the bot has not heard yet, for ever; a closed socket ends it."""
        with contextlib.suppress(ConnectionError):  # the bot died; the session waits for a RESUME
            while True:
                for frame in self._sent[sent:]:
                    await socket.send_str(frame)
                    sent += 1
                if sent == len(self._sent):
                    self._more.clear()
                    await self._more.wait()


class Gateway:
    """Answers `/gateway`. `identified` counts the log-ins, `connected` says whether a bot listens now.

    Every bot that is connected hears everything, as two processes do while one takes over from the other; those that
    are cut off hear it when they resume. Interactions are sent `repeats` times.
    """

    def __init__(self, backend: Backend, token: str, changed: Callable[[], Any]) -> None:
        self.identified = 0
        self.unmodelled: list[str] = []
        self.url = ""
        self._backend = backend
        self._token = token
        self._changed = changed
        self.repeats = 1
        self._session: Session | None = None
        self._pumps: dict[web.WebSocketResponse, asyncio.Task[None] | None] = {}
        self._heard: dict[web.WebSocketResponse, Session] = {}
        self._cut: dict[str, Session] = {}

    @property
    def connected(self) -> bool:
        return any(self._pumps.values())

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._pumps[socket] = None
        try:
            await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 41_250}})
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(socket, frame.json())
        except ConnectionError:
            pass  # killed in mid-sentence, which is what a SIGKILL looks like from here
        finally:
            self._heard.pop(socket, None)
            pump = self._pumps.pop(socket)
            if pump is not None:
                pump.cancel()
                await asyncio.gather(pump, return_exceptions=True)
            self._changed()
        return socket

    async def close(self, code: int = UNKNOWN_ERROR) -> None:
        """Hang up on every bot; after 4000 (the default) discord.py comes back with a RESUME."""
        self._cut |= {session.id: session for session in self._heard.values()}
        for socket in list(self._pumps):
            await socket.close(code=code)

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        """What the world announces, filtered by the intents the bot asked for."""
        listening = dict.fromkeys([*self._heard.values(), *self._cut.values()])
        if self._session is not None:
            listening[self._session] = None
        for session in listening:
            for _ in range(self.repeats if event == "INTERACTION_CREATE" else 1):
                session.feed(event, payload)

    def forget(self) -> None:
        """Know no session any more: nobody may resume."""
        self._session = None
        self._heard.clear()
        self._cut.clear()

    async def _receive(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        op: int = frame["op"]
        data: Any = frame.get("d")
        if op == HEARTBEAT:
            await socket.send_json({"op": HEARTBEAT_ACK, "d": None})
        elif op in (IDENTIFY, RESUME) and data["token"] != self._token:
            await socket.close(code=WRONG_TOKEN)
        elif op == IDENTIFY:
            self._identify(socket, data)
        elif op == RESUME and (session := self._known(data["session_id"])) is not None:
            self._start(socket, session, data["seq"])
            session.dispatch("RESUMED", {})
        elif op == RESUME:
            await socket.send_json({"op": INVALID_SESSION, "d": False})
        elif op != PRESENCE:
            self.unmodelled.append(f"gateway opcode {op}")

    def _known(self, name: str) -> Session | None:
        """The session of this name, if it may be resumed."""
        last = self._session if self._session is not None and self._session.id == name else None
        return self._cut.pop(name, last)

    def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        self.identified += 1
        self._session = session = Session(self._backend, self.identified, data["intents"])
        guilds = list(self._backend.guilds.values())
        ready = {
            "v": 10,
            "user": serializers.user_payload(self._backend.bot_user),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": data.get("shard") or [0, 1],
            "application": {"id": str(self._backend.application_id), "flags": 0},
        }
        session.dispatch("READY", ready)
        for guild in guilds:
            session.feed("GUILD_CREATE", serializers.guild_create_payload(self._backend, guild))
        self._start(socket, session, 0)

    def _start(self, socket: web.WebSocketResponse, session: Session, sent: int) -> None:
        self._heard[socket] = session
        self._pumps[socket] = asyncio.create_task(session.pump(socket, sent))
        self._changed()
