"""Buttons that carry their state in their id, so that they outlive the process that sent them."""

import re
from typing import Any, Self

import discord
from discord import ui

from db.ids import PitchId


class Press(ui.DynamicItem[ui.Button[Any]], template=r"gl:v1:(?P<word>(?!vote:|pick:)[a-z]+):(?P<facts>[^\n]{0,80})"):
    """A button whose ``word`` a cog has taught the client, with the ``facts`` it is about."""

    def __init__(
        self,
        word: str,
        facts: object,
        *,
        label: str = "…",
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> None:
        super().__init__(ui.Button(label=label, style=style, disabled=disabled, custom_id=f"gl:v1:{word}:{facts}"))
        self.word, self.facts = word, str(facts)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button of an old message."""
        del interaction, item
        return cls(match["word"], match["facts"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the click to the client, whose errors become sentences (a dynamic item has no error hook)."""
        await interaction.client.press(interaction, self.word, self.facts)


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


class Pick(ui.DynamicItem[ui.Select[Any]], template=r"gl:v1:pick:(?P<name>[a-z_]+(?::\d{1,18})?)"):
    """A list to choose from; what a choice does is taught to the client by ``name``."""

    def __init__(self, name: str, select: ui.Select[Any] | None = None) -> None:
        select = select or ui.Select(options=[discord.SelectOption(label="…")])
        select.custom_id = f"gl:v1:pick:{name}"
        super().__init__(select)
        self.name = name

    @classmethod
    def of(cls, name: str, options: list[discord.SelectOption]) -> Self:
        """Return a list of ``options`` of which one is chosen."""
        return cls(name, ui.Select(options=options))

    @classmethod
    def channel(cls, name: str, chosen: int | None, *, forum: bool = False) -> Self:
        """Return a list of the server's channels, of which one or none is chosen; a ``forum`` too, if asked."""
        kinds = [discord.ChannelType.text, discord.ChannelType.news]
        kinds += [discord.ChannelType.forum] if forum else []
        default = [discord.SelectDefaultValue(id=chosen, type=discord.SelectDefaultValueType.channel)] if chosen else []
        select: Any = ui.ChannelSelect(channel_types=kinds, min_values=0, default_values=default)
        return cls(name, select)

    @classmethod
    def roles(cls, name: str, chosen: frozenset[int]) -> Self:
        """Return a list of the server's roles, of which up to ten are chosen."""
        default = [
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.role) for each in sorted(chosen)
        ]
        select: Any = ui.RoleSelect(min_values=0, max_values=10, default_values=default)
        return cls(name, select)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the list of an old message."""
        del interaction, item
        return cls(match["name"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the choice to the client."""
        data: Any = interaction.data or {}
        await interaction.client.pick(interaction, self.name, list(data.get("values", [])))
