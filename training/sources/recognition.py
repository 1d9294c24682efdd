"""Telling two data sets apart whose files are called alike: by the columns that stand in them."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from training.sources.base import Source

_BEGINNING: Final = 65_536  # characters in which the header or the first object of a file ends


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedInto(Source):
    """A source whose folder is recognised by what its files hold, because another's files have the same names."""

    holds: Callable[[Path], bool]

    def is_in(self, folder: Path) -> bool:
        """Say whether ``folder`` holds this data set."""
        return self.holds(folder)


def files(folder: Path, *patterns: str) -> Iterator[Path]:
    """Yield the files of ``folder`` that match the patterns, pattern by pattern, each in the order of the names."""
    return chain.from_iterable(sorted(folder.glob(pattern)) for pattern in patterns)


def columns(path: Path) -> frozenset[str]:
    """Return the columns of a CSV file, or the keys of the first object of a JSON or JSON-lines file; else none."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        beginning = file.read(_BEGINNING)
    if path.suffix == ".csv":
        return frozenset(next(csv.reader(beginning.splitlines()), []))
    return frozenset(_first_object(beginning))


def _first_object(beginning: str) -> dict[str, Any]:
    start = beginning.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(beginning, start)
    except json.JSONDecodeError:  # a broken file is no data set that we know
        return {}
    return found if isinstance(found, dict) else {}
