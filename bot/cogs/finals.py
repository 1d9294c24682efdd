"""``/final``: Discord's own poll among greenlit shows, for the fun of it; nothing is decided by it."""

from datetime import timedelta
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.client import Interaction, Room, guild
from bot.cogs.voting import require_showrunner
from bot.languages import say
from bot.ui.plain import label
from bot.usecases import browsing, listing
from bot.usecases.listing import TooFewShowsError

ANSWERS: Final = 10  # a poll has no more
_ANSWER: Final = 55


class Finals(commands.Cog):
    """Let the whole server choose among what it has chosen."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(hours="How long the poll is open")
    async def final(self, interaction: Interaction, hours: Range[int, 1, 168] = 24) -> None:
        """Hold a poll: which of the greenlit shows with the most votes is the best."""
        await require_showrunner(self.room, interaction)
        await self.room.think(interaction)
        shows = await browsing.search(self.room.app, guild(interaction), "", states=listing.SHOWN, limit=ANSWERS)
        if len(shows) < 2:
            raise TooFewShowsError
        poll = discord.Poll(question=say("Which of these shows is the best?"), duration=timedelta(hours=hours))
        for pitch in shows:
            poll.add_answer(text=label(pitch.title, _ANSWER) or f"#{pitch.id}")
        await interaction.followup.send(poll=poll)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Finals(room))
