"""The rows of a typed screenplay without what belongs to the paper: numbers, running heads, the title page."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from training.layout import marks

_TAB: Final = 8
_WIDE: Final = 200  # characters; a longer row is a paragraph, its inner columns mean nothing
_TITLE_PAGE: Final = 120  # rows; a first heading further down does not end one
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACE: Final = re.compile("[^\\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_REVISED: Final = re.compile(r"\s+\*+\s*$")
_MARGINS: Final = re.compile(rf"({marks.NUMBER})\s+(?P<inside>\S.*?)\s{{2,}}\1")
_RUNNING_HEAD: Final = re.compile(r"(?P<words>\S.*?)\s{3,}\d{1,3}[A-Z]?\.?")
_CREDIT: Final = re.compile(
    r"\b(?:written|screenplay|story|directed|draft|revis|copyright|based (?:up)?on|by)\b|©", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line: the column in which it begins (from 0) and what stands there, nothing where it is blank."""

    column: int
    text: str


BLANK: Final = Row(0, "")


def rows(text: str) -> list[Row]:
    """Return the rows of a screenplay, single-spaced, title page and furniture left out."""
    lines = _SPACE.sub(" ", re.sub(r"\r\n|[\r\f\v]", "\n", _INVISIBLE.sub("", text)).expandtabs(_TAB)).split("\n")
    return _without_title_page(_without_furniture(_single_spaced([_row(line) for line in lines])))


def _row(line: str) -> Row:
    typed = _REVISED.sub("", line).rstrip() if len(line) <= _WIDE else line.rstrip()
    column, inside = len(typed) - len(typed.lstrip()), typed.strip()
    if len(inside) > _WIDE:
        return Row(column, " ".join(inside.split()))
    if numbered := _MARGINS.fullmatch(inside):
        return Row(column + numbered.start("inside"), numbered["inside"])
    return Row(column, inside)


def _without_furniture(found: Sequence[Row]) -> list[Row]:
    heads = Counter(filter(None, map(_running_head, found)))
    kept: list[Row] = []
    for row in found:
        lone = not (kept and kept[-1].text)  # a number below a name is an answer
        paper = (lone and marks.page_number(row.text)) or marks.furniture(row.text) or heads[_running_head(row)] > 2
        kept.append(BLANK if paper else row)
    return kept


def _running_head(row: Row) -> str:
    match = _RUNNING_HEAD.fullmatch(row.text)
    return re.sub(r"\d", "", match["words"]) if match and not marks.slug(row.text) else ""


def _single_spaced(found: Sequence[Row]) -> list[Row]:
    """Return the rows, every other blank left out where a text was typed with a blank line below each of its lines."""
    filled = [place for place, row in enumerate(found) if row.text]
    steps = Counter(min(below - above, 4) for above, below in pairwise(filled))
    if steps[1] * 20 > len(filled) or steps[4] * 10 < len(filled):  # typed close, or each paragraph is one line
        return list(found)
    return [row for above, row in pairwise([BLANK, *found]) if row.text or not above.text]


def _without_title_page(found: Sequence[Row]) -> list[Row]:
    begin = next((place for place, row in enumerate(found) if _begins(row.text)), None)
    if begin is not None and begin <= max(_TITLE_PAGE, len(found) // 20):
        return list(found[begin:])
    credited = [place for place, row in enumerate(found[:40]) if _CREDIT.search(row.text) and len(row.text) < 60]
    return list(found[credited[-1] + 1 :] if credited else found)


def _begins(text: str) -> bool:
    return marks.slug(text) is not None or text.upper().startswith(("FADE IN", "FADE UP", "OVER BLACK"))
