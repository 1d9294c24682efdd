"""A key-value cache that reserves room ahead, so that a step does not copy everything written so far."""

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class _GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """A :class:`DynamicLayer` whose keys and values are the front part of larger buffers.

    Selecting and repeating rows makes plain tensors of them; the next update reserves room anew.
    """

    def __init__(self, room: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._room = room
        self._buffers: tuple[Tensor, Tensor] | None = None

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *_args: Any,  # noqa: ANN401 - what other kinds of layers want
        **_kwargs: Any,  # noqa: ANN401
    ) -> tuple[Tensor, Tensor]:
        """Append, and return all keys and values; shapes [row, head, position, size]."""
        if self.keys is None or self.values is None:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states, value_states
            return key_states, value_states
        start, end = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
        keys, values = self._reserve(self.keys, self.values, end)
        keys[:, :, start:end], values[:, :, start:end] = key_states, value_states
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values

    def _reserve(self, keys: Tensor, values: Tensor, end: int) -> tuple[Tensor, Tensor]:
        if self._buffers is None or self._buffers[0].shape[0] != keys.shape[0] or end > self._buffers[0].shape[2]:
            self._buffers = _roomier(keys, self._room), _roomier(values, self._room)
        return self._buffers


def _roomier(states: Tensor, room: int) -> Tensor:
    rows, heads, length, size = states.shape
    buffer = torch.empty((rows, heads, length + room, size), dtype=states.dtype, device=states.device)
    buffer[:, :, :length] = states
    return buffer


def growing_cache(config: Any, *, room: int) -> DynamicCache:  # noqa: ANN401
    """Return a cache for ``room`` tokens after the prompt; layers of any other kind stay as they are."""
    cache = DynamicCache(config=config)
    cache.layers = [_GrowingLayer(room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
