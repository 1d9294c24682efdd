"""A bot process for tests: ``python -m tests.bot.posting_process DATABASE WORLD`` posts each day that it reads.

``WORLD`` is a file in which each post is a line, so that two posts of a day are two lines.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from bot import jobs
from bot.app import App
from bot.networks.base import Announcement, Measure
from db.database import Database
from model.fake import fake_engine
from tests.bot.doubles import Clock, draw


@dataclass
class Wall:
    """A network that forgets nothing and refuses nothing."""

    path: Path
    name: str = "wall"
    account: str = ""

    def text(self, announcement: Announcement) -> str:
        return announcement.title

    def measure(self, text: str) -> Measure:
        return Measure(length=len(text), limit=None)

    async def post(self, announcement: Announcement, text: str) -> str:
        line = f"{announcement.day} {text}\n".encode()
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, line)
        os.close(file)
        await asyncio.sleep(0.01)
        return f"wall:{announcement.day}"

    async def find(self, announcement: Announcement, text: str) -> str | None:
        del text
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return next((f"wall:{line[:10]}" for line in lines if line.startswith(str(announcement.day))), None)


async def main(url: str, world: str) -> None:
    clock = Clock()
    app = App(database=Database.connect(url), engine=fake_engine(), networks=(Wall(Path(world)),), now=clock)
    for line in sys.stdin:
        clock.time = datetime.fromisoformat(line.strip())
        await jobs.daily(app, draw, time(12))
        sys.stdout.write("told\n")
        sys.stdout.flush()
    await app.database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
