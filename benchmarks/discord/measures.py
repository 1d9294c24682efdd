"""What is measured: how fast interactions are acknowledged, how many a second, what they leave in memory, and edits."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.discord import room
from benchmarks.discord.fast import Asked, Edits, FastDiscord
from benchmarks.discord.payloads import CHANNELS, Card
from benchmarks.worker.servers import free_port
from benchmarks.worker.soak import slope

SLATES: Final = 20
PATIENCE: Final = 3.0  # seconds after which a member reads that the application did not respond
AT_ONCE: Final = 64
SPELL: Final = 500
VOTES_A_SECOND: Final = 50.0
PITCHES_A_SECOND: Final = 5.0
STREAMS: Final = 50
STREAM: Final = ("--words", "80", "--pace", "0.3")  # 24 seconds a slate
QUICK: Final = ("--words", "4", "--pace", "0.01")
LOOKS: Final = 10
WARM_UP: Final = 0.2  # of the looks at memory
QUIET: Final = 6.0  # seconds without an edit after which all cards stand
WORKERS: Final[dict[str, tuple[str, ...] | None]] = {"idle": QUICK, "busy": STREAM, "full": ("--full",), "dead": None}
MIX: Final = ("vote",) * 18 + ("leaderboard", "shows")  # with a /pitch in place of every hundredth
Send = Callable[[int], Awaitable[Asked]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """A bot, its Discord, and the cards that hang there."""

    discord: FastDiscord
    bot: room.Bot
    cards: list[Card]

    async def vote(self, number: int) -> Asked:
        """Send the vote of one of 5,000 members on one of the slates."""
        card = self.cards[number % len(self.cards)]
        return await self.discord.click(number % 5000, card, card.pitches[number % 7 % len(card.pitches)])

    async def pitch(self, number: int) -> Asked:
        """Send a member's ``/pitch``; each number is another member."""
        channel = CHANNELS[number % len(CHANNELS)]
        asked: dict[str, str | int] = {"genre": "comedy", "theme": "time travel", "count": 3}
        return await self.discord.slash(10_000 + number, channel, "pitch", **asked)

    async def write(self) -> Asked:
        """Send a command that writes: it is answered when the votes before it are counted, for writers take turns."""
        return await self.discord.slash(9999, CHANNELS[0], "notify", wanted=True)

    async def any(self, number: int) -> Asked:
        """Send one of a mix: 90 votes of 100, then leaderboards, lists of shows, and a ``/pitch``."""
        if number % 100 == 50:
            asked = await self.pitch(number)
            asked.answered = asked.acknowledged  # its card has time
            return asked
        kind = MIX[number % len(MIX)]
        if kind == "vote":
            return await self.vote(number)
        return await self.discord.slash(number % 5000, CHANNELS[number % len(CHANNELS)], kind)


@asynccontextmanager
async def stage(worker: Sequence[str] | None, program: Sequence[str] = room.REAL) -> AsyncGenerator[Stage]:
    """Set up Discord, a worker with these options (None: nobody there) and a bot, all new."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with FastDiscord() as discord:
            cards = await room.furnish(folder, discord, SLATES)
            if worker is None:
                async with room.bot(discord, folder, f"http://127.0.0.1:{free_port()}", program) as bot:
                    yield Stage(discord, bot, cards)
                return
            async with (
                room.worker(folder, *worker) as address,
                room.bot(discord, folder, address, program) as bot,
            ):
                yield Stage(discord, bot, cards)


# Acknowledgements ------------------------------------------------------------------------------------


async def steadily(send: Send, number: int, a_second: float) -> Json:
    """Send so many a second, whether or not they are answered, and return how long acknowledgements took."""
    loop, asked = asyncio.get_running_loop(), list[Asked]()
    start = loop.time()
    for each in range(number):
        await asyncio.sleep(max(0.0, start + each / a_second - loop.time()))
        asked.append(await send(each))
    await asyncio.wait([one.acknowledged for one in asked], timeout=PATIENCE)
    return told([one.took for one in asked if one.acknowledged.done()], of=number)


def told(times: list[float], *, of: int) -> Json:
    """Return the figures of acknowledgements in milliseconds; ``lost`` are those not acknowledged in time."""
    times = sorted(times)
    figures = {name: times[min(len(times) - 1, int(share * len(times)))] for name, share in _SHARES.items() if times}
    late = sum(one > 1000 * PATIENCE for one in times)
    return {**{name: round(ms, 1) for name, ms in figures.items()}, "asked": of, "lost": of - len(times) + late}


_SHARES: Final = {"p50 ms": 0.5, "p99 ms": 0.99, "max ms": 1.0}


async def acknowledgements(seconds: float) -> Json:
    """Return how fast votes and ``/pitch`` are acknowledged while the worker is idle, busy, full, dead."""
    found: Json = {}
    for state, worker in WORKERS.items():
        async with stage(worker) as here:
            if state == "busy":
                await asyncio.gather(*[here.pitch(1000 + number) for number in range(STREAMS)])
                await asyncio.sleep(2.0)
            await steadily(here.vote, 50, VOTES_A_SECOND)  # what is cold the first time
            since = here.bot.marked()
            votes, pitches = await asyncio.gather(
                steadily(here.vote, int(seconds * VOTES_A_SECOND), VOTES_A_SECOND),
                steadily(here.pitch, int(seconds * PITCHES_A_SECOND), PITCHES_A_SECOND),
            )
            found[state] = {"vote": votes, "pitch": pitches, "lag": lag(here.bot, since), **rest(here)}
    return found


def lag(bot: room.Bot, since: int) -> Json:
    """Return the worst lag of each second: their median and the worst of all, in milliseconds."""
    lags = bot.lags(since)
    return {"median of the worst ms": round(median(lags), 1), "worst ms": max(lags)} if lags else {}


def rest(here: Stage) -> Json:
    """Return what should not have been: sentences that members read, routes not known, warnings."""
    odd = {"said privately": dict(+here.discord.said), "unknown": dict(here.discord.unknown)}
    return {name: value for name, value in {**odd, "log": here.bot.troubles()}.items() if value}


# Throughput ------------------------------------------------------------------------------------------


async def at_once(here: Stage, send: Send, numbers: range, together: int = AT_ONCE) -> float:
    """Send all ``numbers``, ``together`` at a time, each after an answer came; return how many a second were done.

    A vote that takes long is acknowledged before it is counted: so now and then all that were sent are waited for.
    """
    start = time.perf_counter()
    for first in range(0, len(numbers), SPELL):
        left = iter(numbers[first : first + SPELL])

        async def ask(left: Iterator[int] = left) -> None:
            for number in left:
                await _answered(await send(number))

        await asyncio.gather(*[ask() for _ in range(together)])
        await _answered(await here.write())
    return len(numbers) / (time.perf_counter() - start)


async def _answered(asked: Asked) -> None:
    async with asyncio.timeout(60.0):
        await asked.answered


async def throughput(number: int, rounds: int) -> Json:
    """Return interactions a second of votes and of a mix, through the real bot and through the plain one.

    Each is the median of ``rounds``; with it the milliseconds of a processor that the bot's process took for one.
    """
    found: Json = {}
    for name, program in {"plain": room.PLAIN, "GreenLIT": room.REAL}.items():
        async with stage(QUICK, program) as here:
            here.discord.deferred_is_all = program is room.PLAIN
            await at_once(here, here.any, range(200))
            asked = range(1000, 1000 + number * rounds)
            votes = await _rounds(here, here.vote, asked, rounds)
            mix = await _rounds(here, here.any, range(asked.stop, asked.stop + number * rounds), rounds)
            found[name] = {"votes": votes, "mix": mix, **rest(here)}
    ratios = {
        kind: {what: round(found["GreenLIT"][kind][what] / found["plain"][kind][what], 3) for what in _COMPARED}
        for kind in ("votes", "mix")
    }
    return {"at once": AT_ONCE, **found, "ratio": ratios}


_COMPARED: Final = ("a second", "processor ms")


async def _rounds(here: Stage, send: Send, numbers: range, rounds: int) -> Json:
    rates, since, worked = list[float](), here.bot.marked(), here.bot.worked()
    for each in range(rounds):
        rates.append(
            await at_once(here, send, numbers[each * len(numbers) // rounds : (each + 1) * len(numbers) // rounds])
        )
    processor = 1000 * (here.bot.worked() - worked) / len(numbers)
    return {"a second": round(median(rates), 1), "processor ms": round(processor, 2), "lag": lag(here.bot, since)}


# Memory ----------------------------------------------------------------------------------------------


async def memory(number: int, *, mixed: bool) -> Json:
    """Return the bot's resident memory after every tenth of ``number`` votes, or of a mix, and its slope."""
    step = max(1, number // LOOKS)
    async with stage(QUICK) as here:
        looks = [(0, here.bot.memory())]
        for start in range(0, number, step):
            await at_once(here, here.any if mixed else here.vote, range(start, start + step))
            looks.append((start + step, here.bot.memory()))
        counted = [(float(x), float(y)) for x, y in looks[1 + int(WARM_UP * LOOKS) :]]
        return {
            "interactions": number,
            "bytes an interaction": round(slope([(int(x), y) for x, y in counted]), 1),
            "MB": [[x, round(y / 1e6, 1)] for x, y in looks],
            **rest(here),
        }


# Edits -----------------------------------------------------------------------------------------------


async def edits() -> Json:
    """Return how 50 slates are streamed in ten channels whose limit all edits share."""
    async with stage(STREAM) as here:
        here.discord.strict, here.discord.edits = True, Edits()
        since, start = here.bot.marked(), time.perf_counter()
        await asyncio.gather(*[here.pitch(number) for number in range(STREAMS)])
        noted = here.discord.edits
        while _quiet(noted, start) < QUIET:  # noqa: ASYNC110 - that nothing happens is no event
            await asyncio.sleep(0.5)
        return {**_figures(noted, start), "429": here.discord.limits.refused, "lag": lag(here.bot, since), **rest(here)}


def _quiet(noted: Edits, start: float) -> float:
    last = max((times[-1] for times in noted.by_channel.values()), default=start)
    return time.perf_counter() - last


def _figures(noted: Edits, start: float) -> Json:
    gaps = [after - before for times in noted.by_channel.values() for before, after in pairwise(times)]
    firsts = [edited - noted.sent[message] for message, edited in noted.first.items() if message in noted.sent]
    last = max(times[-1] for times in noted.by_channel.values())
    number = sum(map(len, noted.by_channel.values()))
    return {
        "streams": STREAMS,
        "channels": len(noted.by_channel),
        "edits": number,
        "seconds": round(last - start, 1),
        "edits a second": round(number / (last - start), 2),
        "shortest gap s": round(min(gaps), 3),
        "first edit after s": {"least": round(min(firsts), 3), "median": round(median(firsts), 3)},
    }
