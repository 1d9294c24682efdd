"""The show of the day, on each server that has chosen a channel for it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
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
AT_ONCE: Final = 8  # servers that are announced to at the same time

Work = Callable[[], Awaitable[None]]


class Daily(commands.Cog):
    """Announce the show of the day. Servers of other processes are left to them."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def cog_load(self) -> None:
        """Begin to look, if this room announces anything."""
        if self.room.daily:
            self.look.start()

    async def cog_unload(self) -> None:
        """Look no more; what was under way is taken up by whoever looks next."""
        self.look.cancel()
        for task in self._under_way.values():
            task.cancel()

    @tasks.loop(seconds=EVERY)
    async def look(self) -> None:
        """Announce where the hour has come, and move on what was left behind; what fails is done at a later look.

        What is slow goes on beside the next looks, and holds up nobody.
        """
        await self._try("all", self._begin_due)
        self._begin("left behind", self._recover)
        await asyncio.wait(self._under_way.values(), timeout=EVERY)

    @look.before_loop
    async def _connected(self) -> None:
        await self.room.wait_until_ready()

    async def _begin_due(self) -> None:
        assert self.room.daily  # noqa: S101 - it does not look otherwise
        for found in await broadcasting.due(self.room.app, self.room.daily.post_at):
            network = self._network(found.guild.id, found.guild.daily_channel)
            if network:
                self._begin(found.guild.id, partial(self._announce, network, found))

    def _begin(self, name: str, work: Work) -> None:
        """Begin to work, unless that is under way."""
        if name not in self._under_way:
            self._under_way[name] = task = asyncio.create_task(self._try(name, work), name=f"daily show: {name}")
            task.add_done_callback(lambda _: self._under_way.pop(name))

    async def _try(self, name: str, work: Work) -> None:
        try:
            await work()
        except (DatabaseBusyError, DatabaseUnreachableError) as error:
            log.warning("shows of the day not announced, tried again", server=name, error=repr(error))
        except Exception:  # one server's trouble is none of the others'
            log.exception("shows of the day not announced, tried again", server=name)

    async def _announce(self, network: Announcer, found: Due) -> None:
        assert self.room.daily  # noqa: S101 - it does not look otherwise
        async with self._turns:
            languages.speak(found.guild.language or languages.ENGLISH)  # in this task, nowhere else
            await broadcasting.announce(self.room.app, self.room.daily.draw, network, found)

    async def _recover(self) -> None:
        assert self.room.daily  # noqa: S101 - it does not look otherwise
        await broadcasting.recover(self.room.app, self.room.daily.draw, await self._channels())

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
