"""How the room is doing: writer, line, database; and the writer set back to what it wrote with before."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.app import App
from db import audit, guilds, members, slates
from db.errors import StorageError
from db.ids import GuildId, MemberId
from model.adapter_errors import NoStoreError
from model.engine import EngineError
from model.schema import Adapters, Status


@runtime_checkable
class Overseen(Protocol):
    """An engine that tells how it is doing, and goes back to its adapter of before: a worker over HTTP."""

    async def status(self) -> Status:
        """Return what it says about itself."""
        ...

    async def rollback(self) -> Adapters:
        """Go back to what was active before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How things are; ``writer`` and ``database`` in words."""

    writer: str
    waiting: int
    working: int
    database: str


async def look(app: App) -> State:
    """Return how things are; what cannot be reached is told as such."""
    try:
        async with app.database.reading() as session:
            counted = await slates.counts(session)
        database = ", ".join(f"{count} {kind}" for kind, count in counted.items())
    except StorageError as error:
        database = type(error).__name__
    if not isinstance(app.engine, Overseen):
        return State(writer="in this process", waiting=0, working=0, database=database)
    try:
        told = await app.engine.status()
    except EngineError as error:
        return State(writer=type(error).__name__, waiting=0, working=0, database=database)
    writer = f"{told.model or 'loading'}{' + ' + told.adapter if told.adapter else ''}"
    return State(writer=writer, waiting=told.waiting, working=told.working, database=database)


async def roll_back(app: App, *, by: MemberId, guild: GuildId) -> str | None:
    """Have the writer go back to its adapter of before; return its name, None for the model without one.

    Raises:
        NothingBeforeError: there is none.
        EngineError: the worker cannot, or is away.
    """
    if not isinstance(app.engine, Overseen):
        raise NoStoreError
    now = (await app.engine.rollback()).worn
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        await audit.record(
            session, guild_id=guild, actor=by, action="rolled back", subject=now or "the base model", now=app.now()
        )
    return now
