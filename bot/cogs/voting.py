"""``/greenlight`` and ``/leaderboard``: who decides, and what leads."""

from typing import Final

from discord import app_commands
from discord.app_commands import Choice, Range
from discord.ext import commands

from bot.client import Interaction, Room, guild, member, roles
from bot.errors import NotAllowedError
from bot.languages import say
from bot.ui import cards
from bot.ui.lists import from_button
from bot.ui.plain import label, plain
from bot.usecases import browsing, voting
from db.errors import NotFoundError
from db.ids import PitchId
from db.pitches import Pitch, PitchState

MAX_NOTE: Final = 300


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


async def require_showrunner(room: Room, interaction: Interaction) -> None:
    """Return for who decides on a server.

    Raises:
        NotAllowedError: for everybody else.
    """
    if interaction.permissions.manage_guild or interaction.user.id in room.owners:
        return
    if not await voting.may_decide(room.app, guild(interaction), roles(interaction)):
        raise NotAllowedError("showrunners and members who may manage the server")


def _note(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


class Voting(commands.Cog):
    """Decide and compare."""

    def __init__(self, room: Room) -> None:
        self.room = room
        room.presses["voters"] = self.turn_voters

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(
        pitch="Which pitch; without one, the open pitch with the most votes", note="Why, for all to read"
    )
    async def greenlight(
        self, interaction: Interaction, pitch: str | None = None, note: Range[str, 1, MAX_NOTE] | None = None
    ) -> None:
        """Decide for a pitch now: it goes into production."""
        await self.room.think(interaction)
        await require_showrunner(self.room, interaction)
        chosen = await pitch_here(self.room, interaction, pitch) if pitch else await self._leader(interaction)
        decided = await voting.greenlight(self.room.app, chosen, by=member(interaction), note=_note(note))
        show = await browsing.show(self.room.app, decided.id)
        await self.room.answer_script(interaction, show.scripts[0])
        await self._tell(decided)

    @app_commands.command(name="pass")
    @app_commands.guild_only()
    @app_commands.describe(pitch="Which pitch", note="Why, for all to read")
    async def pass_over(
        self, interaction: Interaction, pitch: str, note: Range[str, 1, MAX_NOTE] | None = None
    ) -> None:
        """Decide against a pitch; the others of its slate stay open."""
        await require_showrunner(self.room, interaction)
        await interaction.response.defer(ephemeral=True)
        chosen = await pitch_here(self.room, interaction, pitch)
        decided = await voting.pass_over(self.room.app, chosen, by=member(interaction), note=_note(note))
        await interaction.followup.send(say("“{title}” is passed over.", title=plain(decided.title)), ephemeral=True)
        await self._tell(decided)

    async def _tell(self, decided: Pitch) -> None:
        """Redraw the slate's card, and tell its author if they want to hear of it."""
        self.room.board.slate((await browsing.slate(self.room.app, decided.slate_id)).slate)
        if author := await voting.author_to_tell(self.room.app, decided):
            title, note = plain(decided.title), plain(decided.note or "", MAX_NOTE)
            if decided.state == PitchState.PASSED:
                said = say("Your pitch “{title}” was passed over. {note}", title=title, note=note)
            else:
                said = say("Your pitch “{title}” is greenlit. {note}", title=title, note=note)
            await self.room.tell(author, said)

    @app_commands.command()
    @app_commands.describe(wanted="Whether you hear by direct message what becomes of your slates")
    async def notify(self, interaction: Interaction, wanted: bool) -> None:  # noqa: FBT001 - Discord's own switch
        """Choose whether you hear by direct message what becomes of your slates."""
        await voting.set_notice(self.room.app, by=member(interaction), wanted=wanted)
        said = say("I'll tell you what becomes of your slates.") if wanted else say("I'll keep quiet.")
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(pitch="A pitch of the slate")
    async def voters(self, interaction: Interaction, pitch: str) -> None:
        """See who voted for what on a slate, where the server shows that to its moderators."""
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(view=await self._voters(interaction, pitch, 0), ephemeral=True)

    async def turn_voters(self, interaction: Interaction, facts: str) -> None:
        """Turn to another page of who voted for what."""
        page, pitch = from_button(facts)
        await interaction.response.edit_message(view=await self._voters(interaction, pitch, page))

    async def _voters(self, interaction: Interaction, pitch: str, page: int) -> cards.View:
        if not interaction.permissions.manage_messages:
            await require_showrunner(self.room, interaction)
        chosen = await pitch_here(self.room, interaction, pitch)
        return cards.voters(await voting.voters(self.room.app, chosen), chosen, page)

    @voters.autocomplete("pitch")
    @pass_over.autocomplete("pitch")
    async def _any(self, interaction: Interaction, text: str) -> list[Choice[str]]:
        return await choices(self.room, interaction, text, *PitchState)

    async def _leader(self, interaction: Interaction) -> PitchId:
        found = await browsing.search(self.room.app, guild(interaction), "", states=(PitchState.OPEN,), limit=1)
        if not found:
            raise NotFoundError("open pitch", "")
        return found[0].id

    @greenlight.autocomplete("pitch")
    async def _open(self, interaction: Interaction, text: str) -> list[Choice[str]]:
        return await choices(self.room, interaction, text, PitchState.OPEN)


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Voting(room))
