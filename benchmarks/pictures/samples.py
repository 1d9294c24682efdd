"""The pictures in docs/daily.md, drawn anew.

    python -m benchmarks.pictures.samples [--fonts FOLDER]

``FOLDER`` holds fonts for Chinese and emoji where the machine has none (fonts-noto-cjk, fonts-noto-color-emoji).
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from bot.ui import chart, poster, scriptpage
from bot.ui.pictures import SQUARE, TALL, WIDE
from bot.ui.typesetting import use_fonts

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "daily"
GAP: Final = 12
SHOWS: Final = (
    ("Late Checkout", "comedy", "A hotel sells yesterday, and the night clerk cannot stop buying.", 1),
    (
        "The Unlikely Second Career of Mrs. Ottoline Pemberton-Vance, Part-Time Burglar of Lower Wickham",
        "crime",
        "At seventy-one, a retired librarian robs only those who never returned their books.",
        2,
    ),
    ("Ash", "horror", "After the fire nobody in the village casts a shadow, and the priest starts counting.", 8),
    ("灯台守の娘と最後の手紙", "anime", "A lighthouse keeper's daughter answers letters from a ship that sank.", 4),
    ("Kingdom of Ünder", "fantasy", "Every year a map grows by one road, and every year somebody must walk it.", 9),
    ("Static", "music", "A band's only hit was recorded by a stranger who now wants it back.", 10),
)
PAGE: Final = """[INT. HOTEL LOBBY - NIGHT]
(Rain against the windows. MARGOT, 60, counts keys that nobody asked for. The clock over the desk runs backwards.)
MARGOT: Room twelve again.
THEO (not looking up): We don't have a room twelve.
MARGOT: Then who just tipped me?
(She holds up a coin. It is older than the hotel.)
MARGOT (to the coin): お帰りなさい。🔑
THEO: You can keep it. Yesterday is on the house, and tomorrow we are closed for repairs, as it says on the sign."""
BARS: Final = (
    chart.Bar(title="Late Checkout", genre="comedy", votes=41),
    chart.Bar(title="灯台守の娘と最後の手紙", genre="anime", votes=33),
    chart.Bar(title="Kingdom of Ünder 🗺️", genre="fantasy", votes=21),
    chart.Bar(title="비 오는 날의 우편배달부", genre="drama", votes=9),
)


def sheet(files: Sequence[bytes], *, columns: int, scale: int) -> Image.Image:
    """Return the pictures side by side, ``scale`` times smaller."""
    pictures = [Image.open(io.BytesIO(file)).convert("RGB").reduce(scale) for file in files]
    width, height = (side + GAP for side in pictures[0].size)
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * width - GAP, rows * height - GAP), "white")
    for place, picture in enumerate(pictures):
        whole.paste(picture, (place % columns * width, place // columns * height))
    return whole


def drawn(size: tuple[int, int], shows: Sequence[tuple[str, str, str, int]] = SHOWS) -> list[bytes]:
    """Return the posters of ``shows`` in ``size``."""
    return [poster.poster(title=t, genre=g, summary=s, seed=seed, size=size) for t, g, s, seed in shows]


def keep(picture: Image.Image, name: str) -> None:
    """Write a small file."""
    picture.quantize(192, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(
        FOLDER / name, optimize=True
    )
    print(FOLDER / name, (FOLDER / name).stat().st_size)


def main() -> None:
    """Draw them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fonts", type=Path)
    options = parser.parse_args()
    if options.fonts:
        use_fonts(options.fonts)
    FOLDER.mkdir(parents=True, exist_ok=True)
    keep(sheet(drawn(WIDE), columns=2, scale=2), "posters.png")
    page = scriptpage.scriptpage(title=SHOWS[0][0], excerpt=PAGE)
    keep(sheet([page, *drawn(TALL, SHOWS[:1])], columns=2, scale=2), "page.png")
    keep(sheet(drawn(SQUARE, SHOWS[2:5]), columns=3, scale=3), "squares.png")
    keep(Image.open(io.BytesIO(chart.chart(BARS, "Leaderboard"))).convert("RGB"), "leaderboard.png")


if __name__ == "__main__":
    main()
