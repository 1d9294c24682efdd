"""How many workers serve a community: a simulated day of traffic against batches of a measured or computed speed.

    python -m benchmarks.worker.traffic [--members 1000 100000 10000000] [--into-document]

The day is that of ``day.Habits``, an assumed model of activity with an evening's peak and an announcement that pings
everybody. What a brief costs is drawn from ``results/appetite.json`` (``benchmarks.worker.appetite``). The rates are
those of ``cards``: by the worker's benchmark for the embedded writer, by arithmetic for GPT-J-6B on an H200. The least
number of workers is looked for with which 99 of 100 briefs are begun within ``--patience`` seconds: of the day's, and
of those of its busiest quarter of an hour, when the announcement is.
"""

import argparse
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, Final

from benchmarks.worker.cards import Card, accelerator, processor
from benchmarks.worker.crowd import Cost, Crowd, Speed, Times
from benchmarks.worker.day import DAY, HOUR, Habits, Order, Task, busiest, orders

RESULTS: Final = Path(__file__).parents[1] / "results"
RESULT: Final = RESULTS / "traffic.json"
APPETITE: Final = RESULTS / "appetite.json"
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "scaling.md"
MEMBERS: Final = (1_000, 100_000, 10_000_000)
MINUTE: Final = 60.0
QUARTER: Final = 15 * MINUTE
SPANS: Final = ("for the day", "for its busiest quarter of an hour")
BEGIN, END = "<!-- by benchmarks.worker.traffic -->", "<!-- so far -->"
Menu = dict[Task, list[Cost]]
Priced = list[tuple[float, Cost]]


def menu() -> Menu:
    """Return what briefs cost that were really written.

    Raises:
        FileNotFoundError: none were; run ``benchmarks.worker.appetite``.
    """
    tasks = json.loads(APPETITE.read_text("utf-8"))["tasks"]
    return {
        task: [Cost(steps, tokens / steps) for steps, tokens in told["each: steps, tokens"]]
        for task, told in tasks.items()
    }


def priced(day: list[Order], costs: Menu, *, seed: int) -> Priced:
    """Return the day's orders with a cost each, drawn from those of their task."""
    dice = Random(seed)  # noqa: S311 - a simulation
    return [(time, dice.choice(costs[task])) for time, task in day]


def least(day: Priced, card: Card, of: range, *, patience: float) -> tuple[int, Times]:
    """Return the least number of workers with which 99 of 100 orders ``of`` are begun in time, and the day's times."""

    def tried(workers: int) -> Times | None:
        crowd = Crowd(day, workers=workers, seats=card.seats, speed=speed)
        return crowd.serve(patience=patience, share=0.01, of=of)

    speed, low, high = Speed(card.rates), 0, 1
    while (found := tried(high)) is None:
        low, high = high, ceil(high * 1.5)
    while high - low > 1:
        middle = (low + high) // 2
        if (better := tried(middle)) is None:
            low = middle
        else:
            high, found = middle, better
    return high, found


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def demand(day: list[Order], tokens: float) -> dict[str, float]:
    """Return how much is ordered: briefs, and tokens a second on average, in the busiest hour and minute."""
    return {
        "briefs a day": len(day),
        "tokens a brief": round(tokens, 1),
        "tokens a second": round(len(day) * tokens / DAY, 1),
        "… in the busiest hour": round(len(busiest(day, HOUR)) * tokens / HOUR, 1),
        "… in the busiest minute": round(len(busiest(day, MINUTE)) * tokens / MINUTE, 1),
    }


def plan(day: Priced, card: Card, of: range, *, patience: float) -> dict[str, float]:
    """Return how many workers of the card it takes, and what those wait who order ``of``."""
    workers, times = least(day, card, of, patience=patience)
    busy = sum(cost.steps * cost.rows for _, cost in day) / max(card.rates.values()) / workers / DAY
    waited, took = times.waited[of.start : of.stop], times.took[of.start : of.stop]
    return {
        "workers": workers,
        "wait p50": round(percentile(waited, 0.5), 2),
        "wait p99": round(percentile(waited, 0.99), 2),
        "written p50": round(percentile(took, 0.5), 1),
        "written p99": round(percentile(took, 0.99), 1),
        "busy": round(busy, 4),
    }


def table(result: dict[str, Any]) -> str:
    """Return the plans as the document shows them."""
    lines = ["| members | briefs a day | tokens a second: all day, busiest hour, busiest minute |", "|---" * 3 + "|"]
    for members, one in result["communities"].items():
        briefs, _, *rates = one["demand"].values()
        lines.append(f"| {int(members):,} | {briefs:,} | {', '.join(map(_short, rates))} |")
    lines += ["", f"| members | worker | {' | '.join(SPANS)} | busy |", "|---" * (3 + len(SPANS)) + "|"]
    for members, one in result["communities"].items():
        for name, plans in one["plans"].items():
            cells = [_cell(plans[span]) for span in SPANS]
            lines.append(f"| {int(members):,} | {name} | {' | '.join(cells)} | {plans[SPANS[-1]]['busy']:.2%} |")
    lines.append("")
    for name, card in result["cards"].items():
        rates = ", ".join(f"{_short(rate)} with {rows}" for rows, rate in card["rates"].items())
        lines.append(f"- {name}: tokens a second by rows: {rates}; {card['seats']} briefs at once; {card['source']}.")
    return "\n".join(lines)


def _cell(told: dict[str, float]) -> str:
    wait, written = (f"{told[f'{of} p50']:.1f}, {told[f'{of} p99']:.1f} s" for of in ("wait", "written"))
    return f"**{told['workers']:,}** ({wait}; {written})"


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def into(document: Path, text: str) -> None:
    """Put ``text`` between the marks of the document."""
    before, _, rest = document.read_text("utf-8").partition(BEGIN)
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    """Print the table and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, nargs="+", default=MEMBERS)
    parser.add_argument("--patience", type=float, default=5.0, help="seconds in line that 99 of 100 stay below")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into-document", action="store_true", help="put the table into docs/scaling.md")
    parser.add_argument("--eagerness", type=float, default=1.0, help="times as many slates")
    options = parser.parse_args()
    assumed = Habits()
    habits, costs, cards = (
        replace(assumed, slates=assumed.slates * options.eagerness),
        menu(),
        (processor(), accelerator()),
    )
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "habits": asdict(habits),
        "patience": options.patience,
        "cards": {card.name: asdict(card) for card in cards},
        "communities": {},
    }
    for members in options.members:
        day = orders(members, habits, seed=options.seed)
        bill = priced(day, costs, seed=options.seed)
        tokens = mean(cost.steps * cost.rows for _, cost in bill)
        spans = dict(zip(SPANS, (range(len(day)), busiest(day, QUARTER)), strict=True))
        plans = {
            card.name: {name: plan(bill, card, of, patience=options.patience) for name, of in spans.items()}
            for card in cards
        }
        result["communities"][str(members)] = {"demand": demand(day, tokens), "plans": plans}
        print(members, result["communities"][str(members)], flush=True)
    result = json.loads(json.dumps(result))
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(table(result))
    if options.into_document:
        into(DOCUMENT, table(result))


if __name__ == "__main__":
    main()
