"""The board: where the cards of slates, scripts and staged dialogs hang, and what keeps them true."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Final

import discord
import structlog

from bot.app import App
from bot.ui import places
from bot.ui.cards import View
from bot.ui.places import Send, Show
from bot.ui.presenting import Presenter
from bot.ui.threads import Threads, may_pass
from bot.usecases import browsing, resuming, writing
from bot.usecases.resuming import Left
from db.ids import GuildId
from db.scripts import Script
from db.slates import Slate
from db.stagings import Staging

log = structlog.get_logger()
_UNKNOWN_CHANNEL: Final = 10003


class Board:
    """Hangs cards where they belong. What it misses because the process ends is caught up at the next start."""

    def __init__(self, client: discord.Client, app: App) -> None:
        self._client = client
        self._app = app
        self.threads = Threads(client, app)
        self.presenter = Presenter(app)
        self._catching_up: asyncio.Task[None] | None = None

    async def close(self, seconds: float) -> None:
        """Let the cards say how it stands, within ``seconds``."""
        if self._catching_up:
            _, late = await asyncio.wait({self._catching_up}, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.presenter.close(seconds)

    def catch_up(self, left: Left, guilds: Collection[GuildId]) -> None:
        """Begin to put right what the last process ``left``, and these guilds' cards that may have missed a word."""
        self._catching_up = asyncio.create_task(self._catch_up(left, guilds), name="catch up")
        self._catching_up.add_done_callback(_report)

    async def _catch_up(self, left: Left, guilds: Collection[GuildId]) -> None:
        for guild in guilds:
            left |= await resuming.recent(self._app, guild)
        for slate in await browsing.voted_lately(self._app):  # a vote may have been counted and not yet shown
            if places.is_ours(self._client, slate.guild_id):
                left.slates.setdefault(slate.id, slate)
        for slate in left.slates.values():
            if not self.presenter.follows(slate.id):  # asked for just now, while we were still looking
                self.slate(slate)
        for script in left.scripts.values():
            await self.script(script)
        for staging in left.stagings.values():
            self.staging(staging)

    def slate(self, slate: Slate) -> None:
        """Bring the card of a slate up to date where it hangs, if it hangs anywhere."""
        if slate.channel_id and slate.message_id:
            show = places.on_message(self._client, slate.channel_id, slate.message_id)
            self.presenter.slate(slate.id, show, slate.channel_id)

    def staging(self, staging: Staging) -> None:
        """Bring the card of a staged dialog up to date where it hangs, if it hangs anywhere."""
        if staging.channel_id and staging.message_id:
            show = places.on_message(self._client, staging.channel_id, staging.message_id)
            self.presenter.staging(staging.id, show, staging.channel_id)

    async def script(self, script: Script, otherwise: Send | None = None) -> None:
        """Bring the card of a script up to date.

        One that hangs nowhere is sent into its show's thread. Where there can be none it is sent ``otherwise``, or
        to where its slate hangs.
        """
        if script.channel_id and script.message_id:
            show = places.on_message(self._client, script.channel_id, script.message_id)
            self.presenter.script(script.id, show, script.channel_id)
            return
        slate = await self._slate_of(script)
        if slate.channel_id or otherwise:
            send = partial(self._send, script, otherwise or partial(self._send_to, slate.channel_id, script))
            self.presenter.script(script.id, self._as_new(script, send), slate.channel_id or 0)

    async def answer_script(self, script: Script, answer: Show, place: tuple[int, int | None]) -> None:
        """Keep an ``answer`` showing the card of a script, whose own place is its show's thread.

        Where there can be no thread the answer, at ``place``, is where it hangs.
        """
        channel_id, message_id = place
        self.presenter.script(script.id, answer, channel_id)
        thread = await self.threads.of(script.pitch_id)
        if thread is not None:
            await self.script(script)
        elif message_id:
            await writing.place(self._app, script, channel_id=channel_id, message_id=message_id)

    async def _slate_of(self, script: Script) -> Slate:
        pitch, _ = await browsing.script(self._app, script.id)
        return (await browsing.slate(self._app, pitch.slate_id)).slate

    def _as_new(self, script: Script, send: Send) -> Show:
        async def placed(message: discord.Message) -> None:
            await writing.place(self._app, script, channel_id=message.channel.id, message_id=message.id)

        return places.as_new(self._client, send, placed)

    async def _send(self, script: Script, otherwise: Send, view: View) -> discord.Message:
        """Send into the show's thread; one that was deleted is opened anew, one that is closed to us is passed over."""
        thread = await self.threads.of(script.pitch_id)
        if thread is None:
            return await otherwise(view)
        try:
            return await self._send_to(thread, script, view)
        except discord.HTTPException as error:
            if may_pass(error):
                raise
            if error.code != _UNKNOWN_CHANNEL:
                log.warning("a page hangs outside its thread", script=script.id, thread=thread, code=error.code)
                return await otherwise(view)
            await self.threads.forget(script.pitch_id)
        thread = await self.threads.of(script.pitch_id)
        return await (otherwise(view) if thread is None else self._send_to(thread, script, view))

    async def _send_to(self, channel_id: int | None, script: Script, view: View) -> discord.Message:
        """Send as the bot; Discord drops a second message with the same nonce, so trying again is safe."""
        channel = self._client.get_partial_messageable(channel_id or 0)
        return await channel.send(view=view, nonce=f"script-{script.id}-{script.seed % 10_000}")


def _report(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error:
        log.error("cards not caught up", exc_info=error)
