# ruff: noqa: SIM905 - word lists read better as lines of words
"""A page played by people of today: every speaker renamed, in the cues and wherever they are spoken of."""

import re
from random import Random
from typing import Final

from model.screenplay import Direction, Element, Heading, Script, Turn
from training.embedded.companies import Names

_TITLES: Final = frozenset(
    (
        "mr mrs miss ms sir lady lord madame madam mme mlle monsieur mademoiselle dr doctor captain colonel "
        "major general the a an of de von van old young first second third duke duchess count countess baron "
        "king queen prince princess father mother aunt uncle professor saint st one two three brother sister "
        "la le frau herr don "
    ).split()
)
_BEFORE: Final = "|".join(sorted(title.capitalize() for title in _TITLES))


def cast_anew(script: Script, names: Names, random: Random) -> Script:
    """Return ``script`` with a given name for every speaker, all of one company."""
    chosen = names.company(script.cast, random)
    spoken = [(pattern, name) for cue, name in chosen.items() if (pattern := _mention(cue))]
    return Script(tuple(_play(element, chosen, spoken) for element in script.elements))


def _mention(cue: str) -> re.Pattern[str] | None:
    parts = [part.strip(".'") for part in cue.split()]
    parts = [part for part in parts if part.casefold() not in _TITLES and len(part) > 2]
    if not parts:
        return None
    forms = "|".join(re.escape(form) for part in parts for form in (part, part.capitalize()))
    return re.compile(rf"\b(?:(?:{_BEFORE})\.? )?(?:{forms})(?: (?:{forms}))*\b")


def _play(element: Element, chosen: dict[str, str], spoken: list[tuple[re.Pattern[str], str]]) -> Element:
    match element:
        case Heading():
            return element
        case Direction(text):
            return Direction(_swap(text, spoken))
        case Turn(cue, speech, manner):
            return Turn(chosen[cue].upper(), _swap(speech, spoken), _swap(manner, spoken) if manner else None)


def _swap(text: str, spoken: list[tuple[re.Pattern[str], str]]) -> str:
    """Replace all at once: a new name that is an old one too is not replaced again."""
    marks: list[str] = []
    for pattern, name in spoken:
        mark = chr(0xE000 + len(marks))
        text = pattern.sub(mark, text)
        marks.append(name)
    for number, name in enumerate(marks):
        text = text.replace(chr(0xE000 + number), name)
    return text
