"""Drawing the next token: temperature, top-p, and one stream of chance per row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from model.decoder import Sampling
from model.engines import NotFiniteError


class Dice:
    """The chance of every row, fixed by its seed alone: no other row, device or batch changes it."""

    def __init__(self, seeds: Sequence[int], throws: int) -> None:
        rows = [
            torch.rand(throws, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) for seed in seeds
        ]
        self._throws = torch.stack(rows)  # [row, step]

    def throw(self, rows: Tensor, step: int) -> Tensor:
        """Return one number in [0, 1) for each of ``rows``; shape [row, 1]."""
        return self._throws[rows, step : step + 1]


def draw(scores: Tensor, chance: Tensor, sampling: Sampling) -> Tensor:
    """Return a token for every row of ``scores`` [row, vocabulary], by ``chance`` [row, 1].

    Temperature 0 takes the best. Top-p keeps the smallest set of tokens that holds that much probability.

    Raises:
        NotFiniteError: the scores of a row are not numbers.
    """
    best = scores.max(dim=-1, keepdim=True)
    if not bool(torch.isfinite(best.values).all()):
        raise NotFiniteError
    if sampling.temperature <= 0:
        return best.indices.squeeze(-1)
    likely, order = torch.softmax(scores.float() / sampling.temperature, dim=-1).sort(dim=-1, descending=True)
    mass = likely.double().cumsum(dim=-1)
    kept = torch.where(mass - likely < sampling.top_p, mass, 0).max(dim=-1, keepdim=True).values
    place = torch.searchsorted(mass, chance.to(mass.device) * kept, right=True).clamp_(max=scores.shape[-1] - 1)
    return order.gather(-1, place).squeeze(-1)
