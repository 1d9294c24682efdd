"""Given names as they were given: the sex of a name, and draws by the frequencies of a decade."""

from bisect import bisect
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Final

from training.people import Sex

Counts = Mapping[int, Mapping[str, Mapping[str, int]]]  # decade → "F" or "M" → name → how many were given it

_COMMON: Final = 1000  # bearers; a rarer "name" may be a slip of a registrar's pen (Host, Baby)
_SURE: Final = 0.95  # share of the bearers: a new name tells the sex
_DRAWN: Final = 0.95  # share of the children whose names are drawn; the rarest names are hard to read
_SEXES: Final[tuple[Sex, Sex]] = ("F", "M")


class NoNamesError(Exception):
    """The counts have no name that is surely a woman's, or none that is surely a man's, in ``decade``."""

    def __init__(self, decade: int | None) -> None:
        super().__init__(str(decade))
        self.decade = decade


class GivenNames:
    """The names of every decade; a decade that is missing is stood in for by the nearest."""

    def __init__(self, counts: Counts, *, most: int = 0) -> None:
        """Take the counts, ``decade → "F" or "M" → name → number``; draws are among the ``most`` frequent, or all.

        Raises:
            NoNamesError: nobody can be named for some decade, or there is none at all.
        """
        if not counts:
            raise NoNamesError(None)
        self._counts, self._most = counts, most
        self._total = {sex: _total(counts, sex) for sex in _SEXES}
        self._urns: dict[tuple[int, Sex], tuple[list[str], list[int]]] = {}
        for decade, names in counts.items():
            if not all(names.get(sex) for sex in _SEXES):
                raise NoNamesError(decade)

    @cached_property
    def common(self) -> frozenset[str]:
        """The names, in lower case, that enough people bear."""
        both = self._total["F"] + self._total["M"]
        return frozenset(name.casefold() for name, count in both.items() if count >= _COMMON)

    def sex(self, name: str, *, share: float = 0.5) -> Sex | None:
        """Return the sex of more than ``share`` of the bearers of ``name``, None if there is none."""
        women, men = self._bearers(name.capitalize())
        if max(women, men) <= share * (women + men):
            return None
        return "F" if women > men else "M"

    def surely(self, name: str) -> Sex | None:
        """Return the sex of nearly all bearers of ``name``."""
        return self.sex(name, share=_SURE)

    def draw(self, year: int, sex: Sex, random: Random) -> str:
        """Return a name that was given about ``year``, as likely as it was given."""
        names, sums = self._urn(self._decade(year), sex)
        return names[bisect(sums, random.randrange(sums[-1]))]

    def _decade(self, year: int) -> int:
        """Return the decade of a year, or the nearest that was counted."""
        own = year // 10 * 10
        return own if own in self._counts else min(self._counts, key=lambda decade: (abs(decade + 5 - year), decade))

    def _urn(self, decade: int, sex: Sex) -> tuple[list[str], list[int]]:
        """Return the names of most children of a decade, and the running sums of how many they are."""
        if (decade, sex) not in self._urns:
            counts = self._counts[decade][sex]
            names = sorted(
                (name for name in counts if self._is_sure(name, sex)), key=lambda name: (-counts[name], name)
            )
            sums = list(accumulate(counts[name] for name in names))
            if not sums or sums[-1] <= 0:
                raise NoNamesError(decade)
            kept = min(1 + bisect(sums, _DRAWN * sums[-1]), self._most or len(names))
            self._urns[decade, sex] = names[:kept], sums[:kept]
        return self._urns[decade, sex]

    def _is_sure(self, name: str, sex: Sex) -> bool:
        women, men = self._bearers(name)
        return name.isalpha() and (women if sex == "F" else men) >= _SURE * (women + men)

    def _bearers(self, name: str) -> tuple[int, int]:
        return self._total["F"][name], self._total["M"][name]


def _total(counts: Counts, sex: Sex) -> Counter[str]:
    total: Counter[str] = Counter()
    for names in counts.values():
        total.update(names.get(sex, {}))
    return total
