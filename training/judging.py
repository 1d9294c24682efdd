"""Counting what was written: how much parses, repeats, ends well, keeps its cast, or copies the training text."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from model.screenplay import NotAScriptError, Turn, read_line

_WORD: Final = re.compile(r"\w+")
_FINISHED: Final = re.compile(r"[.!?…—][\"')]?$")
_CAST: Final = "CAST: "
_BLOCK: Final = 1_000_000  # characters whose runs are computed at once
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)
Hashes = npt.NDArray[np.uint64]


def share(hits: Iterable[bool]) -> float:
    """Return the share of true values, 0 when there are none at all."""
    values = list(hits)
    return round(sum(values) / len(values), 3) if values else 0.0


def distinct(texts: Sequence[str]) -> float:
    """Return how many different texts there are, as a share."""
    return round(len({text.casefold() for text in texts}) / len(texts), 3) if texts else 0.0


def distinct_grams(texts: Iterable[str], length: int) -> float:
    """Return the different runs of ``length`` words ÷ all of them, over all texts (distinct-n).

    It falls as there is more text: compare only equal amounts.
    """
    every = [gram for text in texts for gram in _grams(text, length)]
    return round(len(set(every)) / len(every), 3) if every else 0.0


def repeated_grams(text: str, length: int = 4) -> float:
    """Return the share of the runs of ``length`` words that stood in ``text`` before."""
    every = _grams(text, length)
    return 1 - len(set(every)) / len(every) if every else 0.0


def _grams(text: str, length: int) -> list[tuple[str, ...]]:
    words = _words(text)
    return list(zip(*(words[at:] for at in range(length)), strict=False))


def finished(text: str) -> bool:
    """Say whether ``text`` ends like a sentence."""
    return bool(_FINISHED.search(text))


def keeps_its_cast(turns: Sequence[Turn]) -> bool:
    """Say whether at least two speak, and the two who speak most at least twice each."""
    most = Counter(turn.cue for turn in turns).most_common(2)
    return len(most) == 2 and most[1][1] >= 2


def stays_in_cast(script: str) -> bool:
    """Say whether a script, as the model wrote it, names its cast first and lets nobody else speak."""
    first, *rows = script.strip("\n").split("\n")
    named = first.removeprefix(_CAST).split(", ")
    return first.startswith(_CAST) and all(cue in named for cue in _cues(rows))


def _cues(rows: Iterable[str]) -> Iterator[str]:
    for row in rows:
        try:
            element = read_line(row)
        except NotAScriptError:
            continue  # it is counted where parsing is
        if isinstance(element, Turn):
            yield element.cue


def carried(brief: str, text: str) -> float:
    """Return the share of the brief's telling words (five letters or more) that stand in ``text``."""
    wanted = {word for word in _words(brief) if len(word) > 4}
    return len(wanted & set(_words(text))) / len(wanted) if wanted else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


class Runs:
    """Every run of ``length`` words of the training text, to find copies; eight bytes a run.

    A run is known by 64 bits: among twenty million runs, one lookup in a million million is wrong.
    """

    def __init__(self, texts: Iterable[str], length: int = 8) -> None:
        self._length = length
        self._numbers = _Numbers()
        every = [self._runs(block) for block in _blocks(texts)]
        self._seen: Hashes = np.unique(np.concatenate([np.empty(0, np.uint64), *every]))

    def __len__(self) -> int:
        return len(self._seen)

    def copied(self, text: str) -> bool:
        """Say whether ``text`` shares a run of words with the training text."""
        return bool(self._known(text).any())

    def longest(self, text: str) -> int:
        """Return how many words the longest stretch covered by known runs has, 0 without any."""
        best = current = 0
        for known in self._known(text).tolist():
            current = current + 1 if known else 0
            best = max(best, current)
        return best + self._length - 1 if best else 0

    def _known(self, text: str) -> npt.NDArray[np.bool_]:
        runs = self._runs([text])
        if not len(self._seen):
            return np.zeros(len(runs), np.bool_)
        places = np.searchsorted(self._seen, runs).clip(max=len(self._seen) - 1)
        known: npt.NDArray[np.bool_] = self._seen[places] == runs
        return known

    def _runs(self, texts: Sequence[str]) -> Hashes:
        words = [_words(text) for text in texts]
        numbers = np.array([self._numbers[word] for row in words for word in row], np.uint64)
        text_of = np.repeat(np.arange(len(words)), [len(row) for row in words])
        count = max(0, len(numbers) - self._length + 1)
        runs = np.zeros(count, np.uint64)
        for at in range(self._length):
            runs = (runs ^ (runs >> _SHIFT)) * _FACTOR + numbers[at : at + count]
        whole = text_of[:count] == text_of[len(numbers) - count :]  # none from one text into the next
        inside: Hashes = runs[whole]
        return inside


class _Numbers(dict[str, int]):
    """64 bits for a word, the same in every process."""

    def __missing__(self, word: str) -> int:
        self[word] = number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
        return number


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    yield block
