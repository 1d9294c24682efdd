"""``/pitch`` and the buttons on its cards: a genre and a theme, a slate of new shows, and one more."""

from functools import partial
from random import SystemRandom

import discord
from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.languages import say
from bot.ui.forms import Field, Form
from bot.usecases import browsing, moderating, pitching, settings
from bot.usecases.reserve import THEMES
from db.errors import NotFoundError
from db.ids import SlateId
from db.slates import Slate
from model.briefs import GENRES, MAX_COUNT, MAX_SEED, MAX_THEME, OutOfRangeError, PitchBrief, Preset, genre, theme

_dice = SystemRandom()


class Pitching(commands.Cog):
    """Ask for new shows."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses |= {"calloff": self.call_off, "more": self.more, "fresh": self.fresh, "brief": self.edit}

    @app_commands.command()
    @app_commands.rename(kind="genre", about="theme")
    @app_commands.describe(
        kind="What kind of show; another word is understood if it is near one of these",
        about="What it is about, in a few words",
        count="How many titles",
        preset="How daring the writer is",
        seed="For the same slate again",
    )
    @app_commands.choices(preset=[Choice(name="tame", value="tame"), Choice(name="bold", value="bold")])
    async def pitch(
        self,
        interaction: Interaction,
        kind: str,
        about: str,
        count: Range[int, 1, MAX_COUNT] = 5,
        preset: str = "tame",
        seed: Range[int, 0, MAX_SEED] | None = None,
    ) -> None:
        """Have the writers' room pitch a slate of new shows."""
        brief = PitchBrief(
            genre=genre(kind),
            theme=theme(about),
            count=count,
            seed=self.room.app.new_seed() if seed is None else seed,
            preset=_preset(preset),
        )
        await self._open(interaction, brief)

    @pitch.autocomplete("kind")
    async def _genres(self, _interaction: Interaction, text: str) -> list[Choice[str]]:
        near = [name for name in GENRES if text.casefold().strip() in name]
        return [Choice(name=name, value=name) for name in near or GENRES]

    async def _open(self, interaction: Interaction, brief: PitchBrief) -> None:
        if not interaction.response.is_done():
            await self.room.think(interaction)
        await settings.require_channel(
            self.room.app, guild(interaction), _channels(interaction), exists=partial(_exists, interaction)
        )
        place, here = self.room.place(interaction), guild(interaction)
        restricted = bool(interaction.channel and getattr(interaction.channel, "nsfw", False))
        coarse = await moderating.allows_coarse(self.room.app, here, restricted=restricted)
        slate = await pitching.open_slate(
            self.room.app, brief, by=member(interaction), guild=here, place=place, coarse=coarse
        )
        self.room.answer_slate(interaction, slate)

    async def call_off(self, interaction: Interaction, number: str) -> None:
        """End the writing of a slate, for who asked for it and for moderators; its card then says so."""
        slate = await self._here(interaction, number)
        moderates = interaction.permissions.manage_messages or interaction.user.id in self.room.owners
        await pitching.call_off(self.room.app, slate.id, by=member(interaction), moderator=moderates)
        await interaction.response.defer()

    async def more(self, interaction: Interaction, number: str) -> None:
        """Open one more slate with the brief of this one."""
        await self.room.think(interaction)
        await self._open(interaction, pitching.again(self.room.app, await self._here(interaction, number)))

    async def fresh(self, interaction: Interaction, number: str) -> None:
        """Open a slate of the same genre about something else."""
        await self.room.think(interaction)
        slate = await self._here(interaction, number)
        others = [about for about in THEMES if about != slate.theme]
        await self._open(interaction, pitching.again(self.room.app, slate, about=_dice.choice(others)))

    async def edit(self, interaction: Interaction, number: str) -> None:
        """Show the brief of a slate to be changed."""
        slate = await self._here(interaction, number)
        fields = (
            Field(name="genre", label=say("Genre"), value=slate.genre, limit=40),
            Field(name="theme", label=say("What is it about?"), value=slate.theme, limit=MAX_THEME),
            Field(name="count", label=say("How many titles?"), value=str(slate.count), limit=2),
            Field(name="preset", label=say("tame or bold?"), value=slate.preset, limit=4),
        )
        await interaction.response.send_modal(Form(say("Edit the brief"), fields, self._edited))

    async def _edited(self, interaction: discord.Interaction[Room], values: dict[str, str]) -> None:
        brief = PitchBrief(
            genre=genre(values["genre"]),
            theme=theme(values["theme"]),
            count=_count(values["count"]),
            seed=self.room.app.new_seed(),
            preset=_preset(values["preset"].strip().casefold()),
        )
        await self._open(interaction, brief)

    async def _here(self, interaction: Interaction, number: str) -> Slate:
        """Return the slate of this server that a button means.

        Raises:
            NotFoundError: it means none.
        """
        if number.isascii() and number.isdecimal():
            slate = (await browsing.slate(self.room.app, SlateId(int(number)))).slate
            if slate.guild_id == guild(interaction):
                return slate
        raise NotFoundError("slate", number[:20])


def _channels(interaction: Interaction) -> set[int]:
    """Return where it is asked: the channel, and if that is a thread the one that it belongs to."""
    parent = getattr(interaction.channel, "parent_id", None)
    return {interaction.channel_id or 0, parent or 0}


def _exists(interaction: Interaction, channel_id: int) -> bool:
    return interaction.guild is not None and interaction.guild.get_channel(channel_id) is not None


def _preset(text: str) -> Preset:
    known: dict[str, Preset] = {"tame": "tame", "bold": "bold"}
    return known.get(text, text)  # type: ignore[arg-type] # the brief refuses any other


def _count(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise OutOfRangeError("count", float("nan"), 1, MAX_COUNT)
    return int(text)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Pitching(room))
