"""The bounded line in front of an engine: tells everybody their place, and turns away who does not fit."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from model.briefs import Brief
from model.engine import Engine, Event, LineFullError, Queued

_FIRST_GUESS: Final = 5.0  # seconds a brief takes, before any was timed
_REMEMBERED: Final = 20  # durations the estimate is made of


@dataclass(slots=True, eq=False)
class _Ticket:
    called: bool = False
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class Line:
    """An engine that lets ``at_once`` briefs work and ``capacity`` more wait, first come, first served.

    A brief gives its seat back when the engine is done, not when a slow reader has read everything.
    """

    def __init__(self, engine: Engine, *, capacity: int, at_once: int = 1) -> None:
        self._engine = engine
        self._capacity = capacity
        self._at_once = at_once
        self._working = 0
        self._waiting: deque[_Ticket] = deque()
        self._took: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def depth(self) -> int:
        """How many briefs wait."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """How many briefs are being written."""
        return self._working

    async def stream(self, brief: Brief, /) -> AsyncGenerator[Event]:
        """Yield the place in line whenever it changes, then the engine's events.

        Closing leaves the line, or cancels the work, at once.

        Raises:
            LineFullError: ``capacity`` briefs wait already.
            EngineError: whatever the engine raises.
        """
        ticket = self._enter()
        work: asyncio.Task[None] | None = None
        try:
            place = 0
            while not ticket.called:
                before, place = place, self._waiting.index(ticket) + 1
                if place != before:
                    yield Queued(place)
                await ticket.moved.wait()
                ticket.moved.clear()
            events: asyncio.Queue[Event | None] = asyncio.Queue()
            work = asyncio.create_task(self._work(brief, events))
            while (event := await events.get()) is not None:
                yield event
            await work
        finally:
            await self._leave(ticket, work)

    def _enter(self) -> _Ticket:
        if self._working < self._at_once:
            self._working += 1
            return _Ticket(called=True)
        if len(self._waiting) >= self._capacity:
            raise LineFullError(self._retry_after())
        ticket = _Ticket()
        self._waiting.append(ticket)
        return ticket

    async def _work(self, brief: Brief, events: asyncio.Queue[Event | None]) -> None:
        started = time.monotonic()
        try:
            async with aclosing(self._engine.stream(brief)) as stream:
                async for event in stream:
                    events.put_nowait(event)
            self._took.append(time.monotonic() - started)
        finally:
            self._call_next()
            events.put_nowait(None)

    async def _leave(self, ticket: _Ticket, work: asyncio.Task[None] | None) -> None:
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        elif ticket.called:
            self._call_next()
        else:
            self._waiting.remove(ticket)
            self._tell_places()

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting[0].called = True
            self._waiting.popleft().moved.set()
            self._tell_places()
        else:
            self._working -= 1

    def _tell_places(self) -> None:
        for ticket in self._waiting:
            ticket.moved.set()

    def _retry_after(self) -> int:
        usual = sum(self._took) / len(self._took) if self._took else _FIRST_GUESS
        return max(1, math.ceil(usual * (len(self._waiting) + 1) / self._at_once))
