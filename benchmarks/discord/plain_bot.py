"""The least that a bot can do: discord.py that defers whatever it is asked, and nothing else. The yardstick.

It finds its Discord as the real bot does, and logs the lag of its event loop in the same way.
"""

import asyncio
import os
from typing import Any

import discord
import structlog

from bot import lag
from bot.logs import configure
from bot.ui.connecting import use_addresses

log = structlog.get_logger()


class Plain(discord.Client):
    """A bot that says "is thinking…" to commands and nothing to clicks."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )

    async def on_ready(self) -> None:
        """Say so, as the real bot does."""
        log.info("on Discord")

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Acknowledge."""
        await interaction.response.defer(thinking=interaction.type is discord.InteractionType.application_command)


async def run() -> None:
    """Stay connected until cancelled."""
    use_addresses(os.environ["GREENLIT_DISCORD_API"], os.environ["GREENLIT_DISCORD_GATEWAY"])
    watching = asyncio.create_task(lag.watch(float(os.environ["GREENLIT_LAG_LOG"])))
    async with Plain() as bot:
        await bot.start(os.environ["GREENLIT_DISCORD_TOKEN"])
    watching.cancel()


if __name__ == "__main__":
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    configure()
    asyncio.run(run())
