"""How much the words of a text speak for a genre, from a table learnt from shows."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from model.briefs import Genre
from model.checkpoint import BrokenCheckpointError

_WORD: Final = re.compile(r"\b[^\W\d_]{3,}\b")


def words(text: str) -> list[str]:
    """Return the words of ``text`` that may speak for a genre: letters only, three or more, none that begins large."""
    return [word for word in _WORD.findall(text) if word.islower()]


class GenreWords:
    """Words with what they speak for a genre: the logarithm of how much likelier a word is there than elsewhere."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        self._weights = weights

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the table at ``path``: JSON, genre to word to nats.

        Raises:
            BrokenCheckpointError: it is no such table.
        """
        try:
            told = json.loads(path.read_text("utf-8"))
            return cls({genre: {word: float(nats) for word, nats in found.items()} for genre, found in told.items()})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise BrokenCheckpointError(path, "no table of genre words") from error

    def fit(self, genre: Genre, text: str) -> float:
        """Return how much ``text`` speaks for ``genre``, in nats a word; 0 says nothing either way."""
        found = words(text)
        weights = self._weights.get(genre, {})
        return sum(weights.get(word, 0.0) for word in found) / max(1, len(found))
