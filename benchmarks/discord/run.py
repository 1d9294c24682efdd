"""The bot on Discord under load: acknowledgements, interactions a second, memory, edits and the event loop's lag.

    python -m benchmarks.discord.run [--quick] [--interactions 100000] [--only acknowledgements ...]

The real bot process is asked by a Discord of our own on 127.0.0.1 (``fast.py``), beside a worker without a model
(``paced.py``). Acknowledgements: 50 votes and 5 ``/pitch`` a second, in milliseconds from sending the interaction to
receiving the callback. Interactions a second: 64 at once, answered, against a bot that only defers, in the same run.
Where others use the machine meanwhile, read the ratios.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.discord import measures
from benchmarks.worker import machine

RESULT: Final = Path(__file__).parents[1] / "results" / "discord.json"
PARTS: Final = ("acknowledgements", "throughput", "edits", "memory", "memory-of-votes")


async def measured(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one part."""
    match part:
        case "acknowledgements":
            return await measures.acknowledgements(4.0 if options.quick else 20.0)
        case "throughput":
            return await measures.throughput(500 if options.quick else 1000, 2 if options.quick else 5)
        case "edits":
            return await measures.edits()
        case _:
            number = 5000 if options.quick else options.interactions
            return await measures.memory(number, mixed=part == "memory")


def show(part: str, found: dict[str, Any]) -> None:
    """Print the figures of a part."""
    print(f"\n## {part}")
    if part != "acknowledgements":
        for name, figure in found.items():
            print(f"{name}: {figure}")
        return
    print("| worker | vote p50, p99, max ms | lost | /pitch p50, p99, max ms | lost | worst lag ms |")
    print("|---|---|---|---|---|---|")
    for state, told in found.items():
        cells = [cell for kind in ("vote", "pitch") for cell in (_times(told[kind]), told[kind]["lost"])]
        print(f"| {state} | {' | '.join(map(str, cells))} | {told['lag'].get('worst ms')} |")
        print({name: value for name, value in told.items() if name not in {"vote", "pitch"}})


def _times(told: dict[str, Any]) -> str:
    return ", ".join(str(told.get(name, "–")) for name in ("p50 ms", "p99 ms", "max ms"))


def main() -> None:
    """Print the tables, write the result; a part that is not asked for stays as it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two minutes, to see that it works; nothing is written")
    parser.add_argument("--interactions", type=int, default=100_000, help="after which memory is told")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    kept = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    for part in options.only:
        start = time.perf_counter()
        found = asyncio.run(measured(part, options))
        show(part, found)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)
        if not options.quick:
            kept = {**kept, **machine.about(), part: found}
            RESULT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
