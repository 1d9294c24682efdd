"""Where the pages of a show hang: a thread on its slate's card, or in the server's channel or forum for scripts."""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

import discord
import structlog
from discord import ForumChannel, ForumTag, PartialMessage, TextChannel

from bot.app import App
from bot.ui.cards import opening_card
from bot.ui.plain import label
from bot.usecases import browsing, settings, writing
from db.ids import PitchId
from db.pitches import Pitch

log = structlog.get_logger()
ROOTS: Final = (TextChannel, ForumChannel)  # kinds of channels that have threads
MAX_NAME: Final = 100
_EXISTS: Final = 160004  # this message has a thread already; it has the message's number
_TAGS: Final = 5


def may_pass(error: discord.HTTPException) -> bool:
    """Say whether Discord is in trouble; all else it refuses again: gone, not for us, full, locked, without a tag."""
    return error.status >= 500 or error.status == 429


class Threads:
    """Finds or opens the thread of a show, once, however many ask for it at the same time."""

    def __init__(self, client: discord.Client, app: App) -> None:
        self._client = client
        self._app = app
        self._opening: WeakValueDictionary[PitchId, asyncio.Lock] = WeakValueDictionary()

    async def of(self, pitch_id: PitchId) -> int | None:
        """Return the thread of a show, opened the first time; None where there can be none.

        Raises:
            NotFoundError: no such pitch.
            discord.HTTPException: Discord is in trouble; a later try can work.
        """
        lock = self._opening.setdefault(pitch_id, asyncio.Lock())
        async with lock:
            pitch = (await browsing.show(self._app, pitch_id)).pitch
            if pitch.thread_id is not None:
                return pitch.thread_id
            opened = await self._open(pitch)
            if opened is not None:
                await writing.set_thread(self._app, pitch_id, opened)
            return opened

    async def forget(self, pitch_id: PitchId) -> None:
        """Remember that the thread of a show is gone: the next page opens another one."""
        await writing.set_thread(self._app, pitch_id, None)

    async def _open(self, pitch: Pitch) -> int | None:
        try:
            chosen = (await settings.view(self._app, pitch.guild_id)).guild.script_channel
            if chosen is not None:
                return await self._in_channel(self._client.get_channel(chosen), pitch)
            return await self._on_slate(pitch)
        except discord.HTTPException as error:
            if may_pass(error):
                raise
            log.warning("no thread for a show", pitch=pitch.id, code=error.code)
            return None

    async def _in_channel(self, channel: object, pitch: Pitch) -> int | None:
        """Open a post in a forum, or a thread on a message of its own in any other channel."""
        match channel:
            case ForumChannel():
                made = await channel.create_thread(
                    name=_name(pitch), view=opening_card(pitch), applied_tags=_tags(channel, pitch.genre)
                )
                return made.thread.id
            case TextChannel():
                message = await channel.send(view=opening_card(pitch), nonce=f"show-{pitch.id}")
                return await _thread_on(channel.get_partial_message(message.id), pitch)
            case _:
                return None

    async def _on_slate(self, pitch: Pitch) -> int | None:
        slate = (await browsing.slate(self._app, pitch.slate_id)).slate
        channel = self._client.get_channel(slate.channel_id or 0)
        if slate.message_id is None or not isinstance(channel, TextChannel):
            return None  # in direct messages and in threads there are none
        return await _thread_on(channel.get_partial_message(slate.message_id), pitch)


async def _thread_on(message: PartialMessage, pitch: Pitch) -> int:
    try:
        return (await message.create_thread(name=_name(pitch))).id
    except discord.HTTPException as error:
        if error.code != _EXISTS:
            raise
        return message.id


def _name(pitch: Pitch) -> str:
    return label(pitch.title, MAX_NAME) or f"#{pitch.id}"


def _tags(forum: ForumChannel, genre: str) -> list[ForumTag]:
    """Return the forum's tags of that genre; where a post must have one, any."""
    wanted = [tag for tag in forum.available_tags if tag.name.casefold() == genre.casefold()]
    must = forum.available_tags[:1] if forum.flags.require_tag else []
    return (wanted or list(must))[:_TAGS]
