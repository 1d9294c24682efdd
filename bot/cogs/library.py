"""What the room has made: lists of shows, one show, what a member asked for and keeps, and the leaderboard."""

import asyncio

from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.client import Interaction, Pressed, Room, guild, member
from bot.cogs.voting import choices, pitch_here
from bot.languages import say
from bot.ui import lists
from bot.ui.cards import View
from bot.ui.plain import plain
from bot.usecases import browsing, listing
from db.ids import PitchId
from db.pitches import PitchState
from model.briefs import GENRES

_TURNS = ("shows", "found", "mine", "kept")


class Library(commands.Cog):
    """Look at what there is."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses |= {f"turn{name}": self._turned(name) for name in _TURNS}
        room.presses["keep"] = self.keep

    @app_commands.command()
    @app_commands.describe(genre="Only of this genre")
    @app_commands.choices(genre=[Choice(name=name, value=name) for name in GENRES])
    async def shows(self, interaction: Interaction, genre: str | None = None) -> None:
        """See the shows of this server that were greenlit, the newest first."""
        await self.room.think(interaction)
        await interaction.edit_original_response(view=await self._list(interaction, "shows", 0, genre or ""))

    @app_commands.command()
    @app_commands.describe(text="Words of the title or the summary")
    async def search(self, interaction: Interaction, text: Range[str, 1, 100]) -> None:
        """Search the titles and summaries of everything that was pitched here."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(view=await self._list(interaction, "found", 0, text))

    @app_commands.command()
    async def mine(self, interaction: Interaction) -> None:
        """See what you asked for, and what became of it."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(view=await self._list(interaction, "mine", 0, ""))

    @app_commands.command()
    async def favourites(self, interaction: Interaction) -> None:
        """See the shows that you keep."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(view=await self._list(interaction, "kept", 0, ""))

    @app_commands.command()
    @app_commands.describe(pitch="Which show")
    async def show(self, interaction: Interaction, pitch: str) -> None:
        """See one show: its logline, its votes, and where its script is."""
        await self.room.think(interaction)
        await self._show(interaction, await pitch_here(self.room, interaction, pitch))

    @show.autocomplete("pitch")
    async def _any(self, interaction: Interaction, text: str) -> list[Choice[str]]:
        return await choices(self.room, interaction, text, *PitchState)

    @app_commands.command()
    async def random(self, interaction: Interaction) -> None:
        """See a show of this server that chance has picked."""
        await self.room.think(interaction)
        await self._show(interaction, (await listing.any_show(self.room.app, guild(interaction))).id)

    @app_commands.command()
    @app_commands.describe(period="Pitches of how long")
    @app_commands.choices(period=[Choice(name=name, value=name) for name in listing.PERIODS])
    async def leaderboard(self, interaction: Interaction, period: str = "all") -> None:
        """See the pitches with the most votes."""
        await self.room.think(interaction)
        span: listing.Period = "week" if period == "week" else "month" if period == "month" else "all"
        leaders = await listing.leaders(self.room.app, guild(interaction), span)
        view, files = await asyncio.to_thread(lists.leaderboard, leaders, span)
        await interaction.edit_original_response(view=view, attachments=files)

    async def keep(self, interaction: Interaction, number: str) -> None:
        """Keep a show, or keep it no longer; only who clicked is told."""
        await interaction.response.defer(ephemeral=True, thinking=True)  # only the process that acknowledges acts
        pitch = await pitch_here(self.room, interaction, number)
        kept = await listing.keep(self.room.app, pitch, by=member(interaction))
        said = say("Kept; `/favourites` shows all of them.") if kept else say("Not kept any longer.")
        await interaction.edit_original_response(content=said)

    async def _show(self, interaction: Interaction, pitch: PitchId) -> None:
        show = await browsing.show(self.room.app, pitch)
        await interaction.edit_original_response(view=lists.show_card(show, kept=False))

    def _turned(self, name: str) -> Pressed:
        async def turn(interaction: Interaction, facts: str) -> None:
            number, rest = lists.from_button(facts)
            await interaction.response.edit_message(view=await self._list(interaction, name, number, rest))

        return turn

    async def _list(self, interaction: Interaction, name: str, number: int, rest: str) -> View:
        app, here = self.room.app, guild(interaction)
        match name:
            case "shows":
                page = await listing.shows(app, here, number, genre=rest or None)
                heading, empty = say("Shows"), say("Nothing was greenlit here yet; `/pitch` opens a slate.")
            case "found":
                page = await listing.found(app, here, rest, number)
                heading, empty = say("Found: {text}", text=plain(rest, 60)), say("Nothing here has these words.")
            case "mine":
                page = await listing.mine(app, here, member(interaction), number)
                heading, empty = (
                    say("Your pitches"),
                    say("You have asked for nothing here yet; `/pitch` opens a slate."),
                )
            case _:
                page = await listing.kept(app, here, member(interaction), number)
                heading, empty = say("Your favourites"), say("You keep no show yet; `/show` has a button for it.")
        return lists.listed(heading, page, f"turn{name}", lists.in_button(rest), empty)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Library(room))
