"""The bounded line in front of an engine: calls whose turn it is, tells everybody their place, turns away the rest."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from model.briefs import Brief
from model.engine import (
    ANYHOW,
    DeadlineError,
    Engine,
    EngineUnavailableError,
    Event,
    Finished,
    LineFullError,
    Queued,
    Terms,
)
from model.fairness import Ask, FairQueue

_FIRST_GUESS: Final = 5.0  # seconds a brief takes, before any was timed
_FIRST_COST: Final = 500  # tokens, likewise
_REMEMBERED: Final = 20  # durations and costs the estimates are made of


@dataclass(slots=True, eq=False, kw_only=True)
class _Ticket(Ask):
    """A brief in the line: it waits while it has a ``place``, is written while it has ``work``, then ``over``."""

    brief: Brief
    terms: Terms
    place: int | None = None
    events: deque[Event] = field(default_factory=deque)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[None] | None = None
    alarm: asyncio.TimerHandle | None = None
    computed: int | None = None
    over: bool = False
    error: BaseException | None = None

    def move(self, place: int | None) -> None:
        if place != self.place:
            self.place = place
            self.moved.set()

    def add(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.computed = event.computed
        if not self.over:
            self.events.append(event)
            self.moved.set()

    def end(self, error: BaseException | None) -> None:
        if self.over:
            return
        self.over, self.error, self.place = True, error, None
        if self.alarm:
            self.alarm.cancel()
        self.moved.set()


class Line:
    """An engine that lets ``at_once`` briefs work and ``capacity`` more wait.

    Whose turn it is says :class:`model.fairness.FairQueue`: first come, first served among those who have had equally
    much. When the line is full, the newest brief of whoever has most in it makes room for somebody who has less.

    A brief gives its seat back when the engine is done, not when a slow reader has read everything.
    """

    def __init__(self, engine: Engine, *, capacity: int, at_once: int = 1) -> None:
        self._engine = engine
        self._capacity = capacity
        self._at_once = at_once
        self._working: set[_Ticket] = set()
        self._waiting: FairQueue[_Ticket] = FairQueue()
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._costs: dict[type[Brief], deque[int]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def depth(self) -> int:
        """How many briefs wait."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """How many briefs are being written."""
        return len(self._working)

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield the place in line whenever it changes, then the engine's events.

        Closing leaves the line, or cancels the work, at once.

        Raises:
            LineFullError: ``capacity`` briefs wait already, or others came who had less in the line.
            DeadlineError: the time that the terms give is over.
            EngineError: whatever the engine raises.
        """
        ticket = self._enter(brief, terms)
        told = None
        try:
            while True:
                if ticket.place not in {None, told}:
                    told = ticket.place
                    yield Queued(told or 0)
                elif ticket.events:
                    yield ticket.events.popleft()
                elif ticket.over:
                    break
                else:
                    ticket.moved.clear()
                    await ticket.moved.wait()
            if ticket.error:
                raise ticket.error
        finally:
            await self._leave(ticket)

    async def empty(self) -> None:
        """Return when nothing waits and nothing is written."""
        await self._empty.wait()

    def break_off(self, error: Exception) -> None:
        """End every stream with ``error`` now, whenever the engine notices; who comes later is let in as ever."""
        for ticket in (*self._waiting.order(), *self._working):
            self._give_up(ticket, error)

    def _enter(self, brief: Brief, terms: Terms) -> _Ticket:
        if len(self._working) >= self._at_once and len(self._waiting) >= self._capacity:
            self._make_room(terms)
        cost = self._usual_cost(type(brief))
        ticket = _Ticket(server=terms.server, member=terms.member, cost=cost, brief=brief, terms=terms)
        if terms.within is not None:
            late = DeadlineError(terms.within)
            ticket.alarm = asyncio.get_running_loop().call_later(terms.within, self._give_up, ticket, late)
        self._waiting.enter(ticket)
        self._empty.clear()
        self._fill_seats()
        return ticket

    def _make_room(self, terms: Terms) -> None:
        crowding = self._waiting.crowding(terms.server, terms.member)
        if crowding is None:
            raise LineFullError(self._retry_after())
        self._waiting.leave(crowding)
        crowding.end(LineFullError(self._retry_after()))

    def _fill_seats(self) -> None:
        while len(self._waiting) and len(self._working) < self._at_once:
            ticket = self._waiting.call()
            ticket.move(None)
            self._working.add(ticket)
            ticket.work = asyncio.create_task(self._work(ticket))
            ticket.work.add_done_callback(partial(self._done, ticket))
        for place, ticket in enumerate(self._waiting.order(), 1):
            ticket.move(place)
        if not self._working:
            self._empty.set()

    async def _work(self, ticket: _Ticket) -> None:
        started = time.monotonic()
        async with aclosing(self._engine.stream(ticket.brief, ticket.terms)) as stream:
            async for event in stream:
                ticket.add(event)
        self._took.append(time.monotonic() - started)

    def _done(self, ticket: _Ticket, work: asyncio.Task[None]) -> None:
        """Free the seat: the engine has ended, failed or noticed that it was cancelled."""
        self._working.discard(ticket)
        self._waiting.settle(ticket, ticket.computed)
        if ticket.computed is not None:
            self._costs.setdefault(type(ticket.brief), deque(maxlen=_REMEMBERED)).append(ticket.computed)
        ticket.end(EngineUnavailableError("stopped") if work.cancelled() else work.exception())
        self._fill_seats()

    async def _leave(self, ticket: _Ticket) -> None:
        if ticket.over:
            return  # a broken-off engine may not have noticed yet; its seat is free when it has
        self._give_up(ticket, None)
        if ticket.work:
            await asyncio.gather(ticket.work, return_exceptions=True)

    def _give_up(self, ticket: _Ticket, error: Exception | None) -> None:
        if ticket.over:
            return
        ticket.end(error)
        if ticket.work:
            ticket.work.cancel()
        else:
            self._waiting.leave(ticket)
            self._fill_seats()

    def _usual_cost(self, kind: type[Brief]) -> int:
        known = self._costs.get(kind)
        return max(1, round(sum(known) / len(known))) if known else _FIRST_COST

    def _retry_after(self) -> int:
        usual = sum(self._took) / len(self._took) if self._took else _FIRST_GUESS
        return max(1, math.ceil(usual * (len(self._waiting) + 1) / self._at_once))
