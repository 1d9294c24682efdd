"""``/retrain``: put a fine-tuning in line."""

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.errors import NotAllowedError
from bot.usecases import retraining


class Admin(commands.Cog):
    """What administrators may do."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(administrator=True)
    async def retrain(self, interaction: Interaction) -> None:
        """Let the community's verdicts teach the next model."""
        if not (interaction.permissions.administrator or interaction.user.id in self.room.owners):
            raise NotAllowedError("administrators and the bot's owners")
        await interaction.response.defer(ephemeral=True)
        run, new = await retraining.queue_run(self.room.app, by=member(interaction), guild=guild(interaction))
        word = "is in line now" if new else f"is {run.state} already"
        await interaction.followup.send(
            f"Run {run.id} {word}. It starts when a training process claims it and learns from greenlit shows and "
            "counted votes, never from messages; until a better model is published the present one goes on writing.",
            ephemeral=True,
        )


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Admin(room))
