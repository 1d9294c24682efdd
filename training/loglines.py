"""What a page is about in one or two catalogue-like sentences that share words and names with it."""

import re
from collections import Counter
from collections.abc import Iterable
from math import log
from random import Random
from typing import Final

from model.screenplay import Script, Turn

_BEFORE: Final = "the|a|an|my|your|his|her|our|their|this|that|no|some|any|of|for|about"
_AFTER: Final = (
    "and|of|in|on|at|to|for|with|is|was|are|were|that|which|who|from|by|or|but|has|had|have|will|would|as|when|if"
)
_NOUN: Final = re.compile(rf"\b(?:{_BEFORE})((?: [a-z]{{3,}}){{1,2}})(?=[.,;:!?—]| (?:{_AFTER})\b)")
_WEAK: Final = frozenset(
    re.findall(
        r"\w+",
        """thing things way same other others one first last least most whole lot bit kind sort man woman person time
        times moment course all them him her you me it us what that this more little good own matter point like word
        words sake""",
    )
)
_ABOUT: Final = (
    "{a} and {b} talk about {x} and {y}.",
    "When {a} brings up {x}, {b} has to face {y}.",
    "{a} wants to know about {x}, but {b} can only think of {y}.",
    "{a} and {b} are divided by {x} and {y}.",
    "{a} tells {b} about {x}, and nothing is the same after {y}.",
    "After {x}, {a} must choose between {b} and {y}.",
    "{a} tries to keep {x} from {b}, until {y} changes everything.",
    "A story about {x}, {y} and the two people caught between them.",
    "Two people struggle with {x} and {y}.",
    "A secret about {x} leads to trouble over {y}.",
)


class Rarity:
    """How telling a noun is: rare in the plays, frequent on the page."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._pages = 0
        self._counts: Counter[str] = Counter()
        for text in texts:
            self._pages += 1
            self._counts.update(set(nouns(text)))

    def top(self, text: str, number: int) -> list[str]:
        """Return the ``number`` most telling nouns of ``text``, none twice or inside another."""
        counts = Counter(nouns(text))
        ranked = sorted(counts, key=lambda noun: -counts[noun] * log(self._pages / (1 + self._counts[noun])))
        kept: list[str] = []
        for noun in ranked:
            if not any(set(noun.split()) & set(other.split()) for other in kept):
                kept.append(noun)
        return kept[:number]


def nouns(text: str) -> list[str]:
    """Return what looks like a noun, with its adjective: words after an article and before a break."""
    found = (match[1].strip() for match in _NOUN.finditer(text))
    return [noun for noun in found if not set(noun.split()) & _WEAK and len(noun) > 3]


def logline(script: Script, rarity: Rarity, random: Random) -> str | None:
    """Return one or two sentences about the page, or None when it has too little to tell."""
    told = rarity.top(" ".join(turn.speech for turn in script.turns), 4)
    if len(told) < 2 or len(script.cast) < 2:
        return None
    random.shuffle(told)
    a, b = (name.capitalize() for name in script.cast[:2])
    first = random.choice(_ABOUT).format(a=a, b=b, x=_with_article(told[0]), y=_with_article(told[1]))
    if random.random() < 0.4:
        lower = first if first.startswith((a, b)) else first[0].lower() + first[1:]
        first = f"{_where(script)}, {lower}"
    if random.random() < 0.5:
        first += f" It begins with {_with_article((told[2:] or told)[0])}."
    return first


def _with_article(noun: str) -> str:
    return noun if noun.endswith("s") else f"the {noun}"


def _where(script: Script) -> str:
    opening = script.elements[0]
    assert not isinstance(opening, Turn)  # noqa: S101 -- a script opens with a heading
    place, _, when = opening.text.partition(". ")[2].rpartition(" - ")
    preposition = "On" if place in {"TERRACE", "STREET", "BEACH", "SHIP DECK"} else "In"
    late = {"NIGHT": " at night", "MORNING": " in the morning", "EVENING": " in the evening"}.get(when, "")
    return f"{preposition} the {place.lower()}{late}"
