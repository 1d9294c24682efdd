"""Films with keywords that people gave them, which are good themes: TMDB's, or the table of 5,000 films of IMDb."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from training.records import Synopsis
from training.sources.base import MissingFileError, read_lines, read_table
from training.sources.recognition import LookedInto, columns, files

NAME: Final = "tmdb-keywords"
FILE: Final = "movies.jsonl"
COLUMNS: Final = ("title", "release_date", "genres", "overview", "keywords")
IMDB_COLUMNS: Final = ("movie_title", "genres", "plot_keywords", "title_year")
_PLOT_COLUMNS: Final = ("overview", "plot", "description", "storyline")  # the published table has none of them
_PEOPLE_COLUMNS: Final = ("director_name", "actor_1_name", "actor_2_name", "actor_3_name")


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield every film of ``movies.jsonl`` and of every ``*.csv`` with plot keywords; films for adults are left out.

    Films of IMDb's table have no text: their keywords are lent to the same films of other sources.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    tables = [path for path in files(folder, "*.csv") if "plot_keywords" in columns(path)]
    if not tables or (folder / FILE).exists():
        yield from _tmdb(folder / FILE)
    for table in tables:
        yield from map(_imdb, read_table(table, IMDB_COLUMNS))


def _tmdb(path: Path) -> Iterator[Synopsis]:
    if not path.exists():
        raise MissingFileError(path)
    for row in read_lines(path, COLUMNS):
        if str(row.get("adult")) != "True":
            yield _film(row)


def _film(row: dict[str, Any]) -> Synopsis:
    return Synopsis(
        source=NAME,
        work=row["title"] or "",
        title=row["title"] or "",
        text=row["overview"] or "",
        labels=tuple(row["genres"] or ()),
        keywords=tuple(row["keywords"] or ()),
        year=_year((row["release_date"] or "")[:4]),
    )


def _imdb(row: dict[str, str]) -> Synopsis:
    title = (row["movie_title"] or "").strip("\xa0 ")  # every title of the published table ends on such a space
    return Synopsis(
        source=NAME,
        work=title,
        title=title,
        text=next((row[column] for column in _PLOT_COLUMNS if row.get(column)), ""),
        labels=_parts(row["genres"]),
        keywords=_parts(row["plot_keywords"]),
        people=tuple(row[column] for column in _PEOPLE_COLUMNS if row.get(column)),
        year=_year((row["title_year"] or "").partition(".")[0]),
    )


def _parts(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split("|") if part.strip())


def _year(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _holds(folder: Path) -> bool:
    found = [columns(path) for path in files(folder, FILE, "*.csv")]
    return any("plot_keywords" in names or {"overview", "keywords"} <= names for names in found)


SOURCE: Final = LookedInto(
    name=NAME,
    about="films with keywords that people gave them",
    licence="none stated; TMDB's terms ask for attribution and forbid commercial use unless agreed",
    publishable=False,
    files=(f"{FILE}|*.csv",),
    holds=_holds,
    read=read,
    by_hand=(
        "Write films of the TMDB interface into movies.jsonl, one object a line (title, release_date, genres, "
        "overview, keywords), or download movie_metadata.csv (IMDB 5000 Movie Dataset) from Kaggle."
    ),
)
