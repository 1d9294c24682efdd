"""The choices inside the worker's decoder, each beside what it replaced, as ratios of one run.

    python -m benchmarks.worker.parts

On one thread, in the embedded shape (24M weights): products of rows with matrices that do not lie in the cache; the
largest number of a row; keys and values in a block without and with gaps; adapters in one masked product or one group
at a time; drawing by runs or by the sum over all tokens.
"""

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from benchmarks.worker import machine
from model.engines.drawing import among_all, pick
from model.engines.linear import Linear, Precision, pack, product
from model.engines.lora import Adapter, Wardrobe

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-parts.json"
SHAPES: Final = [(384, 1152), (384, 384), (384, 2048), (1024, 384)] * 12
ROWS: Final = (1, 8, 32, 128)
HEADS, SIZE, LAYERS = 6, 64, 12


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the best time of several; the machine is shared."""
    work()
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def ratios(times: dict[str, float], base: str) -> dict[str, float]:
    """Return how many times faster than ``base`` each is."""
    return {name: round(times[base] / taken, 2) for name, taken in times.items()}


def products() -> dict[str, Any]:
    """All matrices of the shape, one after the other: what they cost by the numbers that they are kept in."""
    layers = [nn.Linear(inside, outside, bias=False) for inside, outside in SHAPES]
    precisions: list[Precision] = ["fp32", "bf16", "int8"]
    packed: dict[str, list[Linear]] = {kind: [pack([layer], kind) for layer in layers] for kind in precisions}
    told = {}
    for count in ROWS:
        rows = [torch.randn(count, inside) for inside, _ in SHAPES]

        def all_of(linears: list[Linear], rows: list[Tensor] = rows) -> None:
            for linear, x in zip(linears, rows, strict=True):
                linear(x)

        told[f"{count} rows"] = ratios(
            {kind: seconds(lambda linears=linears: all_of(linears)) for kind, linears in packed.items()},  # type: ignore[misc]
            "fp32",
        )
    return told


def largest() -> dict[str, Any]:
    """The largest number of each row: torch's norm, or two passes."""
    told = {}
    for count in ROWS:
        x, sizes, most = torch.randn(count, 384), torch.empty(count, 384), torch.empty(count, 1)

        def norm(x: Tensor = x) -> None:
            for _ in range(200):
                torch.linalg.vector_norm(x, torch.inf, -1, keepdim=True)

        def passes(x: Tensor = x, sizes: Tensor = sizes, most: Tensor = most) -> None:
            for _ in range(200):
                torch.amax(torch.abs(x, out=sizes), -1, keepdim=True, out=most)

        told[f"{count} rows"] = ratios({"norm": seconds(norm), "two passes": seconds(passes)}, "norm")
    return told


def gaps() -> dict[str, Any]:
    """Keys and values of 32 rows of 160 tokens, of all layers: in a block of that length, and in one of 512."""
    queries, weights = torch.randn(32 * HEADS, 1, SIZE), torch.rand(32 * HEADS, 1, 160)
    times = {}
    for length in (512, 160):
        kept = torch.ones(LAYERS, 2, 32 * HEADS, length, SIZE)

        def attend(kept: Tensor = kept) -> None:
            for keys, values in kept:
                torch.bmm(queries, keys[:, :160].transpose(1, 2))
                torch.bmm(weights, values[:, :160])

        times[f"block of {length}"] = seconds(attend)
    return ratios(times, "block of 512")


def adapters() -> dict[str, Any]:
    """Thirty-two rows that wear eight adapters of rank 16 in turns, over one projection."""
    wardrobe = Wardrobe()
    names = [f"a{number}" for number in range(8)]
    for name in names:
        wardrobe.hang(name, Adapter({"qkv": (torch.randn(16, 384), torch.randn(1152, 16))}))
    x, y = torch.randn(32, 384), torch.randn(32, 1152)
    worn = [names[number % 8] for number in range(32)]
    adapted = wardrobe.adapted(worn)
    assert adapted is not None  # noqa: S101 -- all wear one
    groups = [torch.tensor([row for row, name in enumerate(worn) if name == one]) for one in names]

    def masked() -> None:
        for _ in range(50):
            adapted.add("qkv", x, y)

    def grouped() -> None:
        for _ in range(50):
            out = y.clone()
            for name, group in zip(names, groups, strict=True):
                down, up = wardrobe.adapter(name).pairs["qkv"]
                out[group] += product(product(x[group], down), up)

    return ratios({"group by group": seconds(grouped), "one masked product": seconds(masked)}, "group by group")


def drawing() -> dict[str, Any]:
    """Thirty-two draws from 8,192 tokens and from 50,257."""
    told = {}
    for size in (8192, 50257):
        likely, chance = torch.randn(32, size).softmax(-1), torch.rand(32, 1, dtype=torch.float64)
        times = {
            "sum over all": seconds(lambda: pick(likely.cumsum(-1, dtype=torch.float64), chance)),  # noqa: B023 - now
            "by runs": seconds(lambda: among_all(likely, chance)),  # noqa: B023 - now
        }
        told[f"{size} tokens"] = ratios(times, "sum over all")
    return told


def main() -> None:
    """Print the ratios, write the result."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with torch.inference_mode():
        told = {part.__name__: part() for part in (products, largest, gaps, adapters, drawing)}
    for name, figures in told.items():
        print(name, json.dumps(figures))
    RESULT.write_text(json.dumps({**machine.about(), **told}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
