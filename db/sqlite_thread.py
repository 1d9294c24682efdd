"""SQLite beside the event loop: a statement and its rows are one errand to the connection's thread, not four.

aiosqlite sends a thread for the cursor, for the statement, for its rows and for the closing; most of what a short
statement costs is that way.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Self, TypeVar

import aiosqlite

Done = TypeVar("Done")
_CHUNK: Final = 64  # rows that aiosqlite's own cursors read at a time; ours read all


class Cursor:
    """As much of aiosqlite's cursor as SQLAlchemy needs; its rows are there when :meth:`execute` is back."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._done: sqlite3.Cursor | None = None
        self._rows: Sequence[Any] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        """Run a statement and read what it brings."""
        self._done, self._rows = await self._connection.errand(partial(_executed, sql, tuple(parameters)))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run a statement with each of the parameters; it brings nothing."""
        self._done, self._rows = await self._connection.errand(lambda db: (db.executemany(sql, parameters), ()))
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows."""
        return self._rows

    async def close(self) -> None:
        """Let the rows go; all of them were read, so SQLite has let go of the statement already."""
        self._rows = ()

    @property
    def description(self) -> Any:  # noqa: ANN401 - the driver's
        """The columns, None of a statement without any."""
        return self._done and self._done.description

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        return self._done.rowcount if self._done else -1

    @property
    def lastrowid(self) -> int | None:
        """The number of the last row that was inserted."""
        return self._done.lastrowid if self._done else None


class Connection(aiosqlite.Connection):
    """A connection whose cursors are ours; its thread does not keep the process alive."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=_CHUNK)
        self._thread.daemon = True

    def cursor(self) -> Any:  # noqa: ANN401 - aiosqlite's is a coroutine, and a context
        """Return a cursor; nothing has to be done in the thread for it."""
        return Cursor(self)

    async def errand(self, what: Callable[[sqlite3.Connection], Done]) -> Done:
        """Return what ``what`` does with the connection in its thread."""
        done: Done = await self._execute(partial(what, self._conn))  # type: ignore[no-untyped-call]
        return done


def _executed(sql: str, parameters: tuple[Any, ...], db: sqlite3.Connection) -> tuple[sqlite3.Cursor, Sequence[Any]]:
    done = db.execute(sql, parameters)
    return done, done.fetchall() if done.description else ()


def connect(database: str, **settings: Any) -> Connection:  # noqa: ANN401 - those of sqlite3.connect
    """Return a connection, to be awaited."""
    return Connection(partial(sqlite3.connect, database, **settings))
