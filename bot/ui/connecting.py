"""Connected to Discord, whatever happens on the way."""

import asyncio
from typing import Final

import aiohttp
import discord
import structlog
import yarl

from bot.ui import answering

log = structlog.get_logger()
LOG_IN_PAUSE: Final = 60.0  # seconds at most between two tries


def use_addresses(api: str | None, gateway: str | None) -> None:
    """Talk to another Discord than the public one: a proxy, or a double in a test."""
    if api:
        discord.http.Route.BASE = api
    if gateway:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


async def run(room: discord.Client, token: str) -> None:
    """Stay connected until cancelled; while Discord is out of reach, try again (the page and the clock go on).

    Raises:
        discord.LoginFailure: Discord does not accept the token.
    """
    answering.listen()
    async with room:
        await _log_in(room, token)
        await room.connect()


async def _log_in(room: discord.Client, token: str) -> None:
    pause = 1.0
    while True:
        try:
            await room.login(token)
        except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
            log.warning("Discord is out of reach, tried again", error=repr(error), pause=pause)
            await room.http.close()
            room.http.connector = discord.utils.MISSING  # closed with the session; the next try makes its own
            await asyncio.sleep(pause)
            pause = min(2 * pause, LOG_IN_PAUSE)
        else:
            return
