"""Which typeface draws which character: ours first, then what the machine has for scripts that ours lack.

Ours are small and only know Latin letters. Where people write Chinese, Japanese or emoji, fonts come from the folders
that fontconfig reads (or one that the owner names); Debian's fonts-noto-cjk and fonts-noto-color-emoji are enough.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont, features

from bot.ui.coverage import coverage, faces_in
from bot.ui.graphemes import unseen

SHAPED: Final = features.check("raqm") is True  # HarfBuzz: kerning, joined letters, joined emoji
_STRIKES: Final = (109, 128, 136, 160, 96, 64, 32)  # sizes in which colour fonts hold their pictures
_KINDS: Final = {".ttf", ".otf", ".ttc", ".otc"}
_USELESS: Final = ("lastresort", "blank", "notdef", "fallback-")
_ODD: Final = ("italic", "oblique", "cond", "light", "thin", "slanted", "extra", "semi")
_EMOJI: Final = range(0x1F000, 0x1FB00)


class Voice(StrEnum):
    """How words look: the typewriter of the page, and the three faces of the posters."""

    TYPEWRITER = "CourierPrime-Regular.ttf"
    TYPEWRITER_BOLD = "CourierPrime-Bold.ttf"
    GOTHIC = "Anton-Regular.ttf"
    SERIF = "DMSerifDisplay-Regular.ttf"
    ROUND = "LeagueSpartan-Black.otf"

    @property
    def bold(self) -> bool:
        """Whether the strokes are heavy."""
        return self is not Voice.TYPEWRITER


@dataclass(frozen=True, slots=True)
class Face:
    """One typeface in one file."""

    path: Path
    index: int = 0

    def draws(self, cluster: str) -> bool:
        """Say whether it has every part of ``cluster`` that is seen."""
        known = coverage(self.path, self.index)
        return all(character in known or unseen(character) for character in cluster)


@lru_cache(maxsize=16)
def own(voice: Voice) -> Face:
    """Return the face that ships with us."""
    return Face(Path(__file__).with_name("fonts") / voice.value)


def shaped(face: Face) -> bool:
    """Say whether letters of ``face`` are joined, kerned and turned around; never the typewriter's."""
    return SHAPED and face not in {own(Voice.TYPEWRITER), own(Voice.TYPEWRITER_BOLD)}


@lru_cache(maxsize=256)
def opened(face: Face, size: int) -> tuple[ImageFont.FreeTypeFont, float]:
    """Return the font, and by how much its pictures must be scaled to be ``size`` pixels high.

    Raises:
        OSError: FreeType cannot use the file at any size.
    """
    engine = ImageFont.Layout.RAQM if shaped(face) else ImageFont.Layout.BASIC
    for strike in (size, *_STRIKES):
        try:
            return ImageFont.truetype(face.path, strike, face.index, layout_engine=engine), size / strike
        except OSError as error:
            refused = error
    raise refused


@lru_cache(maxsize=8192)
def face_for(cluster: str, voice: Voice, region: str = "") -> Face | None:
    """Return what draws ``cluster``; ``region`` (``JP``, ``KR``, ``SC``) chooses how Chinese characters look."""
    if own(voice).draws(cluster):
        return own(voice)
    emoji = any(ord(character) in _EMOJI or character == "\ufe0f" for character in cluster)
    faces = _fallbacks(voice, region, emoji=emoji)
    return next((face for face in faces if face.draws(cluster) and _inks(face, cluster)), None)


def _inks(face: Face, cluster: str) -> bool:
    """Say whether something is seen: not in a damaged file, nor in colours of a kind that FreeType cannot draw."""
    try:
        font, _ = opened(face, 20)
        return font.getmask(cluster, mode="RGBA").getbbox() is not None
    except OSError:
        return False


def region_of(text: str) -> str:
    """Return whose Chinese characters ``text`` has: Japanese beside kana, Korean beside hangul, else simplified."""
    kana = any(0x3040 <= ord(sign) < 0x3100 for sign in text)
    hangul = any(0xAC00 <= ord(sign) < 0xD7B0 for sign in text)
    return "JP" if kana else "KR" if hangul else "SC"


def look_in(*folders: Path) -> None:
    """Take fonts from ``folders`` first, from now on; with none, from the machine's own places only."""
    _first[:] = folders
    for known in (_files, _fallbacks, face_for, coverage, opened):
        known.cache_clear()


def system_folders() -> tuple[Path, ...]:
    """Return where Linux, macOS and Windows keep fonts, in fontconfig's order on Linux."""
    home = Path.home()
    data = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    linux = [Path(place) / "fonts" for place in (data, *shared.split(":")) if place]
    apple = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return (*linux, home / ".fonts", *apple, Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")


_first: list[Path] = []


@lru_cache(maxsize=1)
def _files() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the font files of the owner's folders, and those of the machine."""
    return tuple(path for folder in _first for path in _fonts(folder)), tuple(
        path for folder in system_folders() for path in _fonts(folder)
    )


def _fonts(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = path.name.casefold()
        if path.suffix.casefold() in _KINDS and not any(word in name for word in _USELESS):
            yield path


@lru_cache(maxsize=64)
def _fallbacks(voice: Voice, region: str, *, emoji: bool) -> tuple[Face, ...]:
    """Return every other face in the order in which it is asked: fitting in kind, weight and style before others."""

    def rank(path: Path) -> tuple[object, ...]:
        name = path.stem.casefold()
        heavy = "bold" in name or "black" in name
        return (
            ("emoji" in name) is not emoji,
            "noto" not in name,
            any(word in name for word in _ODD),
            "mono" in name,
            heavy is not voice.bold,
            ("serif" in name) is not (voice is Voice.SERIF),
            name,
        )

    return tuple(_face(path, region) for files in _files() for path in sorted(files, key=rank))


def _face(path: Path, region: str) -> Face:
    """Return the face of a collection that belongs to ``region``; its first if none does."""
    count = faces_in(path)
    for index in range(count if count > 1 else 0):
        try:
            family = ImageFont.truetype(path, 20, index).getname()[0] or ""
        except OSError:
            break
        if family.endswith(region) and "Mono" not in family:
            return Face(path, index)
    return Face(path)
