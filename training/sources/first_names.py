"""Given names of the United States with how often they were given (Social Security Administration)."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from training.sources.base import (
    BrokenLineError,
    DataSet,
    Download,
    MissingFileError,
    TruncatedArchiveError,
    read_rows,
    read_table,
)

FILE: Final = "names_1940_2010.csv"
ARCHIVE: Final = "names.zip"
YEARS: Final = "yob[12][0-9][0-9][0-9].txt"
COLUMNS: Final = ("name", "sex", "count_1940_2010")
DATA_SET: Final = DataSet(
    name="ssa-names",
    about="US first names by year of birth and sex",
    licence="US government work, public domain",
    publishable=True,
    files=(f"{YEARS}|{ARCHIVE}|{FILE}",),
    downloads=(Download(url="https://www.ssa.gov/oact/babynames/names.zip", name=ARCHIVE),),
    by_hand="names.zip (“National data”) from https://www.ssa.gov/oact/babynames/limits.html",
)
_EARLY: Final = range(1880, 1940, 10)
_LATE: Final = range(1940, 2020, 10)

Decades = dict[int, dict[str, dict[str, int]]]
Rows = Iterable[tuple[int, list[str]]]


def by_decade(folder: Path) -> Decades:
    """Return how many children got a name: decade (1880, 1890, …) to ``F`` or ``M`` to name to count.

    Read are the files of the years as published (``yob1880.txt`` … or ``names.zip`` with them). Where there is only
    the table of sums, every decade from 1940 on has the counts of 1940–2010, and every one before, if the table
    tells, those of 1880–1939 (the sum from 1880 less the sum from 1940).

    Raises:
        MissingFileError, MissingColumnsError, BrokenLineError, TruncatedArchiveError: see their docstrings.
    """
    if years := sorted(folder.glob(YEARS)):
        return _summed((file, read_rows(file)) for file in years)
    if (folder / ARCHIVE).is_file():
        return _summed(_packed(folder / ARCHIVE))
    return _from_sums(folder / FILE)


def _packed(archive: Path) -> Iterator[tuple[Path, Rows]]:
    try:
        with zipfile.ZipFile(archive) as packed:
            names = sorted(name for name in packed.namelist() if Path(name).match(YEARS))
            if not names:
                raise MissingFileError(archive / YEARS)
            for name in names:
                with packed.open(name) as file:
                    yield archive / name, enumerate(csv.reader(io.TextIOWrapper(file, "utf-8")), start=1)
    except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError) as error:
        raise TruncatedArchiveError(archive) from error


def _summed(years: Iterable[tuple[Path, Rows]]) -> Decades:
    decades: Decades = {}
    for file, rows in years:
        sexes = decades.setdefault(int(file.stem[3:]) // 10 * 10, {"F": {}, "M": {}})
        for line, cells in rows:
            name, sex, count = _checked(file, line, cells)
            sexes[sex][name] = sexes[sex].get(name, 0) + count
    return decades


def _checked(file: Path, line: int, cells: Sequence[str]) -> tuple[str, str, int]:
    match cells:
        case [name, ("F" | "M") as sex, count] if name and count.isdecimal():
            return name, sex, int(count)
        case _:
            raise BrokenLineError(file, line)


def _from_sums(table: Path) -> Decades:
    early: dict[str, dict[str, int]] = {"F": {}, "M": {}}
    late: dict[str, dict[str, int]] = {"F": {}, "M": {}}
    for line, row in enumerate(read_table(table, COLUMNS), start=2):
        name, sex, recent = _checked(table, line, [row[column] for column in COLUMNS])
        _, _, whole = _checked(table, line, [name, sex, row.get("count_1880_2010", str(recent))])
        if recent > 0:
            late[sex][name] = recent
        if whole > recent:
            early[sex][name] = whole - recent
    decades = dict.fromkeys(_LATE, late)
    return dict.fromkeys(_EARLY, early) | decades if early["F"] or early["M"] else decades
