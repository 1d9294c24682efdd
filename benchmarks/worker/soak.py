"""Whether a worker grows: its resident memory over 10,000 small requests, and the slope of a line through it.

    python -m benchmarks.worker.soak [--requests 10000] [--at-once 16]

Every request is a slate of one; every tenth is left by its reader after the first words. The first tenth is not
counted: memory that is taken once. The slope is by least squares, in MB a thousand requests.
"""

import argparse
import asyncio
import itertools
import json
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import machine, workers
from benchmarks.worker.load import resident
from benchmarks.worker.servers import Server
from model import briefs
from model.briefs import PitchBrief
from model.client import WorkerClient
from model.engine import LineFullError, NothingOriginalError, Text

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-soak.json"
LEAVES: Final = 10  # one request in so many is left
LOOKS: Final = 200


def brief(number: int) -> PitchBrief:
    """Return the brief of a request."""
    genre = briefs.GENRES[number % len(briefs.GENRES)]
    return PitchBrief(genre=genre, theme=briefs.theme("a lighthouse"), count=1, seed=number)


async def measure(server: Server, requests: int, at_once: int) -> list[tuple[int, float]]:
    """Return how many requests were done and how many MB the worker had, at many moments."""
    left, done = itertools.count(), itertools.count(1)
    looks: list[tuple[int, float]] = []
    fruitless: list[int] = []  # requests of which nothing original came

    async def ask(client: WorkerClient) -> None:
        while (number := next(left)) < requests:
            try:
                await _one(client, number)
            except LineFullError as error:
                await asyncio.sleep(min(1, error.retry_after))
            except NothingOriginalError:
                fruitless.append(number)
            if (finished := next(done)) % max(1, requests // LOOKS) == 0:
                looks.append((finished, resident(server.process) / 1e6))

    async with WorkerClient(server.address, None) as client, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(ask(client))
    print(f"of {requests} requests {len(fruitless)} brought nothing original")
    return looks


async def _one(client: WorkerClient, number: int) -> None:
    async with aclosing(client.stream(brief(number))) as events:
        async for event in events:
            if number % LEAVES == 0 and isinstance(event, Text):
                return


def slope(looks: list[tuple[int, float]]) -> float:
    """Return MB a request by least squares."""
    count = len(looks)
    middle, level = sum(x for x, _ in looks) / count, sum(y for _, y in looks) / count
    return sum((x - middle) * (y - level) for x, y in looks) / sum((x - middle) ** 2 for x, _ in looks)


def main() -> None:
    """Print what was found, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    start = time.perf_counter()
    with workers.worker(capacity=str(2 * options.at_once)) as server:
        looks = asyncio.run(measure(server, options.requests, options.at_once))
    counted = [look for look in looks if look[0] > options.requests // 10]
    told: dict[str, Any] = {
        "requests": options.requests,
        "at once": options.at_once,
        "minutes": round((time.perf_counter() - start) / 60, 1),
        "MB after a tenth": round(counted[0][1], 1),
        "MB at the end": round(counted[-1][1], 1),
        "MB at most": round(max(rss for _, rss in looks), 1),
        "slope MB a 1,000": round(1000 * slope(counted), 3),
    }
    for name, figure in told.items():
        print(f"{name}: {figure}")
    about = {**machine.about(), **told, "looks": [[number, round(rss, 1)] for number, rss in looks]}
    RESULT.write_text(json.dumps(about) + "\n", "utf-8")


if __name__ == "__main__":
    main()
