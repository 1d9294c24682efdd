"""Which beginnings of a pitch are worth finishing: neither trite nor wild, near their theme, saying nothing twice."""

import re
from typing import Final

from model.briefs import PitchBrief

_WORD: Final = re.compile(r"[^\W_]+")
_STEM: Final = 5  # letters that two forms of a word share
_TYPICAL: Final = -2.4  # nats a token: below what people write, where a small model still makes sense
_CARRIED: Final = 0.6  # nats a token that a theme is worth
_FITTING: Final = 2.0  # and a nat a word for its genre
_REPEATED: Final = 1.0  # and what it costs to say everything twice


def merit(brief: PitchBrief, text: str, likely: float, tokens: int, *, fit: float = 0.0) -> float:
    """Return how good the beginning ``text`` is, in nats a token; more is better.

    ``likely`` is the sum of the log-probabilities of its ``tokens``, ``fit`` how much it speaks for its genre (see
    :meth:`model.genres.GenreWords.fit`).
    """
    words = _stems(text)
    theme = set(_stems(brief.theme))
    carried = len(theme & set(words)) / max(1, len(theme))
    long = [word for word in words if len(word) == _STEM]
    repeated = 1 - len(set(long)) / max(1, len(long))
    return typical(likely, tokens) + _FITTING * fit + _CARRIED * carried - _REPEATED * repeated


def typical(likely: float, tokens: int) -> float:
    """Return how far from what reads well the mean log-probability of a text is, in nats a token; 0 is best.

    ``likely`` is the sum of the log-probabilities of its ``tokens``.
    """
    return -abs(likely / max(1, tokens) - _TYPICAL)


def _stems(text: str) -> list[str]:
    return [word[:_STEM] for word in _WORD.findall(text.casefold()) if len(word) > 2]
