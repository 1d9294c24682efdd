"""No run of words twice in one row; names, and what is no plain word, apart."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

_WORD: Final = re.compile(r"[^\W_]+")
_TAIL: Final = 200  # characters in which the last words are looked for


def beginnings(tokenizer: PreTrainedTokenizerBase, size: int) -> frozenset[int]:
    """Return the tokens that begin a plain word: a space and a small letter, or "I".

    Only they are ever left out: whatever begins with a capital, a mark or a line break may come again, and a word that
    is begun is finished. ``size`` is how many scores the model gives.
    """
    texts = tokenizer.batch_decode([[token] for token in range(min(size, len(tokenizer)))])
    return frozenset(
        token for token, text in enumerate(texts) if text == " I" or (text.startswith(" ") and text[1:2].islower())
    )


class Runs:
    """The runs of ``length`` words of one row."""

    def __init__(self, length: int, begins: frozenset[int]) -> None:
        self._before = length - 1
        self._begins = begins
        self._text = ""
        self._after: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)

    def add(self, token: int, text: str) -> None:
        """Go on with ``token``, which completed ``text``."""
        if token in self._begins and len(last := self._last()) == self._before:
            self._after[last].add(token)
        self._text += text

    def banned(self) -> set[int]:
        """Return the tokens that begin a word with which a run would come a second time."""
        return self._after.get(self._last(), set())

    def _last(self) -> tuple[str, ...]:
        words = _WORD.findall(self._text[-_TAIL:].casefold())
        return tuple(words[len(words) - self._before :]) if self._before else ()


def ban(scores: Tensor, rows: Sequence[Runs | None]) -> Tensor:
    """Return ``scores`` [row, vocabulary] without what would repeat a run (rows that may are None).

    Where nothing else may follow it stays.
    """
    marked = [(number, token) for number, row in enumerate(rows) if row for token in row.banned()]
    if not marked:
        return scores
    numbers, tokens = torch.tensor(marked, device=scores.device).T
    left = scores.clone()
    left[numbers, tokens] = -torch.inf
    stuck = ~torch.isfinite(left).any(dim=-1, keepdim=True)
    return torch.where(stuck, scores, left)
