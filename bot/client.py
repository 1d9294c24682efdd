"""The Discord half of the bot: connects, loads the cogs, keeps cards up to date, turns errors into answers."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands

from bot import errors
from bot.app import App
from bot.stage import script_work, slate_work
from bot.ui import cards
from bot.ui.buttons import VoteButton
from bot.usecases import browsing, pitching, voting, writing
from db.ids import GuildId, MemberId, PitchId
from db.scripts import Script
from db.slates import Slate

log = structlog.get_logger()
COGS: Final = "bot.cogs"  # imported by name: the cogs stand above the client
EDIT_EVERY: Final = 1.2  # seconds between edits in one channel

Interaction = discord.Interaction["Room"]
Show = Callable[[cards.View], Awaitable[None]]
Left = tuple[tuple[Slate, ...], tuple[Script, ...]]
"""The slates and scripts that were being written when the last process stopped."""


def member(interaction: Interaction) -> MemberId:
    """Return who acts."""
    return MemberId(f"discord:{interaction.user.id}")


def guild(interaction: Interaction) -> GuildId:
    """Return where: the server, or the member's own direct messages."""
    return GuildId(f"discord:{interaction.guild_id or f'dm-{interaction.user.id}'}")


class Room(commands.Bot):
    """The writers' room on Discord. It needs no privileged intent and caches no members."""

    def __init__(self, app: App, *, owners: frozenset[int] = frozenset(), left: Left = ((), ())) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.app = app
        self.owners = owners
        self.tree.on_error = self._refuse  # type: ignore[method-assign]
        self._paces: dict[int, float] = {}
        self._presenting: set[asyncio.Task[None]] = set()
        self._left = left

    async def setup_hook(self) -> None:
        """Load every cog in ``bot/cogs``, tell Discord the commands, make old buttons work."""
        self.add_dynamic_items(VoteButton)
        for found in pkgutil.iter_modules(importlib.import_module(COGS).__path__):
            await self.load_extension(f"{COGS}.{found.name}")
        await self.tree.sync()

    async def on_ready(self) -> None:
        """Show on their old messages what was being written when the bot stopped; once a process."""
        log.info("on Discord", user=str(self.user), guilds=len(self.guilds))
        (slates, scripts), self._left = self._left, ((), ())
        for slate in slates:
            if slate.channel_id and slate.message_id:
                self.present_slate(slate, self._message(slate.channel_id, slate.message_id), slate.channel_id)
        for script in scripts:
            if script.channel_id and script.message_id:
                self.present_script(script, self._message(script.channel_id, script.message_id), script.channel_id)

    def _message(self, channel_id: int, message_id: int) -> Show:
        message = self.get_partial_messageable(channel_id).get_partial_message(message_id)

        async def show(view: cards.View) -> None:
            await message.edit(view=view)

        return show

    async def send_slate(self, interaction: Interaction, slate: Slate) -> None:
        """Answer with the slate's card, remember its message, and keep it up to date."""
        view = cards.slate_card(await browsing.slate(self.app, slate.id))
        message = await interaction.followup.send(view=view, wait=True)
        slate = await pitching.place(self.app, slate, channel_id=message.channel.id, message_id=message.id)
        self.present_slate(slate, self._answer(interaction, message), message.channel.id)

    async def send_script(self, interaction: Interaction, script: Script) -> None:
        """Answer with the script's card, remember its message, and keep it up to date."""
        pitch, script = await browsing.script(self.app, script.id)
        view = cards.script_card(pitch, script, self.app.stage.latest(script_work(script.id)))
        message = await interaction.followup.send(view=view, wait=True)
        if script.state == "drafting":
            script = await writing.place(self.app, script, channel_id=message.channel.id, message_id=message.id)
            self.present_script(script, self._answer(interaction, message), message.channel.id)

    def _answer(self, interaction: Interaction, message: discord.WebhookMessage) -> Show:
        """Edit through the interaction while its token lives (15 minutes), then as the bot."""
        later = self._message(message.channel.id, message.id)

        async def show(view: cards.View) -> None:
            if interaction.is_expired():
                await later(view)
            else:
                await interaction.followup.edit_message(message.id, view=view)

        return show

    def present_slate(self, slate: Slate, show: Show, channel_id: int) -> None:
        """Keep a slate's card up to date until it stands."""

        async def follow() -> None:
            async for progress in self.app.stage.watch(slate_work(slate.id)):
                await self._pace(channel_id)
                await show(cards.writing_slate(slate, self.app.stage.latest(slate_work(slate.id)) or progress))
            await self._pace(channel_id)
            await show(cards.slate_card(await browsing.slate(self.app, slate.id)))

        self._present(follow(), f"slate {slate.id}")

    def present_script(self, script: Script, show: Show, channel_id: int) -> None:
        """Keep a script's card up to date until it stands."""

        async def follow() -> None:
            async for progress in self.app.stage.watch(script_work(script.id)):
                await self._pace(channel_id)
                pitch, row = await browsing.script(self.app, script.id)
                await show(cards.script_card(pitch, row, progress))
            await self._pace(channel_id)
            await show(cards.script_card(*await browsing.script(self.app, script.id)))

        self._present(follow(), f"script {script.id}")

    def _present(self, following: Any, name: str) -> None:  # noqa: ANN401 – a coroutine of no interest
        task = asyncio.create_task(following, name=f"card of {name}")
        self._presenting.add(task)
        task.add_done_callback(self._presented)

    def _presented(self, task: asyncio.Task[None]) -> None:
        self._presenting.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            log.error("card not updated", card=task.get_name(), exc_info=error)

    async def _pace(self, channel_id: int) -> None:
        """Wait for this channel's turn: at most one edit every ``EDIT_EVERY`` seconds."""
        loop = asyncio.get_running_loop()
        turn = max(self._paces.get(channel_id, 0.0), loop.time()) + EDIT_EVERY
        self._paces[channel_id] = turn
        await asyncio.sleep(turn - loop.time())
        if self._paces.get(channel_id) == turn:
            del self._paces[channel_id]

    async def on_vote(self, interaction: Interaction, pitch_id: PitchId) -> None:
        """Count a click on a vote button; the edit of the card acknowledges it."""
        try:
            ballot = await voting.cast_vote(self.app, pitch_id, by=member(interaction))
            view = await browsing.slate(self.app, ballot.pitch.slate_id)
            await interaction.response.edit_message(view=cards.slate_card(view))
            if ballot.greenlit:
                show = await browsing.show(self.app, pitch_id)
                await self.send_script(interaction, show.scripts[0])
        except Exception as error:  # noqa: BLE001 – a dynamic item has no error hook of its own
            await self._refuse(interaction, error)

    async def _refuse(self, interaction: Interaction, error: Exception) -> None:
        """Say privately, in one sentence, what went wrong."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        sentence = errors.explain(_without_discord(cause))
        if not interaction.response.is_done():
            await interaction.response.send_message(sentence, ephemeral=True)
            return
        await interaction.followup.send(sentence, ephemeral=True)


def _without_discord(error: BaseException) -> BaseException:
    if isinstance(error, app_commands.CheckFailure):
        return errors.NotAllowedError("members with the right permission")
    return error


def use_addresses(api: str | None, gateway: str | None) -> None:
    """Talk to another Discord than the public one: a proxy, or a double in a test."""
    if api:
        discord.http.Route.BASE = api
    if gateway:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


async def run(room: Room, token: str) -> None:
    """Stay connected until cancelled.

    Raises:
        discord.LoginFailure: Discord does not accept the token.
    """
    async with room:
        await room.start(token)
