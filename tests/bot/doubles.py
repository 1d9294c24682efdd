"""Doubles for the bot's surroundings: a clock that is set, a network that remembers, a process that dies."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import coroutine
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.networks.base import FREE, Announcement, Measure, NetworkError, marker
from bot.usecases.showing import Pictures
from db.database import Database
from db.pitches import Pitch
from model.briefs import Brief
from model.engine import ANYHOW, Engine, EngineError, Event, Terms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Clock:
    """The time, which stands still until it is moved."""

    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class Gate:
    """A door in front of each word of the writer's double: ``reached`` is set by the first one to wait there."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


@dataclass
class World:
    """What stands on a network for everybody to see; it outlives every process of ours."""

    posts: list[tuple[date, str]] = field(default_factory=list)

    def days(self) -> list[date]:
        return [day for day, _ in self.posts]


@dataclass
class FakeNetwork:
    """A network in memory. ``before`` are errors raised instead of posting, ``after`` when the post stands already.

    ``slow`` posts never end, ``blind`` searches find nothing, ``upset`` is raised by searches. ``asked`` lists what was
    called.
    """

    world: World = field(default_factory=World)
    name: str = "fake"
    account: str = ""
    before: list[NetworkError] = field(default_factory=list)
    after: list[NetworkError] = field(default_factory=list)
    upset: list[NetworkError] = field(default_factory=list)
    blind: int = 0
    slow: int = 0
    price: Decimal = FREE
    asked: list[str] = field(default_factory=list)

    def text(self, announcement: Announcement) -> str:
        return f"{announcement.title}\n{marker(announcement.day)}"

    def measure(self, text: str) -> Measure:
        return Measure(length=len(text), limit=500, cost=self.price)

    async def post(self, announcement: Announcement, text: str) -> str:
        self.asked.append("post")
        if self.slow:
            self.slow -= 1
            await asyncio.Event().wait()
        if self.before:
            raise self.before.pop(0)
        self.world.posts.append((announcement.day, text))
        if self.after:
            raise self.after.pop(0)
        return self._address(announcement.day)

    async def find(self, announcement: Announcement, text: str) -> str | None:
        del text
        self.asked.append("find")
        if self.upset:
            raise self.upset.pop(0)
        if self.blind:
            self.blind -= 1
            return None
        return self._address(announcement.day) if announcement.day in self.world.days() else None

    def _address(self, day: date) -> str:
        return f"{self.name}://{day.isoformat()}"


async def draw(pitch: Pitch, excerpt: str, network: str) -> Pictures:
    """Return pictures of a show that are quick to make."""
    return Pictures(
        poster=f"{pitch.title} {excerpt}".encode(),
        alt=f"Poster of {pitch.title}",
        page=f"{excerpt} for {network}".encode(),
        page_alt=excerpt,
    )


class CrashError(BaseException):
    """The process is gone; nothing of ours may catch it."""


@dataclass
class Fate:
    """Counts the steps of a process and lets it die at step ``last`` (counted from 1); the dead do nothing more."""

    last: int
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps >= self.last:
            raise CrashError

    @property
    def fulfilled(self) -> bool:
        return self.steps >= self.last


class MortalDatabase(Database):
    """A database whose process may die before a session, before its commit and after it."""

    fate: Fate

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        self.fate.step()
        async with super().reading() as session:
            yield session
        self.fate.step()

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        self.fate.step()
        async with super().writing() as session:
            yield session
            self.fate.step()
        self.fate.step()


@dataclass
class MortalNetwork:
    """A network whose caller may die before and after each call."""

    network: FakeNetwork
    fate: Fate

    @property
    def name(self) -> str:
        return self.network.name

    @property
    def account(self) -> str:
        return self.network.account

    def text(self, announcement: Announcement) -> str:
        return self.network.text(announcement)

    def measure(self, text: str) -> Measure:
        return self.network.measure(text)

    async def post(self, announcement: Announcement, text: str) -> str:
        self.fate.step()
        address = await self.network.post(announcement, text)
        self.fate.step()
        return address

    async def find(self, announcement: Announcement, text: str) -> str | None:
        self.fate.step()
        address = await self.network.find(announcement, text)
        self.fate.step()
        return address


@coroutine
def _cancelled_at(work: Coroutine[Any, Any, object], suspension: int) -> Generator[Any, Any, int]:
    waits = 0
    try:
        waited_for = work.send(None)
        while True:
            waits += 1
            if waits == suspension:
                _task().cancel()
            try:
                yield waited_for
            except asyncio.CancelledError as error:
                waited_for = work.throw(error)
            else:
                waited_for = work.send(None)
    except StopIteration:
        return waits


def _task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task
    return task


async def stopped_at(work: Coroutine[Any, Any, object], suspension: int) -> bool:
    """Run ``work`` and cancel it at its ``suspension``-th await (from 1) that really waits; return if there was one."""

    async def run() -> int:
        return await _cancelled_at(work, suspension)

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    return task.cancelled() or task.result() >= suspension


@dataclass
class Moody:
    """An engine that raises ``moods`` in turn, each after passing on its number of events, then obeys ``engine``."""

    engine: Engine
    moods: list[tuple[int, EngineError]]
    asked: list[Brief] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        self.asked.append(brief)
        self.terms.append(terms)
        left, error = self.moods.pop(0) if self.moods else (-1, None)
        async with aclosing(self.engine.stream(brief, terms)) as events:
            async for event in events:
                if error and left == 0:
                    raise error
                left -= 1
                yield event
        if error:
            raise error


@dataclass
class Told:
    """An engine that says what it is told, whatever it is asked: one list of events a brief, the last for ever."""

    acts: Sequence[Sequence[Event | EngineError]]
    asked: list[Brief] = field(default_factory=list)

    async def stream(self, brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        act = self.acts[min(len(self.asked), len(self.acts) - 1)]
        self.asked.append(brief)
        for event in act:
            if isinstance(event, EngineError):
                raise event
            yield event
