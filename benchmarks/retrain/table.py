"""The results of :mod:`benchmarks.retrain.rounds` as a table: a row an arm, a column a round.

python -m benchmarks.retrain.table benchmarks/results/retrain
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

Rows = list[dict[str, Any]]


def found(folder: Path) -> dict[str, list[Rows]]:
    """Return the rows of every seed, by arm."""
    arms: defaultdict[str, list[Rows]] = defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        rows: Rows = json.loads(path.read_text("utf-8"))["rows"]
        arms[rows[0]["arm"]].append(rows)
    return dict(arms)


def main() -> None:
    """Print the share of drafts that the community likes, mean ± standard deviation over seeds, and what was lost."""
    arms = found(Path(sys.argv[1]))
    rounds = max(len(rows) for seeds in arms.values() for rows in seeds)
    print("| | seeds | " + " | ".join(f"round {number}" for number in range(rounds)) + " | published |")
    print("|---" * (rounds + 3) + "|")
    for arm, seeds in arms.items():
        shares = [_spread([rows[at]["liked"] for rows in seeds if at < len(rows)]) for at in range(rounds)]
        every = [row["published"] for rows in seeds for row in rows if "published" in row]
        print(f"| {arm} | {len(seeds)} | " + " | ".join(shares) + f" | {sum(every)} of {len(every)} |")
    for arm, seeds in arms.items():
        for task in ("pitch", "dialog", "script", "staging"):
            bits = [rows[at]["bits"][task] for rows in seeds for at in _judged(rows)[-1:]]
            print(f"{arm}: bits per byte of {task} at the last gate: {_spread(bits, 3)}")


def _judged(rows: Rows) -> list[int]:
    return [at for at, row in enumerate(rows) if row.get("bits")]


def _spread(values: list[float], digits: int = 2) -> str:
    told = f"{mean(values):.{digits}f}"
    return f"{told} ± {stdev(values):.{digits}f}" if len(values) > 1 else told


if __name__ == "__main__":
    main()
