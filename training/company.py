"""Who plays in one work, as far as its cues and its text tell, and everybody's new name."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from difflib import SequenceMatcher
from functools import cached_property
from typing import Final

from training.draws import Draws
from training.given_names import GivenNames
from training.mentions import Mentions
from training.ordinary import ORDINARY
from training.people import LETTERS, Person, Sex, people, told_sex

_ALIKE: Final = 0.88  # a letter left out of six, or doubled
_WORD: Final = re.compile(rf"{LETTERS}+")


class Company:
    """The cast of a work: whoever speaks, then the show's leads; ``known`` are the leads' names in lower case."""

    def __init__(self, names: GivenNames, cues: Iterable[str], texts: Sequence[str], known: Set[str]) -> None:
        self._names, self._known, self._text = names, known, "\n".join(texts)
        self._cues = tuple(dict.fromkeys(cues))
        seen = Counter(_WORD.findall(self._text))
        self._ordinary = {
            word for word in seen if word.islower() and seen[word] > seen[word.title()] + seen[word.upper()]
        }
        self.capitals = {word.casefold() for word in seen if not word.islower()}

    @cached_property
    def cast(self) -> tuple[Person, ...]:
        """Everybody with a name that is new to none of the others."""
        found = tuple(person for cue in self._cues for person in self._people(cue))
        families = {name.casefold() for person in found for name in person.surnames}
        first = {person.given.casefold() for person in found if person.given and person.surnames}
        elsewhere = self._slips.keys() | (families - first)  # "Buffay" alone is no first name
        return tuple(
            person
            for person in found
            if person.given is None or person.surnames or person.given.casefold() not in elsewhere
        )

    def _people(self, cue: str) -> Iterator[Person]:
        words = [word.casefold() for word in _WORD.findall(cue)]
        nobody = len(words) == 1 and self._is_never_mentioned(words[0])  # surely a function: "JUGGLER"
        return people(cue, self._names.common, self._ordinary.union(words) if nobody else self._ordinary)

    def _is_never_mentioned(self, word: str) -> bool:
        return not any(word in names for names in (self.capitals, self._known, self._names.common))

    @cached_property
    def _slips(self) -> dict[str, str]:
        """The words that are some lead's name misspelt ("Chander"), with the name."""
        cues = {word.casefold() for cue in self._cues for word in _WORD.findall(cue)}
        strange = (self.capitals | cues) - self._ordinary - self._names.common - self._known
        return {
            word: lead
            for word in sorted(strange)
            for lead in sorted(self._known - ORDINARY)
            if word[:2] == lead[:2] and SequenceMatcher(None, word, lead).ratio() >= _ALIKE
        }

    @property
    def names(self) -> set[str]:
        """All names of the cast, in lower case."""
        return {name.casefold() for person in self.cast for name in (person.given, *person.surnames) if name}

    def mentions(self, draws: Draws, unmistakable: Set[str]) -> Mentions:
        """Return everybody's new name.

        Raises:
            TooManyNamesError: see its docstring.
        """
        given: dict[str, str] = {}
        for person in self.cast:
            if person.given and (old := person.given.casefold()) not in given:
                given[old] = draws.given(old, person.sex or self._sex(old))
        families = dict.fromkeys(name.casefold() for person in self.cast for name in person.surnames)
        surnames = {old: draws.surname(old) for old in families if old not in given}
        return Mentions(
            given=self._with_slips({**draws.nicknames(given), **given}),
            surnames=self._with_slips(surnames),
            ordinary=ORDINARY | self._ordinary,
            unmistakable=unmistakable,
            first_names=self._names.common,
        )

    def _sex(self, name: str) -> Sex | None:
        return self._names.surely(name) or told_sex(name, self._text) or self._names.sex(name)

    def _with_slips(self, new: Mapping[str, str]) -> dict[str, str]:
        return {**{slip: new[lead] for slip, lead in self._slips.items() if lead in new}, **new}
