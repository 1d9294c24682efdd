"""A year of the room on a clock that is moved, with everything that can come between: see ``test_a_year_of_posts``."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import jobs
from bot.app import App
from bot.networks.base import DuplicatePostError, NetworkBusyError, NetworkUncertainError
from db import guilds, members, pitches, slates
from db.database import Database
from db.pitches import PitchState
from model.fake import fake_engine
from tests.bot.doubles import Clock, FakeNetwork, draw
from tests.db.conftest import ANNA, NOW, PAGE

CAUGHT_UP = 30
PROCESSES = 2


async def fill(database: Database, count: int) -> None:
    """Have ``count`` shows ready to be posted."""
    async with database.writing() as session:
        await members.ensure(session, ANNA)
        await guilds.ensure(session, PAGE)
        slate = await slates.create(
            session, guild_id=PAGE, asked_by=ANNA, genre="comedy", theme="rain", count=5, seed=7, now=NOW
        )
        for slot in range(count):
            title = f"Show {slot}"
            await pitches.add(
                session, slate_id=slate.id, slot=slot, title=title, title_key=title.casefold(), summary="It rains."
            )
        await slates.open_slate(session, slate.id, model="fake", dropped=0, now=NOW, closes_at=NOW)
        for pitch in await pitches.of_slate(session, slate.id):
            await pitches.mark(session, pitch.id, PitchState.SCRIPTED, from_states=(PitchState.OPEN,))


@dataclass
class Year:
    """The room in ``zone`` from ``start`` on: two processes, started anew now and then, and two networks in trouble."""

    url: str
    zone: ZoneInfo
    post_at: time
    start: datetime
    dice: random.Random
    networks: tuple[FakeNetwork, ...] = ()
    clock: Clock = field(default_factory=Clock)
    apps: list[App] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.networks = FakeNetwork(name="one"), FakeNetwork(name="two", account="second")
        self.clock.time = self.start

    async def pass_days(self, days: int) -> None:
        """Live so many days, then long enough for whatever waits."""
        end = self.start + timedelta(days=days)
        while self.clock.time < end:
            if not self.apps or self.dice.random() < 0.01:
                await self._restart()
            self._trouble()
            await self._tick()
            self._move()
        for _ in range(12):
            self.clock.move(hours=1)
            await self._tick()
        await self._close()

    async def _tick(self) -> None:
        """Have the clocks of all processes remind them at once."""
        await asyncio.gather(*(jobs.daily(app, draw, self.post_at, CAUGHT_UP) for app in self.apps))

    def _move(self) -> None:
        """Let time pass; sometimes it is set back, or the machines slept, or a wrong time is told for a moment."""
        chance = self.dice.random()
        if chance < 0.02:
            self.clock.move(minutes=-self.dice.randint(1, 180))
        elif chance < 0.04:
            self.clock.move(hours=self.dice.randint(6, 50) if self._is_out() else self.dice.randint(1, 8))
        elif self._is_out():
            self.clock.move(hours=self.dice.randint(3, 12))
        else:
            self.clock.move(minutes=self.dice.choice((10, 30, 60, 120)))

    def _is_out(self) -> bool:
        """Return whether the last show that was due is on every network."""
        local = self.clock().astimezone(self.zone)
        due = local.date() if local.time() >= self.post_at else local.date() - timedelta(days=1)
        return all(due in network.world.days()[-10:] for network in self.networks)

    def _trouble(self) -> None:
        for network in self.networks:
            chance = self.dice.random()
            if network.before or network.after or network.upset:
                continue
            if chance < 0.05:
                soon = self.clock() + timedelta(minutes=self.dice.randint(0, 120))
                network.before = [self.dice.choice((NetworkUncertainError(), NetworkBusyError(soon)))]
            elif chance < 0.1:
                network.after = [self.dice.choice((NetworkUncertainError(), DuplicatePostError()))]
                network.upset = [NetworkBusyError() for _ in range(self.dice.randint(0, 2))]

    async def _restart(self) -> None:
        await self._close()
        for _ in range(PROCESSES):
            database = Database.connect(self.url)
            self.apps.append(
                App(database=database, engine=fake_engine(), networks=self.networks, now=self.clock, zone=self.zone)
            )

    async def _close(self) -> None:
        for app in self.apps:
            await app.crew.drain(0)
            await app.database.close()
        self.apps.clear()


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=day) for day in range(count)]
