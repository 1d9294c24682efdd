"""Given names for the cast: drawn by how often they are given, and what a speaker of an old play tells of their sex."""

import re
from collections.abc import Collection, Iterable
from itertools import accumulate
from random import Random
from typing import Final

from training.sources.first_names import FirstName

POOL: Final = 250  # names of each sex
_WOMAN: Final = re.compile(
    r"\b(mrs|miss|ms|lady|madame?|mme|mlle|mademoiselle|duchess|countess|queen|princess|mother|aunt|girl|woman|widow"
    r"|wife|nurse|sister|daughter|grandmother|maid|baroness|marchioness|fraulein|frau|signora)\b",
    re.I,
)
_MAN: Final = re.compile(
    r"\b(mr|sir|lord|captain|king|prince|duke|count|baron|father|uncle|boy|man|husband|brother|son|grandfather|major"
    r"|colonel|general|professor|abbé|monsieur|herr|signor|don|reverend|judge|inspector|sergeant)\b",
    re.I,
)


class Names:
    """The most frequent given names, to draw from."""

    def __init__(self, table: Iterable[FirstName]) -> None:
        self._by_sex: dict[str, list[FirstName]] = {"F": [], "M": []}
        self._sex: dict[str, str] = {}
        for name in table:
            self._sex.setdefault(name.name.casefold(), name.sex)
            if len(self._by_sex[name.sex]) < POOL and self._sex[name.name.casefold()] == name.sex:
                self._by_sex[name.sex].append(name)
        self._weights = {
            sex: list(accumulate(name.count**0.5 for name in names)) for sex, names in self._by_sex.items()
        }

    def known(self, word: str) -> bool:
        """Say whether ``word`` is a given name at all."""
        return word.casefold() in self._sex

    def sex(self, speaker: str, random: Random) -> str:
        """Return ``F`` or ``M`` for a speaker: by title, then by given name, else by lot."""
        if _WOMAN.search(speaker):
            return "F"
        if _MAN.search(speaker):
            return "M"
        found = [self._sex[word] for word in re.findall(r"\w+", speaker.casefold()) if word in self._sex]
        return found[0] if found else random.choice("FM")

    def draw(self, sex: str, random: Random, taken: Collection[str]) -> str:
        """Return a name of that sex that is not ``taken``, no two with the same first three letters."""
        starts = {name[:3] for name in taken}
        while True:
            (name,) = random.choices(self._by_sex[sex], cum_weights=self._weights[sex])
            if name.name[:3] not in starts:
                return name.name
