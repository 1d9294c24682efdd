"""Cross-entropy of a large vocabulary a few rows at a time: gradients made on the way forward, little memory."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from torch import Tensor

_ROWS = 256


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:  # noqa: ANN401
        to_hidden = torch.empty_like(hidden)
        to_embedding = torch.zeros(embedding.shape, dtype=torch.float32)
        total = torch.zeros(())
        for start in range(0, len(targets), _ROWS):
            some, wanted = hidden[start : start + _ROWS], targets[start : start + _ROWS]
            chances = torch.softmax(F.linear(some, embedding).float(), -1)
            right = chances.gather(1, wanted[:, None])
            total -= right.clamp_min(1e-30).log().sum()
            chances.scatter_(1, wanted[:, None], right - 1)
            slope = chances.to(hidden.dtype)
            to_hidden[start : start + _ROWS] = slope @ embedding
            to_embedding += slope.t() @ some
        ctx.save_for_backward(to_hidden, to_embedding)
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        to_hidden, to_embedding = ctx.saved_tensors
        (slope,) = slopes
        return to_hidden * slope.to(to_hidden.dtype), (to_embedding * slope).to(to_hidden.dtype), None


def cross_entropy(hidden: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:
    """Return the summed loss in nats of ``hidden`` (n, width) against ``targets`` (n), through ``embedding``."""
    total: Tensor = _Loss.apply(hidden, embedding, targets)  # type: ignore[no-untyped-call]
    return total
