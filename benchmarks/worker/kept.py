"""How much of what the embedded writer computes is kept: tokens of drafts ÷ tokens written, over 100 briefs.

    python -m benchmarks.worker.kept [--briefs 100]

The briefs are six slates of three, two dialogs and two scripts of ten, the same every time.
"""

import argparse
import asyncio
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import machine, workers
from model.engine import Finished, NothingOriginalError
from model.serve import load_writer
from model.settings import WorkerSettings
from model.writer import Writer

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-kept.json"


async def measure(writer: Writer, count: int) -> dict[str, Any]:
    """Return what was computed, kept and dropped, kind of brief by kind."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for brief in workers.mixed(count):
        kind = type(brief).__name__.removesuffix("Brief").lower()
        try:
            async for event in writer.stream(brief):
                if isinstance(event, Finished):
                    seen = Counter({"briefs": 1, "computed": event.computed, "kept": event.kept, **event.dropped})
                    told[kind].update(seen)
                    told["all"].update(seen)
        except NothingOriginalError:
            told[kind]["without a draft"] += 1  # what it computed is not told
            told["all"]["without a draft"] += 1
    return {
        kind: {**counts, "kept of computed": round(counts["kept"] / max(1, counts["computed"]), 3)}
        for kind, counts in told.items()
    }


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--briefs", type=int, default=100)
    options = parser.parse_args()
    writer = load_writer(WorkerSettings())
    told = asyncio.run(measure(writer, options.briefs))
    print("| briefs | computed | kept | share |\n|---|---|---|---|")
    for kind, counts in told.items():
        print(
            f"| {kind} ({counts['briefs']}) | {counts['computed']} | {counts['kept']} | {counts['kept of computed']} |"
        )
    result = {**machine.about(), "model": writer.name, **told}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
