"""Reports and what moderators decide about them: ``/reports``, ``/unblock``, ``/audit``, and buttons."""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, Room, guild, member
from bot.errors import NotAllowedError
from bot.languages import say
from bot.ui.buttons import Pick
from bot.ui.cards import View
from bot.ui.forms import Field, Form
from bot.ui.plain import label, plain
from bot.ui.reporting import Desk, cases_card, named
from bot.usecases import browsing, moderating
from db.errors import NotFoundError
from db.ids import MemberId, PitchId, ReportId, SlateId
from db.pitches import Pitch

_REASON = 300
_MESSAGE = 2000  # characters that a message holds


class Moderation(commands.Cog):
    """Keep the room decent."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses |= {"report": self.choose, "remove": self.remove, "pardon": self.pardon, "block": self.block}
        room.picks["reported"] = self.explain
        self.desk = Desk(room, room.app, room.board.presenter)

    async def cog_load(self) -> None:
        """Begin to see to the reports."""
        self._work = asyncio.create_task(self.desk.work(), name="reports")

    async def cog_unload(self) -> None:
        """Leave what is not done to the next process."""
        self._work.cancel()
        await asyncio.wait({self._work})

    async def choose(self, interaction: Interaction, number: str) -> None:
        """Let a member choose which title of a slate they report."""
        view = await browsing.slate(self.room.app, SlateId(_number(number)))
        shown = [pitch for pitch in view.pitches if not pitch.removed]
        if view.slate.guild_id != guild(interaction) or not shown:
            raise NotFoundError("slate", number[:20])
        options = [discord.SelectOption(label=label(pitch.title, 100), value=str(pitch.id)) for pitch in shown]
        card = View(timeout=None)
        card.add_item(discord.ui.TextDisplay(say("Which of these should the moderators look at?")))
        card.add_item(discord.ui.ActionRow(Pick.of(f"reported:{view.slate.id}", options)))
        await interaction.response.send_message(view=card, ephemeral=True)

    async def explain(self, interaction: Interaction, _number: str, chosen: list[str]) -> None:
        """Ask why."""
        pitch = PitchId(_number_of(chosen))

        async def send(answer: discord.Interaction[Room], values: dict[str, str]) -> None:
            await self._report(answer, pitch, " ".join(values["reason"].split()))

        field = Field(name="reason", label=say("What is wrong with it?"), limit=_REASON, long=True)
        await interaction.response.send_modal(Form(say("Report"), (field,), send))

    async def _report(self, interaction: Interaction, pitch: PitchId, reason: str) -> None:
        await moderating.report(self.room.app, pitch, reason, by=member(interaction), guild=guild(interaction))
        self.desk.ring()
        await interaction.response.send_message(say("Thank you; the moderators look at it."), ephemeral=True)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    async def reports(self, interaction: Interaction) -> None:
        """See the reports that nobody has decided yet."""
        _require(interaction, self.room)
        await interaction.response.defer(ephemeral=True, thinking=True)
        cases = await moderating.open_cases(self.room.app, guild(interaction), 5)
        if not cases:
            await interaction.edit_original_response(content=say("There is nothing to decide."))
            return
        await interaction.edit_original_response(view=cases_card(*cases))

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.describe(user="Who may ask for slates again")
    async def unblock(self, interaction: Interaction, user: discord.User) -> None:
        """Let somebody who was blocked ask and vote again."""
        _require(interaction, self.room)
        lifted = await moderating.unblock(
            self.room.app, guild(interaction), MemberId(f"discord:{user.id}"), by=member(interaction)
        )
        said = say("They may ask again.") if lifted else say("They were not blocked here.")
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def audit(self, interaction: Interaction) -> None:
        """See what moderators and admins did here, the newest first."""
        if not (interaction.permissions.manage_guild or interaction.user.id in self.room.owners):
            raise NotAllowedError("members who may manage the server")
        deeds = await moderating.deeds(self.room.app, guild(interaction))
        rows = [
            f"{discord.utils.format_dt(deed.created_at, 'R')} {named(deed.actor)} {plain(deed.action, 40)} "
            f"{plain(deed.subject, 80)}"
            for deed in deeds
        ]
        await interaction.response.send_message(_fitting(rows) or say("Nothing yet."), ephemeral=True)

    async def remove(self, interaction: Interaction, number: str) -> None:
        """Remove what was reported."""
        await self._decided(interaction, await self._here(interaction, number), "remove")

    async def pardon(self, interaction: Interaction, number: str) -> None:
        """Let stay what was reported."""
        await self._decided(interaction, await self._here(interaction, number), "pardon")

    async def block(self, interaction: Interaction, number: str) -> None:
        """Remove what was reported, and block who asked for it."""
        await self._decided(interaction, await self._here(interaction, number), "block")

    async def _decided(self, interaction: Interaction, report: ReportId, word: str) -> None:
        decide = {"remove": moderating.remove, "pardon": moderating.pardon, "block": moderating.block_author}[word]
        await self._remember_place(interaction, report)
        pitch: Pitch = await decide(self.room.app, report, by=member(interaction))
        said = {
            "remove": say("“{title}” is removed.", title=plain(pitch.title)),
            "pardon": say("“{title}” stays.", title=plain(pitch.title)),
            "block": say("“{title}” is removed, and who asked for it is blocked.", title=plain(pitch.title)),
        }[word]
        self.desk.ring()
        self.room.board.slate((await browsing.slate(self.room.app, pitch.slate_id)).slate)
        await interaction.response.send_message(said, ephemeral=True)

    async def _remember_place(self, interaction: Interaction, report: ReportId) -> None:
        """Learn from a click where a report hangs, if it was sent by a process that could not write that down."""
        message = interaction.message
        known = (await moderating.case(self.room.app, report)).report.message_id
        if message and not message.flags.ephemeral and known is None:
            await moderating.told(self.room.app, report, channel_id=message.channel.id, message_id=message.id)

    async def _here(self, interaction: Interaction, number: str) -> ReportId:
        """Return the report of this server that a button means, for a moderator.

        Raises:
            NotAllowedError, NotFoundError: there is none for them.
        """
        _require(interaction, self.room)
        found = await moderating.case(self.room.app, ReportId(_number(number)))
        if found.report.guild_id != guild(interaction):
            raise NotFoundError("report", number[:20])
        return found.report.id


def _fitting(rows: list[str]) -> str:
    """Return as many rows as a message holds, the first ones."""
    while len("\n".join(rows)) > _MESSAGE:
        rows = rows[:-1]
    return "\n".join(rows)


def _require(interaction: Interaction, room: Room) -> None:
    if not (interaction.permissions.manage_messages or interaction.user.id in room.owners):
        raise NotAllowedError("moderators")


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return int(text)
    raise NotFoundError("report", text[:20])


def _number_of(chosen: list[str]) -> int:
    return _number(chosen[0] if chosen else "")


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Moderation(room))
