"""The show of the day, on each server that has chosen a channel for it."""

from typing import Final

import structlog
from discord.ext import commands, tasks

from bot import languages
from bot.client import Room
from bot.ui.announcing import Announcer
from bot.usecases import broadcasting, settings
from bot.usecases.broadcasting import Due
from db.errors import DatabaseBusyError, DatabaseUnreachableError
from db.ids import GuildId

log = structlog.get_logger()
EVERY: Final = 30.0  # seconds between looks whose hour has come


class Daily(commands.Cog):
    """Announce the show of the day. Servers of other processes are left to them."""

    def __init__(self, room: Room) -> None:
        self.room = room

    async def cog_load(self) -> None:
        """Begin to look, if this room announces anything."""
        if self.room.daily:
            self.look.start()

    async def cog_unload(self) -> None:
        """Look no more."""
        self.look.cancel()

    @tasks.loop(seconds=EVERY)
    async def look(self) -> None:
        """Announce where the hour has come, and move on what was left behind; what fails is done at the next look."""
        daily, app = self.room.daily, self.room.app
        assert daily  # noqa: S101 - it does not look otherwise
        try:
            channels = {each.guild.id: each for each in await broadcasting.due(app, daily.post_at)}
            for found in channels.values():
                await self._announce(found)
            await broadcasting.recover(app, daily.draw, await self._channels())
        except (DatabaseBusyError, DatabaseUnreachableError) as error:
            log.warning("shows of the day not announced, tried again", error=repr(error))

    @look.before_loop
    async def _connected(self) -> None:
        await self.room.wait_until_ready()

    async def _announce(self, found: Due) -> None:
        network = self._network(found.guild.id, found.guild.daily_channel)
        if network and self.room.daily:
            with languages.speaking(found.guild.language or languages.ENGLISH):
                await broadcasting.announce(self.room.app, self.room.daily.draw, network, found)

    async def _channels(self) -> broadcasting.Channel:
        """Return how to find the channel of a server that has one."""
        chosen = await settings.daily_channels(self.room.app)

        def channel(account: str) -> Announcer | None:
            guild = GuildId(f"discord:{account}")
            return self._network(guild, chosen.get(guild))

        return channel

    def _network(self, guild: GuildId, channel_id: int | None) -> Announcer | None:
        number = int(guild.partition(":")[2])
        if channel_id is None or self.room.get_guild(number) is None:
            return None
        return Announcer(client=self.room, guild_id=number, channel_id=channel_id)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Daily(room))
