"""The one door to the database: sessions that read, sessions that write, and whether it is there at all."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from db import urls
from db.errors import DatabaseBusyError, DatabaseNotMigratedError
from db.failures import narrowed
from db.revisions import head

BUSY_TIMEOUT: Final = 5000
"""Milliseconds a writer waits for one of another process."""
_TURNS: Final = 6  # so many times as long it waits for those of its own, who take turns on SQLite


Session = AsyncSession
"""One transaction; every query takes one first."""


class Database:
    """A pool of connections to one database; made by :meth:`connect`, given back by :meth:`close`."""

    def __init__(self, engine: AsyncEngine, url: URL, busy_timeout: int = BUSY_TIMEOUT) -> None:
        self._engine, self._url = engine, url
        self._writers = _sessions(engine)
        self._readers = _sessions(_read_only(engine))
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._turn = _Turn(_TURNS * busy_timeout / 1000)

    @classmethod
    def connect(cls, url: str, *, busy_timeout: int = BUSY_TIMEOUT) -> Self:
        """Return the database at ``url``; no connection is made yet, but a SQLite file and its folder are.

        ``busy_timeout`` is in milliseconds: how long a writer waits for one of another process.

        Raises:
            UnsupportedDatabaseError: ``url`` names no SQLite file and no PostgreSQL.
            DatabaseUnreachableError: the file or its folder cannot be made.
        """
        parsed = urls.parse(url)
        urls.make_file(parsed)
        return cls(_engine(urls.asynchronous(parsed), busy_timeout), parsed, busy_timeout)

    @property
    def shown(self) -> str:
        """The address without its password."""
        return urls.shown(self._url)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Open a session that only reads; it sees one moment from beginning to end.

        Raises:
            StorageError: see :mod:`db.errors`.
        """
        with narrowed(self._url):
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Open a session whose changes are all kept at the end, or none of them if the block raises.

        On SQLite it holds the one write lock from its beginning on: keep the block short, and open none inside another.

        Raises:
            StorageError: see :mod:`db.errors`.
        """
        with narrowed(self._url):
            async with self._turn, self._writers() as session, session.begin():
                yield session

    async def check(self) -> None:
        """Return if the database answers and its tables are the program's.

        Raises:
            DatabaseUnreachableError: nobody answers.
            DatabaseNotMigratedError: the tables are missing, older or newer.
        """
        wanted = await asyncio.to_thread(head)
        async with self.reading() as session:
            found = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar()
        if found != wanted:
            raise DatabaseNotMigratedError(found, wanted)

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()


class _Turn(AbstractAsyncContextManager[None]):
    """Lets one writer at a time to SQLite's lock, first come, first served.

    SQLite itself lets whoever happens to ask when the lock is free: among many, some starve. Those who wait here hold
    no connection, so readers find one.
    """

    def __init__(self, seconds: float) -> None:
        self._lock, self._seconds = asyncio.Lock(), seconds

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise DatabaseBusyError from error

    async def __aexit__(self, *_error: object) -> None:
        self._lock.release()


def _sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Rows are changed by statements alone, so what a session remembers of them is never to be trusted."""
    fresh = {"populate_existing": True, "synchronize_session": False}
    return async_sessionmaker(engine, expire_on_commit=False, execution_options=fresh)


def _read_only(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(sqlite_write=False)


def _engine(url: URL, busy_timeout: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_pre_ping=url.get_backend_name() == "postgresql")
    if engine.dialect.name == "postgresql":
        _patient_postgresql(engine, busy_timeout)
    else:
        _safe_sqlite(engine, busy_timeout)
    return engine


def _patient_postgresql(engine: AsyncEngine, busy_timeout: int) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_patience(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection has no type
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {int(busy_timeout)}")
        cursor.close()
        connection.commit()


def _safe_sqlite(engine: AsyncEngine, busy_timeout: int) -> None:
    """Without this, concurrent writers lose updates or fail at once: Python's own transactions begin too late."""

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection has no type
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows only the letters A to Z
        cursor = connection.cursor()
        for setting in (
            f"busy_timeout = {int(busy_timeout)}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("sqlite_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
