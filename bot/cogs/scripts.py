"""``/script`` and ``/stage``, and the buttons on a page: the next scene, a line said otherwise, the whole as a file."""

import io
import re

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.cogs.voting import choices, pitch_here
from bot.errors import failure
from bot.languages import say
from bot.ui.buttons import Pick
from bot.ui.cards import View, turning
from bot.ui.forms import Field, Form
from bot.ui.lists import from_button
from bot.ui.plain import label, plain
from bot.usecases import browsing, continuing, rewriting, writing
from db.errors import NotFoundError
from db.ids import ScriptId
from db.pitches import PitchState
from db.scripts import Script

_LINES = 25  # a list has no more
_DIALOG = 3000


class Scripts(commands.Cog):
    """Read what was written, and have it go on."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses |= {
            "next": self.next_scene,
            "lines": self.lines,
            "morelines": self.turn_lines,
            "export": self.export,
        }
        room.picks["line"] = self.rewrite

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

    async def next_scene(self, interaction: Interaction, number: str) -> None:
        """Have the next scene of a script's show written, on a card of its own in the show's thread."""
        await interaction.response.defer()
        script = await self._here(interaction, number)
        ordered = await continuing.order_next(self.room.app, script.pitch_id, by=member(interaction))
        await self.room.hang_script(interaction, ordered)
        thread = await self.room.board.threads.of(script.pitch_id)
        if thread not in (None, interaction.channel_id):
            said = say("Scene {number} hangs in {thread}.", number=ordered.part, thread=f"<#{thread}>")
            await interaction.followup.send(said, ephemeral=True)

    async def lines(self, interaction: Interaction, number: str) -> None:
        """Let a member choose the line that is to be said otherwise."""
        view = await self._lines(interaction, number, 0)
        await interaction.response.send_message(view=view, ephemeral=True)

    async def turn_lines(self, interaction: Interaction, facts: str) -> None:
        """Turn to more lines of a script."""
        page, number = from_button(facts)
        await interaction.response.edit_message(view=await self._lines(interaction, number, page))

    async def _lines(self, interaction: Interaction, number: str, page: int) -> View:
        script = await self._here(interaction, number)
        spoken = list((await rewriting.spoken(self.room.app, script.id)).items())
        page = min(page, (len(spoken) - 1) // _LINES)
        some = spoken[page * _LINES : (page + 1) * _LINES]
        options = [
            discord.SelectOption(label=label(f"{turn.cue}: {turn.speech}", 100), value=str(at)) for at, turn in some
        ]
        view = View(timeout=None)
        view.add_item(discord.ui.TextDisplay(say("Which line is to be said otherwise?")))
        view.add_item(discord.ui.ActionRow(Pick.of(f"line:{script.id}", options)))
        for row in turning("morelines", script.id, page, more=len(spoken) > (page + 1) * _LINES):
            view.add_item(row)
        return view

    async def rewrite(self, interaction: Interaction, number: str, chosen: list[str]) -> None:
        """Have a line said otherwise, and show the page with it."""
        script = await self._here(interaction, number)
        await interaction.response.defer()
        ordered = await rewriting.order_line(self.room.app, script.id, _line(chosen), by=member(interaction))
        await self.room.app.crew.finish(rewriting.rewrite_work(ordered.id))
        done = await rewriting.rewritten(self.room.app, ordered.id)
        said = failure(done.failure) if done.became is None else say("Now: {line}", line=plain(done.became, 1500))
        view = View(timeout=None)
        view.add_item(discord.ui.TextDisplay(said))
        await interaction.edit_original_response(view=view)
        await self.room.board.script(await self._here(interaction, number))

    async def export(self, interaction: Interaction, number: str) -> None:
        """Give a member all that is written of a show as a Fountain file."""
        script = await self._here(interaction, number)
        await interaction.response.defer(ephemeral=True, thinking=True)
        pitch, text = await continuing.document(self.room.app, script.pitch_id)
        file = discord.File(io.BytesIO(text.encode()), f"{_file_name(pitch.title)}.fountain")
        await interaction.edit_original_response(content=say("For any screenwriting program:"), attachments=[file])

    @app_commands.command()
    async def stage(self, interaction: Interaction) -> None:
        """Have stage directions written to a dialog of your own."""
        field = Field(
            name="dialog", label=say("A line each: NAME: what is said"), limit=_DIALOG, long=True,
        )  # fmt: skip
        await interaction.response.send_modal(Form(say("Your dialog"), (field,), self._staged))

    async def _staged(self, interaction: discord.Interaction[Room], values: dict[str, str]) -> None:
        await self.room.think(interaction)
        place = self.room.place(interaction)
        ordered = await rewriting.order_staging(
            self.room.app, values["dialog"], by=member(interaction), guild=guild(interaction), place=place
        )
        self.room.answer_staging(interaction, ordered)

    async def _here(self, interaction: Interaction, number: str) -> Script:
        """Return the script of this server that a button means.

        Raises:
            NotFoundError: it means none.
        """
        if number.isascii() and number.isdecimal():
            pitch, script = await browsing.script(self.room.app, ScriptId(int(number)))
            if pitch.guild_id == guild(interaction):
                return script
        raise NotFoundError("script", number[:20])


def _line(chosen: list[str]) -> int:
    text = chosen[0] if chosen else ""
    if text.isascii() and text.isdecimal() and len(text) <= 6:
        return int(text)
    raise NotFoundError("line", text[:20])


def _file_name(title: str) -> str:
    return re.sub(r"[^\w-]+", "-", title).strip("-")[:60] or "script"


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Scripts(room))
