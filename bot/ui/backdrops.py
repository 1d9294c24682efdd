"""How the poster of each genre looks: its colours, its typeface, and the drawing beside or above the words."""

from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image, ImageDraw

from bot.ui.motifs import Motif, Sheet, arcs, bands, dots, mixed, peaks, rays, sun, tiles, waves, windows
from bot.ui.typefaces import Voice

LIGHT: Final = "#4ADE80"  # the green light
_SHARP: Final = 2  # drawn larger, then made smaller: smooth edges
_EDGES: Final = (0.0, 0.09, -0.09)  # how far the drawing's inner edge leans, in shares of the longer side


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``: the ground, the shapes on it, small print, and the words; then type and drawings."""

    ground: str
    shape: str
    accent: str
    voice: Voice = Voice.SERIF
    motifs: tuple[Motif, ...] = (tiles, arcs)
    ink: str = "#FFF8EA"


_G, _S, _R = Voice.GOTHIC, Voice.SERIF, Voice.ROUND
PLAIN: Final = Palette("#20242C", "#2E3440", "#B8C1D1")
PALETTES: Final = {
    "action": Palette("#2A1210", "#7A1F14", "#FFB199", _G, (bands, rays)),
    "adventure": Palette("#12302B", "#1E5A4B", "#F2C572", _G, (peaks, sun, waves)),
    "animation": Palette("#3A1B5C", "#6A35A8", "#FFC94D", _R, (tiles, arcs)),
    "anime": Palette("#3D1233", "#8A2464", "#FFB3D1", _G, (rays, sun)),
    "comedy": Palette("#5A2A0C", "#A8520F", "#FFD98A", _R, (rays, tiles, dots)),
    "crime": Palette("#16181D", "#3B1C22", "#E3A6A6", _G, (windows, bands)),
    "documentary": Palette("#1D2B36", "#2F4A5C", "#BFD8E6", _G, (dots, arcs)),
    "drama": Palette("#2B1830", "#54305C", "#E8BFE4", _S, (arcs, windows)),
    "family": Palette("#0F3B4F", "#1B6A85", "#FFDE8A", _R, (waves, tiles)),
    "fantasy": Palette("#1A1E4A", "#373F96", "#D6C6FF", _S, (peaks, sun)),
    "history": Palette("#33261A", "#624A30", "#E9CFA6", _S, (arcs, sun)),
    "horror": Palette("#0D0F10", "#4A0D12", "#E59A9A", _S, (windows, peaks)),
    "music": Palette("#2E0F3D", "#7A1E7F", "#FFB8EC", _R, (arcs, dots)),
    "mystery": Palette("#121D2E", "#25405F", "#B9D3F0", _S, (windows, waves)),
    "reality": Palette("#3B1640", "#8A2B6B", "#FFD0E6", _R, (dots, tiles)),
    "romance": Palette("#4A1228", "#94264F", "#FFC2D4", _S, (waves, arcs)),
    "science fiction": Palette("#071A2E", "#0F4A66", "#9BE8F2", _R, (sun, arcs)),
    "sport": Palette("#0E2F1F", "#1A6A3E", "#C9F2A6", _G, (bands, arcs)),
    "thriller": Palette("#191B1F", "#3D434D", "#F2D16B", _G, (windows, bands)),
    "war": Palette("#24281C", "#4A5238", "#DDE0B0", _G, (bands, sun)),
    "western": Palette("#41200F", "#85431D", "#FFD0A1", _G, (sun, peaks)),
}


def backdrop(size: tuple[int, int], split: float, palette: Palette, seed: int) -> Image.Image:
    """Return a picture of ``size`` pixels whose far part is a drawing, the rest plain ground.

    The drawing takes the right ``split`` of a wide picture and the upper one of any other, and no more.
    """
    wide, random = size[0] > size[1], Random(seed)  # noqa: S311 – a picture, no secret
    part = (round(size[0] * split), size[1]) if wide else (size[0], round(size[1] * split))
    drawing = _drawing(part, palette, random)
    picture = Image.new("RGB", size, palette.ground)
    mask = _mask(part, random.choice(_EDGES), wide=wide)
    picture.paste(drawing, (size[0] - part[0], 0), mask)
    return picture


def light(picture: Image.Image, x: float, y: float, side: int) -> None:
    """Turn on the green light: a disc ``side`` pixels wide with its upper left corner at ``x``, ``y``."""
    sharp = 4
    mask = Image.new("L", (side * sharp, side * sharp))
    ImageDraw.Draw(mask).ellipse((0, 0, side * sharp - 1, side * sharp - 1), fill=255)
    picture.paste(LIGHT, (round(x), round(y)), mask.reduce(sharp))


def _drawing(size: tuple[int, int], palette: Palette, random: Random) -> Image.Image:
    big = size[0] * _SHARP, size[1] * _SHARP
    drawing = Image.new("RGB", big, palette.shape)
    middle = mixed(palette.shape, palette.accent, 0.4)
    sheet = Sheet(ImageDraw.Draw(drawing), *big, random, palette.ground, palette.shape, middle, palette.accent)
    random.choice(palette.motifs)(sheet)
    return drawing.reduce(_SHARP)


def _mask(size: tuple[int, int], lean: float, *, wide: bool) -> Image.Image:
    """Return where the drawing is seen: up to an edge that may lean, inwards only."""
    width, height = size[0] * _SHARP, size[1] * _SHARP
    mask = Image.new("L", (width, height))
    cut = abs(lean) * max(width, height)
    first, second = (cut, 0.0) if lean > 0 else (0.0, cut)
    inner = [(first, 0), (second, height)] if wide else [(width, height - first), (0, height - second)]
    outer = [(width, height), (width, 0)] if wide else [(0, 0), (width, 0)]
    ImageDraw.Draw(mask).polygon([*inner, *outer], fill=255)
    return mask.reduce(_SHARP)
