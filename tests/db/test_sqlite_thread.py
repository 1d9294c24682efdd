"""One errand a statement: what comes back is what aiosqlite's own cursor would bring."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from db import sqlite_thread
from db.sqlite_thread import Connection


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    made = sqlite_thread.connect(str(tmp_path / "one.db"))
    async with made:
        await made.cursor().execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT UNIQUE)")
        yield made


async def rows(connection: Connection, sql: str, *parameters: object) -> list[Any]:
    async with connection.cursor() as cursor:
        await cursor.execute(sql, parameters)
        return list(await cursor.fetchall())


async def test_a_cursor_tells_rows_columns_and_counts(connection: Connection) -> None:
    cursor = connection.cursor()
    assert (cursor.description, cursor.rowcount, cursor.lastrowid, list(await cursor.fetchall())) == (
        None,
        -1,
        None,
        [],
    )
    await cursor.execute("INSERT INTO words (word) VALUES (?)", ("lamp",))
    assert (cursor.description, cursor.rowcount, cursor.lastrowid) == (None, 1, 1)
    await cursor.execute("SELECT word FROM words")
    assert [column[0] for column in cursor.description] == ["word"]
    assert list(await cursor.fetchall()) == [("lamp",)]
    await cursor.close()
    assert list(await cursor.fetchall()) == []


async def test_many_at_once_are_all_inserted(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.executemany("INSERT INTO words (word) VALUES (?)", [("lamp",), ("ship",)])
    assert cursor.rowcount == 2
    assert await rows(connection, "SELECT word FROM words ORDER BY id") == [("lamp",), ("ship",)]


async def test_what_an_insert_returns_is_read_to_the_end_so_that_it_can_be_committed(connection: Connection) -> None:
    assert await rows(connection, "INSERT INTO words (word) VALUES (?) RETURNING id", "lamp") == [(1,)]
    await connection.commit()
    assert await rows(connection, "SELECT count(*) FROM words") == [(1,)]


async def test_an_error_of_the_database_comes_out_and_the_connection_goes_on(connection: Connection) -> None:
    await rows(connection, "INSERT INTO words (word) VALUES (?)", "lamp")
    with pytest.raises(sqlite3.IntegrityError, match=r"words\.word"):
        await rows(connection, "INSERT INTO words (word) VALUES (?)", "lamp")
    assert await rows(connection, "SELECT word FROM words") == [("lamp",)]
