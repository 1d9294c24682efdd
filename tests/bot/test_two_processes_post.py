"""Two real processes on one database, told the time at the same moment; one is killed now and then."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from db import posts
from db.database import Database
from tests.bot.doubles import NOON
from tests.bot.year import days_from, fill

ROOT = Path(__file__).parents[2]
DAYS = 30
Process = asyncio.subprocess.Process


async def start(url: str, world: Path) -> Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "tests.bot.posting_process", url, str(world)]
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )


async def tell(process: Process, moment: str) -> None:
    assert process.stdin
    process.stdin.write(f"{moment}\n".encode())
    await process.stdin.drain()


async def heard(process: Process) -> None:
    assert process.stdout
    async with asyncio.timeout(60):
        while (line := await process.stdout.readline()) != b"told\n":  # it logs, too
            assert line, "the process is gone"


@pytest.mark.end_to_end
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_two_processes_post_each_day_once_although_one_is_killed(database_url: str, tmp_path: Path) -> None:
    database, world = Database.connect(database_url), tmp_path / "world.txt"
    await fill(database, DAYS + 10)
    both = [await start(database_url, world) for _ in range(2)]
    for day in range(DAYS):
        moment = NOON + timedelta(days=day)
        for process in both:
            await tell(process, moment.isoformat())
        if day % 10 == 9:
            await asyncio.sleep(0.004 * (day // 10))
            both[1].kill()
            await both[1].communicate()
            await heard(both[0])
            both[1] = await start(database_url, world)
            for process in both:  # whatever the dead one had begun is taken up
                await tell(process, (moment + timedelta(minutes=11)).isoformat())
        for process in both:
            await heard(process)
    for process in both:
        await process.communicate(b"")  # the end of what it is told
    async with database.reading() as session:
        rows = await posts.recent(session, 2 * DAYS)
    await database.close()
    posted = [line[:10] for line in world.read_text().splitlines()]
    assert sorted(posted) == [str(day) for day in days_from(NOON.date(), DAYS)]
    assert {row.state for row in rows} == {"posted"}
    assert len({row.pitch_id for row in rows}) == DAYS
