"""What each episode of Friends is about: a table of episodes, or pages of Wikipedia saved as HTML or wikitext."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.records import Synopsis
from training.sources.base import FileError, MissingFileError, Source, read_table
from training.sources.wikipedia_episodes import Listed, from_html, from_wikitext

NAME: Final = "friends-summaries"
SHOW: Final = "Friends"
COLUMNS: Final = ("Year_Of_Prod", "Season", "Episode_Number", "Episode_Title", "Summary")
_PATTERN: Final = "*riends*"
FIRST_YEAR: Final = 1994
_CUT: Final = re.compile(r"[\s.]*\s*See full (summary|synopsis).*$")
_PART: Final = re.compile(r"\s*[:,(–-]*\s*part (\d|one|two|i+)\)?$", re.I)


class NoSummariesError(FileError):
    """The page at ``path`` lists no episode with a summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An episode; both halves of one that was cut in two have the same ``work``."""

    work: str
    season: int
    number: int
    title: str
    year: int
    summary: str


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield what every episode is about.

    Raises:
        NoSummariesError, MissingFileError, MissingColumnsError, EncodingError, BrokenLineError: see their docstrings.
    """
    for episode in episodes(folder):
        yield Synopsis(source=NAME, work=episode.work, title=episode.title, text=episode.summary, year=episode.year)


def episodes(folder: Path) -> list[Episode]:
    """Return the episodes listed in ``folder``, each once, in the order of the show.

    Raises:
        NoSummariesError, MissingFileError, MissingColumnsError, EncodingError, BrokenLineError: see their docstrings.
    """
    paths = [path for path in sorted(folder.glob(_PATTERN)) if path.suffix in _READERS]
    if not paths:
        raise MissingFileError(folder / f"{_PATTERN}.csv")
    found = {(one.season, one.number): one for path in paths for one in _READERS[path.suffix](path)}
    if not found:
        raise NoSummariesError(paths[0])
    works = work_keys({place: one.title for place, one in found.items()})
    return [_episode(found[place], works[place]) for place in sorted(found)]


def work_keys(titles: dict[tuple[int, int], str]) -> dict[tuple[int, int], str]:
    """Return the key of every (season, number): that of the first half where two neighbours share a title."""
    keys: dict[tuple[int, int], str] = {}
    for (season, number), title in sorted(titles.items()):
        before = (season, number - 1)
        half = bool(title) and before in titles and base_title(titles[before]) == base_title(title)
        keys[season, number] = keys[before] if half else f"{SHOW} s{season:02}e{number:02}"
    return keys


def base_title(title: str) -> str:
    """Return ``title`` without "Part 2", the same for every way of writing it."""
    return re.sub(r"\W+", " ", _PART.sub("", _line(title)).casefold()).strip()


def _episode(listed: Listed, work: str) -> Episode:
    return Episode(
        work=work,
        season=listed.season,
        number=listed.number,
        title=_PART.sub("", _line(listed.title)),
        year=listed.year or FIRST_YEAR + listed.season - 1,
        summary=_whole(_line(listed.summary)),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _whole(text: str) -> str:
    """Return ``text`` without a last sentence that was cut off, or with a full stop where it has only that one."""
    cut = _CUT.sub("", text)
    if cut == text:
        return text
    return re.sub(r"(?<=[.!?])\s+[^.!?]*$", "", cut) if re.search(r"[.!?]\s", cut) else f"{cut}."


def _table(path: Path) -> Iterable[Listed]:
    for row in read_table(path, COLUMNS):
        season, number, year = (int(row[name]) for name in ("Season", "Episode_Number", "Year_Of_Prod"))
        yield Listed(season=season, number=number, title=row["Episode_Title"], summary=row["Summary"], year=year)


_READERS: Final = {
    ".csv": _table,
    ".html": from_html,
    ".htm": from_html,
    ".txt": from_wikitext,
    ".wiki": from_wikitext,
}

SOURCE: Final = Source(
    name=NAME,
    about="Friends: what each episode is about",
    licence="depends on the page: Wikipedia's text is CC BY-SA, a table of IMDb blurbs has no licence",
    publishable=False,
    files=(_PATTERN,),
    read=read,
    by_hand=(
        "Save the Wikipedia pages 'Friends season 1' to 'Friends season 10' (the page itself or its wikitext) under"
        " these names, ending in .html or .wiki; or put a table with the columns " + ", ".join(COLUMNS) + " there"
        " as friends_episodes.csv."
    ),
)
