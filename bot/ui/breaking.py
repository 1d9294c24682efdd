"""Where lines of text end: measured, never inside a word that fits, and between any two Chinese characters."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from bot.ui.graphemes import clusters
from bot.ui.typefaces import Voice
from bot.ui.typesetting import measured

LEADING: Final = 1.28  # line height in font sizes
ELLIPSIS: Final = "…"
_WIDE: Final = "WF"  # East Asian widths of what may be broken between any two characters
_NOT_FIRST: Final = frozenset(
    "、。，．・：；？！）」』】〕〉》〙〗’”…‥ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々ゝゞ％‐–—〜"
)
_NOT_LAST: Final = frozenset("（「『【〔〈《〘〖‘“￥＄")


@lru_cache(maxsize=64)
def atoms(text: str) -> tuple[str, ...]:
    """Return the pieces between which a line may end; each has the blanks that follow it."""
    pieces: list[str] = []
    for part in clusters(text):
        if pieces and not _breaks(pieces[-1], part):
            pieces[-1] += part
        else:
            pieces.append(part)
    return tuple(pieces)


def _breaks(before: str, part: str) -> bool:
    if part == " ":
        return False
    if before[-1] == " ":
        return True
    ideographs = any(unicodedata.east_asian_width(sign) in _WIDE for sign in (before[-1], part[0]))
    return ideographs and before[-1] not in _NOT_LAST and part[0] not in _NOT_FIRST


def broken(text: str, *, width: float, size: int, voice: Voice = Voice.TYPEWRITER) -> Iterator[str]:
    """Yield ``text`` in lines of at most ``width`` pixels; a word that is wider is cut."""
    line = ""
    for atom in atoms(text):
        if measured((line + atom).rstrip(), size=size, voice=voice) <= width:
            line += atom
            continue
        if line:
            yield line.rstrip()
        *whole, line = _cut(atom, width=width, size=size, voice=voice)
        yield from whole
    if line:
        yield line.rstrip()


def _cut(word: str, *, width: float, size: int, voice: Voice) -> list[str]:
    pieces = [""]
    for part in clusters(word):
        if pieces[-1] and part != " " and measured(pieces[-1] + part, size=size, voice=voice) > width:
            pieces.append("")
        pieces[-1] += part
    return pieces


def balanced(text: str, *, width: float, size: int, voice: Voice = Voice.TYPEWRITER) -> list[str]:
    """Return as few lines as :func:`broken` does, but of about the same length."""
    lines = list(broken(text, width=width, size=size, voice=voice))
    low, high = width * (1 - 1 / max(len(lines), 2)) / 2, width
    while len(lines) > 1 and high - low > size / 2:
        middle = (low + high) / 2
        fewer = list(broken(text, width=middle, size=size, voice=voice))
        if len(fewer) <= len(lines) and fits(text, width=middle, size=size, voice=voice):
            lines, high = fewer, middle
        else:
            low = middle
    return lines


def fits(text: str, *, width: float, size: int, voice: Voice = Voice.TYPEWRITER) -> bool:
    """Say whether no word of ``text`` must be cut."""
    return all(measured(atom.rstrip(), size=size, voice=voice) <= width for atom in atoms(text))


def clipped(lines: Iterable[str], *, most: int, width: float, size: int, voice: Voice = Voice.TYPEWRITER) -> list[str]:
    """Return at most ``most`` lines, the last one with "…" where something is missing."""
    rows = list(lines)
    if len(rows) <= most or most < 1:
        return rows[: max(most, 0)]
    last = clusters(rows[most - 1])
    while last and measured("".join(last).rstrip(" .,;:–—-") + ELLIPSIS, size=size, voice=voice) > width:
        last.pop()
    return [*rows[: most - 1], "".join(last).rstrip(" .,;:–—-") + ELLIPSIS]


def fitted(
    text: str,
    *,
    width: float,
    height: float,
    sizes: range,
    leading: float = LEADING,
    voice: Voice = Voice.TYPEWRITER,
) -> tuple[int, list[str]]:
    """Return the largest of ``sizes`` (rising) at which ``text`` fits without cutting a word, and its lines.

    At the smallest size words are cut and the end is left out if it must be.
    """
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high + 1) // 2
        most = int(height // (sizes[middle] * leading))
        rows = list(islice(broken(text, width=width, size=sizes[middle], voice=voice), most + 1))
        room = len(rows) <= most
        low, high = (
            (middle, high) if room and fits(text, width=width, size=sizes[middle], voice=voice) else (low, middle - 1)
        )
    size = sizes[low]
    most = int(height // (size * leading))
    lines = list(islice(broken(text, width=width, size=size, voice=voice), most + 1))
    if len(lines) <= most:
        return size, balanced(text, width=width, size=size, voice=voice)
    return size, clipped(lines, most=most, width=width, size=size, voice=voice)


def shortened(text: str, most: int = 1000) -> str:
    """Return ``text`` with at most ``most`` characters, "…" at the end where something is missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS
