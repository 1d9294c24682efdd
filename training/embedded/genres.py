"""Which words speak for a genre, counted over the shows that are trained on."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log
from typing import Final

from model.briefs import PitchBrief
from model.genres import words
from training.examples import Entry, Example

_FEWEST: Final = 6  # works of the genre that a word stands in: a name stands in fewer
_LEAST: Final = 0.7  # nats; a weaker word says little
_MOST: Final = 300  # words a genre
_SMOOTH: Final = 1.0


def genre_words(examples: Iterable[Example]) -> dict[str, dict[str, float]]:
    """Return for each genre the words that speak for it most, with nats (two decimals), counted once a work."""
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        if isinstance(example, Entry) and isinstance(example.brief, PitchBrief):
            seen[example.brief.genre, example.work].update(words(example.completion))
    inside: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (genre, _), told in seen.items():
        inside[genre].update(told)
    every = sum(inside.values(), Counter[str]())
    return {genre: _strongest(counts, every) for genre, counts in sorted(inside.items())}


def _strongest(counts: Counter[str], every: Counter[str]) -> dict[str, float]:
    smooth, here, total = _SMOOTH * len(every), counts.total(), every.total()
    odds = {
        word: log((count + _SMOOTH) / (here + smooth)) - log((every[word] - count + _SMOOTH) / (total - here + smooth))
        for word, count in counts.items()
        if count >= _FEWEST
    }
    strong = sorted((word for word, nats in odds.items() if nats >= _LEAST), key=lambda word: (-odds[word], word))
    return {word: round(odds[word], 2) for word in sorted(strong[:_MOST])}
