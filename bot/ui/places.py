"""Where a card hangs: on a message of long ago, as the answer to an interaction, or on a message yet to be sent."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any, Final

import discord

from bot.ui.cards import View
from db.ids import GuildId

_TOKEN_GONE: Final = {10015, 10062, 50027}  # unknown webhook, unknown interaction, invalid webhook token
_ARCHIVED: Final = 50083  # the thread sleeps; it is woken before its messages change
_FRESH: Final = timedelta(seconds=3)  # a message that is older was not sent just now, but by a process before this one

Show = Callable[[View], Awaitable[None]]
"""Puts a card in its place; raises what discord.py raises."""

Send = Callable[[View], Awaitable[discord.Message]]
Placed = Callable[[discord.Message], Awaitable[object]]


def is_ours(client: discord.Client, guild: GuildId) -> bool:
    """Say whether a guild is a server that this process is on: another process sees to those of other shards."""
    number = guild.removeprefix("discord:")
    return number.isascii() and number.isdecimal() and client.get_guild(int(number)) is not None


def on_message(client: discord.Client, channel_id: int, message_id: int) -> Show:
    """Edit a message of the bot's own, however old."""
    message = client.get_partial_messageable(channel_id).get_partial_message(message_id)

    async def show(view: View) -> None:
        try:
            await message.edit(view=view)
        except discord.HTTPException as error:
            if error.code != _ARCHIVED:
                raise
            await _unarchive(client, channel_id)
            await message.edit(view=view)

    return show


async def _unarchive(client: discord.Client, channel_id: int) -> None:
    """Open a thread that Discord has put away because nobody wrote there for a while: only open ones are edited."""
    thread = await client.fetch_channel(channel_id)
    if isinstance(thread, discord.Thread):
        await thread.edit(archived=False)


def as_answer(interaction: discord.Interaction[Any], later: Show) -> Show:
    """Edit the answer to an interaction while its token lives (15 minutes), then go on with ``later``."""

    async def show(view: View) -> None:
        if interaction.is_expired():
            await later(view)
            return
        try:
            await interaction.edit_original_response(view=view)
        except discord.HTTPException as error:
            if error.code not in _TOKEN_GONE:
                raise
            await later(view)

    return show


def as_clicked(interaction: discord.Interaction[Any], show: Show) -> Show:
    """Do as ``show``; where the bot itself may not edit its message, a click on it allows that for a while."""

    async def show_it(view: View) -> None:
        try:
            await show(view)
        except discord.Forbidden:
            if interaction.is_expired():
                raise
            await interaction.edit_original_response(view=view)

    return show_it


def as_new(client: discord.Client, send: Send, placed: Placed) -> Show:
    """Send a message with the first card, tell ``placed``, and edit it from then on.

    To a second try Discord may give back the message of the first one, which shows the card of then.
    """
    hanging: list[Show] = []
    tries = count()

    async def show(view: View) -> None:
        if hanging:
            await hanging[0](view)
            return
        again = next(tries) > 0
        message = await send(view)
        hanging.append(on_message(client, message.channel.id, message.id))
        await placed(message)
        if again or discord.utils.utcnow() - message.created_at > _FRESH:
            await hanging[0](view)

    return show
