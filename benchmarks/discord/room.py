"""A real bot process on our Discord, with slates to vote on; beside it a worker that streams, refuses or is away."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.discord.fast import FastDiscord
from benchmarks.discord.paced import Paced
from benchmarks.discord.payloads import CHANNELS, SERVER, Card, message
from benchmarks.worker.load import resident
from benchmarks.worker.servers import ROOT, free_port
from bot.app import App
from bot.ui import cards
from bot.usecases import browsing
from db import guilds, members, migrations, pitches, slates
from db.database import Database, Session
from db.ids import GuildId, MemberId, SlateId

REAL: Final = ("-m", "bot")
PLAIN: Final = ("-m", "benchmarks.discord.plain_bot")
PITCHES: Final = 5  # a slate
GUILD: Final = GuildId(f"discord:{SERVER}")
_AUTHOR: Final = MemberId("discord:1")
_READY: Final = 60.0
_STOP: Final = 15.0
_MUCH: Final = 10_000_000  # votes and slates that are never reached


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot process that has logged in."""

    process: int
    log: Path

    def memory(self) -> int:
        """Return its resident bytes."""
        return resident(self.process)

    def worked(self) -> float:
        """Return the seconds of a processor that it has taken so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def marked(self) -> int:
        """Return how long its log is, to be given to :meth:`lags` later."""
        return self.log.stat().st_size

    def lags(self, since: int) -> list[float]:
        """Return the worst lag of its event loop, in milliseconds, of every interval logged ``since`` then."""
        said = self.log.read_bytes()[since:].decode(errors="replace").splitlines()
        told = [json.loads(line) for line in said if line.startswith("{") and line.endswith("}")]
        return [line["worst_lag_ms"] for line in told if line.get("event") == "event loop"][
            1:
        ]  # the first began before

    def troubles(self) -> list[str]:
        """Return what its log warns of, an event once."""
        told = [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]
        return sorted({line["event"] for line in told if line.get("level") in {"warning", "error", "critical"}})


@asynccontextmanager
async def process(words: Sequence[str], env: dict[str, str], log: Path) -> AsyncGenerator[int]:
    """Run a Python program of ours; SIGTERM at the end, and SIGKILL if that does not help."""
    around = {key: value for key, value in os.environ.items() if not key.startswith("GREENLIT_")}
    with log.open("ab") as file:
        running = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**around, "PYTHONPATH": str(ROOT), **env}, cwd=log.parent,
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    try:
        yield running.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(running.wait(), _STOP)
        except TimeoutError:
            running.kill()
            await running.wait()


@asynccontextmanager
async def worker(folder: Path, *options: str) -> AsyncGenerator[str]:
    """Run a paced worker (see :mod:`benchmarks.discord.paced`) and yield its address."""
    port = free_port()
    words = ("-m", "benchmarks.discord.paced", str(port), *options)
    async with process(words, {}, folder / "worker.log"):
        async with asyncio.timeout(_READY), httpx.AsyncClient(trust_env=False) as http:
            while not await _answers(http, f"http://127.0.0.1:{port}/readyz"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def bot(
    discord: FastDiscord, folder: Path, worker_url: str, program: Sequence[str] = REAL
) -> AsyncGenerator[Bot]:
    """Run a bot on ``discord`` until the end of the block, over the database of ``folder``."""
    env = {
        **discord.environment,
        "GREENLIT_DATABASE_URL": database_url(folder),
        "GREENLIT_OUTBOX": str(folder / "outbox"),
        "GREENLIT_WORKER_URL": worker_url,
        "GREENLIT_WEB_PORT": str(free_port()),
        "GREENLIT_DRAIN_SECONDS": "0",
        "GREENLIT_LAG_LOG": "1",
    }
    log = folder / "bot.log"
    async with process(program, env, log) as number:
        await discord.ready(_READY)
        async with asyncio.timeout(_READY):
            while b"on Discord" not in log.read_bytes():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield Bot(number, log)


def database_url(folder: Path) -> str:
    """Return the address of the database in a folder."""
    return f"sqlite:///{folder / 'room.db'}"


async def furnish(folder: Path, discord: FastDiscord, slates_wanted: int) -> list[Card]:
    """Make the database of a room with so many open slates, and return their cards, spread over the channels.

    Nothing is ever greenlit by votes, and nobody has asked enough; some shows of earlier are there.
    """
    await asyncio.to_thread(migrations.upgrade, database_url(folder))
    database = Database.connect(database_url(folder))
    app = App(database=database, engine=Paced(words=1, pace=0.0, full=False))
    try:
        async with database.writing() as session:
            await members.ensure(session, _AUTHOR)
            await guilds.ensure(session, GUILD)
            wide = {"votes_to_greenlight": _MUCH, "slates_a_day": _MUCH, "slates_a_day_of_all": _MUCH}
            await guilds.change(session, GUILD, **wide)
            numbers = [await _slate(session, number) for number in range(slates_wanted + 3)]
            for slate in numbers[:3]:
                shows = await pitches.of_slate(session, slate)
                await pitches.greenlight(session, shows[0].id, decided_by=_AUTHOR, now=datetime.now(UTC))
        return [await _card(app, discord, slate, place) for place, slate in enumerate(numbers[3:])]
    finally:
        await database.close()


async def _slate(session: Session, number: int) -> SlateId:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"genre": "comedy", "theme": "time travel", "count": PITCHES, "seed": number}
    slate = await slates.create(session, guild_id=GUILD, asked_by=_AUTHOR, now=now, **asked)
    for slot in range(PITCHES):
        title, summary = f"The Long Tide {number} {slot}", "A harbor town waits for a ship that was never built. " * 2
        await pitches.add(
            session, slate_id=slate.id, slot=slot, title=title, title_key=title.casefold(), summary=summary
        )
    await slates.open_slate(session, slate.id, model="none", dropped=0, now=now, closes_at=now + timedelta(days=1))
    return slate.id


async def _card(app: App, discord: FastDiscord, slate: SlateId, place: int) -> Card:
    view = await browsing.slate(app, slate)
    components = cards.slate_card(view).to_components()  # type: ignore[no-untyped-call]
    channel = CHANNELS[place % len(CHANNELS)]
    hanging = message(discord.numbers.new(), channel, components)
    return Card(slate, hanging, channel, tuple(pitch.id for pitch in view.pitches))
