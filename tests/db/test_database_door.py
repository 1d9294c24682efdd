import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from db import guilds, members, posts, slates, votes
from db.base import UTCDateTime
from db.database import Database
from db.errors import (
    DatabaseBusyError,
    DatabaseNotMigratedError,
    DatabaseUnreachableError,
    NaiveTimeError,
    UnsupportedDatabaseError,
)
from db.ids import GuildId, MemberId
from db.migrations import head
from db.slates import Slate

Draft = Callable[..., Awaitable[Slate]]


async def known(database: Database, guild_id: GuildId) -> int:
    async with database.reading() as session:
        found = await session.execute(text("SELECT count(*) FROM guilds WHERE id = :id"), {"id": guild_id})
        return int(found.scalar_one())


async def count_up(database: Database, slate: Slate) -> None:
    """Read, then write what was read plus one: the pattern that loses updates when writers start too late."""
    async with database.writing() as session:
        seen = (await slates.lock(session, slate.id)).dropped
        await asyncio.sleep(0)
        await session.execute(text("UPDATE slates SET dropped = :new"), {"new": seen + 1})


async def test_updates_by_many_writers_are_never_lost(
    database: Database, database_url: str, draft_slate: Draft
) -> None:
    slate, other = await draft_slate(), Database.connect(database_url)
    await asyncio.gather(*(count_up(room, slate) for room in (database, other) * 50))
    async with other.reading() as session:
        assert (await slates.get(session, slate.id)).dropped == 100
    await other.close()


async def test_a_writer_waits_for_another_instead_of_failing(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        await slates.lock(session, slate.id)
        second = asyncio.create_task(count_up(database, slate))
        await asyncio.sleep(0)  # it has begun, and stands in line
        await session.execute(text("UPDATE slates SET dropped = 41"))
    await second
    async with database.reading() as session:
        assert (await slates.get(session, slate.id)).dropped == 42


async def test_readers_do_not_wait_for_a_writer(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        await session.execute(text("UPDATE slates SET dropped = 1"))
        async with database.reading() as reader:
            assert (await slates.get(reader, slate.id)).dropped == 0


async def test_a_reader_sees_one_moment(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    async with database.reading() as reader:
        before = await slates.get(reader, slate.id)
        await count_up(database, slate)
        assert await slates.get(reader, slate.id) == before


async def test_who_waits_too_long_for_the_lock_is_told(
    database: Database, database_url: str, draft_slate: Draft
) -> None:
    slate, hasty = await draft_slate(), Database.connect(database_url, busy_timeout=20)
    async with database.writing() as session:
        await slates.lock(session, slate.id)
        with pytest.raises(DatabaseBusyError):
            await count_up(hasty, slate)
    await count_up(hasty, slate)  # and can try again
    await hasty.close()


async def test_a_crowd_of_writers_takes_turns_and_nobody_starves(
    database_url: str, draft_slate: Draft, database: Database
) -> None:
    slate, hasty = await draft_slate(), Database.connect(database_url, busy_timeout=1000)
    await asyncio.gather(*(count_up(hasty, slate) for _ in range(300)))
    await hasty.close()
    async with database.reading() as session:
        assert (await slates.get(session, slate.id)).dropped == 300


async def test_who_waits_too_long_for_a_turn_is_told_and_the_turns_go_on(database_url: str, draft_slate: Draft) -> None:
    slate, hasty = await draft_slate(), Database.connect(database_url, busy_timeout=20)
    async with hasty.writing() as session:
        await slates.lock(session, slate.id)
        with pytest.raises(DatabaseBusyError):
            await count_up(hasty, slate)
    await count_up(hasty, slate)
    await hasty.close()


async def test_everything_a_writer_did_is_kept_or_nothing(database: Database, page: GuildId) -> None:
    async def break_off() -> None:
        async with database.writing() as session:
            await guilds.ensure(session, page)
            raise KeyError

    with pytest.raises(KeyError):
        await break_off()
    assert await known(database, page) == 0
    async with database.writing() as session:
        await guilds.ensure(session, page)
    assert await known(database, page) == 1


async def test_a_cancelled_writer_leaves_nothing_and_frees_the_lock(database: Database, page: GuildId) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        async with database.writing() as session:
            await guilds.ensure(session, page)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await known(database, page) == 0
    async with database.writing() as session:
        await guilds.ensure(session, page)


async def test_what_a_reader_writes_is_not_kept(database: Database, anna: MemberId) -> None:
    with suppress(DBAPIError):  # PostgreSQL refuses at once, SQLite forgets
        async with database.reading() as session:
            await members.ensure(session, anna)
    async with database.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM members"))).scalar_one() == 0


async def test_a_mistake_in_our_own_words_is_not_disguised(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.reading() as session:
            await session.execute(text("SELEC 1"))
    with pytest.raises(DBAPIError):
        async with database.reading() as session:
            await session.execute(text("SELECT :thing"), {"thing": object()})


async def test_a_migrated_database_is_in_order(database: Database) -> None:
    await database.check()


async def test_a_database_without_tables_says_so(empty_url: str) -> None:
    database = Database.connect(empty_url)
    with pytest.raises(DatabaseNotMigratedError) as checked:
        await database.check()
    with pytest.raises(DatabaseNotMigratedError) as used:
        async with database.reading() as session:
            await slates.counts(session)
    await database.close()
    assert (checked.value.found, checked.value.wanted) == (None, head())
    assert used.value.wanted == head()


async def test_a_database_from_another_version_says_so(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'next_year'"))
    with pytest.raises(DatabaseNotMigratedError) as caught:
        await database.check()
    assert (caught.value.found, caught.value.wanted) == ("next_year", head())


@pytest.mark.parametrize("change", ["ALTER TABLE votes RENAME TO ballots", "ALTER TABLE slates DROP COLUMN model"])
async def test_a_missing_table_or_column_means_not_migrated(
    database: Database, draft_slate: Draft, change: str
) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        await session.execute(text(change))
    with pytest.raises(DatabaseNotMigratedError):
        async with database.reading() as session:
            await votes.tally(session, (await slates.get(session, slate.id)).id)


async def test_nobody_answering_is_said_without_the_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database.connect(f"postgresql://greenlit:secret@127.0.0.1:{port}/room")
    with pytest.raises(DatabaseUnreachableError) as caught:
        await database.check()
    await database.close()
    assert str(port) in caught.value.url
    assert "secret" not in caught.value.url + database.shown


async def test_a_file_that_is_no_database_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, " * 100)
    database = Database.connect(f"sqlite:///{tmp_path / 'notes.txt'}")
    with pytest.raises(DatabaseUnreachableError):
        await database.check()
    await database.close()


def test_a_place_where_no_file_can_be_made_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "room.db", tmp_path):
        with pytest.raises(DatabaseUnreachableError):
            Database.connect(f"sqlite:///{place}")


async def test_the_folder_of_a_new_database_is_made(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "var" / "deep" / "room.db"
    database = Database.connect(f"sqlite+aiosqlite:///{path}")
    shutil.copy(migrated_sqlite, path)
    await database.check()
    await database.close()


async def test_both_names_of_the_driver_are_understood(database_url: str) -> None:
    database = Database.connect(database_url.replace("postgresql://", "postgresql+psycopg://"))
    await database.check()
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/room",
        "sqlite://",
        "sqlite:///file:room.db?uri=true",
        "sqlite:///:memory:",
        "me:secret@host",
    ],
)
def test_other_databases_are_refused_without_the_password(url: str) -> None:
    with pytest.raises(UnsupportedDatabaseError) as caught:
        Database.connect(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://me:secret@host:port/room", "://secret"])
def test_an_address_that_cannot_be_read_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(UnsupportedDatabaseError) as caught:
        Database.connect(url)
    assert "secret" not in str(caught.value)


async def test_a_time_without_a_zone_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(NaiveTimeError) as caught:
        async with database.writing() as session:
            await posts.claim(session, day=now.date(), network="x", account="", now=now.replace(tzinfo=None))
    assert caught.value.time == now.replace(tzinfo=None)


async def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, now: datetime) -> None:
    tokyo = now.astimezone(timezone(timedelta(hours=9)))
    async with database.writing() as session:
        post = await posts.claim(session, day=now.date(), network="x", account="", now=tokyo)
        again = await posts.get(session, now.date(), "x", "")
    assert post == again
    assert again is not None
    assert (again.created_at, again.created_at.tzinfo) == (now, UTC)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zones
def test_every_moment_survives_its_column(moment: datetime) -> None:
    column, dialect = UTCDateTime(), sqlite.dialect()
    stored = column.process_bind_param(moment, dialect)
    assert stored is not None
    assert column.process_result_value(stored.replace(tzinfo=None), dialect) == moment.astimezone(UTC)
