"""Drawing the next token: temperature, top-k, min-p, top-p, and one stream of chance per row."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from model.decoder import Sampling
from model.engines import NotFiniteError

_TRIES: Final = 2


class Dice:
    """The chance of every row, fixed by its seed alone: no other row, device or batch changes it."""

    def __init__(self, seeds: Sequence[int], steps: int) -> None:
        self._throws = torch.stack([_throws(seed, steps) for seed in seeds])  # [row, step, try]

    def throw(self, rows: Sequence[int], step: int) -> Tensor:
        """Return two numbers in [0, 1) for each of ``rows``; shape [row, 2]."""
        return self._throws[list(rows), step]


def _throws(seed: int, steps: int) -> Tensor:
    return torch.rand(steps, _TRIES, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def draw(scores: Tensor, chance: Tensor, sampling: Sampling) -> Tensor:
    """Return a token for every row of ``scores`` [row, vocabulary], by ``chance`` [row, 2].

    Temperature 0 takes the best. Top-k keeps the best k (and those that equal the last of them), by their
    probabilities; min-p leaves out what is less likely than that share of the best; top-p, applied last, keeps the
    smallest set of tokens that holds that much probability; a first draw from all tokens is in it nearly always, and
    only where it is not the vocabulary is sorted: the chances come out the same, in a tenth of the time.

    Raises:
        NotFiniteError: the scores of a row are not numbers.
    """
    best = scores.max(dim=-1)
    if not bool(torch.isfinite(best.values).all()):
        raise NotFiniteError
    if sampling.temperature <= 0:
        return best.indices
    if 0 < sampling.top_k < scores.shape[-1]:
        least = scores.topk(sampling.top_k, dim=-1).values[:, -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    likely = torch.softmax(scores.float() / sampling.temperature, dim=-1)
    if sampling.min_p > 0:
        likely = torch.where(likely < sampling.min_p * likely.amax(dim=-1, keepdim=True), 0, likely)
    chance = chance.to(likely.device)
    tokens = _pick(likely.cumsum(dim=-1, dtype=torch.float64), chance[:, :1])
    likelier = torch.where(likely > likely.gather(-1, tokens), likely, 0).sum(dim=-1)
    outside = likelier >= sampling.top_p
    if bool(outside.any()):
        tokens[outside] = _inside(likely[outside], chance[outside, 1:], sampling.top_p)
    return tokens.squeeze(-1)


def _inside(likely: Tensor, chance: Tensor, top_p: float) -> Tensor:
    ordered, order = likely.sort(dim=-1, descending=True)
    mass = ordered.cumsum(dim=-1, dtype=torch.float64)
    within = torch.where(mass - ordered < top_p, mass, mass.new_zeros(())).cummax(dim=-1).values
    return order.gather(-1, _pick(within, chance))


def _pick(mass: Tensor, chance: Tensor) -> Tensor:
    """Return where each row's rising ``mass`` first exceeds that share of its total; shape [row, 1]."""
    return torch.searchsorted(mass, chance * mass[:, -1:], right=True).clamp_(max=mass.shape[-1] - 1)
