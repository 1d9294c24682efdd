"""The daily show on a server of Discord: a channel is a network like others, with the server as its account."""

import io
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import ui

from bot.languages import say
from bot.networks.base import (
    Announcement,
    Measure,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUncertainError,
    marker,
)
from bot.ui.buttons import Press
from bot.ui.cards import GREEN, View
from bot.ui.plain import plain
from db.posts import SERVERS

log = structlog.get_logger()
POSTER: Final = "poster.png"
PAGE: Final = "page.png"
LIMIT: Final = 3500  # of the 4,000 characters that a card may hold
_LOOKED_AT: Final = 50  # messages of the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """A server's channel for the daily show. A channel that others can follow passes the show on to them."""

    client: discord.Client
    guild_id: int
    channel_id: int
    name: str = SERVERS

    @property
    def account(self) -> str:
        """The server's number."""
        return str(self.guild_id)

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, summary and the day's marker, in Discord's own marks."""
        head = f"## {plain(announcement.title, 200)}\n-# {plain(announcement.genre)} · {marker(announcement.day)}"
        return f"{head}\n{plain(announcement.summary, LIMIT - len(head) - 1)}"

    def measure(self, text: str) -> Measure:
        """Return the characters, of which a card holds 4,000; it costs nothing."""
        return Measure(length=len(text), limit=LIMIT)

    async def post(self, announcement: Announcement, text: str) -> str:
        """Send the show with its pictures; return the address of the message.

        Raises:
            NetworkRefusedError: Discord does not take it, or not from us, with its reason.
            NetworkUncertainError: Discord did not answer clearly.
        """
        view, files = _card(announcement, text)
        try:
            message = await self._channel().send(view=view, files=files, nonce=f"daily-{announcement.day:%Y%m%d}")
        except discord.DiscordServerError as error:
            raise NetworkUncertainError from error
        except discord.HTTPException as error:
            raise NetworkRefusedError(error.text or f"code {error.code}", str(error.code)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkUncertainError from error
        await self._pass_on(message)
        return message.jump_url

    async def find(self, announcement: Announcement, text: str) -> str | None:  # noqa: ARG002 - the day is enough here
        """Return the address of our message of that day, if it is among the channel's last ones.

        Raises:
            NetworkBusyError, NetworkRefusedError: it could not be looked up.
        """
        wanted, me = marker(announcement.day), self.client.user
        try:
            async for message in self._channel().history(limit=_LOOKED_AT):
                if me and message.author.id == me.id and wanted in _words(message):
                    return message.jump_url
        except discord.DiscordServerError as error:
            raise NetworkBusyError from error
        except discord.HTTPException as error:
            raise NetworkRefusedError(error.text or f"code {error.code}", str(error.code)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkBusyError from error
        return None

    def _channel(self) -> discord.PartialMessageable:
        return self.client.get_partial_messageable(self.channel_id, guild_id=self.guild_id)

    async def _pass_on(self, message: discord.Message) -> None:
        """Let those who follow an announcement channel have the show; that they do not is no reason to post again."""
        channel = self.client.get_channel(self.channel_id)
        if not (isinstance(channel, discord.TextChannel) and channel.is_news()):
            return
        try:
            await message.publish()
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("the daily show is not passed on to followers", channel=self.channel_id, error=repr(error))


def _card(announcement: Announcement, text: str) -> tuple[View, list[discord.File]]:
    pictures = [(POSTER, announcement.picture, announcement.alt), (PAGE, announcement.page, announcement.page_alt)]
    drawn = [(name, content, alt) for name, content, alt in pictures if content]
    items: list[ui.Item[Any]] = [ui.TextDisplay(text)]
    if drawn:
        shown = [discord.MediaGalleryItem(f"attachment://{name}", description=alt[:1024]) for name, _, alt in drawn]
        items.append(ui.MediaGallery(*shown))
    if announcement.number:
        items.append(ui.ActionRow(Press("keep", announcement.number, label=say("Keep"))))
    view = View(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=GREEN))
    return view, [discord.File(io.BytesIO(content), name) for name, content, _ in drawn]


def _words(message: discord.Message) -> str:
    """Return all text on a message of ours: what it says, and what its components do."""
    found, waiting = [message.content], list[Any](message.components)
    while waiting:
        part = waiting.pop()
        found.append(getattr(part, "content", None) or "")
        waiting += getattr(part, "children", ())
    return "\n".join(found)
