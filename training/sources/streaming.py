"""The catalogues of four streaming services: title, genres as listed, description."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.records import Synopsis
from training.sources.base import MissingFileError, Source, read_table

NAME: Final = "streaming"
COLUMNS: Final = ("title", "type", "director", "cast", "listed_in", "description")


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield every row of every ``*_titles.csv`` in ``folder``, in the order of the file names.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    files = sorted(folder.glob("*_titles.csv"))
    if not files:
        raise MissingFileError(folder / "*_titles.csv")
    for file in files:
        for row in read_table(file, COLUMNS):
            year = row.get("release_year") or ""
            yield Synopsis(
                source=NAME,
                work=row["title"] or "",
                title=row["title"] or "",
                text=row["description"] or "",
                labels=_list(row["listed_in"]),
                people=_list(row["cast"]) + _list(row["director"]),
                year=int(year) if year.isdigit() else None,
            )


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


SOURCE: Final = Source(
    name=NAME,
    about="the catalogues of Netflix, Prime Video, Hulu and Disney+",
    licence="CC0 as stated on Kaggle",
    publishable=True,
    files=("*_titles.csv",),
    read=read,
    by_hand=(
        "Download four data sets of Kaggle user shivamb (netflix-shows, amazon-prime-movies-and-tv-shows, "
        "hulu-movies-and-tv-shows, disney-movies-and-tv-shows) and put their *_titles.csv into one folder."
    ),
)
