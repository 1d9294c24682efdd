import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import alembic
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Column, String, inspect, text

from db import migrations, posts, proposals, revisions, votes
from db.base import Base
from db.database import Database
from db.errors import (
    BrokenRuleError,
    DatabaseBusyError,
    DatabaseDriftError,
    DatabaseNotMigratedError,
    DatabaseUnreachableError,
    MigrationError,
)
from db.pitches import Pitch

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]
Vote = Callable[..., Awaitable[None]]

ROOT = Path(__file__).resolve().parents[2]
UPGRADE_AT_A_WORD = """
import sys
from db import migrations
print("ready", flush=True)
sys.stdin.readline()
migrations.upgrade(sys.argv[1])
"""


def tables(url: str) -> set[str]:
    with migrations.guarded(url) as connection:
        return set(inspect(connection).get_table_names())


def run(url: str, statement: str) -> None:
    with migrations.guarded(url) as connection:
        connection.execute(text(statement))


def test_alembic_is_the_library_and_not_our_folder() -> None:
    assert "site-packages" in str(alembic.__file__)
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_there_is_one_newest_migration() -> None:
    assert ScriptDirectory(str(revisions.FOLDER)).get_heads() == [migrations.head()]


def test_a_folder_without_migrations_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "versions").mkdir()
    monkeypatch.setattr(revisions, "FOLDER", tmp_path)
    with pytest.raises(MigrationError):
        migrations.head()


def test_tables_can_be_made_unmade_and_made_again(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    migrations.check(empty_url)
    made = tables(empty_url)
    assert made == {*Base.metadata.tables, "alembic_version"}
    migrations.downgrade(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    migrations.upgrade(empty_url)
    migrations.upgrade(empty_url)
    assert tables(empty_url) == made


def test_rules_have_the_names_the_code_gives_them(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    wanted = {
        str(rule.name)
        for table in Base.metadata.tables.values()
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
    }
    with migrations.guarded(empty_url) as connection:
        found = {
            str(rule["name"])
            for table in Base.metadata.tables
            for rule in inspect(connection).get_check_constraints(table)
        }
    assert found == wanted


async def test_upgrading_again_keeps_every_row(
    database: Database, database_url: str, open_slate: Open, vote: Vote
) -> None:
    one, *_ = await open_slate()
    await vote(one, 3)
    await asyncio.to_thread(migrations.upgrade, database_url)
    async with database.reading() as session:
        assert (await votes.tally(session, one.slate_id))[one.id] == 3


@pytest.mark.parametrize("revision", ["2026_12_08", "2026_12_01", "2026_11_26", "2026_11_21"])
async def test_a_memory_in_use_can_go_back_to_older_tables_and_forward_again(
    database: Database, database_url: str, open_slate: Open, vote: Vote, revision: str
) -> None:
    one, two = (await open_slate())[:2]
    await vote(one, 3)
    now, today = datetime.now(UTC), datetime.now(UTC).date()
    async with database.writing() as session:
        await proposals.propose(session, day=today, pitch_id=one.id, now=now)
        for account in ("", "5"):
            network = posts.SERVERS if account else "fake"
            claimed = await posts.claim(session, day=today, network=network, account=account, now=now)
            assert claimed
            await posts.sending(session, claimed.id, pitch_id=two.id, text="Tonight.", now=now)
            await posts.unknown(session, claimed.id, "NetworkBusyError", now, retry_at=now)
    await database.close()
    await asyncio.to_thread(migrations.downgrade, database_url, revision)
    await asyncio.to_thread(migrations.upgrade, database_url)
    await asyncio.to_thread(migrations.check, database_url)
    async with database.reading() as session:
        assert (await votes.tally(session, one.slate_id))[one.id] == 3
        assert await posts.show_of(session, today) == two.id


async def test_changing_a_parent_table_keeps_its_children(
    database: Database, database_url: str, open_slate: Open, vote: Vote
) -> None:
    one, *_ = await open_slate()
    await vote(one, 3)
    await database.close()
    with migrations.guarded(database_url) as connection:
        operations = Operations(MigrationContext.configure(connection))
        recreate: Literal["always", "auto"] = "always" if connection.dialect.name == "sqlite" else "auto"
        with operations.batch_alter_table("members", recreate=recreate) as members:
            members.add_column(Column("nickname", String))
    async with database.reading() as session:
        assert (await votes.tally(session, one.slate_id))[one.id] == 3
        assert (await session.execute(text("SELECT nickname FROM members"))).scalars().all() == [None] * 4


async def test_a_migration_that_leaves_orphans_is_undone(
    database: Database, database_url: str, open_slate: Open, vote: Vote
) -> None:
    one, *_ = await open_slate()
    await vote(one)
    with pytest.raises(BrokenRuleError):
        run(database_url, "DELETE FROM pitches")
    async with database.reading() as session:
        assert (await votes.tally(session, one.slate_id))[one.id] == 1


def test_a_column_the_code_does_not_know_is_drift(database_url: str) -> None:
    migrations.check(database_url)
    run(database_url, "ALTER TABLE members ADD COLUMN nickname VARCHAR")
    with pytest.raises(DatabaseDriftError) as caught:
        migrations.check(database_url)
    assert len(caught.value.differences) == 1
    assert "nickname" in caught.value.differences[0]


def test_checking_an_empty_database_says_what_is_missing(empty_url: str) -> None:
    with pytest.raises(DatabaseNotMigratedError) as caught:
        migrations.check(empty_url)
    assert (caught.value.found, caught.value.wanted) == (None, migrations.head())


def test_a_database_from_the_future_is_left_alone(database_url: str) -> None:
    run(database_url, "UPDATE alembic_version SET version_num = 'next_year'")
    before = tables(database_url)
    with pytest.raises(MigrationError, match="next_year"):
        migrations.upgrade(database_url)
    assert tables(database_url) == before


def test_a_place_where_no_file_can_be_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachableError):
        migrations.upgrade(f"sqlite:///{tmp_path}")


async def test_processes_that_upgrade_at_once_do_not_disturb_each_other(empty_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            UPGRADE_AT_A_WORD,
            empty_url,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [(process.returncode, said) for process, (_, said) in zip(processes, ends, strict=True)] == [(0, b"")] * 3
    migrations.check(empty_url)


def test_a_sqlite_file_has_its_write_ahead_log_before_anybody_uses_it(tmp_path: Path) -> None:
    migrations.upgrade(f"sqlite:///{tmp_path / 'room.db'}")
    with closing(sqlite3.connect(tmp_path / "room.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_waits_for_whoever_switches_the_file_at_the_same_time(tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path / 'room.db'}", tmp_path / "room.db"
    migrations.upgrade(url)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        done.start()
        migrations.upgrade(url)
        done.join()


def test_a_migration_that_waits_in_vain_says_that_the_memory_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, path = f"sqlite:///{tmp_path / 'room.db'}", tmp_path / "room.db"
    migrations.upgrade(url)
    monkeypatch.setattr(migrations, "PATIENCE", 50)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError):
            migrations.upgrade(url)


async def test_threads_of_one_process_can_upgrade_at_once(empty_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrations.upgrade, empty_url) for _ in range(3)))
    migrations.check(empty_url)


def test_developers_reach_the_same_migrations_through_alembic_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'room.db'}"
    for words in (["upgrade", "head"], ["check"]):
        command = [sys.executable, "-m", "alembic", "-x", f"url={url}", *words]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    migrations.check(url)
