"""The keys and values of all rows, a block a layer: how rows see what they have written, and how the block grows."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from model.engines.networks import Shape

_TOGETHER: Final = 16  # rows that attend together: they are padded to the longest of them
_DENSE: Final = 0.6  # of the block: to read all of it is faster than to skip the rest
_SPARE: Final = 4  # a block that is so many times too large is made smaller


def padded(tokens: int, step: int) -> int:
    """Return the next multiple of ``step``."""
    return -(-tokens // step) * step


class Block:
    """Keys and values [2, slots, heads, tokens, size] of every layer; what no row has written is 0."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._slots, self._tokens = 0, 0
        self._layers = [self._empty() for _ in range(shape.layers)]

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(layer.nbytes for layer in self._layers)

    def size(self, slots: int, tokens: int) -> int:
        """Return how many bytes as many slots of as many tokens take."""
        shape = self._shape
        return 2 * shape.layers * shape.heads * shape.size * slots * tokens * shape.dtype.itemsize

    def fit(self, slots: int, tokens: int) -> None:
        """Make it as large as it must be, if it is too small or much too large; rows keep what they have written."""
        if slots <= self._slots and tokens <= self._tokens and not self._is_wasteful(slots, tokens):
            return
        if slots > self._slots:
            slots = max(slots, min(2 * self._slots, slots + _TOGETHER))  # several come at once
        kept = min(slots, self._slots), min(tokens, self._tokens)
        self._slots, self._tokens = slots, tokens
        for number, old in enumerate(self._layers):  # one by one: never twice the whole memory
            new = self._empty()
            new[:, : kept[0], :, : kept[1]] = old[:, : kept[0], :, : kept[1]]
            self._layers[number] = new

    def put(self, slot: int, kept: Tensor) -> None:
        """Write a prompt's keys and values [layers, 2, heads, tokens, size] into ``slot``."""
        for layer, one in zip(self._layers, kept, strict=True):
            layer[:, slot, :, : kept.shape[3]] = one

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a row to another slot."""
        for layer in self._layers:
            layer[:, target, :, :length] = layer[:, source, :, :length]

    def mend(self, slot: int, length: int) -> None:
        """Write 0 over a row whose numbers are none: whoever comes next multiplies what lies behind its end by 0."""
        last = torch.stack([layer[:, slot, :, length - 1] for layer in self._layers])
        if not bool(torch.isfinite(last).all()):
            for layer in self._layers:
                layer[:, slot] = 0

    def step(self, lengths: Sequence[int]) -> "Step":
        """Return how one further token of the rows in slots 0, 1, 2, …, which have ``lengths`` tokens, sees."""
        return Step(self._layers, self._shape, lengths)

    def _empty(self) -> Tensor:
        shape = self._shape
        size = 2, self._slots, shape.heads, self._tokens, shape.size
        return torch.zeros(size, dtype=shape.dtype, device=shape.device)

    def _is_wasteful(self, slots: int, tokens: int) -> bool:
        return _SPARE * slots * tokens < self._slots * self._tokens


class Step:
    """How one token of every row sees: what stands in its slot, and itself."""

    def __init__(self, layers: Sequence[Tensor], shape: Shape, lengths: Sequence[int]) -> None:
        self._layers, self._shape = layers, shape
        self._scale = shape.size**-0.5
        device = shape.device
        self.positions = torch.tensor(lengths, device=device)
        slots, heads, tokens = layers[0].shape[1:4]
        starts = (torch.arange(2)[None, :, None] * slots + torch.arange(len(lengths))[:, None, None]) * heads
        self._where = ((starts + torch.arange(heads)).to(device) * tokens + self.positions[:, None, None]).view(-1)
        self._together = [
            self._rows(start, lengths[start : start + _TOGETHER], tokens) for start in range(0, len(lengths), _TOGETHER)
        ]

    def _rows(self, start: int, lengths: Sequence[int], tokens: int) -> tuple[slice, int, Tensor]:
        seen = max(lengths) + 1
        seen = tokens if seen > _DENSE * tokens else padded(seen, _TOGETHER)
        positions = self.positions[start : start + len(lengths), None]
        behind = torch.arange(seen, device=positions.device) > positions
        mask = torch.zeros(behind.shape, device=positions.device, dtype=self._shape.dtype)
        return slice(start, start + len(lengths)), seen, mask.masked_fill_(behind, -torch.inf)[:, None, None, :]

    def __call__(self, layer: int, q: Tensor, kv: Tensor) -> Tensor:
        """Write keys and values down and return what the rows see; see :data:`model.engines.networks.Attend`."""
        kept, size = self._layers[layer], self._shape.size
        kept.view(-1, size).index_copy_(0, self._where, kv.reshape(-1, size))
        outputs = [self._seen(q[rows], kept[:, rows], seen, mask) for rows, seen, mask in self._together]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _seen(self, q: Tensor, kept: Tensor, seen: int, mask: Tensor) -> Tensor:
        rows, heads, size = q.shape
        keys, values = (one.flatten(0, 1)[:, :seen] for one in kept)
        grouped = (q * self._scale).view(rows * self._shape.heads, -1, size)
        scores = torch.bmm(grouped, keys.transpose(1, 2)).view(rows, self._shape.heads, -1, seen).add_(mask)
        weights = scores.softmax(-1).view(rows * self._shape.heads, -1, seen)
        return torch.bmm(weights, values).view(rows, heads * size)
