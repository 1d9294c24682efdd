"""In which order the words of a line stand when some of them run from right to left.

A short form of Unicode's rules (UAX 9): strong letters, digits after them, and what lies between; no embeddings, since
their control characters were taken out before.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, TypeVar

_LEFT: Final = {"L"}
_RIGHT: Final = {"R", "AL"}
_DIGITS: Final = {"EN", "AN"}
_Part = TypeVar("_Part")


def levels(clusters: Sequence[str]) -> list[int]:
    """Return how deep each cluster lies: even ones run from left to right, odd ones from right to left."""
    kinds = [unicodedata.bidirectional(cluster[0]) for cluster in clusters]
    if not _RIGHT.intersection(kinds):
        return [0] * len(kinds)
    base = next((int(kind in _RIGHT) for kind in kinds if kind in _LEFT | _RIGHT), 0)
    found: list[int | None] = []
    strong = base
    for kind in kinds:
        if kind in _LEFT | _RIGHT:
            strong = int(kind in _RIGHT)
        found.append(_level(kind, base, strong))
    return _filled(found, base)


def _level(kind: str, base: int, strong: int) -> int | None:
    if kind in _LEFT:
        return 2 * base
    if kind in _RIGHT:
        return 1
    return (2 if strong else 2 * base) if kind in _DIGITS else None


def _filled(found: Sequence[int | None], base: int) -> list[int]:
    """Give what lies between two neighbours their level if both run the same way, else that of the line."""
    filled: list[int] = []
    for place, level in enumerate(found):
        if level is None:
            before = filled[-1] if filled else base
            after = next((later for later in found[place:] if later is not None), base)
            level = min(before, after) if before and after else base  # noqa: PLW2901 – the gap is filled here
        filled.append(level)
    return filled


def ordered(parts: Sequence[_Part], depths: Sequence[int]) -> list[_Part]:
    """Return the parts of a line from left to right as they are seen, by their levels."""
    pairs = list(zip(depths, parts, strict=True))
    for depth in range(max(depths, default=0), 0, -1):
        pairs = _turned(pairs, depth)
    return [part for _, part in pairs]


def _turned(pairs: list[tuple[int, _Part]], depth: int) -> list[tuple[int, _Part]]:
    seen: list[tuple[int, _Part]] = []
    row: list[tuple[int, _Part]] = []
    for pair in pairs:
        if pair[0] >= depth:
            row.append(pair)
        else:
            seen += [*reversed(row), pair]
            row = []
    return seen + row[::-1]
