"""What the community likes: which words its winners have and the others have not, and which genres it votes for."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_STEM: Final = 5  # letters that two forms of a word share
_SMOOTH: Final = 2.0  # as if every word had been seen so often on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """How much more often a word (its stem) stands in what was chosen than in what was not: the log of the ratio."""

    words: Mapping[str, float]

    @classmethod
    def of(cls, chosen: Iterable[str], passed: Iterable[str]) -> "Taste":
        """Learn from texts of pitches that were chosen and that were passed over; lacking either, like all alike."""
        pro, con = _seen(chosen), _seen(passed)
        if not (pro.total() and con.total()):
            return cls(words={})
        known = len(pro.keys() | con.keys())
        for_all, against_all = pro.total() + _SMOOTH * known, con.total() + _SMOOTH * known
        return cls(
            words={
                stem: math.log((pro[stem] + _SMOOTH) / for_all) - math.log((con[stem] + _SMOOTH) / against_all)
                for stem in pro.keys() | con.keys()
            }
        )

    def score(self, text: str) -> float:
        """Return how well a text fits, the mean over its words in nats; 0 is neither well nor badly."""
        stems = _stems(text)
        return sum(self.words.get(stem, 0.0) for stem in stems) / max(1, len(stems))


def fresh_choice(dice: random.Random, options: Sequence[str], *, used: Sequence[str], likes: Mapping[str, int]) -> str:
    """Draw one of ``options``, the likelier the better it is liked (counts), none of those ``used`` lately.

    Once all were used, the one whose last use is longest ago; ``used`` begins with the newest.
    """
    new = [option for option in options if option not in used]
    if not new:
        return max(options, key=used.index)
    return dice.choices(new, weights=[1 + likes.get(option, 0) for option in new])[0]


def _seen(texts: Iterable[str]) -> Counter[str]:
    return Counter(stem for text in texts for stem in set(_stems(text)))


def _stems(text: str) -> list[str]:
    return [word[:_STEM] for word in _WORD.findall(text.casefold()) if len(word) > 2]
