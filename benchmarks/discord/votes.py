"""What a vote costs the bot's process: statements, milliseconds of a processor, and of the clock; no Discord, no HTTP.

    python -m benchmarks.discord.votes [--votes 400] [--rounds 5]

5,000 members vote on 20 slates of five, one vote after the other and 64 at once, on SQLite. Medians of the rounds. Also
what it costs to look at a slate, as every edit of its card does. Other work on the machine lengthens the clock's times,
the processor's hardly.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Engine, event

from benchmarks.discord import room
from benchmarks.discord.fast import FastDiscord
from benchmarks.discord.paced import Paced
from benchmarks.discord.payloads import Card
from bot.app import App
from bot.usecases import browsing, voting
from db.database import Database
from db.ids import MemberId, PitchId, SlateId

SLATES: Final = 20
MEMBERS: Final = 5000
Act = Callable[[int], Awaitable[object]]


async def cost(act: Act, number: int, rounds: int, together: int = 1) -> tuple[float, float]:
    """Return the milliseconds of the processor and of the clock that one act takes."""
    found = list[tuple[float, float]]()
    for each in range(rounds):
        worked, began = time.process_time(), time.perf_counter()
        left = iter(range(each * number, (each + 1) * number))

        async def some(left: Any = left) -> None:  # noqa: ANN401 - an iterator that they share
            for one in left:
                await act(one)

        await asyncio.gather(*[some() for _ in range(together)])
        found.append((time.process_time() - worked, time.perf_counter() - began))
    return 1000 * median(one for one, _ in found) / number, 1000 * median(one for _, one in found) / number


async def measure(votes: int, rounds: int, folder: Path) -> None:
    """Print what was found."""
    cards = await room.furnish(folder, FastDiscord(), SLATES)
    database, statements = Database.connect(room.database_url(folder)), list[str]()
    app = App(database=database, engine=Paced(words=1, pace=0.0, full=False))

    async def vote(number: int) -> None:
        card: Card = cards[number % len(cards)]
        pitch = PitchId(card.pitches[number % 7 % len(card.pitches)])
        await voting.cast_vote(app, pitch, by=MemberId(f"discord:{number % MEMBERS}"))

    async def look(number: int) -> None:
        await browsing.slate(app, SlateId(cards[number % len(cards)].slate))

    try:
        await cost(vote, 50, 1)
        event.listen(Engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        await vote(51)
        print(f"statements a vote: {len(statements)}")
        for name, act, together in (("a vote", vote, 1), ("a vote of 64", vote, 64), ("a look", look, 1)):
            processor, clock = await cost(act, votes, rounds, together)
            print(f"{name}: {processor:.2f} ms of the processor, {clock:.2f} of the clock")
    finally:
        await database.close()


def main() -> None:
    """Measure in a folder that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asyncio.run(measure(options.votes, options.rounds, Path(folder)))


if __name__ == "__main__":
    main()
