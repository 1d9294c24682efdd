"""Which characters does a font have? Our reader beside fontTools and beside drawing each to see if a box comes out.

python -m benchmarks.pictures.coverage FONT [FONT …]
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from bot.ui.coverage import coverage

RESULTS = Path(__file__).parents[1] / "results" / "pictures-coverage.json"
EVERY = 40  # of the font's characters, one in so many is drawn


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    """Return the answer, and the milliseconds it took."""
    start = time.thread_time()
    answer = ask()
    return answer, round(1000 * (time.thread_time() - start), 2)


def look(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    """Return the pixels of a character."""
    picture = Image.new("L", (200, 200))
    ImageDraw.Draw(picture).text((20, 20), character, font=font, fill=255)
    return picture.tobytes()


def compare(path: Path) -> dict[str, object]:
    """Return times and wrong answers for one font."""
    ours, ours_ms = timed(lambda: coverage(path))
    known, theirs_ms = timed(lambda: TTFont(path, fontNumber=0, lazy=True).getBestCmap())
    font = ImageFont.truetype(path, 109, layout_engine=ImageFont.Layout.BASIC)
    box, chosen = look(font, "\U0010ffff"), list(known)[::EVERY]
    drawn, drawn_ms = timed(lambda: sum(look(font, chr(code)) == box for code in chosen))
    return {
        "font": path.name,
        "ours ms": ours_ms,
        "fontTools ms": theirs_ms,
        "ours says otherwise than fontTools": sum((chr(code) in ours) != (code in known) for code in range(0x20000)),
        "drawing ms a character": round(drawn_ms / len(chosen), 3),
        "drawing is wrong for": f"{drawn} of {len(chosen)}",
    }


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fonts", type=Path, nargs="+")
    result = [compare(path) for path in parser.parse_args().fonts]
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
