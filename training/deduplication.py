"""Every work once: the same title, or the same summary under another title, in whatever sources it stands."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from model import originality
from training import tags
from training.cleaning import Show
from training.records import Synopsis

SAME_TITLE: Final = "same title"
SAME_SUMMARY: Final = "same summary under another title"
SHARED: Final = 0.6  # of the shorter summary's shingles
_SHINGLE: Final = 8  # words
_YEARS_APART: Final = 2  # catalogues date a work by its first showing, its release or its last season
_WORD: Final = re.compile(r"[^\W_]+")


def distinct(shows: Iterable[Show]) -> tuple[list[Show], Counter[str]]:
    """Return every work once, and how many shows were dropped by reason (``SAME_TITLE``, ``SAME_SUMMARY``).

    The earlier show stays, with the later one's themes and year if it has none. Works of one title whose years are
    known and more than two apart are different works. Memory grows with the words kept: about 45 MB for 30,000 shows.
    """
    shelf = _Shelf()
    dropped: Counter[str] = Counter()
    for show in shows:
        shingles = frozenset(_shingles(show.summary))
        number, reason = shelf.find(show, shingles)
        if number is None:
            shelf.put(show, shingles)
        else:
            dropped[reason] += 1
            shelf.shows[number] = _completed(shelf.shows[number], show)
    return shelf.shows, dropped


def lend(shows: Iterable[Show], films: Iterable[Synopsis]) -> list[Show]:
    """Return ``shows``, those without themes with the keywords of the film of the same title and year in ``films``.

    So a table of keywords without any text, such as IMDb's, is of use too.
    """
    known: dict[str, list[Synopsis]] = defaultdict(list)
    for film in films:
        known[originality.normalise(film.title)].append(film)
    return [show if show.themes else _lent(show, known[originality.normalise(show.title)]) for show in shows]


class _Shelf:
    """The works kept, found by their title and by the runs of words in their summaries."""

    def __init__(self) -> None:
        self.shows: list[Show] = []
        self._sizes: list[int] = []
        self._titled: defaultdict[str, list[int]] = defaultdict(list)
        self._owners: dict[int, int] = {}  # of every shingle, the work it was first seen in

    def find(self, show: Show, shingles: frozenset[int]) -> tuple[int | None, str]:
        """Return the number of the work that ``show`` is, and by what; None if it is new."""
        for number in self._titled.get(originality.normalise(show.title), ()):
            if _same_time(self.shows[number].year, show.year):
                return number, SAME_TITLE
        shared = Counter(self._owners[shingle] for shingle in shingles if shingle in self._owners)
        for number in sorted(shared):
            if shared[number] >= SHARED * min(len(shingles), self._sizes[number]):
                return number, SAME_SUMMARY
        return None, ""

    def put(self, show: Show, shingles: frozenset[int]) -> None:
        number = len(self.shows)
        self.shows.append(show)
        self._sizes.append(len(shingles))
        self._titled[originality.normalise(show.title)].append(number)
        for shingle in shingles:
            self._owners.setdefault(shingle, number)


def _shingles(summary: str) -> Iterator[int]:
    words = _WORD.findall(summary.casefold())
    for start in range(max(1, len(words) - _SHINGLE + 1)):
        run = " ".join(words[start : start + _SHINGLE])
        yield int.from_bytes(blake2b(run.encode(), digest_size=8).digest())  # hash() differs from run to run


def _same_time(first: int | None, second: int | None) -> bool:
    return first is None or second is None or abs(first - second) <= _YEARS_APART


def _completed(kept: Show, dropped: Show) -> Show:
    return replace(kept, themes=kept.themes or dropped.themes, year=kept.year or dropped.year)


def _lent(show: Show, films: Sequence[Synopsis]) -> Show:
    found = next((film for film in films if _same_time(show.year, film.year)), None)
    return replace(show, themes=tags.themes(found.keywords)) if found else show
