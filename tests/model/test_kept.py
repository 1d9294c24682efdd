"""What a row sees does not depend on who else is there, nor on how much room there is: to the last bit."""

from random import Random

import pytest
import torch
from torch import Tensor

from model.engines.kept import Block
from model.engines.networks import Shape


def shape(heads: int, size: int) -> Shape:
    return Shape(
        layers=1,
        heads=heads,
        size=size,
        context=512,
        vocabulary=9,
        dtype=torch.float32,
        device=torch.device("cpu"),
    )


def seen(of: Shape, kept: list[Tensor], q: Tensor, kv: Tensor) -> Tensor:
    """Return what rows see that have ``kept`` so much, when they stand in a block together."""
    block = Block(of)
    lengths = [one.shape[3] for one in kept]
    block.fit(len(kept), -(-(max(lengths) + 1) // 32) * 32)
    for slot, one in enumerate(kept):
        block.put(slot, one)
    return block.step(lengths)(0, q, kv)


@pytest.mark.parametrize(
    ("heads", "shared", "size"), [(2, 2, 16), (4, 4, 8), (4, 4, 64), (8, 2, 64), (8, 1, 32), (6, 2, 16)]
)
@torch.inference_mode()
def test_a_row_sees_the_same_alone_and_among_others(heads: int, shared: int, size: int) -> None:
    of = shape(shared, size)
    for trial in range(12):
        dice = Random(trial)  # noqa: S311 - a test's
        torch.manual_seed(trial)
        lengths = [dice.randrange(1, dice.choice([20, 90, 400])) for _ in range(dice.randrange(2, 40))]
        kept = [torch.randn(1, 2, shared, length, size) for length in lengths]
        q, kv = torch.randn(len(kept), heads, size), torch.randn(len(kept), 2 * shared, size)
        together = seen(of, kept, q, kv)
        for number, one in enumerate(kept):
            alone = seen(of, [one], q[number : number + 1], kv[number : number + 1])[0]
            assert torch.equal(alone, together[number]), (lengths, number)
