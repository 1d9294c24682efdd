"""Drawings for the posters, each of a few flat shapes in the colours of a genre, varied by chance from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from random import Random

from PIL import ImageDraw


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a motif is drawn on: its size in pixels, the chance, and four colours from dark to light."""

    draw: ImageDraw.ImageDraw
    width: int
    height: int
    random: Random
    dark: str
    base: str
    middle: str
    light: str

    @property
    def short(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        """Fill a circle around ``x``, ``y``; one without a radius is none."""
        if radius > 0:
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def layers(self, count: int) -> list[str]:
        """Return colours of what lies one before the other: the nearest is the darkest, but no hole in the drawing."""
        return [mixed(self.middle, self.dark, 0.78 * layer / (count - 1)) for layer in range(count)]

    def fill(self, *points: tuple[float, float], colour: str) -> None:
        """Fill a polygon."""
        self.draw.polygon(points, fill=colour)


Motif = Callable[[Sheet], None]


def sun(sheet: Sheet) -> None:
    """A low sun with gaps that grow towards the ground."""
    x, y = sheet.width * sheet.random.uniform(0.45, 0.6), sheet.height * sheet.random.uniform(0.44, 0.56)
    radius = sheet.short * sheet.random.uniform(0.33, 0.4)
    sheet.disc(x, y, radius * 1.28, sheet.middle)
    sheet.disc(x, y, radius, sheet.light)
    top, gap = y - radius * 0.1, radius * 0.05
    while top < y + radius * 1.3:
        sheet.draw.rectangle((0, top, sheet.width, top + gap), fill=sheet.base)
        top, gap = top + radius * 0.21, gap + radius * 0.028


def rays(sheet: Sheet) -> None:
    """Beams around a disc."""
    x, y = sheet.width * sheet.random.uniform(0.4, 0.65), sheet.height * sheet.random.uniform(0.4, 0.62)
    count, turn, far = sheet.random.randrange(11, 17), sheet.random.uniform(0, pi), 2.0 * (sheet.width + sheet.height)
    for ray in range(count):
        edges = [turn + pi * (2 * ray + side) / count for side in (0, 1)]
        tips = [(x + far * cos(edge), y + far * sin(edge)) for edge in edges]
        sheet.fill((x, y), *tips, colour=sheet.middle)
    sheet.disc(x, y, sheet.short * 0.27, sheet.base)
    sheet.disc(x, y, sheet.short * 0.2, sheet.light)


def bands(sheet: Sheet) -> None:
    """Stripes that lean, one of them bright."""
    step, lean = sheet.short * sheet.random.uniform(0.15, 0.2), sheet.height * sheet.random.uniform(0.35, 0.6)
    count = int((sheet.width + lean) / step) + 2
    bright = int((sheet.width * 0.55 + lean / 2) / step) + sheet.random.randrange(2)
    for band in range(count):
        x = band * step - lean
        colour = sheet.light if band == bright else sheet.middle if band % 2 else sheet.base
        sheet.fill((x + lean, 0), (x + lean + step, 0), (x + step, sheet.height), (x, sheet.height), colour=colour)


def dots(sheet: Sheet) -> None:
    """A screen of dots that grow towards one corner."""
    gap = sheet.short / sheet.random.randrange(9, 13)
    corner = sheet.width, sheet.height * sheet.random.choice((0.0, 1.0))
    far = hypot(sheet.width, sheet.height)
    for row in range(-1, int(sheet.height / gap) + 2):
        for column in range(-1, int(sheet.width / gap) + 2):
            x, y = (column + row % 2 / 2) * gap, row * gap
            near = 1 - hypot(x - corner[0], y - corner[1]) / far
            sheet.disc(x, y, gap * 0.62 * near, sheet.light if near > 0.72 else sheet.middle)


def arcs(sheet: Sheet) -> None:
    """Rings around a corner, like sound or a shell."""
    x, y = sheet.width * sheet.random.choice((0.35, 1.0)), float(sheet.height)
    rings = sheet.random.randrange(6, 9)
    step = 1.12 * max(sheet.width, sheet.height) / rings
    colours = (sheet.middle, sheet.base, sheet.light, sheet.base, sheet.middle, sheet.dark)
    for ring in range(rings, 0, -1):
        sheet.disc(x, y, ring * step * 0.8, colours[(ring - 1) % len(colours)])


def tiles(sheet: Sheet) -> None:
    """A wall of quarter discs, half discs and dots."""
    columns = max(3, round(sheet.width / sheet.short * 3))
    side = sheet.width / columns
    for row in range(int(sheet.height / side) + 1):
        for column in range(columns):
            _tile(sheet, column * side, row * side, side)


def _tile(sheet: Sheet, x: float, y: float, side: float) -> None:
    back, front = sheet.random.choice(
        ((sheet.base, sheet.middle), (sheet.middle, sheet.light), (sheet.dark, sheet.middle), (sheet.base, sheet.light))
    )
    sheet.draw.rectangle((x, y, x + side, y + side), fill=back)
    dx, dy = sheet.random.randrange(2) * side, sheet.random.randrange(2) * side
    match sheet.random.randrange(4):
        case 0:
            sheet.disc(x + side / 2, y + side / 2, side * 0.3, front)
        case 1:
            corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
            del corners[sheet.random.randrange(4)]
            sheet.fill(*corners, colour=front)
        case _:
            quarter = (x + dx - side, y + dy - side, x + dx + side, y + dy + side)
            start = {(0, 0): 0, (1, 0): 90, (1, 1): 180, (0, 1): 270}[dx > 0, dy > 0]
            sheet.draw.pieslice(quarter, start, start + 90, fill=front)


def peaks(sheet: Sheet) -> None:
    """Mountains, the nearest the darkest, and a disc above them."""
    x, y = sheet.width * sheet.random.uniform(0.35, 0.7), sheet.height * sheet.random.uniform(0.24, 0.34)
    sheet.disc(x, y, sheet.short * 0.17, sheet.light)
    for level, colour in zip((0.5, 0.66, 0.82), sheet.layers(3), strict=True):
        for _ in range(3):
            top = (
                sheet.random.uniform(-0.1, 1.1) * sheet.width,
                sheet.height * (level + sheet.random.uniform(-0.1, 0.04)),
            )
            spread = sheet.width * sheet.random.uniform(0.5, 0.8)
            sheet.fill(top, (top[0] + spread, sheet.height), (top[0] - spread, sheet.height), colour=colour)
        sheet.draw.rectangle((0, sheet.height * (level + 0.18), sheet.width, sheet.height), fill=colour)


def windows(sheet: Sheet) -> None:
    """A house front at night where few are awake."""
    columns = max(4, round(sheet.width / sheet.short * 4))
    side = sheet.width / (columns + 0.6)
    rows = int(sheet.height / (side * 1.35)) + 1
    awake = set(sheet.random.sample(range(columns * rows), max(2, columns * rows // 9)))
    for place in range(columns * rows):
        x, y = side * (0.45 + place % columns), side * (0.45 + place // columns * 1.35)
        colour = sheet.light if place in awake else sheet.middle if sheet.random.random() < 0.3 else sheet.dark
        sheet.draw.rectangle((x, y, x + side * 0.62, y + side * 0.95), fill=colour)
        sheet.draw.line(
            (x + side * 0.31, y, x + side * 0.31, y + side * 0.95), fill=sheet.base, width=sheet.short // 90
        )


def waves(sheet: Sheet) -> None:
    """Water in layers below a disc."""
    sheet.disc(sheet.width * sheet.random.uniform(0.4, 0.7), sheet.height * 0.3, sheet.short * 0.19, sheet.light)
    for layer, colour in enumerate(sheet.layers(4)):
        level, swing = sheet.height * (0.42 + 0.15 * layer), sheet.height * 0.035
        phase, length = sheet.random.uniform(0, 2 * pi), sheet.width * sheet.random.uniform(0.35, 0.6)
        crest = [
            (x, level + swing * sin(phase + 2 * pi * x / length))
            for x in range(0, sheet.width + 1, max(1, sheet.short // 60))
        ]
        sheet.fill(*crest, (sheet.width, sheet.height), (0, sheet.height), colour=colour)


def mixed(one: str, other: str, share: float) -> str:
    """Return the colour that lies ``share`` of the way from ``one`` to ``other``, all as ``#rrggbb``."""
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
