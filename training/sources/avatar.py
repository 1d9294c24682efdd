"""Avatar: The Last Airbender line by line, cut into scenes where the descriptions say so."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from training.records import Line, Scene
from training.sources import recognition
from training.sources.base import read_lines
from training.sources.recognition import LookedInto

NAME: Final = "avatar"
SHOW: Final = "Avatar"
FILE: Final = "lines.jsonl"
COLUMNS: Final = ("book_num", "chapter", "chapter_num", "character", "full_text", "character_words")
_DESCRIPTION: Final = "Scene Description"
_NEW: Final = re.compile(
    r"(?<![^.!?\]\s])\s*(?=(?:[^.!?]*\bscene (?:opens|changes|shifts|switches|cuts|fades|begins)"
    r"|(?:the )?(?:shot |scene )?(?:fade|dissolve)s? (?:in|to|out|from|back)|later\b|meanwhile\b))",
    re.I,
)
_CREDITS: Final = re.compile(r"\bcredits\b|\bcommercial\b|\btitle card\b", re.I)
_FIRST_YEAR: Final = 2005
Row = Mapping[str, Any]


def read(folder: Path) -> Iterator[Scene]:
    """Yield the scenes of every chapter.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    for (book, number, title), rows in groupby(read_lines(folder / FILE, COLUMNS), key=_chapter):
        for opening, lines in _scenes(rows):
            yield Scene(
                source=NAME,
                work=f"{SHOW} s{book:02}e{number:02}",
                title=title,
                lines=lines,
                opening=opening,
                show=SHOW,
                year=_FIRST_YEAR + book - 1,
            )


def _chapter(row: Row) -> tuple[int, int, str]:
    return int(row["book_num"]), int(row["chapter_num"]), row["chapter"]


def _scenes(rows: Iterable[Row]) -> Iterator[tuple[str | None, tuple[Line, ...]]]:
    opening: str | None = None
    lines: list[Line] = []
    for row in rows:
        if row["character"] != _DESCRIPTION:
            lines.append(Line(row["character"], row["character_words"] or "", _noted(row)))
            continue
        end, beginning = _cut(" ".join((row["full_text"] or "").split()))
        if end:
            lines.append(Line(None, end))
        if beginning:
            if lines:
                yield opening, tuple(lines)
            opening, lines = beginning, []
    if lines:
        yield opening, tuple(lines)


def _cut(description: str) -> tuple[str, str]:
    """Return what still belongs to the scene before, and what opens the next one."""
    new = _NEW.search(description)
    end, beginning = (description[: new.start()], description[new.end() :]) if new else (description, "")
    return "" if _CREDITS.search(end) else end.strip(), "" if _CREDITS.search(beginning[:80]) else beginning


def _noted(row: Row) -> str | None:
    noted = row["full_text"] or ""
    return noted if "[" in noted else None


def _holds(folder: Path) -> bool:
    return (folder / FILE).is_file() and "chapter_num" in recognition.columns(folder / FILE)


SOURCE: Final = LookedInto(
    name=NAME,
    about="Avatar: The Last Airbender: every line of three seasons, with directions and descriptions",
    licence="transcripts: a fan wiki (CC BY-SA) of a Viacom show; the R package appa is MIT",
    publishable=False,
    files=(FILE,),
    read=read,
    holds=_holds,
    by_hand=f"Write the table appa of the R package appa as JSON lines with the keys {', '.join(COLUMNS)} to {FILE}.",
)
