"""Jain's index of what ten servers receive of which one floods, through a real worker process.

    python -m benchmarks.worker.fairness [--seconds 120]

One server asks for 100 dialogs at once and again whenever one is done; nine have four under way each, so that
everybody always wants more. Counted are tokens of the text that arrives within the time. The index is 1 where all get
the same, 0.1 where one gets everything; a worker that knows no servers serves whoever asks most.
"""

import argparse
import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from benchmarks.worker import machine, workers
from model import engine
from model.briefs import Brief
from model.checkpoint import EMBEDDED
from model.client import WorkerClient
from model.engine import EngineError, Event, LineFullError, Text

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-fairness.json"
SERVERS: Final = 10
FLOOD: Final = 100  # briefs under way of the first
OTHERS: Final = 4  # of each of the others


def ask(client: Any, brief: Brief, server: int) -> AsyncGenerator[Event]:  # noqa: ANN401 - of two generations
    """Ask for ``server``, where the worker can be told so."""
    terms = getattr(engine, "Terms", None)
    if terms is None:
        stream: AsyncGenerator[Event] = client.stream(brief)
    else:
        stream = client.stream(brief, terms(server=f"server {server}", member="member"))
    return stream


async def measure(address: str, seconds: float) -> dict[str, Any]:
    """Return the tokens each server got, and the index."""
    spelt: Any = Tokenizer.from_file(str(EMBEDDED / "tokenizer.json"))
    got: Counter[int] = Counter()
    refused: Counter[int] = Counter()

    async def want(client: WorkerClient, server: int, first: int) -> None:
        for brief in workers.dialogs(first):
            try:
                async for event in ask(client, brief, server):
                    if isinstance(event, Text):
                        got[server] += len(spelt.encode(event.text, add_special_tokens=False).ids)
            except LineFullError:
                refused[server] += 1
                await asyncio.sleep(0.5)
            except EngineError:
                continue

    async with WorkerClient(address, None) as client:
        wants = [(server, number) for server in range(SERVERS) for number in range(OTHERS if server else FLOOD)]
        tasks = [asyncio.create_task(want(client, server, 10_000 * server + 100 * number)) for server, number in wants]
        await asyncio.sleep(seconds)
        counts = [got[server] for server in range(SERVERS)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "tokens of the flooding server": counts[0],
        "tokens of the others": counts[1:],
        "refused, flooding": refused[0],
        "refused, others": sum(refused.values()) - refused[0],
        "index": round(jain(counts), 3),
    }


def jain(amounts: list[int]) -> float:
    """Return Jain's index: (Σx)² ÷ (n Σx²)."""
    squares = sum(amount * amount for amount in amounts)
    return sum(amounts) ** 2 / (len(amounts) * squares) if squares else 1.0


def main() -> None:
    """Print what was found, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    first, others = workers.split()
    with workers.worker(first, capacity="256") as process:
        os.sched_setaffinity(0, others)
        told = asyncio.run(measure(process.address, options.seconds))
    knows = hasattr(engine, "Terms")
    for name, figure in told.items():
        print(f"{name}: {figure}")
    about = {**machine.about(), "seconds": options.seconds, "the worker knows servers": knows}
    RESULT.write_text(json.dumps({**about, **told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
