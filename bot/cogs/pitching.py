"""``/pitch``: a genre and a theme, a slate of new shows."""

from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.usecases import pitching
from model.briefs import GENRES, MAX_COUNT, MAX_SEED, PitchBrief, genre, theme


class Pitching(commands.Cog):
    """Ask for new shows."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @app_commands.command()
    @app_commands.rename(kind="genre", about="theme")
    @app_commands.describe(
        kind="What kind of show",
        about="What it is about, in a few words",
        count="How many titles",
        seed="For the same slate again",
    )
    @app_commands.choices(kind=[Choice(name=name, value=name) for name in GENRES])
    async def pitch(
        self,
        interaction: Interaction,
        kind: str,
        about: str,
        count: Range[int, 1, MAX_COUNT] = 5,
        seed: Range[int, 0, MAX_SEED] | None = None,
    ) -> None:
        """Have the writers' room pitch a slate of new shows."""
        brief = PitchBrief(
            genre=genre(kind),
            theme=theme(about),
            count=count,
            seed=self.room.app.new_seed() if seed is None else seed,
        )
        await self.room.think(interaction)
        place = self.room.place(interaction)
        slate = await pitching.open_slate(
            self.room.app, brief, by=member(interaction), guild=guild(interaction), place=place
        )
        self.room.answer_slate(interaction, slate)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Pitching(room))
