"""Given names for the cast, the most frequent ones, and what a speaker of an old play tells of their sex."""

import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from training.sources.first_names import FirstName

COMPANIES: Final = 20
PLACES: Final = 3  # of each sex in a company
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
    """The most frequent given names, in companies: six names that always play together.

    A model this small learns who belongs together long before it learns to copy any name from the cast line.
    """

    def __init__(self, table: Iterable[FirstName]) -> None:
        self._sex: dict[str, str] = {}
        ranked: dict[str, list[str]] = {"F": [], "M": []}
        for name in table:
            if self._sex.setdefault(name.name.casefold(), name.sex) == name.sex:
                ranked[name.sex].append(name.name)
        number = min(COMPANIES, *(len(names) // PLACES for names in ranked.values()))
        self._companies = [
            {sex: tuple(names[first : number * PLACES : number]) for sex, names in ranked.items()}
            for first in range(number)
        ]

    def sex(self, speaker: str, random: Random) -> str:
        """Return ``F`` or ``M`` for a speaker: by title, then by given name, else by lot."""
        if _WOMAN.search(speaker):
            return "F"
        if _MAN.search(speaker):
            return "M"
        found = [self._sex[word] for word in re.findall(r"\w+", speaker.casefold()) if word in self._sex]
        return found[0] if found else random.choice("FM")

    def company(self, speakers: Sequence[str], random: Random) -> dict[str, str]:
        """Return a name for each speaker from one company, those of a sex in their fixed order; at most three each."""
        places = {sex: iter(names) for sex, names in random.choice(self._companies).items()}
        return {speaker: next(places[self.sex(speaker, random)]) for speaker in speakers}
