"""The poster of a show: its title and logline on the colours of its genre, large type beside a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image

from bot.ui.backdrops import PALETTES, PLAIN, backdrop, light
from bot.ui.breaking import LEADING, broken, clipped, fitted, shortened
from bot.ui.encoding import png
from bot.ui.graphemes import visible
from bot.ui.readable import drawable
from bot.ui.typefaces import Voice
from bot.ui.typesetting import Line

SIZE: Final = (1200, 675)
NOTE: Final = "A show that does not exist. Written by a language model."

MOST_TITLE: Final = 240  # characters; more cannot be read on a poster
MOST_SUMMARY: Final = 900
WIDE_SPLIT: Final = 0.36  # shares of the picture that the drawing takes
TALL_SPLIT: Final = 0.40
SQUARE_SPLIT: Final = 0.33
MARGIN: Final = 0.085  # of the shorter side
_LEADINGS: Final = {Voice.GOTHIC: 1.1, Voice.SERIF: 1.06, Voice.ROUND: 0.98}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every line on the poster."""

    label: Line
    title: tuple[Line, ...]
    summary: tuple[Line, ...]
    note: Line

    @property
    def lines(self) -> tuple[Line, ...]:
        """All of them, from top to bottom."""
        return (self.label, *self.title, *self.summary, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """Where the words go, in pixels; ``unit`` is what a pixel is on a picture 675 high."""

    left: int
    top: float
    width: float
    bottom: float
    unit: float

    def px(self, pixels: float) -> int:
        """Return ``pixels`` of the wide poster in those of this one."""
        return round(pixels * self.unit)


def _column(size: tuple[int, int]) -> _Column:
    width, height = size
    unit, margin = min(size) / SIZE[1], round(min(size) * MARGIN)
    if width > height:
        room = width * (1 - WIDE_SPLIT) - 1.75 * margin
        return _Column(left=margin, top=margin, width=room, bottom=height - margin, unit=unit)
    top = height * split_of(size) + margin
    return _Column(left=margin, top=top, width=width - 2.0 * margin, bottom=height - margin, unit=unit * 0.85)


def split_of(size: tuple[int, int]) -> float:
    """Return the share of the picture that the drawing takes."""
    if size[0] > size[1]:
        return WIDE_SPLIT
    return SQUARE_SPLIT if size[1] < 1.2 * size[0] else TALL_SPLIT


def layout(*, title: str, summary: str, genre: str, size: tuple[int, int] = SIZE) -> Layout:
    """Return where every line goes; all of them stay inside the margins, clear of the drawing."""
    column = _column(size)
    palette = PALETTES.get(genre.casefold(), PLAIN)
    top, bottom = column.top + column.px(54), column.bottom - column.px(50)
    names = _title(_name(title, genre, palette.voice), palette.voice, column, top=top, height=(bottom - top) * 0.68)
    below = names[-1].box[3] + column.px(34)
    return Layout(
        label=_label(genre, column),
        title=names,
        summary=_summary(
            drawable(shortened(summary, MOST_SUMMARY)), column, top=below, bottom=bottom, most=names[0].size * 2 // 3
        ),
        note=Line(text=NOTE, x=column.left, y=column.bottom, size=column.px(16)),
    )


def _name(title: str, genre: str, voice: Voice) -> str:
    """Return what is written large: the title, in capitals where the typeface has been made for them."""
    name = shortened(visible(title), MOST_TITLE) or visible(genre).title() or "GreenLIT"
    return drawable(name.upper() if voice is Voice.GOTHIC else name, voice)


def _label(genre: str, column: _Column) -> Line:
    size, indent = column.px(21), column.px(29)
    text = f"GREENLIT · {drawable(genre).upper()}".rstrip(" ·")
    width, voice = column.width - indent, Voice.TYPEWRITER_BOLD
    (text,) = clipped(broken(text, width=width, size=size, voice=voice), most=1, width=width, size=size, voice=voice)
    return Line(text=text, x=column.left + indent, y=column.top + column.px(14), size=size, voice=voice)


def _title(name: str, voice: Voice, column: _Column, *, top: float, height: float) -> tuple[Line, ...]:
    """Return the title as large as it fits: its ink begins at ``top``, its lines never touch."""
    leading = _LEADINGS[voice]
    sizes = range(column.px(34), column.px(280), 2)
    size, texts = fitted(name, width=column.width, height=height, sizes=sizes, leading=leading, voice=voice)
    lines: list[Line] = []
    for text in texts:
        line = Line(text=text, x=column.left, y=0, size=size, voice=voice)
        clear = (lines[-1].box[3] + size / 20 if lines else top) - line.box[1]
        lines.append(replace(line, y=max(clear, lines[-1].y + size * leading) if lines else clear))
    return tuple(lines)


def _summary(text: str, column: _Column, *, top: float, bottom: float, most: int) -> tuple[Line, ...]:
    """Return the logline so that its last baseline is at ``bottom``, in the largest size that holds all of it."""
    smallest, largest = column.px(20), max(column.px(20), min(column.px(32), most))
    while True:
        sizes = range(smallest, largest + 1)
        size, texts = fitted(text, width=column.width, height=bottom - top, sizes=sizes)
        lines = _upward(texts, column.left, bottom, size)
        if size == smallest or not lines or lines[0].box[1] >= top:
            return lines
        largest = size - 1  # letters of other scripts are taller: they pushed the lines apart, out of their place


def _upward(texts: Sequence[str], x: float, bottom: float, size: int) -> tuple[Line, ...]:
    """Return lines from the last baseline up, none of which touches the one below, however tall its letters are."""
    lines: list[Line] = []
    for text in reversed(texts):
        line = Line(text=text, x=x, y=lines[-1].y - size * LEADING if lines else bottom, size=size)
        over = line.box[3] - lines[-1].box[1] if lines else 0.0
        lines.append(replace(line, y=line.y - over) if over > 0 else line)
    return tuple(reversed(lines))


def poster(*, title: str, summary: str, genre: str, seed: int, size: tuple[int, int] = SIZE) -> bytes:
    """Return a PNG of ``size`` pixels and less than 1 MB, the same for the same arguments and fonts.

    What no typeface here can draw is named in brackets (:func:`alt_text` has it all).
    """
    plan = layout(title=title, summary=summary, genre=genre, size=size)
    palette = PALETTES.get(genre.casefold(), PLAIN)
    picture = backdrop(size, split_of(size), palette, seed)
    _light(picture, plan.label)
    for line in plan.lines:
        line.draw(picture, palette.accent if line in (plan.label, plan.note) else palette.ink)
    return png(picture)


def _light(picture: Image.Image, label: Line) -> None:
    """Turn on the light before the label, as high as its capitals."""
    _, top, _, bottom = Line(text="H", x=0, y=label.y, size=label.size, voice=label.voice).box
    light(picture, label.x - round(label.size * 29 / 21), top, round(bottom - top))


def alt_text(*, title: str, summary: str, genre: str) -> str:
    """Return the poster in words for those who do not see it: at most 1000 characters, on one line."""
    return shortened(visible(f"Poster of “{title}”, {genre}, a show that does not exist: {summary}"))
