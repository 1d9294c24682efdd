"""``/privacy``: what is kept of a member, as a file, taken away; and whether their prompts may be trained with."""

import io
import json
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Room, member
from bot.languages import say
from bot.ui.buttons import Press
from bot.ui.cards import GREY, View
from bot.usecases import forgetting


class Privacy(commands.Cog):
    """What is yours."""

    privacy = app_commands.Group(name="privacy", description="See, take along or delete what is kept of you.")

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses["forget"] = self.forget

    @privacy.command()
    async def show(self, interaction: Interaction) -> None:
        """See what is kept of you here."""
        kept = await forgetting.kept_of(self.room.app, member(interaction))
        rows = [f"- {kind}: {count}" for kind, count in kept.items()] or [say("Nothing is kept of you.")]
        said = say(
            "We keep your Discord id with what you asked for, voted and chose; never your messages. "
            "Votes count for the next model without names; your prompts only if you allow it."
        )
        await interaction.response.send_message("\n".join([said, *rows]), ephemeral=True)

    @privacy.command()
    async def export(self, interaction: Interaction) -> None:
        """Get everything that is kept of you as a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        text = json.dumps(await forgetting.export(self.room.app, member(interaction)), ensure_ascii=False, indent=1)
        file = discord.File(io.BytesIO(text.encode()), "greenlit-what-is-kept-of-me.json")
        await interaction.edit_original_response(content=say("Everything that is kept of you:"), attachments=[file])

    @privacy.command()
    async def delete(self, interaction: Interaction) -> None:
        """Have everything deleted that is kept of you."""
        view = View(timeout=None)
        sure = say("Your votes, favourites and dialogs go for good; what you asked for stays without your name. Sure?")
        button = Press("forget", interaction.user.id, label=say("Delete it"), style=discord.ButtonStyle.danger)
        row: discord.ui.ActionRow[Any] = discord.ui.ActionRow(button)
        view.add_item(discord.ui.Container(discord.ui.TextDisplay(sure), row, accent_colour=GREY))
        await interaction.response.send_message(view=view, ephemeral=True)

    @privacy.command()
    @app_commands.describe(allowed="Whether your prompts may teach the next model")
    async def training(self, interaction: Interaction, allowed: bool) -> None:  # noqa: FBT001 - Discord's own switch
        """Choose whether your prompts may teach the next model."""
        await forgetting.allow_training(self.room.app, member(interaction), wanted=allowed)
        said = say("Your prompts may teach the next model.") if allowed else say("Your prompts stay out of training.")
        await interaction.response.send_message(said, ephemeral=True)

    async def forget(self, interaction: Interaction, _facts: str) -> None:
        """Delete whoever clicks, and nobody else, whatever the button says."""
        known = await forgetting.forget(self.room.app, member(interaction))
        said = say("Nothing is kept of you any more.") if known else say("Nothing was kept of you.")
        await interaction.response.send_message(said, ephemeral=True)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Privacy(room))
