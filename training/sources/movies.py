"""The Movies Dataset of Kaggle: overviews and genres of films, with the keywords of its companion file."""

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from training.records import Synopsis
from training.sources.base import Source, read_table

NAME: Final = "the-movies-dataset"
FILE: Final = "movies_metadata.csv"
KEYWORDS_FILE: Final = "keywords.csv"
COLUMNS: Final = ("adult", "genres", "id", "overview", "release_date", "title")
_NOTHING: Final = frozenset({"", "no overview found.", "no overview", "released", "n/a"})

log = logging.getLogger(__name__)


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield every film that has an overview; films for adults and broken rows (they are logged) are left out.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    keywords = _keywords(folder / KEYWORDS_FILE)
    broken = 0
    for row in read_table(folder / FILE, COLUMNS):
        if _is_broken(row):
            broken += 1
        elif row["adult"] == "False" and _overview(row).casefold() not in _NOTHING:
            yield _synopsis(row, keywords.get(row["id"], ()))
    if broken:
        log.warning("%s: %d broken rows left out", folder / FILE, broken)


def _is_broken(row: dict[str, str]) -> bool:
    """Say whether the row is half of one that a line break inside a field tore apart."""
    whole = row["adult"] in {"True", "False"} and row["id"].isdigit() and row["title"]
    return not whole or _names(row["genres"]) is None


def _overview(row: dict[str, str]) -> str:
    return row["overview"].strip()


def _synopsis(row: dict[str, str], keywords: tuple[str, ...]) -> Synopsis:
    year = row["release_date"][:4]
    return Synopsis(
        source=NAME,
        work=row["title"],
        title=row["title"],
        text=_overview(row),
        labels=_names(row["genres"]) or (),
        keywords=keywords,
        year=int(year) if year.isdigit() else None,
    )


def _keywords(path: Path) -> dict[str, tuple[str, ...]]:
    if not path.exists():
        return {}
    return {row["id"]: _names(row["keywords"]) or () for row in read_table(path, ("id", "keywords"))}


def _names(literal: str) -> tuple[str, ...] | None:
    """Return the names of a list of ``{'id': …, 'name': …}`` written as Python writes it; None if it is none."""
    try:
        found: Any = ast.literal_eval(literal or "[]")
        return tuple(str(entry["name"]) for entry in found)
    except (ValueError, SyntaxError, TypeError, KeyError):
        return None


SOURCE: Final = Source(
    name=NAME,
    about="overviews, genres and keywords of films (TMDB's, as on Kaggle)",
    licence="CC0 as stated on Kaggle; the overviews are TMDB's",
    publishable=False,
    files=(FILE,),
    read=read,
    by_hand=(
        "Download rounakbanik/the-movies-dataset from Kaggle and put movies_metadata.csv and, for themes that people "
        "gave, keywords.csv into the folder."
    ),
)
