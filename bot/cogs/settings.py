"""``/setup``: a server's settings."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.errors import CommandChangedError, MissingPermissionError, NotAllowedError
from bot.languages import LANGUAGES, say
from bot.ui.forms import Field, Form
from bot.ui.settings_card import OWN, clock, settings_card
from bot.usecases import settings
from db.guilds import Rating
from db.roles import Purpose
from model.briefs import OutOfRangeError

_NEEDED = {
    "pitch_channel": ("view_channel", "send_messages"),
    "script_channel": ("view_channel", "send_messages", "create_public_threads", "send_messages_in_threads"),
    "daily_channel": ("view_channel", "send_messages", "attach_files", "read_message_history"),
    "report_channel": ("view_channel", "send_messages"),
}


class SettingsCog(commands.Cog, name="Settings"):
    """Set the room up for a server."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses |= {"settings": self.page, "switch": self.switch, "numbers": self.numbers, "hour": self.hour}
        room.picks |= dict.fromkeys(settings.CHANNELS, self.channel)
        room.picks |= {Purpose.VOTER: self.roles, Purpose.SHOWRUNNER: self.roles, "language": self.language}

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction) -> None:
        """Set the room up for this server: rules, channels, roles, language."""
        self._require(interaction)
        await interaction.response.defer(ephemeral=True)
        card = settings_card(await settings.view(self.room.app, guild(interaction)))
        await interaction.followup.send(view=card, ephemeral=True)

    def _require(self, interaction: Interaction) -> None:
        if not (interaction.permissions.manage_guild or interaction.user.id in self.room.owners):
            raise NotAllowedError("members who may manage the server")

    async def page(self, interaction: Interaction, name: str) -> None:
        """Turn to another page of the settings."""
        self._require(interaction)
        await self._show(interaction, name)

    async def _show(self, interaction: Interaction, page: str) -> None:
        card = settings_card(await settings.view(self.room.app, guild(interaction)), page)
        if interaction.response.is_done():
            await interaction.edit_original_response(view=card)
        else:
            await interaction.response.edit_message(view=card)

    async def switch(self, interaction: Interaction, name: str) -> None:
        """Turn a switch, or the rating."""
        self._require(interaction)
        await interaction.response.defer()  # only the process that acknowledges a click turns the switch
        app, here, by = self.room.app, guild(interaction), member(interaction)
        if name == "rating":
            mature = (await settings.view(app, here)).guild.rating == Rating.MATURE
            await settings.set_rating(app, here, Rating.GENERAL if mature else Rating.MATURE, by=by)
        elif name in settings.SWITCHES:
            await settings.turn(app, here, name, by=by)
        else:
            raise CommandChangedError
        await self._show(interaction, "rules")

    async def numbers(self, interaction: Interaction, _facts: str) -> None:
        """Ask for the numbers."""
        self._require(interaction)
        now = (await settings.view(self.room.app, guild(interaction))).guild
        labels = {
            "votes_to_greenlight": say("Votes that greenlight a pitch"),
            "voting_hours": say("Hours until a vote closes"),
            "slates_a_day": say("Slates a day for a member"),
            "slates_a_day_of_all": say("Slates a day for the server"),
            "pages_a_day": say("Scenes, lines, dialogs a day for a member"),
        }
        fields = [
            Field(name=name, label=label, value=str(getattr(now, name)), limit=6) for name, label in labels.items()
        ]
        await interaction.response.send_modal(Form(say("Rules"), fields, self._numbered))

    async def _numbered(self, interaction: discord.Interaction[Room], values: dict[str, str]) -> None:
        self._require(interaction)
        numbers = {name: _number(name, text) for name, text in values.items()}  # all or none
        for name, number in numbers.items():
            await settings.set_number(self.room.app, guild(interaction), name, number, by=member(interaction))
        await self._show(interaction, "rules")

    async def hour(self, interaction: Interaction, _facts: str) -> None:
        """Ask when the show of the day goes out."""
        self._require(interaction)
        now = (await settings.view(self.room.app, guild(interaction))).guild
        fields = (
            Field(name="at", label=say("At what time? 18:30"), value=clock(now.daily_minute), limit=5, required=False),
            Field(name="zone", label=say("In which zone? Europe/Berlin"), value=now.zone or "", required=False),
        )
        await interaction.response.send_modal(Form(say("Show of the day"), fields, self._timed))

    async def _timed(self, interaction: discord.Interaction[Room], values: dict[str, str]) -> None:
        self._require(interaction)
        await settings.set_hour(self.room.app, guild(interaction), values["at"], values["zone"], by=member(interaction))
        await self._show(interaction, "daily")

    async def channel(self, interaction: Interaction, name: str, chosen: list[str]) -> None:
        """Choose a channel, if the bot may do there what it is for."""
        self._require(interaction)
        channel = int(chosen[0]) if chosen else None
        if channel is not None:
            _require_permissions(interaction, channel, _NEEDED[name])
        await settings.set_channel(self.room.app, guild(interaction), name, channel, by=member(interaction))
        await self._show(interaction, "daily" if name == "daily_channel" else "channels")

    async def roles(self, interaction: Interaction, purpose: str, chosen: list[str]) -> None:
        """Choose roles for a purpose."""
        self._require(interaction)
        await settings.choose_roles(
            self.room.app, guild(interaction), Purpose(purpose), set(map(int, chosen)), by=member(interaction)
        )
        await self._show(interaction, "roles")

    async def language(self, interaction: Interaction, _name: str, chosen: list[str]) -> None:
        """Choose a language."""
        self._require(interaction)
        language = chosen[0] if chosen and chosen[0] in LANGUAGES else None
        if language is None and chosen != [OWN]:
            raise CommandChangedError
        await settings.set_language(self.room.app, guild(interaction), language, by=member(interaction))
        self.room.chosen_languages[guild(interaction)] = language
        await self._show(interaction, "roles")


def _number(name: str, text: str) -> int:
    low, high = settings.NUMBERS[name]
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise OutOfRangeError(name.replace("_", " "), float("nan"), low, high)
    return int(text)


def _require_permissions(interaction: Interaction, channel_id: int, needed: tuple[str, ...]) -> None:
    """Refuse a channel where the bot lacks something; one that it cannot see is one where it lacks everything."""
    server = interaction.guild
    channel = server.get_channel(channel_id) if server else None
    if server is None or channel is None:
        raise MissingPermissionError(channel_id, "view_channel")
    has = channel.permissions_for(server.me)
    missing = [name for name in needed if not getattr(has, name)]
    if missing:
        raise MissingPermissionError(channel_id, missing[0])


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(SettingsCog(room))
