"""``/retrain``, ``/status`` and ``/sync``: what administrators and the bot's owners may do."""

import io
from typing import Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.errors import NotAllowedError
from bot.languages import say
from bot.ui.plain import plain, shorten
from bot.usecases import browsing, overseeing, retraining
from db.runs import Run, RunState

_LAST_POSTS: Final = 1
_VERDICT: Final = 900  # characters


class Admin(commands.Cog):
    """What administrators may do."""

    retrain = app_commands.Group(
        name="retrain",
        description="Let the community's verdicts teach the next model.",
        guild_only=True,
        default_permissions=discord.Permissions(administrator=True),
    )

    def __init__(self, room: Room) -> None:
        self.room = room

    def _require(self, interaction: Interaction) -> None:
        if not (interaction.permissions.administrator or interaction.user.id in self.room.owners):
            raise NotAllowedError("administrators and the bot's owners")

    @retrain.command()
    async def start(self, interaction: Interaction) -> None:
        """Put a fine-tuning in line."""
        self._require(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        run, new = await retraining.queue_run(self.room.app, by=member(interaction), guild=guild(interaction))
        word = say("is in line now") if new else say("is {state} already", state=run.state)
        said = say(
            "Run {number} {word}. It starts when a training process claims it and learns from greenlit shows and "
            "counted votes, never from messages; until a better model is published the present one goes on writing.",
            number=run.id,
            word=word,
        )
        await interaction.edit_original_response(content=said)

    @retrain.command()
    async def status(self, interaction: Interaction) -> None:
        """See what became of the last runs."""
        self._require(interaction)
        runs = await retraining.recent_runs(self.room.app, guild(interaction))
        rows = [_row(run) for run in runs]
        told = next((run for run in runs if run.verdict), None)
        picture = await retraining.picture(self.room.app, told.id) if told else None
        if told and told.verdict:
            rows.append(shorten(plain(told.verdict), _VERDICT))
        files = [discord.File(io.BytesIO(picture), "verdict.png")] if picture else []
        said = "\n".join(rows) or say("There was no run yet.")
        await interaction.response.send_message(said, files=files, ephemeral=True)

    @retrain.command()
    async def cancel(self, interaction: Interaction) -> None:
        """Call off the run that waits or works."""
        self._require(interaction)
        run = await retraining.cancel_run(self.room.app, by=member(interaction), guild=guild(interaction))
        said = say("There is no run to call off.") if run is None else say("Run {number} is called off.", number=run)
        await interaction.response.send_message(said, ephemeral=True)

    @retrain.command()
    async def rollback(self, interaction: Interaction) -> None:
        """Have the writer go back to the adapter before the present one."""
        self._require(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        name = await overseeing.roll_back(self.room.app, by=member(interaction), guild=guild(interaction))
        said = say("The writer is back at {name}.", name=plain(name or say("the model without an adapter")))
        await interaction.edit_original_response(content=said)

    @app_commands.command(name="status")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def state(self, interaction: Interaction) -> None:
        """See how worker, line, model, database and daily post are doing."""
        if not interaction.permissions.manage_guild:
            self._require(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await overseeing.look(self.room.app)
        posts = await browsing.recent_posts(self.room.app, _LAST_POSTS)
        rows = [
            say("Writer: {state}", state=plain(found.writer)),
            say("In line: {waiting}, being written: {working}", waiting=found.waiting, working=found.working),
            say("Database: {state}", state=plain(found.database)),
            say("Discord: {latency} ms", latency=round(1000 * self.room.latency)),
            *(say("Last post: {day}, {state}", day=post.day, state=post.state) for post in posts),
        ]
        await interaction.edit_original_response(content="\n".join(rows))

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(administrator=True)
    async def sync(self, interaction: Interaction) -> None:
        """Tell Discord the commands anew; for the bot's owners."""
        if interaction.user.id not in self.room.owners:
            raise NotAllowedError("the bot's owners")
        await interaction.response.defer(ephemeral=True, thinking=True)
        known = await self.room.tree.sync()
        await interaction.edit_original_response(content=say("Discord knows {count} commands.", count=len(known)))


def _row(run: Run) -> str:
    far = f"{run.stage} {run.step}/{run.steps}" if run.state == RunState.RUNNING and run.stage else ""
    when = discord.utils.format_dt(run.created_at, "R")
    return f"- {run.id}: {run.state}, {when} {far}{plain(run.failure or '', 200)}{plain(run.adapter or '')}"


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Admin(room))
