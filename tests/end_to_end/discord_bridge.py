"""A Discord on 127.0.0.1: a real bot process logs in, is talked to, clicked and killed, over real sockets.

simcord keeps the world (guild, channels, messages, interactions); here it is put behind HTTP and a WebSocket.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import discord
from aiohttp import web
from simcord import ChannelHandle, InteractionResult, ResponseMessage
from simcord import MemberActor as Member
from simcord import actors as simcord_actors

from tests.end_to_end.discord_contract import Contract
from tests.end_to_end.discord_gateway import Gateway
from tests.end_to_end.discord_rest import API, Fault, Request, Rest
from tests.end_to_end.discord_world import Message, World, snapshot

Found = TypeVar("Found")
TOKEN = "loopback.discord.token"
ACKNOWLEDGE_SECONDS = 3.0


class HasId(Protocol):
    """A channel or thread, whoever keeps it."""

    @property
    def id(self) -> int: ...


class UnansweredError(Exception):
    """The bot did not acknowledge in three seconds; the member reads "The application did not respond"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How the bot answers one interaction: every property is read anew from the world."""

    discord: "LoopbackDiscord"
    result: InteractionResult

    @property
    def message(self) -> Message | None:
        """The original response; for a button that edits its own message, that message."""
        shown = self.result.response
        return snapshot(shown._message) if shown else None

    @property
    def followups(self) -> list[Message]:
        return [snapshot(shown._message) for shown in self.result.followups]

    @property
    def modal(self) -> dict[str, Any] | None:
        return self.result.modal

    async def text(self, within: float = 10.0) -> str:
        """The words of the response, once it is there and no longer "is thinking…"."""
        return (await self.done(within)).text

    async def done(self, within: float = 10.0) -> Message:
        """The response, once it is there and no longer "is thinking…"."""

        def finished() -> Message | None:
            shown = self.message
            return shown if shown and not shown.loading else None

        return await self.discord.wait_until(finished, within)


class LoopbackDiscord:
    """`async with LoopbackDiscord() as discord:` a guild, a channel, members, and an address for the bot.

    The bot may come, be killed and come back: the guild, the messages and their buttons stay.
    """

    def __init__(self, *, members: int = 3, admins: int = 1, contract: Contract | None = None) -> None:
        self._world = World()
        self.backend = self._world.backend
        self.guild = self._world.create_guild("The Writers' Room")
        self.channel = self.guild.create_text_channel("pitches")
        self._role = self.guild.create_role("Showrunner", permissions=discord.Permissions(administrator=True))
        self.members = [self.add_member(f"member{number}") for number in range(members)]
        self.admins = [self.add_member(f"admin{number}", administrator=True) for number in range(admins)]
        self._waiting: set[asyncio.Event] = set()
        self._awaited = 0
        self.rest = Rest(self.backend, TOKEN, self._notify, contract or Contract.load())
        self.gateway = Gateway(self.backend, TOKEN, self._notify)
        self.backend.subscribers.append(self.gateway.emit)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_route("*", API + "/{path:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.api_base = f"http://{address}{API}"
        self.gateway_url = self.gateway.url = self.rest.gateway_url = f"ws://{address}/gateway"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.gateway.close(code=1001)
        await self._runner.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What a bot process needs in its environment to find this Discord instead of the real one."""
        return {"GREENLIT_DISCORD_API": self.api_base, "GREENLIT_DISCORD_GATEWAY": self.gateway_url}

    # What members do -------------------------------------------------------------------------------

    def add_member(self, name: str, *, administrator: bool = False, role: str | None = None) -> Member:
        """Let somebody join the guild, with a role of this name if one is given."""
        roles = [self._role] if administrator else []
        if role is not None:
            roles.append(self.guild.roles.get(role) or self.guild.create_role(role))
        return self.guild.add_member(self._world.create_user(name), roles=roles)

    async def slash(
        self, member: Member, name: str, /, *, in_channel: ChannelHandle | None = None, **options: object
    ) -> Answer:
        """Run a slash command ("pitch", "settings show") and wait for its acknowledgement.

        Raises UnansweredError after three seconds, and simcord's SetupError where a real member
        could not have sent this (unknown command, bad option, not permitted).
        """
        return await self._acknowledged(await member.slash(in_channel or self.channel, name, **options))

    async def autocomplete(
        self, member: Member, name: str, option: str, typed: str, /, **filled: object
    ) -> list[dict[str, Any]]:
        """Type into an option; returns the choices offered, as {"name", "value"}."""
        result = await simcord_actors._autocomplete_result(member, self.channel, name, option, typed, filled)
        return (await self._acknowledged(result)).result.autocomplete_choices or []

    async def click(
        self, member: Member, message: Message, *, custom_id: str | None = None, label: str | None = None
    ) -> Answer:
        """Press a button that is on the message now, and wait for the acknowledgement."""
        shown = self._shown(message)
        return await self._acknowledged(await member.click(shown, custom_id=custom_id, label=label))

    async def select(
        self, member: Member, message: Message, values: Sequence[Any], *, custom_id: str | None = None
    ) -> Answer:
        """Choose in a select menu, and wait for the acknowledgement."""
        return await self._acknowledged(await member.select(self._shown(message), values, custom_id=custom_id))

    async def submit_modal(self, member: Member, answer: Answer, values: dict[str, Any]) -> Answer:
        """Fill in the modal an answer showed (custom_id → value) and send it."""
        return await self._acknowledged(await member.submit_modal(answer.result, values))

    async def _acknowledged(self, result: InteractionResult) -> Answer:
        try:
            await self.wait_until(lambda: result.acknowledged, ACKNOWLEDGE_SECONDS)
        except TimeoutError as error:
            raise UnansweredError from error
        return Answer(self, result)

    def _shown(self, message: Message) -> ResponseMessage:
        return ResponseMessage(self._world, self.backend.get_message(message.channel_id, message.id))

    # What can be seen ------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """Every REST request so far: (method, path, json, status)."""
        return self.rest.requests

    @property
    def violations(self) -> list[str]:
        """What broke Discord's contract; a test asserts that this is empty."""
        return self.rest.violations

    @property
    def unmodelled(self) -> list[str]:
        """Requests simcord has no model of (answered 501); a test asserts that this is empty."""
        return [*self.rest.unmodelled, *self.gateway.unmodelled]

    def threads(self, channel: HasId | None = None) -> list[Any]:
        """A channel's threads, the oldest first: simcord's own objects, with name, applied_tags and thread_metadata."""
        parent = (channel or self.channel).id
        return [found for found in self.backend.channels.values() if found.is_thread and found.parent_id == parent]

    def messages(self, channel: HasId | None = None, *, viewer: Member | None = None) -> list[Message]:
        """A channel's messages as they are now, oldest first: all of them, or those one member sees."""
        stored = self.backend.messages.get((channel or self.channel).id, {})
        return [
            snapshot(message) for _, message in sorted(stored.items()) if not viewer or message.visible_to(viewer.id)
        ]

    def download(self, attachment: dict[str, Any]) -> bytes:
        """The bytes of an uploaded file."""
        blob = self.backend.cdn.get(attachment["url"])
        if blob is None:
            raise FileNotFoundError(attachment["url"])
        return blob

    async def bot_ready(self, within: float = 30.0) -> None:
        """Wait for a log-in that no earlier call has waited for: once per start of the bot."""
        await self.wait_until(lambda: self.gateway.identified > self._awaited, within)
        self._awaited = self.gateway.identified

    async def wait_until(self, predicate: Callable[[], Found | None], within: float = 10.0) -> Found:
        """The first true value of `predicate`, asked again after each request and gateway change.

        Raises TimeoutError, with the last requests, after `within` seconds.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(within):
                while not (found := predicate()):
                    changed.clear()
                    await changed.wait()
                return found
        except TimeoutError as error:
            error.add_note(f"last requests: {[(r.method, r.path, r.status) for r in self.requests[-8:]]}")
            error.add_note(f"unmodelled: {self.unmodelled}; bot connected: {self.gateway.connected}")
            raise
        finally:
            self._waiting.discard(changed)

    def _notify(self) -> None:
        for changed in self._waiting:
            changed.set()

    # What goes wrong -------------------------------------------------------------------------------

    def fail_next(
        self,
        status: int,
        count: int = 1,
        *,
        path: str = "*",
        method: str = "*",
        code: int = 0,
        applied: bool = False,
        retry_after: float = 0.05,
    ) -> None:
        """Answer the next `count` requests whose path and method fit with an error, and Discord's `code` for it.

        With `applied` the request takes effect and only its answer is lost.
        """
        self.rest.faults.append(Fault(status, count, path, applied, retry_after, code, method))

    def forget_failures(self) -> None:
        """Answer as usual again."""
        self.rest.faults.clear()

    async def drop_gateway(self, *, resumable: bool = True) -> None:
        """Cut the bot's gateway connection; discord.py comes back by itself, and resumes if it may."""
        if not resumable:
            self.gateway.forget()
        await self.gateway.close()

    def repeat_interactions(self, times: int = 2) -> None:
        """Send every interaction from now on so many times, as Discord does now and then."""
        self.gateway.repeats = times
