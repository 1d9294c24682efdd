"""Which characters a font file can draw, read from its ``cmap`` table.

Pillow does not say it, and drawing a character to see whether a box comes out is sometimes wrong (blank glyphs of a
colour font). fontTools says it, too, but takes forty times as long: ``benchmarks/pictures/coverage.py``.
"""

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

_COLLECTION: Final = b"ttcf"
_SEGMENTS: Final = 4  # cmap format of the first 65,536 characters
_GROUPS: Final = 12  # and of all of them


@dataclass(frozen=True, slots=True)
class Coverage:
    """Ranges of code points: ``starts[i]`` to ``ends[i]``, both meant, in rising order."""

    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def __contains__(self, character: str) -> bool:
        place = bisect_right(self.starts, ord(character)) - 1
        return place >= 0 and ord(character) <= self.ends[place]


@lru_cache(maxsize=1024)
def coverage(path: Path, index: int = 0) -> Coverage:
    """Return what the font draws; nothing if the file cannot be read as a font."""
    try:
        with path.open("rb") as file:
            return _read(_cmap(file, index))
    except (OSError, struct.error, KeyError):
        return Coverage()


def faces_in(path: Path) -> int:
    """Return how many faces the file holds: several in a collection, none if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return 0
    return int.from_bytes(head[8:12], "big") if head.startswith(_COLLECTION) else 1


def _cmap(file: BinaryIO, index: int) -> bytes:
    start = _at(file, 12 + 4 * index, "I")[0] if file.read(4) == _COLLECTION else 0
    (count,) = _at(file, start + 4, "H")
    for number in range(count):
        file.seek(start + 12 + 16 * number)
        tag, _, offset, length = struct.unpack(">4sIII", file.read(16))
        if tag == b"cmap":
            file.seek(offset)
            return file.read(length)
    return b""


def _at(file: BinaryIO, offset: int, form: str) -> tuple[int, ...]:
    file.seek(offset)
    return struct.unpack(f">{form}", file.read(struct.calcsize(f">{form}")))


def _read(table: bytes) -> Coverage:
    (count,) = struct.unpack_from(">H", table, 2)
    offsets = [struct.unpack_from(">I", table, 8 + 8 * number)[0] for number in range(count)]
    formats = {struct.unpack_from(">H", table, offset)[0]: offset for offset in offsets}
    if _GROUPS in formats:
        return _groups(table, formats[_GROUPS])
    return _segments(table, formats[_SEGMENTS])


def _groups(table: bytes, offset: int) -> Coverage:
    (count,) = struct.unpack_from(">I", table, offset + 12)
    values = struct.unpack_from(f">{3 * count}I", table, offset + 16)
    return Coverage(values[0::3], values[1::3])


def _segments(table: bytes, offset: int) -> Coverage:
    count = struct.unpack_from(">H", table, offset + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", table, offset + 14)
    starts = struct.unpack_from(f">{count}H", table, offset + 16 + 2 * count)
    return Coverage(starts[:-1], ends[:-1])  # the last segment, U+FFFF, is there to end the table
