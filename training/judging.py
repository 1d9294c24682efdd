"""Counting what was written: how much parses, repeats, ends well, keeps its cast, or copies the training text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from model.screenplay import Turn

_WORD: Final = re.compile(r"\w+")
_FINISHED: Final = re.compile(r"[.!?…—][\"')]?$")


def share(hits: Iterable[bool]) -> float:
    """Return the share of true values, 0 when there are none at all."""
    values = list(hits)
    return round(sum(values) / len(values), 3) if values else 0.0


def distinct(texts: Sequence[str]) -> float:
    """Return how many different texts there are, as a share."""
    return round(len({text.casefold() for text in texts}) / len(texts), 3) if texts else 0.0


def finished(text: str) -> bool:
    """Say whether ``text`` ends like a sentence."""
    return bool(_FINISHED.search(text))


def keeps_its_cast(turns: Sequence[Turn]) -> bool:
    """Say whether at least two speak, and the two who speak most at least twice each."""
    most = Counter(turn.cue for turn in turns).most_common(2)
    return len(most) == 2 and most[1][1] >= 2


def carried(brief: str, text: str) -> float:
    """Return the share of the brief's telling words (five letters or more) that stand in ``text``."""
    wanted = {word for word in _WORD.findall(brief.casefold()) if len(word) > 4}
    found = set(_WORD.findall(text.casefold()))
    return len(wanted & found) / len(wanted) if wanted else 0.0


class Runs:
    """Every run of ``length`` words of the training text, to find copies."""

    def __init__(self, texts: Iterable[str], length: int = 8) -> None:
        self._length = length
        self._seen = {run for text in texts for run in self._runs(text)}

    def copied(self, text: str) -> bool:
        """Say whether ``text`` shares a run of words with the training text."""
        return any(run in self._seen for run in self._runs(text))

    def longest(self, text: str) -> int:
        """Return how many words the longest stretch covered by known runs has, 0 without any."""
        best = current = 0
        for run in self._runs(text):
            current = current + 1 if run in self._seen else 0
            best = max(best, current)
        return best + self._length - 1 if best else 0

    def _runs(self, text: str) -> list[int]:
        words = _WORD.findall(text.casefold())
        return [hash(tuple(words[at : at + self._length])) for at in range(len(words) - self._length + 1)]
