"""Training tokens a second: packed rows against padded ones and against the original recipe, in one run.

    python -m benchmarks.training.throughput --entries runs/cache/entries-… [--seconds 60]

Every variant computes the same model on the same entries, turn by turn, so that noise hits all. Only tokens of the
entries count; padding does not. *Original* is batch 2 padded to the context, with the padding scored.
"""

import argparse
import json
import platform
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel

from model.checkpoint import EMBEDDED
from training.adapting import load_tokenizer
from training.packing import Document, Piece
from training.preparation import read
from training.rows import IGNORED, RowSet, documents, plan

RESULT = Path(__file__).parents[1] / "results" / "training-throughput.json"
CONTEXT = 512
BATCH = 8


@dataclass(slots=True)
class Count:
    """What a variant has done so far."""

    tokens: int = 0
    positions: int = 0
    seconds: float = 0.0
    steps: int = 0


def packed(found: Sequence[Document]) -> Iterator[list[tuple[Piece, ...]]]:
    """Yield batches of full rows."""
    laid = plan(found, length=CONTEXT, a_step=BATCH, epochs=1, steps=0, seed=1)
    rows = [row for row in laid.rows if row]
    for at in cycle(range(0, len(rows) - BATCH, BATCH)):
        yield list(rows[at : at + BATCH])


def padded(found: Sequence[Document], batch: int) -> Iterator[list[tuple[Piece, ...]]]:
    """Yield batches of rows with one entry each."""
    numbers = cycle(range(len(found)))
    while True:
        some = [next(numbers) for _ in range(batch)]
        yield [(Piece(number, 0, min(len(found[number]), CONTEXT)),) for number in some]


def step(
    model: PreTrainedModel, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor], *, scores_padding: bool
) -> None:
    """Compute one optimizer step."""
    targets = batch["labels"]
    if scores_padding:
        targets = targets.masked_fill(targets == IGNORED, 0)
    logits = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    optimizer.zero_grad()


def collated(
    rows: list[tuple[Piece, ...]], found: Sequence[Document], *, to_longest: bool
) -> tuple[dict[str, Tensor], int]:
    """Return a batch of rows, padded to the longest or to the context, and how many tokens of entries it has."""
    tokens = sum(len(piece) for row in rows for piece in row)
    length = max(sum(map(len, row)) for row in rows) if to_longest else CONTEXT
    laid = RowSet(rows, found, length)
    every = [laid[number] for number in range(len(rows))]
    return {name: torch.stack([row[name] for row in every]) for name in every[0]}, tokens


def measure(entries: Path, seconds: float) -> dict[str, Any]:
    """Return tokens a second of each variant, and their ratio to the original recipe."""
    examples = [example for example in read(entries).train if example.task != "prose"]
    tokenizer = load_tokenizer(str(EMBEDDED))
    torch.manual_seed(1)
    some = [examples[number] for number in torch.randperm(len(examples))[:4000].tolist()]
    found = documents(tokenizer, ((example.prompt, example.completion) for example in some))
    model = AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    variants: dict[str, tuple[Iterator[list[tuple[Piece, ...]]], dict[str, bool]]] = {
        "packed": (packed(found), {"to_longest": False, "scores_padding": False}),
        "padded to the longest": (padded(found, BATCH), {"to_longest": True, "scores_padding": False}),
        "padded to the context": (padded(found, BATCH), {"to_longest": False, "scores_padding": False}),
        "original": (padded(found, 2), {"to_longest": False, "scores_padding": True}),
    }
    counts: dict[str, Count] = defaultdict(Count)
    begun = perf_counter()
    while perf_counter() - begun < seconds:
        for name, (batches, how) in variants.items():
            batch, tokens = collated(next(batches), found, to_longest=how["to_longest"])
            timed(
                counts[name],
                batch,
                tokens,
                partial(step, model, optimizer, scores_padding=how["scores_padding"]),
            )
    return {
        name: {
            "tokens a second": round(count.tokens / count.seconds),
            "ratio to the original": round(
                count.tokens / count.seconds / (counts["original"].tokens / counts["original"].seconds), 2
            ),
            "positions that are padding": round(1 - count.tokens / count.positions, 3),
            "steps": count.steps,
        }
        for name, count in counts.items()
    }


def timed(count: Count, batch: dict[str, Tensor], tokens: int, work: Callable[[dict[str, Tensor]], None]) -> None:
    """Do the work and add it to the count."""
    start = perf_counter()
    work(batch)
    count.seconds += perf_counter() - start
    count.tokens += tokens
    count.positions += batch["input_ids"].numel()
    count.steps += 1


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(options.entries, options.seconds)
    print("| variant | tokens/s | ratio | padding |\n|---|---|---|---|")
    for name, figures in result.items():
        print(f"| {name} | {' | '.join(str(figure) for figure in list(figures.values())[:3])} |")
    about = {"machine": platform.machine(), "threads": 1, "date": datetime.now(UTC).date().isoformat()}
    RESULT.write_text(json.dumps({**about, "context": CONTEXT, "batch": BATCH, **result}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
