"""How late the event loop of a bot is that reads 32 streams from a real worker process.

    python -m benchmarks.worker.lag [--streams 32] [--seconds 30]

A ticker asks to be woken every 5 ms and notes by how much it is late: first while nothing is read, then while the
streams are. The worker has the first core, the reader another, if there is one.
"""

import argparse
import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import machine, workers
from model.client import WorkerClient
from model.engine import EngineError, LineFullError

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-lag.json"
TICK: Final = 0.005


async def late(seconds: float) -> dict[str, float]:
    """Return by how many milliseconds the ticks of so many seconds came late."""
    lags = []
    end = time.perf_counter() + seconds
    while (asked := time.perf_counter()) < end:
        await asyncio.sleep(TICK)
        lags.append(1000 * (time.perf_counter() - asked - TICK))
    lags.sort()
    shares = {"p50 ms": 0.5, "p99 ms": 0.99, "max ms": 1.0}
    return {name: round(lags[min(len(lags) - 1, int(share * len(lags)))], 2) for name, share in shares.items()}


async def measure(address: str, streams: int, seconds: float) -> dict[str, Any]:
    """Return the lag while nothing is read and while ``streams`` are, and how many events came in that time."""
    heard = 0

    async def read(client: WorkerClient, number: int) -> None:
        nonlocal heard
        for brief in workers.dialogs(1000 * number):
            try:
                async for _ in client.stream(brief):
                    heard += 1
            except LineFullError:
                await asyncio.sleep(0.2)
            except EngineError:
                continue

    idle = await late(min(5.0, seconds))
    async with WorkerClient(address, None) as client:
        reading = [asyncio.create_task(read(client, number)) for number in range(streams)]
        await asyncio.sleep(1)  # until everybody has asked
        heard = 0
        busy = await late(seconds)
        events = heard
        for task in reading:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*reading, return_exceptions=True)
    return {"idle": idle, f"{streams} streams": busy, "events a second": round(events / seconds)}


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    first, others = workers.split()
    with workers.worker(first, capacity=str(4 * options.streams), at_once=str(options.streams)) as process:
        os.sched_setaffinity(0, others)
        told = asyncio.run(measure(process.address, options.streams, options.seconds))
    print("| reading | p50 ms | p99 ms | max ms |\n|---|---|---|---|")
    for name, figures in told.items():
        if isinstance(figures, dict):
            print(f"| {name} | {' | '.join(map(str, figures.values()))} |")
    print(f"{told['events a second']} events a second")
    RESULT.write_text(json.dumps({**machine.about(), "tick ms": 1000 * TICK, **told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
