"""The Office (US) line by line, cut into scenes where the company changes, with what each episode is about."""

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from training.records import Line, Scene
from training.sources import recognition
from training.sources.base import read_lines, read_table
from training.sources.recognition import LookedInto

NAME: Final = "the-office"
SHOW: Final = "The Office"
LINES: Final = "lines.jsonl"
EPISODES: Final = "the_office_series.csv"
COLUMNS: Final = ("season", "episode", "episode_name", "character", "text", "text_w_direction")
_EPISODE_COLUMNS: Final = ("Season", "EpisodeTitle", "About", "Date")
_PLACE: Final = "The office."  # the lines do not say where they are spoken; most are here
_BEFORE: Final = 6  # lines: whose speakers were just there
_AFTER: Final = 6  # lines: who speaks next
_LONGEST: Final = 60  # lines
_PARTS: Final = re.compile(r"\W*\bparts?\s*[\d&I]+\W*$", re.I)
_SCRAPS: Final = re.compile(r"\[/?\w\]")
_FIRST_YEAR: Final = 2005
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _About:
    text: str
    year: int | None


def read(folder: Path) -> Iterator[Scene]:
    """Yield the scenes of every episode; where a scene begins is guessed from who speaks.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    about = _about(folder / EPISODES)
    rows = list(read_lines(folder / LINES, COLUMNS))
    names = _names(rows)
    for (season, number, title), episode in groupby(rows, key=_episode):
        told = _find(about.get(season, {}), title)
        for lines in scenes([_line(row, names) for row in episode]):
            yield Scene(
                source=NAME,
                work=f"{SHOW} s{season:02}e{number:02}",
                title=_PARTS.sub("", title),
                lines=lines,
                summary=told.text if told else None,
                opening=_PLACE,
                show=SHOW,
                year=told.year if told and told.year else _FIRST_YEAR + season - 1,
            )


def scenes(lines: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """Yield the lines cut where nobody who just spoke goes on speaking, and after ``_LONGEST`` lines at the latest."""
    start = 0
    for at in range(1, len(lines)):
        before = {line.speaker for line in lines[max(start, at - _BEFORE) : at]}
        after = {line.speaker for line in lines[at : at + _AFTER]}
        if not before & after or at - start >= _LONGEST:
            yield tuple(lines[start:at])
            start = at
    yield tuple(lines[start:])


def _episode(row: Row) -> tuple[int, int, str]:
    return int(row["season"]), int(row["episode"]), row["episode_name"]


def _line(row: Row, names: Mapping[str, str]) -> Line:
    noted = _SCRAPS.sub("", row["text_w_direction"] or "").strip()
    return Line(names[_spoken(row["character"])], row["text"] or "", noted or None)


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Return the usual spelling of every character: "MIchael " is Michael."""
    spellings = Counter(" ".join(re.sub(r"[(\[].*", "", row["character"]).split()) for row in rows)
    usual: dict[str, str] = {}
    for spelling, _ in spellings.most_common():
        usual.setdefault(spelling.casefold().replace(" ", ""), spelling)
    return usual


def _spoken(character: str) -> str:
    return re.sub(r"[(\[].*", "", character).casefold().replace(" ", "")


def _about(path: Path) -> dict[int, dict[str, _About]]:
    """Return what the episodes are about, by season and plain title; both parts of one in two are told together."""
    found: defaultdict[int, dict[str, _About]] = defaultdict(dict)
    for row in read_table(path, _EPISODE_COLUMNS):
        season, title = found[int(row["Season"])], _plain(row["EpisodeTitle"])
        before = f"{season[title].text} " if title in season else ""
        year = re.search(r"\d{4}", row["Date"])
        season[title] = _About(before + row["About"].strip(), int(year[0]) if year else None)
    return found


def _plain(title: str) -> str:
    return re.sub(r"\W+", "", _PARTS.sub("", title).casefold().replace("&", "and"))


def _find(season: Mapping[str, _About], title: str) -> _About | None:
    near = difflib.get_close_matches(_plain(title), season, n=1, cutoff=0.75)
    return season[near[0]] if near else None


def _holds(folder: Path) -> bool:
    paths = folder / LINES, folder / EPISODES
    return all(path.is_file() for path in paths) and "episode_name" in recognition.columns(paths[0])


SOURCE: Final = LookedInto(
    name=NAME,
    about="The Office (US): every line of nine seasons, with directions",
    licence="transcripts: NBCUniversal (the R package schrute is MIT); summaries: IMDb, licence not verified",
    publishable=False,
    files=(LINES, EPISODES),
    read=read,
    holds=_holds,
    by_hand=(
        f"Write the table theoffice of the R package schrute as JSON lines with the columns {', '.join(COLUMNS)} to"
        f" {LINES}, and put {EPISODES} from kaggle.com/datasets/nehaprabhavalkar/the-office-dataset beside it."
    ),
)
