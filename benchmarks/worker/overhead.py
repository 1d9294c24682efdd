"""What our HTTP layer costs: the same briefs through a real worker over the loopback and straight in this process.

    python -m benchmarks.worker.overhead [--briefs 10] [--repeats 5] [--at-once 1 8]

Both ways take turns, each with its model loaded and one core for the whole of it (model, event loop and, for the
worker, HTTP); who asks the worker sits on another core, if there is one. The overhead is the median, over the turns,
of (time through HTTP ÷ time in the process) − 1, of the same briefs with the same seeds: the same tokens.
"""

import argparse
import asyncio
import json
import os
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.worker import machine, workers
from model.briefs import Brief
from model.client import WorkerClient
from model.engine import Engine, Finished, NothingOriginalError
from model.serve import load_writer
from model.settings import WorkerSettings
from model.worker import Worker

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-overhead.json"
CAPACITY: Final = 128


async def write(engine: Engine, asked: list[Brief], at_once: int) -> tuple[float, int]:
    """Let ``engine`` answer all briefs, so many at once; return the seconds, and the tokens that went into drafts."""
    left, tokens = iter(asked), 0

    async def one_after_the_other() -> None:
        nonlocal tokens
        for brief in left:
            try:
                async for event in engine.stream(brief):
                    if isinstance(event, Finished):
                        tokens += event.computed
            except NothingOriginalError:
                continue

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())
    return time.perf_counter() - start, tokens


def measure(briefs: int, repeats: int, at_once: int) -> dict[str, Any]:
    """Return seconds of both ways, turn by turn, and the overhead."""
    first, others = workers.split()
    os.sched_setaffinity(0, first)  # the threads of the model keep it
    settings = WorkerSettings(capacity=CAPACITY)
    here = Worker(capacity=CAPACITY, at_once=settings.at_once)
    here.open(load_writer(settings))
    told: dict[str, list[float]] = {"in process": [], "over HTTP": []}
    with workers.worker(first, capacity=str(CAPACITY)) as process, asyncio.Runner() as runner:
        client = WorkerClient(process.address, None)
        for turn in range(repeats + 1):
            asked = workers.mixed(briefs, seed=1000 * turn)
            os.sched_setaffinity(0, first)
            inside, counted = runner.run(write(here, asked, at_once))
            os.sched_setaffinity(0, others)
            outside, heard = runner.run(write(client, asked, at_once))
            if counted != heard:
                raise ValueError(f"{heard} tokens over HTTP, {counted} in the process")
            if turn:  # the first is to warm up
                told["in process"].append(round(inside, 3))
                told["over HTTP"].append(round(outside, 3))
        runner.run(client.aclose())
    ratios = [http / inside for http, inside in zip(told["over HTTP"], told["in process"], strict=True)]
    return {**told, "overhead": round(median(ratios) - 1, 4), "every ratio": [round(ratio, 4) for ratio in ratios]}


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--briefs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    result: dict[str, Any] = {**machine.about(), "threads": 1, "briefs": options.briefs}
    print("| briefs at once | in process s | over HTTP s | overhead |\n|---|---|---|---|")
    for at_once in options.at_once:
        os.sched_setaffinity(0, cores)
        told = measure(options.briefs, options.repeats, at_once)
        result[f"{at_once} at once"] = told
        inside, outside = median(told["in process"]), median(told["over HTTP"])
        print(f"| {at_once} | {inside:.2f} | {outside:.2f} | {told['overhead']:.1%} |")
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
