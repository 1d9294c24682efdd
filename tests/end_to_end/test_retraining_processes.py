"""Votes become a new writer through the real processes, with a kill of each on the way."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.launch import House
from db import guilds, members, runs
from db.database import Database
from db.runs import Run, RunState
from model.adapters import Store
from model.client import WorkerClient
from tests.model import tiny
from tests.training.community import AUTHOR, PAGE, Room
from tests.training.schools import has_voted

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).parents[2]
TOKEN = "of-this-test"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[House, dict[str, str]]]:
    base = tiny.write(folder / "base", "llama")
    settings = {
        "GREENLIT_WORKER_MODEL": str(base),
        "GREENLIT_WORKER_ADAPTERS": str(folder / "adapters"),
        "GREENLIT_WORKER_TOKEN": TOKEN,
        "GREENLIT_DATABASE_URL": f"sqlite:///{folder / 'greenlit.db'}",
        "GREENLIT_TRAIN_RUNS": str(folder / "runs"),
        "GREENLIT_TRAIN_SLATES": "3",
        "GREENLIT_TRAIN_VOTERS": "2",
        "GREENLIT_TRAIN_JUDGES": "1",
        "GREENLIT_TRAIN_LEASE": "3",
        "GREENLIT_TRAIN_PERIOD": "0.1",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    async with House(folder=folder, environment=settings, alone=True) as house:
        yield house, {**os.environ, **settings}


@asynccontextmanager
async def remembered(environment: dict[str, str]) -> AsyncIterator[Database]:
    database = Database.connect(environment["GREENLIT_DATABASE_URL"])
    try:
        yield database
    finally:
        await database.close()


async def watcher(folder: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
    with (folder / "watch.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "training", "watch", env=environment, cwd=folder, stdout=log, stderr=log
        )


async def until(database: Database, wanted: Callable[[Run], bool]) -> Run:
    async with asyncio.timeout(240):
        while True:
            async with database.reading() as session:
                run = await runs.latest(session, PAGE)
            if run is not None and (wanted(run) or run.state in {RunState.FAILED, RunState.FINISHED}):
                return run
            await asyncio.sleep(0.1)


async def worn(client: WorkerClient, name: str | None) -> None:
    """Wait until the worker wears ``name``."""
    async with asyncio.timeout(30):
        while (await client.adapters()).worn != name:  # noqa: ASYNC110 -- of another process
            await asyncio.sleep(0.05)


async def test_votes_become_a_new_writer_though_every_process_is_killed_on_the_way(tmp_path: Path) -> None:
    async with opened(tmp_path) as (house, environment), remembered(environment) as database:
        room = Room(database, datetime.now(UTC).replace(hour=0))
        await has_voted(room)
        async with database.writing() as session:
            await members.ensure(session, AUTHOR)
            await guilds.ensure(session, PAGE)
            await runs.queue(session, guild_id=PAGE, asked_by=AUTHOR, now=room.now)
        first = await watcher(tmp_path, environment)
        run = await until(database, lambda run: run.stage in {"supervised", "preferences"})  # whichever is seen first
        assert run.state == RunState.RUNNING, run
        first.send_signal(signal.SIGKILL)
        house.kill("bot")
        house.kill("worker")
        await asyncio.gather(first.wait(), house.wait("bot"), house.wait("worker"))
        await asyncio.gather(house.start("worker"), house.start("bot"))
        second = await watcher(tmp_path, environment)
        run = await until(database, lambda run: run.state == RunState.FINISHED)
        assert run.state == RunState.FINISHED, (tmp_path / "watch.log").read_text()
        assert run.adapter is not None, run.verdict
        assert Store(tmp_path / "adapters").active() == run.adapter
        async with WorkerClient(house.worker_url, SecretStr(TOKEN)) as client:
            await worn(client, run.adapter)
            assert (await client.status()).adapter == run.adapter
            async with asyncio.timeout(5):
                assert (await client.rollback()).worn is None
            assert (await client.status()).adapter is None
        second.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.wait(), 30) == 0
