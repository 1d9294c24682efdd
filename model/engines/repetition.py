"""No run of words twice in one row, names apart."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase


def free_tokens(tokenizer: PreTrainedTokenizerBase, size: int) -> frozenset[int]:
    """Return the tokens that may come again after whatever they came after: capitals (names, cues), marks, line breaks.

    ``size`` is how many scores the model gives.
    """
    texts = tokenizer.batch_decode([[token] for token in range(min(size, len(tokenizer)))])
    return frozenset(token for token, text in enumerate(texts) if not text.strip()[:1].islower())


class Runs:
    """The runs of ``length`` tokens of one row."""

    def __init__(self, length: int, free: frozenset[int]) -> None:
        self._length, self._free = length, free
        self._row: list[int] = []
        self._after: defaultdict[tuple[int, ...], set[int]] = defaultdict(set)

    def add(self, token: int) -> None:
        """Go on with ``token``."""
        if len(self._row) >= self._length - 1 and token not in self._free:
            self._after[self._last()].add(token)
        self._row.append(token)

    def banned(self) -> set[int]:
        """Return the tokens with which a run would come a second time."""
        return self._after.get(self._last(), set())

    def _last(self) -> tuple[int, ...]:
        return tuple(self._row[1 - self._length :])


def ban(scores: Tensor, rows: Sequence[Runs]) -> Tensor:
    """Return ``scores`` [row, vocabulary] without what would repeat a run, unless nothing else may follow."""
    marked = [(number, token) for number, row in enumerate(rows) for token in row.banned()]
    if not marked:
        return scores
    numbers, tokens = torch.tensor(marked, device=scores.device).T
    left = scores.clone()
    left[numbers, tokens] = -torch.inf
    stuck = ~torch.isfinite(left).any(dim=-1, keepdim=True)
    return torch.where(stuck, scores, left)
