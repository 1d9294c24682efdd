# ruff: noqa: SIM905 - word lists read better as lines of words
"""The new names of one work: drawn by lot, none twice, each with a first letter of its own where there are enough."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Final

from training.given_names import GivenNames
from training.nicknames import forms, usual
from training.people import Sex
from training.surnames import SURNAMES

FAMOUS: Final = frozenset(  # nobody gets the name of somebody whom everybody knows from a show
    """
    rachel rach monica mon phoebe pheebs chandler chan ross joey joe joseph geller green bing tribbiani buffay michael
    dwight jim pam andy ryan angela kevin schrute halpert beesly scott bernard aang katara sokka zuko toph iroh azula
    """.split()
)
_LONG: Final = tuple(name for name in FAMOUS if len(name) > 4)  # nobody is called Rachelle, either
_CHOICES: Final = 30  # draws in search of a first letter that no other name of the work has
_TRIES: Final = 5000  # draws after which everybody has been seen


class TooManyNamesError(Exception):
    """The cast of ``work`` is larger than the list of names."""

    def __init__(self, work: str) -> None:
        super().__init__(work)
        self.work = work


class Draws:
    """Draws for the cast of ``work``, born in ``year``; names in ``used`` (lower case) stand in the work already."""

    def __init__(self, names: GivenNames, *, seed: int, work: str, year: int, used: Iterable[str]) -> None:
        self._names, self._seed, self._work, self._year = names, seed, work, year
        self._used = {*FAMOUS, *used}
        self._letters: dict[str, set[str]] = {"given": set(), "surname": set()}

    def given(self, old: str, sex: Sex | None) -> str:
        """Return a given name of ``sex`` for the bearer of ``old``; of one by lot if nothing tells it.

        Raises:
            TooManyNamesError: no name is left.
        """
        random = self._random("given", old)
        lot: Sex = "F" if random.random() < 0.5 else "M"
        drawn = (self._names.draw(self._year, sex or lot, random) for _ in range(_TRIES))
        return self._first_free("given", drawn)

    def surname(self, old: str) -> str:
        """Return a surname for the bearers of ``old``.

        Raises:
            TooManyNamesError: no name is left.
        """
        return self._first_free("surname", self._random("surname", old).sample(SURNAMES, len(SURNAMES)))

    def nicknames(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what the other forms of the old names become: the usual short form of the new name, if it is free.

        A form that two of the cast may be called by is the first one's.
        """
        found: dict[str, str] = {}
        for old, new in given.items():
            short = usual(new)
            if not self._is_free(short.casefold()):
                short = new
            self._used.add(short.casefold())
            for form in forms(old):
                found.setdefault(form.casefold(), short)
        return found

    def _first_free(self, kind: str, drawn: Iterable[str]) -> str:
        free = (name for name in drawn if self._is_free(name.casefold()))
        new = self._with_own_letter(kind, free)
        self._used.add(new.casefold())
        self._letters[kind].add(new[0])
        return new

    def _is_free(self, name: str) -> bool:
        return name not in self._used and not name.startswith(_LONG)

    def _with_own_letter(self, kind: str, free: Iterator[str]) -> str:
        first = next(free, None)
        if first is None:
            raise TooManyNamesError(self._work)
        choices = [first, *islice(free, _CHOICES)]
        return next((name for name in choices if name[0] not in self._letters[kind]), first)

    def _random(self, kind: str, old: str) -> Random:
        seed = sha256(f"{self._seed}|{self._work}|{kind}|{old.casefold()}".encode()).digest()
        return Random(int.from_bytes(seed[:8], "big"))  # noqa: S311 - a draw to repeat, no secret
