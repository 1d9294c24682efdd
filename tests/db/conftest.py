"""Real databases for tests: a SQLite file and a PostgreSQL database of its own for every test."""

import os
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from db import guilds, members, migrations, pitches, slates, votes
from db.database import Database
from db.ids import GuildId, MemberId
from db.pitches import Pitch
from db.slates import Slate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA, PAGE = MemberId("page:anna"), GuildId("page")
LOCAL_SERVER = "postgresql://root@127.0.0.1/test"


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def server_of_our_own(folder: Path) -> Iterator[str]:
    pgserver: Any = pytest.importorskip("pgserver", reason="no PostgreSQL: set GREENLIT_TEST_POSTGRES_URL")
    try:
        server = pgserver.get_server(folder, cleanup_mode="stop")
    except (OSError, RuntimeError) as error:
        pytest.skip(f"pgserver cannot start a PostgreSQL here: {error}")
    with server:
        yield str(server.get_uri())


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on which databases may be made."""
    given = os.environ.get("GREENLIT_TEST_POSTGRES_URL")
    if given or answers(LOCAL_SERVER):
        yield given or LOCAL_SERVER
        return
    with server_of_our_own(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@contextmanager
def fresh_postgresql(server: str, template: str = "template1") -> Iterator[str]:
    """Make a database like ``template``, and drop it in the end."""
    name = f"greenlit_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[str]:
    with fresh_postgresql(postgresql_server) as url:
        migrations.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with fresh_postgresql(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with every table, and nothing in them."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "room.db")
        yield f"sqlite:///{tmp_path / 'room.db'}"
        return
    template = request.getfixturevalue("migrated_postgresql")
    with fresh_postgresql(request.getfixturevalue("postgresql_server"), template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with every table, and nothing in them."""
    database = Database.connect(database_url)
    yield database
    await database.close()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def anna() -> MemberId:
    return ANNA


@pytest.fixture
def page() -> GuildId:
    return PAGE


@pytest.fixture
def draft_slate(database: Database) -> Callable[..., Awaitable[Slate]]:
    """Give a function that remembers a member, a guild and a slate they asked for."""

    async def draft(*, guild_id: GuildId = PAGE, asked_by: MemberId = ANNA) -> Slate:
        async with database.writing() as session:
            await members.ensure(session, asked_by)
            await guilds.ensure(session, guild_id)
            return await slates.create(
                session,
                guild_id=guild_id,
                asked_by=asked_by,
                genre="comedy",
                theme="time travel",
                count=3,
                seed=7,
                now=NOW,
            )

    return draft


@pytest.fixture
def open_slate(
    database: Database, draft_slate: Callable[..., Awaitable[Slate]]
) -> Callable[..., Awaitable[tuple[Pitch, ...]]]:
    """Give a function that opens a slate of the given titles for an hour, and returns its pitches."""

    async def open_(*titles: str, guild_id: GuildId = PAGE) -> tuple[Pitch, ...]:
        slate = await draft_slate(guild_id=guild_id)
        async with database.writing() as session:
            for slot, title in enumerate(titles or ("One", "Two", "Three")):
                key = title.casefold()
                await pitches.add(
                    session, slate_id=slate.id, slot=slot, title=title, title_key=key, summary=f"About {title}."
                )
            closes_at = NOW + timedelta(hours=1)
            await slates.open_slate(session, slate.id, model="fake", dropped=2, now=NOW, closes_at=closes_at)
            return await pitches.of_slate(session, slate.id)

    return open_


@pytest.fixture
def vote(database: Database) -> Callable[..., Awaitable[None]]:
    """Give a function with which that many new members vote for a pitch."""

    async def cast(pitch: Pitch, count: int = 1) -> None:
        async with database.writing() as session:
            for _ in range(count):
                member = MemberId(f"page:{uuid.uuid4().hex}")
                await members.ensure(session, member)
                await votes.cast(session, slate_id=pitch.slate_id, pitch_id=pitch.id, member_id=member, now=NOW)

    return cast
