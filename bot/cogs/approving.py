"""The show of the day, put before the bot's owners in a channel: approve, edit, skip."""

from typing import Final

import aiohttp
import discord
import structlog
from discord.ext import commands, tasks

from bot.client import Interaction, Room, member
from bot.errors import NotAllowedError
from bot.languages import say
from bot.ui import places
from bot.ui.cards import View
from bot.ui.forms import Field, Form
from bot.ui.proposal_card import proposal_card
from bot.usecases import approving, publishing, showing
from bot.usecases.approving import Proposed
from db.errors import NotFoundError, StorageError
from db.ids import ProposalId
from db.proposals import Proposal
from model.briefs import MAX_SUMMARY

log = structlog.get_logger()
EVERY: Final = 10.0  # seconds between looks whether a card is behind its row
_TROUBLE: Final = (discord.HTTPException, aiohttp.ClientError, OSError, StorageError)


class Approving(commands.Cog):
    """Ask the owners before everybody sees the show of the day."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._shown: dict[ProposalId, str] = {}
        room.presses |= {"approve": self.approve, "skip": self.skip, "reword": self.reword}

    async def cog_load(self) -> None:
        """Begin to ask, where the owner wants that."""
        if self.room.app.approval and self.room.approval_channel:
            self.ask.start()

    async def cog_unload(self) -> None:
        """Ask no more."""
        self.ask.cancel()

    @tasks.loop(seconds=EVERY)
    async def ask(self) -> None:
        """Bring the cards of what is proposed up to date; what fails is done at the next look."""
        try:
            proposed = await approving.since(self.room.app, publishing.today(self.room.app))
        except _TROUBLE as error:
            log.warning("owners not asked, tried again", error=repr(error))
            return
        for found in proposed:
            try:
                await self._show(found)
            except _TROUBLE as error:
                log.warning("a show not put before the owners, tried again", day=found.proposal.day, error=repr(error))

    @ask.before_loop
    async def _connected(self) -> None:
        await self.room.wait_until_ready()

    async def _show(self, found: Proposed) -> None:
        proposal, now = found.proposal, f"{found.proposal.state} {found.summary}"
        if self._shown.get(proposal.id) == now:
            return
        card = proposal_card(found, await showing.excerpt(self.room.app, found.pitch))
        if not await self._change(proposal, card) and proposal.state != "skipped":
            channel = self.room.get_partial_messageable(self.room.approval_channel or 0)
            nonce = f"again-{proposal.message_id}" if proposal.message_id else f"proposal-{proposal.id}"
            sent = await channel.send(view=card, nonce=nonce)
            await approving.place(self.room.app, proposal.id, channel_id=sent.channel.id, message_id=sent.id)
        self._shown[proposal.id] = now

    async def _change(self, proposal: Proposal, card: View) -> bool:
        """Change the card of a proposal; ``False`` where it hangs nowhere, or somebody deleted it."""
        if not (proposal.channel_id and proposal.message_id):
            return False
        try:
            await places.on_message(self.room, proposal.channel_id, proposal.message_id)(card)
        except discord.NotFound:
            return False
        return True

    async def approve(self, interaction: Interaction, number: str) -> None:
        """Let a show go out."""
        await self._decided(
            interaction, await approving.approve(self.room.app, self._id(interaction, number), by=member(interaction))
        )

    async def skip(self, interaction: Interaction, number: str) -> None:
        """Have another show proposed."""
        found = await approving.skip(self.room.app, self._id(interaction, number), by=member(interaction))
        await self._decided(interaction, found)

    async def reword(self, interaction: Interaction, number: str) -> None:
        """Show what is said of a show to be changed."""
        found = await approving.proposed(self.room.app, self._id(interaction, number))

        async def reworded(answer: discord.Interaction[Room], values: dict[str, str]) -> None:
            changed = await approving.edit(self.room.app, found.proposal.id, values["summary"], by=member(answer))
            await self._decided(answer, changed)

        field = Field(
            name="summary", label=say("What is said of it?"), value=found.summary, limit=MAX_SUMMARY, long=True
        )
        await interaction.response.send_modal(Form(say("Edit the show"), (field,), reworded))

    async def _decided(self, interaction: Interaction, found: Proposed) -> None:
        card = proposal_card(found, await showing.excerpt(self.room.app, found.pitch))
        await interaction.response.edit_message(view=card)
        self._shown[found.proposal.id] = f"{found.proposal.state} {found.summary}"

    def _id(self, interaction: Interaction, number: str) -> ProposalId:
        """Return the proposal that a button means, for the bot's owners.

        Raises:
            NotAllowedError, NotFoundError: there is none for them.
        """
        if interaction.user.id not in self.room.owners:
            raise NotAllowedError("the bot's owners")
        if not (number.isascii() and number.isdecimal() and len(number) <= 9):
            raise NotFoundError("proposal", number[:20])
        return ProposalId(int(number))


async def setup(room: Room) -> None:
    """Add the cog."""
    await room.add_cog(Approving(room))
