"""How far every engine of the table is from what this machine could do at all.

    python -m benchmarks.worker.limit [--shape llama24] [--threads 1]

Measured here: how fast memory is copied (blocks far larger than the last cache, and blocks that lie in it) and how fast
matrices are multiplied in fp32, bf16 and int8. A step reads all weights once and each stream's keys and values (fp32,
at their mean length), and calculates two operations a weight and token, so n streams cannot have more tokens a second
than n ÷ max(bytes ÷ bandwidth, n · operations ÷ rate). The bandwidth is that of the cache where weights, keys and
values lie in it, else that of memory. The fractions are those of ``benchmarks/results/worker.json``, by the numbers
that each engine calculates in.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from transformers import PreTrainedModel

from benchmarks.worker import machine, shapes
from benchmarks.worker.engines import RIVALS
from benchmarks.worker.folders import SHAPES
from benchmarks.worker.run import MANY, NEW, PROMPT
from benchmarks.worker.run import RESULT as TABLES

RESULT: Final = Path(__file__).parents[1] / "results" / "worker-limit.json"
FAR: Final = 512 << 20  # bytes copied where no cache helps
CACHE: Final = 32 << 20  # bytes of the last cache, if the system does not say
BYTES: Final = {"fp32": 4, "bf16": 2, "int8": 1}
GEMM: Final = (512, 1024, 1024)  # rows, columns in, columns out
SECONDS: Final = 1.0  # of every measurement
STREAMS: Final = (1, 8, 32, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """What was measured: bytes and operations a second, and the size of the last cache."""

    memory: float
    cache: float
    size: int
    rates: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a model asks for: weights that a step reads, and bytes of keys and values a token."""

    weights: int
    layers: int
    width: int

    def remembered(self, length: float) -> float:
        """Return the bytes of keys and values of a stream, in fp32."""
        return 2 * 4 * self.layers * self.width * length

    def operations(self, length: float) -> float:
        """Return the operations of a token at ``length``."""
        return 2 * self.weights + 4 * self.layers * self.width * length


def speeds(threads: int) -> Speeds:
    """Measure the machine."""
    torch.set_num_threads(threads)
    size = last_cache()
    return Speeds(memory=_copied(FAR), cache=_copied(size // 4), size=size, rates=_rates())


def last_cache() -> int:
    """Return the bytes of the cache before memory."""
    path = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
    return int(path.read_text("ascii").strip().removesuffix("K")) << 10 if path.exists() else CACHE


def _copied(size: int) -> float:
    source, target = torch.ones(size, dtype=torch.uint8), torch.zeros(size, dtype=torch.uint8)
    return 2 * size * _repeats(lambda: target.copy_(source))  # read and written


def _rates() -> dict[str, float]:
    rows, inside, outside = GEMM
    left, right = torch.randn(rows, inside), torch.randn(outside, inside)
    operations = 2 * rows * inside * outside
    short = left.bfloat16(), right.bfloat16()
    quick = {
        "fp32": lambda: torch.nn.functional.linear(left, right),
        "bf16": lambda: torch.nn.functional.linear(*short),
        "int8": _int8(left, right),
    }
    return {name: operations * _repeats(work) for name, work in quick.items()}


def _int8(left: Tensor, right: Tensor) -> Callable[[], Tensor]:
    scales, zeros = right.abs().amax(1).double() / 127, torch.zeros(len(right), dtype=torch.long)
    with warnings.catch_warnings(action="ignore"):  # torch means to replace this one day
        torch.backends.quantized.engine = "fbgemm"
        quantized = torch.quantize_per_channel(right, scales, zeros, 0, torch.qint8)
        packed = torch.ops.quantized.linear_prepack(quantized, None)

    def work() -> Tensor:
        result: Tensor = torch.ops.quantized.linear_dynamic(left, packed, True)  # noqa: FBT003 -- its signature
        return result

    return work


def _repeats(work: Callable[[], Any]) -> float:
    """Return how often a second ``work`` can be done: the best of three."""
    return max(_repeated(work) for _ in range(3))


def _repeated(work: Callable[[], Any]) -> float:
    work()
    count, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < SECONDS:
        work()
        count += 1
    return count / taken


def work_of(shape: str) -> Work:
    """Return what a step of ``shape`` reads: every matrix once, the table of tokens as the last of them."""
    model: PreTrainedModel = {"llama24": shapes.llama24, "gpt2": shapes.gpt2}[shape]()
    weights = sum(weight.numel() for name, weight in model.named_parameters() if "wpe" not in name)
    config: Any = model.config
    return Work(weights=weights, layers=config.num_hidden_layers, width=config.hidden_size)


def bound(work: Work, speed: Speeds, kind: str, streams: int) -> float:
    """Return the tokens a second that cannot be exceeded."""
    length = PROMPT + (NEW if streams < MANY else NEW // 2) / 2
    size = work.weights * BYTES[kind] + streams * work.remembered(length)
    reading = size / (speed.cache if size < speed.size else speed.memory)
    return streams / max(reading, streams * work.operations(length) / speed.rates[kind])


def fractions(table: dict[str, Any], bounds: dict[str, dict[int, float]]) -> dict[str, dict[str, float]]:
    """Return which part of its bound each engine of ``table`` reached."""
    told: dict[str, dict[str, float]] = {}
    for name, figures in table.get("engines", {}).items():
        limits = bounds[RIVALS[name].numbers]
        told[name] = {
            str(streams): round(figures[f"{streams} streams"]["tokens a second"] / limits[streams], 3)
            for streams in STREAMS
            if f"{streams} streams" in figures
        }
    return told


def main() -> None:
    """Print the tables, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="llama24")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tables", type=Path, default=TABLES)
    options = parser.parse_args()
    name = f"{options.shape}, {options.threads} threads"
    speed, work = speeds(options.threads), work_of(options.shape)
    bounds = {kind: {streams: bound(work, speed, kind, streams) for streams in STREAMS} for kind in BYTES}
    tables = json.loads(options.tables.read_text("utf-8")) if options.tables.exists() else {}
    parts = fractions(tables.get(name, {}), bounds)
    measured = {
        "memory GB/s": round(speed.memory / 1e9, 1),
        "last cache GB/s": round(speed.cache / 1e9, 1),
        "last cache MB": round(speed.size / 1e6, 1),
        **{f"{kind} G operations/s": round(rate / 1e9, 1) for kind, rate in speed.rates.items()},
    }
    print(", ".join(f"{key} {value}" for key, value in measured.items()))
    print(f"| bound, tokens/s | {' | '.join(map(str, STREAMS))} |\n|---|---|---|---|---|")
    for kind, limits in bounds.items():
        print(f"| {kind} | {' | '.join(f'{limit:.0f}' for limit in limits.values())} |")
    for engine, shares in parts.items():
        print(f"| {engine} ({RIVALS[engine].numbers}) | {' | '.join(f'{share:.0%}' for share in shares.values())} |")
    told = {kind: {str(streams): round(limit) for streams, limit in limits.items()} for kind, limits in bounds.items()}
    result = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    result[name] = {**machine.about(), **measured, "bound tokens a second": told, "reached": parts}
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
