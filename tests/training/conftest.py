"""A room with a past, for the tests of what the community teaches."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db import migrations
from db.database import Database
from tests.training.community import Room

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rooms") / "empty.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def room_url(empty_room: Path, tmp_path: Path) -> str:
    """The address of a database with every table, and nothing in them."""
    shutil.copy(empty_room, tmp_path / "room.db")
    return f"sqlite:///{tmp_path / 'room.db'}"


@pytest.fixture
async def room(room_url: str) -> AsyncIterator[Room]:
    """A room without a past yet."""
    database = Database.connect(room_url)
    yield Room(database, NOW)
    await database.close()


@pytest.fixture
def after() -> datetime:
    """A moment after everything in the room."""
    return NOW + timedelta(days=1)
