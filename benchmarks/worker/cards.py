"""What a worker writes on a machine: tokens a second at so many rows, measured or computed, and from where."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WORKER: Final = Path(__file__).parents[1] / "results" / "worker.json"
TABLE: Final = "llama24, 1 threads"  # of the worker's benchmark: the shape of the embedded writer
ENGINE: Final = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A machine with a model: its rates by the number of rows, where they are from, and how many briefs at once."""

    name: str
    rates: dict[int, float]
    source: str
    seats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What bounds a model of so many weights on a GPU; everything in bytes, seconds and operations."""

    bandwidth: float = 4.3e12
    """What a copy reaches on an H200."""
    arithmetic: float = 790e12
    """What a matrix product reaches there in bf16."""
    weights: float = 6.05e9
    """GPT-J-6B."""
    width: float = 2
    """Bytes of a weight."""
    remembered: float = 28 * 2 * 4096 * 2
    """Bytes of keys and values a token: layers × two × width of the model × bytes."""
    context: float = 300
    """Tokens that a row looks back on, on average."""
    reached: float = 0.5
    """Share of the bound that is reached; an assumption."""

    def bound(self, rows: int) -> float:
        """Return the tokens a second that memory and arithmetic allow: a step reads all weights and each row's past."""
        memory = (self.weights * self.width + rows * self.remembered * self.context) / self.bandwidth
        return rows / max(memory, 2 * self.weights * rows / self.arithmetic)

    def rate(self, rows: int) -> float:
        """Return the tokens a second to plan with."""
        return self.reached * self.bound(rows)


# One core of a Zen 5, the shape of the embedded writer, before the worker's benchmark had run; see docs/scaling.md.
BEFORE: Final = {1: 95.0, 8: 324.0, 32: 391.0}


def processor(result: Path = WORKER) -> Card:
    """Return the embedded writer on one core, by the worker's benchmark; if it was never run, as without our loop."""
    rates, source = BEFORE, "transformers' generate, before the worker's benchmark was run"
    if result.exists():
        table = json.loads(result.read_text("utf-8")).get(TABLE, {})
        told = table.get("engines", {}).get(ENGINE, {})
        found = {int(name.split()[0]): one["tokens a second"] for name, one in told.items() if name.endswith("streams")}
        if found:
            rates, source = found, f"measured {table['date']}, {table.get('processor', table['machine'])}"
    return Card(name="embedded writer, one core", rates=rates, source=source, seats=8)


def accelerator() -> Card:
    """Return GPT-J-6B on an H200, by arithmetic alone."""
    gpu = Accelerator()
    rates = {rows: round(gpu.rate(rows), 1) for rows in (1, 8, 32, 128, 256)}
    return Card(name="GPT-J-6B, one H200", rates=rates, source="computed, not measured", seats=64)
