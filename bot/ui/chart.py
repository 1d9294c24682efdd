"""The leaderboard as a picture: a bar a title, by votes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from bot.ui.backdrops import PALETTES, PLAIN, light
from bot.ui.breaking import broken, clipped, shortened
from bot.ui.encoding import png
from bot.ui.readable import drawable
from bot.ui.typefaces import Voice
from bot.ui.typesetting import Line, measured

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
    right = WIDTH - MARGIN - measured(count, size=_COUNT, voice=Voice.TYPEWRITER_BOLD)
    room = right - MARGIN - 20
    name = f"{number + 1}. {drawable(bar.title) or drawable(bar.genre)}"
    name = _one_line(name, width=room, size=_TITLE)
    return Row(
        title=Line(text=name, x=MARGIN, y=y + _TITLE * 0.8, size=_TITLE),
        count=Line(text=count, x=right, y=y + _TITLE * 0.8, size=_COUNT, voice=Voice.TYPEWRITER_BOLD),
        y=y + _TITLE + 8,
        length=max(_BAR, (WIDTH - 2 * MARGIN) * bar.votes / most),
        colour=PALETTES.get(bar.genre.casefold(), PLAIN).accent,
    )


def _one_line(text: str, *, width: float, size: int, voice: Voice = Voice.TYPEWRITER) -> str:
    return "".join(
        clipped(broken(text, width=width, size=size, voice=voice), most=1, width=width, size=size, voice=voice)
    )


def chart(bars: Sequence[Bar], heading: str) -> bytes:
    """Return a PNG, 1000 pixels wide, of the bars in their order below ``heading``; the same for the same arguments."""
    picture = Image.new("RGB", (WIDTH, _HEAD + len(bars) * _ROW + MARGIN // 2), _GROUND)
    draw = ImageDraw.Draw(picture)
    light(picture, MARGIN, 34, 16)
    bold = Voice.TYPEWRITER_BOLD
    head = _one_line(drawable(heading, bold), width=WIDTH - 2 * MARGIN - 30, size=28, voice=bold)
    Line(text=head, x=MARGIN + 30, y=50, size=28, voice=bold).draw(picture, _INK)
    for row in layout(bars):
        for line in (row.title, row.count):
            line.draw(picture, _INK)
        draw.rounded_rectangle((MARGIN, row.y, WIDTH - MARGIN, row.y + _BAR), _BAR // 2, fill=_TRACK)
        draw.rounded_rectangle((MARGIN, row.y, MARGIN + row.length, row.y + _BAR), _BAR // 2, fill=row.colour)
    return png(picture)


def alt_text(bars: Sequence[Bar], heading: str) -> str:
    """Return the picture in words, at most 1000 characters."""
    rows = "; ".join(f"{number}. {bar.title}: {bar.votes}" for number, bar in enumerate(bars, 1))
    return shortened(" ".join(f"{heading}: {rows}".split()))
