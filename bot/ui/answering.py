"""Acknowledgements: Discord gets one in time, and one whose answer was lost is not taken for a failure.

discord.py repeats a failed acknowledgement after one, three and five seconds; Discord takes none after three.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.http import Route, json_or_text
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from db.errors import DatabaseBusyError

log = structlog.get_logger()
HURRY: Final = 1.2  # seconds of Discord's three after which we acknowledge although there is nothing to say yet
ATTEMPT: Final = 2.0  # seconds that one try may take
PAUSES: Final = (0.15, 0.3, 0.6, 1.0)  # seconds between tries
TAKEN: Final = 40060  # the interaction has been acknowledged already
TOO_LATE: Final = 10062  # Discord does not know the interaction any more
AGAIN: Final = "again"  # the mark of an interaction that came before
REMEMBERED: Final = 20_000  # interactions: minutes of the busiest servers

_LOST: Final = (aiohttp.ClientError, TimeoutError, OSError)
_Payload = Mapping[str, Any]


class Seen:
    """The last interactions that came, so that one that Discord sends twice is acted on once."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._order: deque[int] = deque()
        self._ids: set[int] = set()

    def again(self, number: int) -> bool:
        """Remember an interaction, and say whether it came before."""
        if number in self._ids:
            return True
        self._ids.add(number)
        self._order.append(number)
        if len(self._order) > self._limit:
            self._ids.discard(self._order.popleft())
        return False


class Acknowledging(AsyncWebhookAdapter):
    """discord.py's way to its webhooks, but for acknowledgements: tried again while there is time."""

    async def create_interaction_response(  # type: ignore[override] # discord.py names the shape of the answer
        self,
        interaction_id: int,
        token: str,
        *,
        session: aiohttp.ClientSession,
        proxy: str | None = None,
        proxy_auth: aiohttp.BasicAuth | None = None,
        params: Any,  # noqa: ANN401 - discord.py's own tuple
    ) -> _Payload:
        """Acknowledge, with what discord.py has packed.

        Raises:
            discord.HTTPException: Discord refuses it, or has taken that of another process.
            aiohttp.ClientError: nobody has answered.
        """
        if params.files:
            sent: _Payload = await super().create_interaction_response(
                interaction_id, token, session=session, proxy=proxy, proxy_auth=proxy_auth, params=params
            )
            return sent
        address = Route(
            "POST", "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=interaction_id, webhook_token=token,
        ).url  # fmt: skip
        options = {"json": params.payload, "proxy": proxy, "proxy_auth": proxy_auth}
        return await _acknowledge(session, address, options) or {"interaction": {"id": interaction_id}}


async def _acknowledge(session: aiohttp.ClientSession, address: str, options: dict[str, Any]) -> _Payload | None:
    """Return what Discord says; None if it has taken this and its answer was lost."""
    lost, pauses = False, iter(PAUSES)
    while True:
        try:
            return await _once(session, address, options)
        except discord.HTTPException as error:
            if error.code == TAKEN and lost:
                return None
            pause = next(pauses, None)
            if pause is None or not _passes(error):
                raise
            lost = lost or error.status >= 500
            pause = max(pause, float(error.response.headers.get("Retry-After", 0.0)))
        except _LOST as error:
            pause, lost = next(pauses, None), True
            if pause is None:
                raise aiohttp.ServerTimeoutError from error
        await asyncio.sleep(pause)


def _passes(error: discord.HTTPException) -> bool:
    return error.status == 429 or error.status >= 500


async def _once(session: aiohttp.ClientSession, address: str, options: dict[str, Any]) -> _Payload:
    timeout = aiohttp.ClientTimeout(total=ATTEMPT)
    wanted = {"with_response": "true"}
    async with session.post(address, params=wanted, timeout=timeout, **options) as response:
        told: Any = await json_or_text(response)
        if response.ok:
            found: _Payload = told
            return found
        kinds = {403: discord.Forbidden, 404: discord.NotFound}
        kind = discord.DiscordServerError if response.status >= 500 else kinds.get(response.status)
        raise (kind or discord.HTTPException)(response, told)


def listen() -> None:
    """Let this task, and those that it begins, acknowledge as :class:`Acknowledging` does."""
    async_context.set(Acknowledging())  # type: ignore[no-untyped-call] # of discord.py


class Answer(discord.InteractionResponse[Any]):
    """The answer to one interaction: if whoever works on it needs long, it is acknowledged meanwhile.

    What is then said comes after the acknowledgement, and looks the same to the member.
    """

    def __init__(self, parent: discord.Interaction[Any]) -> None:
        super().__init__(parent)
        self._speaking = asyncio.Lock()
        self._hurried = self._tried = False
        self._task: asyncio.Task[None] | None = None
        if parent.type is not discord.InteractionType.autocomplete:
            asyncio.get_running_loop().call_later(HURRY, self._hurry)

    def _hurry(self) -> None:
        if not self._tried:
            self._task = asyncio.create_task(self._in_time(), name=f"acknowledge {self._parent.id}")

    async def _in_time(self) -> None:
        async with self._speaking:
            if self._tried:
                return
            private = self._parent.message is None  # a command, or the form that one has shown
            try:
                await super().defer(ephemeral=private, thinking=private)
            except (discord.HTTPException, *_LOST) as error:
                log.warning("not acknowledged in time", interaction=self._parent.id, error=repr(error))
            else:
                self._hurried = True

    async def _first(self, said: Awaitable[Any]) -> Any:  # noqa: ANN401
        """Say the first word; when that fails, whoever works on the answer hears of it, and no other word follows."""
        self._tried = True
        return await said

    async def defer(self, *, ephemeral: bool = False, thinking: bool = False) -> Any:  # noqa: ANN401
        """Acknowledge, unless that was done meanwhile."""
        async with self._speaking:
            if self._hurried:
                return None
            return await self._first(super().defer(ephemeral=ephemeral, thinking=thinking))

    async def send_message(self, *words: Any, **options: Any) -> Any:  # noqa: ANN401
        """Say something."""
        async with self._speaking:
            if self._hurried:
                return await self._parent.followup.send(*words, **options)
            return await self._first(super().send_message(*words, **options))

    async def edit_message(self, **options: Any) -> Any:  # noqa: ANN401
        """Change the message that was clicked on."""
        async with self._speaking:
            if self._hurried:
                return await self._parent.edit_original_response(**options)
            return await self._first(super().edit_message(**options))

    async def send_modal(self, modal: discord.ui.Modal, /) -> Any:  # noqa: ANN401
        """Show a form.

        Raises:
            DatabaseBusyError: it took so long that Discord shows none any more.
        """
        async with self._speaking:
            if self._hurried:
                raise DatabaseBusyError
            return await self._first(super().send_modal(modal))


def prepare(interaction: discord.Interaction[Any], seen: Seen) -> None:
    """Let an interaction be answered by :class:`Answer`, or mark it if it came before; nothing of it has run yet."""
    if seen.again(interaction.id):
        log.info("an interaction came twice", interaction=interaction.id)
        interaction.extras[AGAIN] = True
        return
    interaction._cs_response = Answer(interaction)  # type: ignore[attr-defined] # noqa: SLF001 - where discord.py keeps it
