"""Direct messages: nobody waits for them, and they are tried again while Discord is in trouble."""

import asyncio
import hashlib
from typing import Final

import aiohttp
import discord
import structlog

from db.ids import MemberId

log = structlog.get_logger()
TELL_AGAIN: Final = (1.0, 4.0, 15.0, 60.0)  # seconds before a direct message is tried again


class Messenger:
    """Tells members things by direct message."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, person: MemberId, sentence: str) -> None:
        """Say something to a member of Discord; one who takes no messages is left alone."""
        kind, _, number = person.partition(":")
        if kind == "discord":
            nonce = hashlib.blake2s(f"{person} {sentence}".encode(), digest_size=10).hexdigest()
            telling = asyncio.create_task(self._tell(int(number), sentence, nonce), name=f"told {person}")
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        """Give up what was not told yet."""
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _tell(self, number: int, sentence: str, nonce: str) -> None:
        for pause in TELL_AGAIN:
            try:
                await (await self._client.create_dm(discord.Object(number))).send(sentence, nonce=nonce)
            except (discord.DiscordServerError, aiohttp.ClientError) as trouble:
                log.info("told by direct message later", error=repr(trouble))
                await asyncio.sleep(pause)
            except discord.HTTPException as refused:
                log.info("not told by direct message", error=repr(refused))
                return
            else:
                return
