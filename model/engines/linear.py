"""Products of rows with one matrix: fp32, bf16 or int8 on a CPU, any of torch's on a GPU; a row never feels the others.

What a row brings must not depend on who else is in the batch, to the last bit: only then is a draft the same for the
same seed whatever else the worker does. int8 is exact by construction (integers are summed, every row has a scale of
its own), bf16 by oneDNN's order of summation, fp32 by never giving the library fewer than four rows.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Final, Literal

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

Precision = Literal["fp32", "bf16", "int8"]
Linear = Callable[[Tensor], Tensor]
"""Rows [n, in] → rows [n, out]."""

FEW: Final = 4  # rows below which a library multiplies in another order
_LARGEST: Final = 127
_TINY: Final = 1e-12
_MARGIN: Final = 4  # numbers at the end of a row that int8 is measured by


def pack(parts: Sequence[nn.Module], precision: Precision | None, orders: Sequence[Tensor | None] = ()) -> Linear:
    """Return one product for ``parts`` (linear layers that read the same rows), their outputs side by side.

    ``orders`` rearranges the outputs of a part. ``precision`` is for CPUs; on a GPU, None, the weights stay as they are
    (layers of bitsandbytes are called one by one).
    """
    orders = orders or [None] * len(parts)
    if not all(is_plain(part) for part in parts):
        return _Layers(parts, orders)
    pairs = [_matrix(part, order) for part, order in zip(parts, orders, strict=True)]
    weight = torch.cat([weight for weight, _ in pairs]) if len(pairs) > 1 else pairs[0][0]
    biases = [weight.new_zeros(len(weight)) if bias is None else bias for weight, bias in pairs]
    bias = torch.cat(biases) if any(bias is not None for _, bias in pairs) else None
    if precision is None:
        return _Plain(weight.contiguous(), bias)
    weight, bias = weight.float(), None if bias is None else bias.float()
    made: dict[Precision, Callable[[Tensor, Tensor | None], Linear]] = {"fp32": _Plain, "bf16": _Bf16, "int8": _Int8}
    return made[precision](weight.contiguous(), bias)


def is_plain(part: nn.Module) -> bool:
    """Say whether a layer's weights are numbers as they stand (those of bitsandbytes are not)."""
    return isinstance(part, nn.Linear | Conv1D) and part.weight.is_floating_point()


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return rows ``x`` [n, in] times ``weight`` [out, in], on a CPU each row as if it were alone."""
    if len(x) >= FEW or x.is_cuda:
        return nn.functional.linear(x, weight, bias)
    return nn.functional.linear(nn.functional.pad(x, (0, 0, 0, FEW - len(x))), weight, bias)[: len(x)]


def _matrix(part: nn.Module, order: Tensor | None) -> tuple[Tensor, Tensor | None]:
    weight, bias = part.weight, getattr(part, "bias", None)
    assert isinstance(weight, Tensor)  # noqa: S101 -- looked at by pack
    weight = (weight.t() if isinstance(part, Conv1D) else weight).detach()
    bias = bias.detach() if isinstance(bias, Tensor) else None
    if order is None:
        return weight, bias
    return weight[order], None if bias is None else bias[order]


class _Plain:
    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        return product(x, self.weight, self.bias)


class _Bf16:
    """Weights and rows in bfloat16, sums in fp32, rounded once; oneDNN keeps the weights in its own order."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.bfloat16(), FEW)  # noqa: SLF001 - see docs
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - torch has no other way to prepacked weights
            x.bfloat16(), self.weight, None, "none", [], ""
        )
        return y.float() if self.bias is None else y.float().add_(self.bias)


class _Int8:
    """Weights rounded to 8 bits with one scale an output, rows with one scale a row; sums of integers are exact.

    FBGEMM measures one range for all rows it is given. Every row is divided by its own largest number first, and a 1
    and a -1 for which there are no weights stand at its end: the range is then the same whoever is there.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        weight = nn.functional.pad(weight, (0, _MARGIN))
        scale = weight.abs().amax(1).clamp_min_(_TINY) / _LARGEST
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", ".*deprecated", UserWarning
            )  # torch is pinned; see model.engines.precision
            rounded = torch.quantize_per_channel(
                weight, scale.double(), torch.zeros(len(weight)).long(), 0, torch.qint8
            )
        self.weight = torch.ops.quantized.linear_prepack(rounded, None)
        self.bias = bias
        self._inside = weight.shape[1] - _MARGIN
        self._most = 0  # rows that there is room for
        self._rooms: dict[int, tuple[Tensor, Tensor, Tensor, Tensor]] = {}  # the same room, seen as so many rows

    def _room(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return room for as many rows with their margin, the part of it without, for their sizes and their largest."""
        if count > self._most:
            self._most = max(count, min(2 * self._most, count + FEW))
            self._rows = torch.zeros(self._most, self._inside + _MARGIN)
            self._rows[:, self._inside], self._rows[:, self._inside + 1] = 1.0, -1.0
            self._sizes, self._largest = torch.empty(self._most, self._inside), torch.empty(self._most, 1)
            self._rooms.clear()
        if (room := self._rooms.get(count)) is None:
            rows = self._rows[:count]
            room = rows, rows[:, : self._inside], self._sizes[:count], self._largest[:count]
            self._rooms[count] = room
        return room

    def __call__(self, x: Tensor) -> Tensor:
        rows, inside, sizes, most = self._room(len(x))
        torch.amax(torch.abs(x, out=sizes), -1, keepdim=True, out=most)  # a norm is slower: benchmarks/worker/parts.py
        torch.div(x, most, out=inside)
        y = self._product(rows).mul_(most)
        return y if self.bias is None else y.add_(self.bias)

    def _product(self, rows: Tensor) -> Tensor:
        multiply = torch.ops.quantized.linear_dynamic
        try:
            y: Tensor = multiply(rows, self.weight, False)  # noqa: FBT003 - torch's own
        except RuntimeError:  # a row of zeros, or of no numbers, has no range; it stays one by its scale
            y = multiply(rows.nan_to_num_(0.0, 0.0, 0.0), self.weight, False)  # noqa: FBT003
        return y


class _Layers:
    """Layers that keep their weights in a form of their own (bitsandbytes)."""

    def __init__(self, parts: Sequence[nn.Module], orders: Sequence[Tensor | None]) -> None:
        self.parts = list(zip(parts, orders, strict=True))

    def __call__(self, x: Tensor) -> Tensor:
        outputs = [part(x) if order is None else part(x)[:, order] for part, order in self.parts]
        return torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
