"""Where each line of text goes on a picture: breaking, fitting and dropping what the typeface cannot draw."""

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

LEADING: Final = 1.28  # line height in font sizes
ELLIPSIS: Final = "…"

# Courier Prime, SIL Open Font License (fonts/OFL.txt): every character is equally wide, so breaking is counting.
_FACES: Final = {True: "CourierPrime-Bold.ttf", False: "CourierPrime-Regular.ttf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text with its top left corner in pixels."""

    text: str
    x: float
    y: float
    size: int
    bold: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the ink, in pixels."""
        left, top, right, bottom = face(self.size, bold=self.bold).getbbox(self.text)
        return self.x + left, self.y + top, self.x + right, self.y + bottom


@lru_cache(maxsize=64)
def face(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the typeface at ``size`` pixels, set the same on every machine."""
    path = Path(__file__).with_name("fonts") / _FACES[bold]
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def columns(width: float, size: int) -> int:
    """Return how many characters of ``size`` fit into ``width`` pixels, one at least."""
    return max(1, int(width // face(size).getlength("M")))


def drawable(text: str) -> str:
    """Return ``text`` on one line with accents the typeface lacks taken off and all else it lacks left out."""
    return " ".join("".join(map(_drawable, unicodedata.normalize("NFC", text))).split())


@lru_cache(maxsize=4096)
def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    return "".join(part for part in _forms(character) if _has_glyph(part))


def _forms(character: str) -> str:
    return character if _has_glyph(character) else unicodedata.normalize("NFKD", character)


def _has_glyph(character: str) -> bool:
    printable = unicodedata.category(character)[0] not in "CM"
    return printable and face(20).getmask(character).getbbox() is not None


def broken(text: str, *, width: float, size: int) -> list[str]:
    """Return ``text`` in lines of at most ``width`` pixels; a word that is wider is cut."""
    return textwrap.wrap(text, columns(width, size), break_on_hyphens=False)


def clipped(lines: Sequence[str], *, most: int, width: float, size: int) -> list[str]:
    """Return at most ``most`` lines, the last one with "…" where something is missing."""
    if len(lines) <= most:
        return list(lines)
    if most < 1:
        return []
    last = lines[most - 1][: columns(width, size) - 1].rstrip(" .,;:–—-")
    return [*lines[: most - 1], last + ELLIPSIS]


def fitted(
    text: str, *, width: float, height: float, sizes: Sequence[int], leading: float = LEADING
) -> tuple[int, list[str]]:
    """Return the first of ``sizes`` at which ``text`` fits without cutting a word, and its lines.

    At the last size words are cut and the end is left out if it must be.
    """
    longest = max(map(len, text.split()), default=0)
    for size in sizes:
        lines = broken(text, width=width, size=size)
        if len(lines) <= height // (size * leading) and longest <= columns(width, size):
            return size, lines
    size = sizes[-1]
    lines = broken(text, width=width, size=size)
    return size, clipped(lines, most=int(height // (size * leading)), width=width, size=size)


def stacked(
    lines: Iterable[str], *, x: float, y: float, size: int, bold: bool = False, leading: float = LEADING
) -> Iterator[Line]:
    """Yield ``lines`` one below the other from ``y`` on, each starting at ``x``."""
    for row, text in enumerate(lines):
        yield Line(text=text, x=x, y=y + row * size * leading, size=size, bold=bold)
