"""A line of text as it is drawn: runs of one face and one direction, their width and their ink."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from bot.ui.bidi import levels, ordered
from bot.ui.graphemes import clusters, unseen
from bot.ui.typefaces import Face, Voice, face_for, look_in, opened, region_of, shaped

Box = tuple[float, float, float, float]
_MIRROR: Final = str.maketrans("()[]{}<>«»", ")(][}{><»«")


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a line in one face and one direction."""

    text: str
    face: Face
    backwards: bool

    def at(self, size: int) -> tuple[ImageFont.FreeTypeFont, float, str | None]:
        """Return font, scale and the direction as Pillow takes it."""
        font, scale = opened(self.face, size)
        return font, scale, ("rtl" if self.backwards else "ltr") if shaped(self.face) else None

    def advance(self, size: int) -> float:
        """Return how far the next run is, in pixels."""
        font, scale, direction = self.at(size)
        return font.getlength(self.text, direction=direction) * scale

    def ink(self, size: int) -> Box:
        """Return left, top, right and bottom around its pen's start."""
        font, scale, direction = self.at(size)
        left, top, right, bottom = font.getbbox(self.text, anchor="ls", direction=direction)
        return left * scale, top * scale, right * scale, bottom * scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text; ``x`` is its left end and ``y`` its baseline, in pixels."""

    text: str
    x: float
    y: float
    size: int
    voice: Voice = Voice.TYPEWRITER

    @property
    def width(self) -> float:
        """How far the pen moves, in pixels."""
        return measured(self.text, size=self.size, voice=self.voice)

    @property
    def box(self) -> Box:
        """Left, top, right and bottom of the ink, in pixels."""
        x, boxes = self.x, list[Box]()
        for run in runs(self.text, self.voice):
            left, top, right, bottom = run.ink(self.size)
            boxes.append((x + left, self.y + top, x + right, self.y + bottom))
            x += run.advance(self.size)
        lefts, tops, rights, bottoms = zip(*boxes, strict=True) if boxes else ((self.x,), (self.y,)) * 2
        return min(lefts), min(tops), max(rights), max(bottoms)

    def draw(self, picture: Image.Image, ink: str) -> None:
        """Draw it on ``picture`` in the colour ``ink``; emoji keep their own."""
        x = self.x
        for run in runs(self.text, self.voice):
            _draw(picture, run, (x, self.y), size=self.size, ink=ink)
            x += run.advance(self.size)


def _draw(picture: Image.Image, run: Run, at: tuple[float, float], *, size: int, ink: str) -> None:
    font, scale, direction = run.at(size)
    if scale == 1:
        ImageDraw.Draw(picture).text(
            at, run.text, fill=ink, font=font, anchor="ls", embedded_color=True, direction=direction
        )
        return
    left, top, right, bottom = font.getbbox(run.text, anchor="ls", direction=direction)
    width, height = max(1, round(right - left)), max(1, round(bottom - top))
    stamp = Image.new("RGBA", (width, height))
    ImageDraw.Draw(stamp).text(
        (-left, -top), run.text, font=font, anchor="ls", embedded_color=True, direction=direction
    )
    stamp = stamp.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS)
    picture.paste(stamp, (round(at[0] + left * scale), round(at[1] + top * scale)), stamp)


def use_fonts(*folders: Path) -> None:
    """Take fonts from ``folders`` before the machine's own, from now on, for what ours cannot draw."""
    look_in(*folders)
    runs.cache_clear()
    measured.cache_clear()


@lru_cache(maxsize=2048)
def runs(text: str, voice: Voice) -> tuple[Run, ...]:
    """Return ``text`` from left to right as it is seen; every character in a face that has it."""
    parts = clusters(text)
    depths, faces = levels(parts), _faces(parts, voice, region_of(text))
    found: list[Run] = []
    kept: list[int] = []
    for (face, depth), group in groupby(zip(faces, depths, parts, strict=True), key=lambda part: part[:2]):
        found.append(_run([part for _, _, part in group], face, backwards=bool(depth % 2)))
        kept.append(depth)
    return tuple(ordered(found, kept))


def _run(parts: list[str], face: Face, *, backwards: bool) -> Run:
    if shaped(face):
        return Run("".join(parts), face, backwards)
    bare = ["".join(sign for sign in part if not unseen(sign)) for part in parts]
    return Run("".join(reversed(bare)).translate(_MIRROR) if backwards else "".join(bare), face, backwards)


def _faces(parts: Sequence[str], voice: Voice, region: str) -> list[Face]:
    """Return a face for each part; a blank is in the face of the word before it."""
    faces: list[Face] = []
    for part in parts:
        before = faces[-1] if faces and part == " " and faces[-1].draws(part) else None
        face = before or face_for(part, voice, region) or face_for("?", voice, region)
        assert face is not None, "our faces have a question mark"  # noqa: S101
        faces.append(face)
    return faces


@lru_cache(maxsize=8192)
def measured(text: str, *, size: int, voice: Voice = Voice.TYPEWRITER) -> float:
    """Return how wide ``text`` is, in pixels: how far the pen moves, or the ink where that is more."""
    if not text:
        return 0.0
    *before, last = runs(text, voice)
    return sum(run.advance(size) for run in before) + last.ink(size)[2]
