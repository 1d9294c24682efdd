"""``/script``: page one of a greenlit show."""

from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.client import Interaction, Room, member
from bot.cogs.voting import choices, pitch_here
from bot.usecases import writing
from db.pitches import PitchState


class Scripts(commands.Cog):
    """Read what was written."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @app_commands.command()
    @app_commands.describe(pitch="Which greenlit show")
    async def script(self, interaction: Interaction, pitch: str) -> None:
        """Read page one of a greenlit show; it is written if nobody asked before."""
        await self.room.think(interaction)
        chosen = await pitch_here(self.room, interaction, pitch)
        ordered = await writing.order_script(self.room.app, chosen, by=member(interaction))
        await self.room.answer_script(interaction, ordered)

    @script.autocomplete("pitch")
    async def _greenlit(self, interaction: Interaction, text: str) -> list[Choice[str]]:
        return await choices(self.room, interaction, text, PitchState.GREENLIT, PitchState.SCRIPTED, PitchState.POSTED)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Scripts(room))
