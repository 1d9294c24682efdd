"""The keys and values of all rows, a block a layer: how rows see what they have written, and how the block grows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model.engines.networks import Shape

_TOGETHER: Final = 16  # rows that attend together: they are padded to the longest of them
_DENSE: Final = 0.6  # of the block: to read all of it is faster than to skip the rest
_LEAST: Final = 400  # numbers of a product: of fewer, torch sums in another order
_SPARE: Final = 4  # a block that is so many times too large is made smaller


def padded(tokens: int, step: int) -> int:
    """Return the next multiple of ``step``."""
    return -(-tokens // step) * step


class Block:
    """Keys and values [2, slots, heads, tokens, size] of every layer; what no row has written is 0."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._slots, self._tokens = 0, 0
        self._least = padded(-(-_LEAST // shape.size), _TOGETHER)  # tokens that are looked at, at least
        self.version = 0
        """Another one whenever the block is made anew; see :mod:`model.engines.graphs`."""
        self._room = [self._empty(0) for _ in range(shape.layers)]  # each layer's, more than is used
        self._spare = self._empty(0)  # into which the next layer is copied
        self._layers = [self._shaped(room, 0, 0) for room in self._room]
        self._flat = [layer.view(-1, shape.size) for layer in self._layers]
        self._seen: dict[tuple[int, int, int], Rows] = {}

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(room.nbytes for room in self._room) + self._spare.nbytes

    def size(self, slots: int, tokens: int) -> int:
        """Return how many bytes as many slots of as many tokens take."""
        shape = self._shape
        return 2 * shape.layers * shape.heads * shape.size * slots * tokens * shape.dtype.itemsize

    def fit(self, slots: int, tokens: int) -> None:
        """Make it as large as it must be, if it is too small or much too large; rows keep what they have written."""
        tokens = max(tokens, self._least) if tokens else 0
        if slots <= self._slots and tokens <= self._tokens and not self._is_wasteful(slots, tokens):
            return
        if slots > self._slots:
            slots = max(slots, min(2 * self._slots, slots + _TOGETHER))  # several come at once
        before, number = (self._slots, self._tokens), 0
        try:
            for number in range(len(self._layers)):  # one by one: never twice the whole memory
                self._resize(number, slots, tokens)
        except Exception:  # no memory for it: as it was, for which the room is still there
            for done in reversed(range(number)):
                self._resize(done, *before, shrink=False)
            raise
        finally:
            self._slots, self._tokens = self._layers[-1].shape[1], self._layers[-1].shape[3]
            self._flat = [layer.view(-1, self._shape.size) for layer in self._layers]
            self._seen.clear()
            self.version += 1

    def _resize(self, number: int, slots: int, tokens: int, *, shrink: bool = True) -> None:
        old, new = self._layers[number], self._shaped(self._spare, slots, tokens, shrink=shrink)
        some, few = min(slots, old.shape[1]), min(tokens, old.shape[3])
        new[:, :some, :, :few] = old[:, :some, :, :few]
        self._layers[number], self._room[number], self._spare = new, self._spare, self._room[number]

    def put(self, slot: int, kept: Tensor) -> None:
        """Write a prompt's keys and values [layers, 2, heads, tokens, size] into ``slot``."""
        for layer, one in zip(self._layers, kept, strict=True):
            layer[:, slot, :, : kept.shape[3]] = one

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a row to another slot."""
        for layer in self._layers:
            layer[:, target, :, :length] = layer[:, source, :, :length]
        self.mend(source, length)

    def mend(self, slot: int, length: int) -> None:
        """Write 0 over a row whose numbers are none: whoever comes next multiplies what lies behind its end by 0."""
        last = torch.stack([layer[:, slot, :, length - 1] for layer in self._layers])
        if not bool(torch.isfinite(last).all()):
            for layer in self._layers:
                layer[:, slot] = 0

    def step(self, lengths: Sequence[int]) -> "Step":
        """Return how one further token of the rows in slots 0, 1, 2, …, which have ``lengths`` tokens, sees."""
        return self.seen_from(torch.tensor(lengths, device=self._shape.device), self._together(lengths))

    def seen_from(self, positions: Tensor, together: "Sequence[Rows] | None" = None) -> "Step":
        """Return how one token at ``positions`` [rows] of every row sees; without ``together``, the whole block.

        Nothing is fetched from the device.
        """
        together = together or [self._views(0, len(positions), self._tokens)]
        return Step(self._shape, self._flat, together, positions, slots=self._slots, tokens=self._tokens)

    def _together(self, lengths: Sequence[int]) -> list["Rows"]:
        together = []
        for start in range(0, len(lengths), _TOGETHER):
            rows = lengths[start : start + _TOGETHER]
            seen = max(rows) + 1
            seen = self._tokens if seen > _DENSE * self._tokens else max(padded(seen, _TOGETHER), self._least)
            together.append(self._views(start, start + len(rows), seen))
        return together

    def _views(self, start: int, stop: int, seen: int) -> "Rows":
        """Return what rows that attend together look at; the same for many tokens."""
        key = start, stop, seen
        if key not in self._seen:
            layers = [
                (keys.flatten(0, 1)[:, :seen].transpose(1, 2), values.flatten(0, 1)[:, :seen])
                for keys, values in (layer[:, start:stop] for layer in self._layers)
            ]
            self._seen[key] = Rows(start, stop, seen, layers)
        return self._seen[key]

    def _empty(self, numbers: int) -> Tensor:
        return torch.zeros(numbers, dtype=self._shape.dtype, device=self._shape.device)

    def _shaped(self, room: Tensor, slots: int, tokens: int, *, shrink: bool = True) -> Tensor:
        shape = self._shape
        size = 2, slots, shape.heads, tokens, shape.size
        numbers = math.prod(size)
        if len(room) < numbers or (shrink and len(room) > _SPARE * numbers):
            room = self._spare = self._empty(numbers + numbers // 4)
        return room[:numbers].view(size)

    def _is_wasteful(self, slots: int, tokens: int) -> bool:
        return _SPARE * slots * tokens < self._slots * self._tokens


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows ``start`` to ``stop`` and ``seen`` tokens of each: keys, turned over, and values of every layer."""

    start: int
    stop: int
    seen: int
    layers: list[tuple[Tensor, Tensor]]


class Step:
    """How one token of every row sees: what stands in its slot, and itself."""

    def __init__(
        self, shape: Shape, flat: list[Tensor], together: Sequence[Rows], positions: Tensor, *, slots: int, tokens: int
    ) -> None:
        self._shape, self._flat = shape, flat
        self._scale = shape.size**-0.5
        self.positions = positions
        halves, rows, heads = (torch.arange(number, device=shape.device) for number in (2, len(positions), shape.heads))
        places = ((halves[None, :, None] * slots + rows[:, None, None]) * shape.heads + heads) * tokens
        self._where = (places + self.positions[:, None, None]).view(-1)
        self._together = [(rows, self._mask(rows)) for rows in together]

    def _mask(self, rows: Rows) -> Tensor:
        behind = torch.arange(rows.seen, device=self._shape.device) > self.positions[rows.start : rows.stop, None]
        mask = torch.zeros(behind.shape, device=self._shape.device, dtype=self._shape.dtype)
        return mask.masked_fill_(behind, -torch.inf).repeat_interleave(self._shape.heads, 0).unsqueeze(1)

    def __call__(self, layer: int, q: Tensor, kv: Tensor) -> Tensor:
        """Write keys and values down and return what the rows see; see :data:`model.engines.networks.Attend`."""
        self._flat[layer].index_copy_(0, self._where, kv.reshape(-1, self._shape.size))
        if len(self._together) == 1:
            return self._seen(q, layer, *self._together[0])
        return torch.cat([self._seen(q[rows.start : rows.stop], layer, rows, mask) for rows, mask in self._together])

    def _seen(self, q: Tensor, layer: int, rows: Rows, mask: Tensor) -> Tensor:
        """Let each head of keys be looked at by the heads of queries that share it.

        On a CPU they look one by one: torch sums in another order for several at once, and then how much there is to
        be seen tells on the result.
        """
        keys, values = rows.layers[layer]
        grouped = q.reshape(len(mask), -1, self._shape.size)
        several = torch.split(grouped, 1, 1) if grouped.shape[1] > 1 and q.device.type == "cpu" else (grouped,)
        seen = [torch.bmm(torch.baddbmm(mask, one, keys, alpha=self._scale).softmax(-1), values) for one in several]
        return (seen[0] if len(seen) == 1 else torch.cat(seen, 1)).view(len(q), -1)
