"""The colours of each genre and the shapes behind the words, drawn by chance from a seed."""

from dataclasses import dataclass
from math import cos, dist, pi, sin
from random import Random
from typing import Final

from PIL import Image, ImageDraw

_SHARP: Final = 2  # drawn larger, then made smaller: smooth edges
_CALM: Final = (0.2, 0.75)  # shares of the width between which the pattern appears
_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``: the ground, the shapes on it, small print, and the words."""

    ground: str
    shape: str
    accent: str
    ink: str = "#FFF8EA"


PLAIN: Final = Palette("#20242C", "#2E3440", "#B8C1D1")
PALETTES: Final = {
    "action": Palette("#2A1210", "#7A1F14", "#FFB199"),
    "adventure": Palette("#12302B", "#1E5A4B", "#F2C572"),
    "animation": Palette("#3A1B5C", "#6A35A8", "#FFC94D"),
    "anime": Palette("#3D1233", "#8A2464", "#FFB3D1"),
    "comedy": Palette("#5A2A0C", "#A8520F", "#FFD98A"),
    "crime": Palette("#16181D", "#3B1C22", "#E3A6A6"),
    "documentary": Palette("#1D2B36", "#2F4A5C", "#BFD8E6"),
    "drama": Palette("#2B1830", "#54305C", "#E8BFE4"),
    "family": Palette("#0F3B4F", "#1B6A85", "#FFDE8A"),
    "fantasy": Palette("#1A1E4A", "#373F96", "#D6C6FF"),
    "history": Palette("#33261A", "#624A30", "#E9CFA6"),
    "horror": Palette("#0D0F10", "#4A0D12", "#E59A9A"),
    "music": Palette("#2E0F3D", "#7A1E7F", "#FFB8EC"),
    "mystery": Palette("#121D2E", "#25405F", "#B9D3F0"),
    "reality": Palette("#3B1640", "#8A2B6B", "#FFD0E6"),
    "romance": Palette("#4A1228", "#94264F", "#FFC2D4"),
    "science fiction": Palette("#071A2E", "#0F4A66", "#9BE8F2"),
    "sport": Palette("#0E2F1F", "#1A6A3E", "#C9F2A6"),
    "thriller": Palette("#191B1F", "#3D434D", "#F2D16B"),
    "war": Palette("#24281C", "#4A5238", "#DDE0B0"),
    "western": Palette("#41200F", "#85431D", "#FFD0A1"),
}


def backdrop(size: tuple[int, int], palette: Palette, random: Random) -> Image.Image:
    """Return a picture of ``size`` pixels with one of the patterns; it fades to the left, where the words go."""
    width, height = size[0] * _SHARP, size[1] * _SHARP
    pattern = Image.new("RGB", (width, height), palette.ground)
    centre = width * random.uniform(0.72, 0.9), height * random.uniform(0.25, 0.6)
    random.choice(_PATTERNS)(ImageDraw.Draw(pattern), centre, height, palette, random)
    picture = Image.new("RGB", size, palette.ground)
    picture.paste(pattern.resize(size, Image.Resampling.LANCZOS), mask=_fade(size))
    return picture


def _fade(size: tuple[int, int]) -> Image.Image:
    """Return a mask that opens from left to right, slowly at first."""
    shares = ((x / size[0] - _CALM[0]) / (_CALM[1] - _CALM[0]) for x in range(size[0]))
    steps = bytes(round(255 * min(1, max(0, share)) ** 1.5) for share in shares)
    return Image.frombytes("L", (size[0], 1), steps).resize(size)


def _rings(draw: ImageDraw.ImageDraw, centre: _Point, height: int, palette: Palette, random: Random) -> None:
    gap = height * random.uniform(0.07, 0.1)
    for ring in range(16, 0, -1):
        draw.circle(centre, ring * gap, fill=palette.shape if ring % 2 else palette.ground)


def _rays(draw: ImageDraw.ImageDraw, centre: _Point, height: int, palette: Palette, random: Random) -> None:
    count, turn = random.randrange(12, 21), random.uniform(0, pi)
    for ray in range(count):
        edges = [turn + pi * (2 * ray + side) / count for side in (0, 1)]
        tips = [(centre[0] + 2 * height * cos(edge), centre[1] + 2 * height * sin(edge)) for edge in edges]
        draw.polygon([centre, *tips], fill=palette.shape)
    draw.circle(centre, height * 0.16, fill=palette.accent)


def _bands(draw: ImageDraw.ImageDraw, centre: _Point, height: int, palette: Palette, random: Random) -> None:
    step, lean = height * random.uniform(0.1, 0.16), height * random.uniform(0.3, 0.6)
    for band in range(-2, 14):
        x = centre[0] - height + band * step * 1.4
        draw.polygon([(x + lean, 0), (x + lean + step / 2, 0), (x + step / 2, height), (x, height)], fill=palette.shape)


def _dots(draw: ImageDraw.ImageDraw, centre: _Point, height: int, palette: Palette, random: Random) -> None:
    gap = height * random.uniform(0.045, 0.06)
    for row in range(int(height / gap) + 2):
        for column in range(int(2 * height / gap) + 2):
            x, y = (column + row % 2 / 2) * gap, row * gap
            radius = gap * 0.62 * (1 - min(1, dist((x, y), centre) / height))
            draw.circle((x, y), radius, fill=palette.shape)


_PATTERNS: Final = (_rings, _rays, _bands, _dots)
