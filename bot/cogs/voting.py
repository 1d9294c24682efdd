"""``/greenlight`` and ``/leaderboard``: who decides, and what leads."""

from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.errors import NotAllowedError
from bot.ui import cards
from bot.ui.plain import label
from bot.usecases import browsing, voting
from db.errors import NotFoundError
from db.ids import PitchId
from db.pitches import PitchState


async def pitch_here(room: Room, interaction: Interaction, text: str) -> PitchId:
    """Return the pitch of this server that an autocompleted option means.

    Raises:
        NotFoundError: it means none (Discord does not enforce the list).
    """
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        show = await browsing.show(room.app, PitchId(int(text)))
        if show.pitch.guild_id == guild(interaction):
            return show.pitch.id
    raise NotFoundError("pitch", label(text, 40))


async def choices(room: Room, interaction: Interaction, text: str, *states: PitchState) -> list[Choice[str]]:
    """Return up to 25 pitches of this server whose title contains ``text``, most voted first."""
    found = await browsing.search(room.app, guild(interaction), text, states=states)
    return [Choice(name=f"{label(pitch.title, 90)} ({pitch.votes})", value=str(pitch.id)) for pitch in found]


class Voting(commands.Cog):
    """Decide and compare."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(pitch="Which pitch; without one, the open pitch with the most votes")
    async def greenlight(self, interaction: Interaction, pitch: str | None = None) -> None:
        """Decide for a pitch now: it goes into production."""
        if not (interaction.permissions.manage_guild or interaction.user.id in self.room.owners):
            raise NotAllowedError("members who may manage the server")
        await self.room.think(interaction)
        chosen = await pitch_here(self.room, interaction, pitch) if pitch else await self._leader(interaction)
        decided = await voting.greenlight(self.room.app, chosen, by=member(interaction))
        show = await browsing.show(self.room.app, decided.id)
        await self.room.answer_script(interaction, show.scripts[0])
        self.room.show_slate((await browsing.slate(self.room.app, decided.slate_id)).slate)

    async def _leader(self, interaction: Interaction) -> PitchId:
        found = await browsing.search(self.room.app, guild(interaction), "", states=(PitchState.OPEN,), limit=1)
        if not found:
            raise NotFoundError("open pitch", "")
        return found[0].id

    @greenlight.autocomplete("pitch")
    async def _open(self, interaction: Interaction, text: str) -> list[Choice[str]]:
        return await choices(self.room, interaction, text, PitchState.OPEN)

    @app_commands.command()
    async def leaderboard(self, interaction: Interaction) -> None:
        """See the pitches with the most votes."""
        await self.room.think(interaction)
        leaders = await browsing.leaderboard(self.room.app, guild(interaction))
        await interaction.edit_original_response(view=cards.leaderboard(leaders))


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Voting(room))
