"""What the shell starts: the watcher with its database and signals, and the data sheet."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import UTC, datetime

from db.database import Database
from training.feedback import gather
from training.runner import Watcher, schooling_of
from training.settings import TrainerSettings


@dataclass(frozen=True, slots=True)
class Sheet:
    """Counts of what may be learnt, as a table for people and as facts."""

    sentence: str
    facts: dict[str, object]


async def stand_watch(*, once: bool) -> int:
    """Work on queued runs until SIGINT or SIGTERM, or with ``once`` until none is left; return how many.

    Raises:
        ValidationError: a setting is wrong. StorageError: the database cannot be used.
    """
    settings = TrainerSettings()
    database = Database.connect(settings.database())
    try:
        await database.check()
        watcher = Watcher(database, settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, watcher.stop)
        return await _until_none(watcher) if once else await watcher.watch()
    finally:
        await database.close()


async def _until_none(watcher: Watcher) -> int:
    done = 0
    while await watcher.once():
        done += 1
    return done


async def sheet() -> Sheet:
    """Return the data sheet of what a run would learn from now.

    Raises:
        ValidationError: a setting is wrong. StorageError: the database cannot be used.
    """
    settings = TrainerSettings()
    database = Database.connect(settings.database())
    try:
        await database.check()
        found = await gather(database, datetime.now(UTC))
    finally:
        await database.close()
    missing = found.missing(schooling_of(settings).minimum)
    rows = [f"{number:8,} {name}" for name, number in found.sheet.items()]
    rows += [f"Not yet: {number:,} more {name} are needed." for name, number in missing.items()]
    return Sheet("\n".join(rows), {"sheet": dict(found.sheet), "missing": missing})
