"""The line of a server behind the worker: members are told their place there, too, until the first word comes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from model.briefs import Brief
from model.decoder import Remote
from model.engine import ANYHOW, Engine, Event, Queued, Terms

EVERY: Final = 1.0  # seconds between two looks


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
            try:
                place: int | None = None
                while not (await asyncio.wait({first}, timeout=self._every))[0]:
                    now = await self._remote.waiting()
                    if now and (place is None or now < place):
                        place = now
                        yield Queued(place)
                event = await first
            finally:
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
            while event is not None:
                yield event
                event = await anext(events, None)
