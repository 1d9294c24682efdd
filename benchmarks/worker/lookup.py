"""What speculation without a second model would save: steps of the embedded writer that looking back would have spared.

    python -m benchmarks.worker.lookup [--briefs 40]

Every row that is written for the briefs of ``kept.py``, and for some stagings, is walked through once more: wherever
its last two tokens stood before in its prompt or text, the next ``DRAFTED`` tokens from there are proposed, and those
that were indeed written next count as accepted: a step less each, at the price of that many more tokens a step.
"""

import argparse
import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import machine, workers
from model.briefs import Brief, StagingBrief
from model.engine import NothingOriginalError
from model.engines.rows import Row
from model.screenplay import Turn
from model.serve import load_writer
from model.settings import WorkerSettings
from model.writer import Writer

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-lookup.json"
SEEN: Final = 2  # tokens that must have stood before
DRAFTED: Final = 4  # tokens proposed
_DIALOG: Final = (
    Turn("ANNA", "I told you not to open that door."),
    Turn("BEN", "It was open when I came."),
    Turn("ANNA", "Then who is in there?"),
    Turn("BEN", "That is what I was going to ask you."),
)


def asked(count: int) -> Iterator[Brief]:
    """Yield the briefs of ``kept.py`` and a staging for every four of them."""
    yield from workers.mixed(count)
    for seed in range(count // 4):
        yield StagingBrief(dialog=_DIALOG, seed=seed)


def spared(prompt: Sequence[int], written: Sequence[int]) -> int:
    """Return how many steps proposals out of the text so far would have spared ``written``."""
    text, saved, at = [*prompt, *written], 0, len(prompt)
    while at < len(text):
        accepted = _accepted(text, at)
        saved += accepted
        at += accepted + 1
    return saved


def _accepted(text: Sequence[int], at: int) -> int:
    key = text[at - SEEN : at]
    for before in range(at - SEEN - 1, -1, -1):
        if text[before : before + SEEN] == key:
            proposed = text[before + SEEN : min(before + SEEN + DRAFTED, at)]
            pairs = zip(proposed, text[at:], strict=False)
            return next((number for number, (left, right) in enumerate(pairs) if left != right), len(proposed))
    return 0


async def measure(writer: Writer, wanted: Sequence[Brief]) -> dict[str, Any]:
    """Return tokens and spared steps, kind of brief by kind."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    rows = _watched()
    for brief in wanted:
        try:
            async for _ in writer.stream(brief):
                pass
        except NothingOriginalError:
            pass  # what was written for it counts all the same
        kind = type(brief).__name__.removesuffix("Brief").lower()
        for row in rows:
            told[kind].update(tokens=len(row.written), spared=min(len(row.written), spared(row.call.ids, row.written)))
        rows.clear()
    return {kind: {**counts, "share": round(counts["spared"] / counts["tokens"], 3)} for kind, counts in told.items()}


def _watched() -> list[Row]:
    """Have every row that is begun written down from now on."""
    rows: list[Row] = []
    begin = Row.__init__

    def noted(self: Row, *words: Any) -> None:  # noqa: ANN401 - a row's own
        begin(self, *words)
        rows.append(self)

    Row.__init__ = noted  # type: ignore[method-assign, assignment]
    return rows


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--briefs", type=int, default=40)
    options = parser.parse_args()
    writer = load_writer(WorkerSettings())
    told = asyncio.run(measure(writer, list(asked(options.briefs))))
    print("| briefs | tokens | steps spared | share |\n|---|---|---|---|")
    for kind, counts in told.items():
        print(f"| {kind} | {counts['tokens']} | {counts['spared']} | {counts['share']:.1%} |")
    result = {**machine.about(), "model": writer.name, "seen": SEEN, "drafted": DRAFTED, **told}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
