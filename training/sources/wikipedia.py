"""Films of Wikipedia: the lead of each article, and where it tells the plot."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from training.records import Synopsis
from training.sources.base import (
    BrokenLineError,
    Download,
    MissingColumnsError,
    MissingFileError,
    encoding_of,
    read_lines,
    wrong_bytes,
)
from training.sources.recognition import LookedInto, columns, files

NAME: Final = "wikipedia-movies"
FILE: Final = "movies.jsonl"
DECADES: Final = "movies-[12][0-9][0-9]0s.json"
COLUMNS: Final = ("title", "year", "genres", "extract", "href")
_KIND: Final = re.compile(r"\b(?:is|was) (?:an?|the) ([^.]{0,100}?)\b(?:film|movie|serial|short)\b")
_ADDRESS: Final = "https://raw.githubusercontent.com/prust/wikipedia-movie-data/master/movies-{}s.json"


def read(folder: Path) -> Iterator[Synopsis]:
    """Yield every film whose article has a lead; its ``work`` is the article's name, by which it is attributed.

    Reads ``movies.jsonl`` (with ``plot_guess``, what of the lead tells the plot) or else the published
    ``movies-1900s.json``, ``movies-1910s.json``, …

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError: see their docstrings.
    """
    for row in _rows(folder):
        text = row.get("plot_guess") or row["extract"]
        if text and row["title"]:
            yield _film(row, text)


def article(synopsis: Synopsis) -> str:
    """Return the address of the article that ``synopsis`` is taken from, for the attribution that its licence asks."""
    return f"https://en.wikipedia.org/wiki/{synopsis.work}"


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    decades = list(files(folder, DECADES))
    if decades and not (folder / FILE).exists():
        for path in decades:
            yield from _array(path)
    elif (folder / FILE).exists():
        yield from read_lines(folder / FILE, COLUMNS)
    else:
        raise MissingFileError(folder / FILE)


def _array(path: Path) -> Iterator[dict[str, Any]]:
    encoding = encoding_of(path)
    try:
        rows = json.loads(path.read_text(encoding))
    except UnicodeDecodeError as error:
        raise wrong_bytes(path, encoding) from error
    except json.JSONDecodeError as error:
        raise BrokenLineError(path, error.lineno) from error
    for row in rows:
        missing = [column for column in ("title", "year") if column not in row]
        if missing:
            raise MissingColumnsError(path, missing)
        yield {**dict.fromkeys(COLUMNS), **row}  # what an article lacks is left out there


def _film(row: dict[str, Any], text: str) -> Synopsis:
    kind = _KIND.search(row["extract"] or "")
    return Synopsis(
        source=NAME,
        work=row["href"] or row["title"].replace(" ", "_"),
        title=row["title"],
        text=text,
        labels=tuple(row["genres"] or ((kind[1].strip(),) if kind else ())),
        people=tuple(name for name in row.get("cast") or () if " " in name),
        year=row["year"],
    )


def _holds(folder: Path) -> bool:
    return any({"title", "year", "href"} <= columns(path) for path in files(folder, FILE, DECADES))


SOURCE: Final = LookedInto(
    name=NAME,
    about="the leads of Wikipedia's articles on American films",
    licence="CC BY-SA 3.0, attributed by the article's name",
    publishable=True,
    files=(f"{FILE}|{DECADES}",),
    holds=_holds,
    read=read,
    downloads=tuple(
        Download(url=_ADDRESS.format(decade), name=f"movies-{decade}s.json") for decade in range(1900, 2030, 10)
    ),
)
