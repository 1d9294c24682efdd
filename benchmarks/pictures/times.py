"""How long a poster and a page take, and how large their files are.

    python -m benchmarks.pictures.times [--rounds 5] [--fonts FOLDER]

The first of each is what the first show of a process costs, with fonts looked up and opened; the rest are other shows,
each drawn once a round with empty caches of measured text.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.pictures.samples import PAGE, SHOWS
from bot.ui import poster, scriptpage
from bot.ui.pictures import SQUARE, TALL, WIDE
from bot.ui.typesetting import measured, runs, use_fonts

RESULTS = Path(__file__).parents[1] / "results" / "pictures.json"


def timed(make: Callable[[int], bytes], rounds: int) -> dict[str, float]:
    """Return milliseconds of the first and the median, slowest of the others, and the largest file in kB."""
    spans, sizes = [], []
    for number in range(rounds * len(SHOWS) + 1):
        runs.cache_clear()
        measured.cache_clear()
        start = time.thread_time()
        sizes.append(len(make(number % len(SHOWS))))
        spans.append(1000 * (time.thread_time() - start))
    first, *rest = spans
    return {
        "first ms": round(first),
        "median ms": round(median(rest)),
        "slowest ms": round(max(rest)),
        "largest kB": round(max(sizes) / 1000),
    }


def _poster(size: tuple[int, int]) -> Callable[[int], bytes]:
    def make(number: int) -> bytes:
        title, genre, summary, seed = SHOWS[number]
        return poster.poster(title=title, genre=genre, summary=summary, seed=seed, size=size)

    return make


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fonts", type=Path)
    options = parser.parse_args()
    if options.fonts:
        use_fonts(options.fonts)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, processor time of one thread",
        "poster 1200x675": timed(_poster(WIDE), options.rounds),
        "poster 1080x1080": timed(_poster(SQUARE), options.rounds),
        "poster 1080x1350": timed(_poster(TALL), options.rounds),
        "page 1080x1350": timed(
            lambda number: scriptpage.scriptpage(title=SHOWS[number][0], excerpt=PAGE), options.rounds
        ),
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
