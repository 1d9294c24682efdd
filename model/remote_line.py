"""The line of a server behind the worker: members are told their place there, too, until the first word comes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from model.briefs import Brief
from model.decoder import Remote
from model.engine import ANYHOW, Engine, Event, Queued, Terms

EVERY: Final = 1.0  # seconds between two looks
PATIENCE: Final = 5.0  # seconds that a look may take


class RemoteLine:
    """An engine whose work waits at ``remote``; a place told there is never taken back for a worse one."""

    def __init__(self, engine: Engine, remote: Remote, *, every: float = EVERY) -> None:
        self._engine = engine
        self._remote = remote
        self._every = every

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield the place in the server's line while nothing is written, then the engine's events.

        Raises:
            EngineError: whatever the engine raises.
        """
        async with aclosing(self._engine.stream(brief, terms)) as events:
            first = asyncio.ensure_future(anext(events, None))
            look = asyncio.ensure_future(self._look())
            try:
                place: int | None = None
                while not first.done():
                    await asyncio.wait({first, look}, return_when=asyncio.FIRST_COMPLETED)
                    if look.done() and not first.done():
                        now, look = look.result(), asyncio.ensure_future(self._look())
                        if now and (place is None or now < place):
                            place = now
                            yield Queued(place)
                event = await first
            finally:
                first.cancel()
                look.cancel()
                await asyncio.gather(first, look, return_exceptions=True)
            while event is not None:
                yield event
                event = await anext(events, None)

    async def _look(self) -> int | None:
        """Return how many wait at the server, a little later; None if it does not say so in time."""
        await asyncio.sleep(self._every)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._remote.waiting()
        except TimeoutError:
            return None
