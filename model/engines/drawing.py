"""Drawing the next token: temperature, top-k, min-p, top-p, and one stream of chance per row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor, nn

from model.decoder import Sampling
from model.engines import NotFiniteError

_TRIES: Final = 2
_RUN: Final = 64  # tokens


class Dice:
    """The chance of every row, fixed by its seed alone: no other row, device or batch changes it."""

    def __init__(self, seeds: Sequence[int], steps: int) -> None:
        self._throws = torch.stack([throws(seed, steps) for seed in seeds])  # [row, step, try]

    def throw(self, rows: Sequence[int], step: int) -> Tensor:
        """Return two numbers in [0, 1) for each of ``rows``; shape [row, 2]."""
        return self._throws[list(rows), step]


def throws(seed: int, steps: int) -> Tensor:
    """Return the chance of one row, [step, try] in [0, 1)."""
    return torch.rand(steps, _TRIES, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class Rules:
    """How each row of a batch is drawn; one number a row, [row, 1], or None where no row asks for it."""

    temperature: Tensor
    top_p: Tensor
    greedy: Tensor | None
    top_k: Tensor | None
    min_p: Tensor | None

    @classmethod
    def of(cls, samplings: Sequence[Sampling], device: torch.device | str = "cpu") -> Self:
        """Return the rules of a batch whose row i is drawn by ``samplings[i]``."""

        def column(numbers: list[float]) -> Tensor:
            return torch.tensor(numbers, device=device)[:, None]

        greedy = [sampling.temperature <= 0 for sampling in samplings]
        warm = [1.0 if sampling.temperature <= 0 else sampling.temperature for sampling in samplings]
        top_k, min_p = [sampling.top_k for sampling in samplings], [sampling.min_p for sampling in samplings]
        return cls(
            temperature=column(warm),
            top_p=column([sampling.top_p for sampling in samplings]).double(),
            greedy=torch.tensor(greedy, device=device) if any(greedy) else None,
            top_k=torch.tensor(top_k, device=device)[:, None] if any(top_k) else None,
            min_p=column(min_p) if any(min_p) else None,
        )


def finite(scores: Tensor) -> Tensor:
    """Return which rows of ``scores`` [row, vocabulary] can be drawn from: numbers, and something may follow."""
    return torch.isfinite(scores.amax(dim=-1))


def draw(scores: Tensor, chance: Tensor, sampling: Sampling | Rules) -> Tensor:
    """Return a token for every row of ``scores`` [row, vocabulary], by ``chance`` [row, 2].

    Temperature 0 takes the best. Top-k keeps the best k (and those that equal the last of them), by their
    probabilities; min-p leaves out what is less likely than that share of the best; top-p, applied last, keeps the
    smallest set of tokens that holds that much probability; a first draw from all tokens is in it nearly always, and
    only where it is not the vocabulary is sorted: the chances come out the same, in a tenth of the time.

    Raises:
        NotFiniteError: the scores of a row are not numbers.
    """
    if not bool(finite(scores).all()):
        raise NotFiniteError
    rules = sampling if isinstance(sampling, Rules) else Rules.of([sampling] * len(scores), scores.device)
    if rules.greedy is not None and bool(rules.greedy.all()):
        return scores.argmax(dim=-1)
    if rules.top_k is not None:
        scores = _best(scores, rules.top_k)
    likely = torch.softmax(scores.float() / rules.temperature, dim=-1)
    if rules.min_p is not None:
        likely = torch.where(likely < rules.min_p * likely.amax(dim=-1, keepdim=True), 0, likely)
    chance = chance.to(likely.device)
    tokens = among_all(likely, chance[:, :1])
    likelier = torch.where(likely > likely.gather(-1, tokens), likely, 0).sum(dim=-1, keepdim=True)
    outside = (likelier >= rules.top_p).squeeze(-1)
    if bool(outside.any()):
        tokens[outside] = _inside(likely[outside], chance[outside, 1:], rules.top_p[outside])
    tokens = tokens.squeeze(-1)
    return tokens if rules.greedy is None else torch.where(rules.greedy, scores.argmax(dim=-1), tokens)


def _best(scores: Tensor, top_k: Tensor) -> Tensor:
    size = scores.shape[-1]
    asked = torch.where((top_k <= 0) | (top_k > size), size, top_k)
    most = int(torch.where(asked == size, 1, asked).max())  # rows that keep all need no order
    best = scores.topk(most, dim=-1).values
    least = best.gather(-1, asked.clamp(max=most) - 1)
    return torch.where((scores < least) & (asked < size), -torch.inf, scores)


def _inside(likely: Tensor, chance: Tensor, top_p: Tensor) -> Tensor:
    ordered, order = likely.sort(dim=-1, descending=True)
    mass = ordered.cumsum(dim=-1, dtype=torch.float64)
    within = torch.where(mass - ordered < top_p, mass, mass.new_zeros(())).cummax(dim=-1).values
    return order.gather(-1, pick(within, chance))


def among_all(likely: Tensor, chance: Tensor) -> Tensor:
    """Return a token a row by its probability: first a run of ``_RUN`` tokens, then one of it. Shape [row, 1]."""
    rows, size = likely.shape
    runs = nn.functional.pad(likely, (0, -size % _RUN)).view(rows, -1, _RUN)
    mass = runs.sum(dim=-1, dtype=torch.float64).cumsum(dim=-1)
    which = pick(mass, chance)
    before = torch.where(which > 0, mass.gather(-1, (which - 1).clamp(min=0)), 0.0)
    inside = runs[torch.arange(rows, device=likely.device), which.squeeze(-1)].cumsum(dim=-1, dtype=torch.float64)
    target = (chance * mass[:, -1:] - before).clamp(min=0)
    found = torch.searchsorted(inside, target, right=True)
    last = (inside < inside[:, -1:]).sum(dim=-1, keepdim=True)  # of the run's tokens the last that can be drawn
    return (which * _RUN + torch.minimum(found, last)).clamp(max=size - 1)


def pick(mass: Tensor, chance: Tensor) -> Tensor:
    """Return where each row's rising ``mass`` first exceeds that share of its total; shape [row, 1]."""
    return torch.searchsorted(mass, chance * mass[:, -1:], right=True).clamp_(max=mass.shape[-1] - 1)
