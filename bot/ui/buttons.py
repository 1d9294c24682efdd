"""Buttons that carry their state in their id, so that they outlive the process that sent them."""

import re
from typing import Any, Self

import discord
from discord import ui

from db.ids import PitchId


class VoteButton(ui.DynamicItem[ui.Button[Any]], template=r"gl:v1:vote:(?P<pitch>\d{1,18})"):
    """A vote for one pitch; what a click does is the client's ``vote``."""

    def __init__(self, pitch_id: PitchId, *, label: str = "Vote") -> None:
        super().__init__(ui.Button(label=label, custom_id=f"gl:v1:vote:{pitch_id}"))
        self.pitch_id = pitch_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button of an old message."""
        del interaction, item
        return cls(PitchId(int(match["pitch"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the click to the client, whose errors become sentences (a dynamic item has no error hook)."""
        await interaction.client.vote(interaction, self.pitch_id)
