"""Tokens a second, time to the first token and memory of our worker's decoder and of seven other engines, through HTTP.

    python -m benchmarks.worker.environments --into FOLDER      (once; minutes)
    python -m benchmarks.worker.run --folder FOLDER [--shape llama24] [--threads 1] [--streams 1 8 32 128]

One table a run, of one shape and one number of threads. The engines take turns, ``--repeats`` times; every turn is a
fresh process, asked with 1, 8, 32 and 128 streams at once. Prompts have 64 random tokens, 256 are written (128 where
there are 128 streams), temperature .9, top-p .95. A server with T threads has the first T cores for all that it does,
HTTP included; the client has the others, or shares them if there are none. Rates are medians of the turns; times to
the first token are those of all turns together. What is not written after ``--patience`` seconds is given up, counted
as far as it came, and marked with >; the engine is then not asked for more streams.
"""

import argparse
import asyncio
import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx

from benchmarks.worker import machine, versions
from benchmarks.worker.engines import BASE, RIVALS, Rival
from benchmarks.worker.folders import SHAPES, VOCABULARY
from benchmarks.worker.load import Figures, Load, measure, resident
from benchmarks.worker.servers import Command, DeadError, running

RESULT: Final = Path(__file__).parents[1] / "results" / "worker.json"
PROMPT: Final = 64
NEW: Final = 256
MANY: Final = 128  # streams from which on only half as much is written


@dataclass(slots=True)
class Seen:
    """What was seen of one engine: figures by the number of streams, and why it failed, if it did."""

    figures: dict[int, list[Figures]] = field(default_factory=lambda: defaultdict(list))
    failed: str | None = None


def load(shape: str, streams: int, turn: int, patience: float, new: int | None) -> Load:
    """Return what is asked: a single stream four times, so that there is more than one first token to time."""
    return Load(
        streams=streams,
        rounds=max(1, 4 // streams),
        prompt=PROMPT,
        new=new or (NEW if streams < MANY else NEW // 2),
        vocabulary=VOCABULARY[shape],
        seed=turn,
        patience=patience,
    )


def turn(rival: Rival, command: Command, loads: list[Load], seen: Seen) -> None:
    """Let the engine write all loads once, from a fresh start; note what fails."""
    try:
        with running(command) as server:
            memory = partial(resident, server.process)
            asyncio.run(measure(server.address, rival.dialect, _warm(loads[0]), memory))
            for one in loads:
                figures = asyncio.run(measure(server.address, rival.dialect, one, memory))
                seen.figures[one.streams].append(figures)
                if figures.cut:
                    break
    except (DeadError, OSError, ValueError, LookupError, httpx.HTTPError, ExceptionGroup) as error:
        seen.failed = _reason(error)


def _warm(one: Load) -> Load:
    return Load(
        streams=8, rounds=1, prompt=one.prompt, new=16, vocabulary=one.vocabulary, seed=-1, patience=one.patience
    )


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".replace("\n", " ")[-400:]


def summary(all_seen: dict[str, Seen], streams: list[int]) -> dict[str, Any]:
    """Return the figures of the result."""
    base = all_seen.get(BASE, Seen())
    return {name: _engine(seen, base, streams) for name, seen in all_seen.items()}


def _engine(seen: Seen, base: Seen, streams: list[int]) -> dict[str, Any]:
    told: dict[str, Any] = {"failed": seen.failed} if seen.failed else {}
    for count in streams:
        if not (figures := seen.figures.get(count)):
            continue
        rate = median(one.rate for one in figures)
        first = sorted(time for one in figures for time in one.first)
        told[f"{count} streams"] = {
            "tokens a second": round(rate, 1),
            "every turn": [round(one.rate, 1) for one in figures],
            "first token p50 ms": round(1000 * percentile(first, 0.5), 1),
            "first token p99 ms": round(1000 * percentile(first, 0.99), 1),
            "peak RSS MB": round(max(one.rss for one in figures) / 1e6),
            "client's share of a core": round(max(one.client for one in figures), 2),
            "given up": any(one.cut for one in figures),
        }
        if theirs := base.figures.get(count):
            told[f"{count} streams"]["ratio"] = round(rate / median(one.rate for one in theirs), 2)
    return told


def percentile(ordered: list[float], share: float) -> float:
    """Return the value that ``share`` of them do not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: dict[str, Any], streams: list[int]) -> str:
    """Return the table as it is printed: tokens a second (ratio to the base; first token p50/p99 in ms; RSS)."""
    rows = [f"| engine | {' | '.join(f'{count}' for count in streams)} | RSS MB |", "|---" * (len(streams) + 2) + "|"]
    for name, told in figures.items():
        cells = [_cell(told.get(f"{count} streams")) for count in streams]
        rss = max((one["peak RSS MB"] for one in told.values() if isinstance(one, dict)), default="–")
        rows.append(f"| {name} | {' | '.join(cells)} | {rss} |")
    rows += [f"{name} failed: {told['failed']}" for name, told in figures.items() if "failed" in told]
    return "\n".join(rows)


def _cell(one: dict[str, Any] | None) -> str:
    if one is None:
        return "–"
    late = ">" if one["given up"] else ""
    times = f"{one['first token p50 ms']:.0f} / {late}{one['first token p99 ms']:.0f} ms"
    return f"{one['tokens a second']:.0f} (×{one.get('ratio', float('nan')):.2f}; {times})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where environments.py put everything")
    parser.add_argument("--shape", choices=SHAPES, default="llama24")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--engines", nargs="+", choices=list(RIVALS), default=list(RIVALS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--new", type=int, help=f"tokens a stream; {NEW} without it, half from {MANY} streams on")
    parser.add_argument("--patience", type=float, default=300)
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Print the table, write the result."""
    options = _options()
    cores = sorted(os.sched_getaffinity(0))
    own, others = cores[: options.threads], cores[options.threads :]
    os.sched_setaffinity(0, others or cores)
    all_seen = {name: Seen() for name in options.engines if options.shape in RIVALS[name].shapes}
    streams = sorted(options.streams)
    for number in range(options.repeats):
        for name, seen in all_seen.items():
            if seen.failed:
                continue
            rival = RIVALS[name]
            command = rival.command(options.folder, options.shape, threads=options.threads, cores=frozenset(own))
            loads = [load(options.shape, count, number, options.patience, options.new) for count in streams]
            turn(rival, command, loads, seen)
            rates = {count: round(figures[-1].rate) for count, figures in seen.figures.items()}
            print(f"turn {number + 1}, {name}: {seen.failed or rates}", flush=True)
    figures = summary(all_seen, streams)
    print(table(figures, streams))
    about = {
        **machine.about(),
        "cores of the server": len(own),
        "cores of the client": len(others) or "the same",
        "turns": options.repeats,
        "versions": versions.of(all_seen, options.folder),
    }
    tables = json.loads(options.result.read_text("utf-8")) if options.result.exists() else {}
    tables[f"{options.shape}, {options.threads} threads"] = {**about, "engines": figures}
    options.result.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
