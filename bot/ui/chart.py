"""The leaderboard as a picture: a bar a title, by votes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from bot.ui.backdrops import PALETTES, PLAIN
from bot.ui.typesetting import Line, broken, clipped, drawable, face

WIDTH: Final = 1000
MARGIN: Final = 40
_ROW: Final = 62
_TITLE: Final = 24
_COUNT: Final = 20
_BAR: Final = 14
_HEAD: Final = 84
_GROUND: Final = "#17181C"
_INK: Final = "#FFF8EA"
_TRACK: Final = "#2A2C33"
_LIGHT: Final = "#4ADE80"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One title with its genre and votes."""

    title: str
    genre: str
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where a bar's words and its length go, in pixels."""

    title: Line
    count: Line
    y: float
    length: float
    colour: str


def layout(bars: Sequence[Bar]) -> tuple[Row, ...]:
    """Return where everything goes, one row a bar; nothing leaves the margins."""
    most = max((bar.votes for bar in bars), default=0) or 1
    return tuple(_row(number, bar, most) for number, bar in enumerate(bars))


def _row(number: int, bar: Bar, most: int) -> Row:
    y = _HEAD + number * _ROW
    count = str(bar.votes)
    right = WIDTH - MARGIN - face(_COUNT, bold=True).getlength(count)
    room = right - MARGIN - 20
    name = f"{number + 1}. {drawable(bar.title) or drawable(bar.genre)}"
    name = clipped(broken(name, width=room, size=_TITLE), most=1, width=room, size=_TITLE)[0]
    return Row(
        title=Line(text=name, x=MARGIN, y=y, size=_TITLE),
        count=Line(text=count, x=right, y=y + 3, size=_COUNT, bold=True),
        y=y + _TITLE + 8,
        length=max(_BAR, (WIDTH - 2 * MARGIN) * bar.votes / most),
        colour=PALETTES.get(bar.genre.casefold(), PLAIN).accent,
    )


def chart(bars: Sequence[Bar], heading: str) -> bytes:
    """Return a PNG, 1000 pixels wide, of the bars in their order below ``heading``; the same for the same arguments."""
    picture = Image.new("RGB", (WIDTH, _HEAD + len(bars) * _ROW + MARGIN // 2), _GROUND)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((MARGIN, 34, MARGIN + 16, 50), fill=_LIGHT)
    head = clipped(broken(drawable(heading), width=WIDTH - 2 * MARGIN - 30, size=28), most=1, width=900, size=28)
    draw.text((MARGIN + 30, 28), "".join(head), font=face(28, bold=True), fill=_INK)
    for row in layout(bars):
        for line in (row.title, row.count):
            draw.text((line.x, line.y), line.text, font=face(line.size, bold=line.bold), fill=_INK)
        draw.rounded_rectangle((MARGIN, row.y, WIDTH - MARGIN, row.y + _BAR), _BAR // 2, fill=_TRACK)
        draw.rounded_rectangle((MARGIN, row.y, MARGIN + row.length, row.y + _BAR), _BAR // 2, fill=row.colour)
    file = io.BytesIO()
    picture.save(file, "PNG")  # optimised it would be 3 % smaller, and take four times as long
    return file.getvalue()


def alt_text(bars: Sequence[Bar], heading: str) -> str:
    """Return the picture in words, at most 1000 characters."""
    rows = "; ".join(f"{number}. {bar.title}: {bar.votes}" for number, bar in enumerate(bars, 1))
    text = " ".join(f"{heading}: {rows}".split())
    return text if len(text) <= 1000 else text[:999].rstrip() + "…"
