"""Any causal model of transformers, by its own forward: slower, but whatever ``from_pretrained`` loads can write.

Rows that continue one prompt and were seated together go through the model together; different prompts do not.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from model.engines import NoRoomError
from model.engines.loading import lay

_UNKNOWN_CONTEXT: Final = 1024


@dataclass(slots=True, eq=False)
class Reading:
    """A prompt, read in one piece."""

    ids: tuple[int, ...]
    adapter: str | None
    cache: DynamicCache
    scores: Tensor | None = None


@dataclass(slots=True, eq=False)
class _Group:
    adapter: str | None
    cache: DynamicCache
    seats: list["Seat"] = field(default_factory=list)  # in the order in which they stand in the cache


@dataclass(slots=True, eq=False)
class Seat:
    """A row; it has a group from its first step on."""

    reading: Reading
    group: _Group | None = None


class WholeRunner:
    """See :class:`model.engines.runner.Runner`. ``rows`` find room."""

    def __init__(self, model: PreTrainedModel, *, rows: int) -> None:
        self._model: Any = model
        self._rows = rows
        self._seats: set[Seat] = set()

    @property
    def context(self) -> int:
        """How many tokens a text may have."""
        return int(getattr(self._model.config, "max_position_embeddings", _UNKNOWN_CONTEXT))

    @torch.inference_mode()
    def begin(self, ids: Sequence[int], adapter: str | None, /) -> Reading:
        """Return a reading at its beginning: nothing is remembered."""
        return Reading(tuple(ids), adapter, DynamicCache(config=self._model.config))

    @torch.inference_mode()
    def read(self, reading: Reading, /) -> None:
        """Read all of it."""
        ids = torch.tensor([reading.ids], device=self._model.device)
        reading.scores = self._forward(ids, reading.cache, reading.adapter)[0]

    def seat(self, reading: Reading, _longest: int, /) -> Seat | None:
        """Return room for a row, or None if ``rows`` are written."""
        if len(self._seats) == self._rows:
            return None
        seat = Seat(reading)
        self._seats.add(seat)
        return seat

    def leave(self, seat: Seat, /) -> None:
        """Give the room of a row back."""
        self._seats.discard(seat)

    @torch.inference_mode()
    def step(self, seats: Sequence[Seat], tokens: Sequence[int], /) -> Tensor:
        """Add a token to every row; one forward a group.

        Raises:
            NoRoomError: there was no memory; what stands in the caches can't be gone on with.
        """
        try:
            return self._step(seats, tokens)
        except torch.OutOfMemoryError as error:
            raise NoRoomError from error

    def _step(self, seats: Sequence[Seat], tokens: Sequence[int]) -> Tensor:
        scores: dict[Seat, Tensor] = {}
        token = dict(zip(seats, tokens, strict=True))
        for group in self._groups(seats):
            ids = torch.tensor([[token[seat]] for seat in group.seats], device=self._model.device)
            scores |= zip(group.seats, self._forward(ids, group.cache, group.adapter), strict=True)
        return torch.stack([scores[seat] for seat in seats])

    def shed(self) -> bool:
        """Nothing can be spared."""
        return False

    def clear(self) -> None:
        """Forget every row."""
        self._seats.clear()

    def prepare(self, folder: Path, /) -> Path:
        """Return ``folder``; it is read when it is hung."""
        return folder

    def hang(self, name: str, prepared: Path, /) -> None:
        """Let rows wear the adapter in the folder ``prepared``, as ``name``.

        Raises:
            BrokenCheckpointError: it is another model's, or cannot be read.
        """
        if name in getattr(self._model, "peft_config", {}):  # it could not be dropped before
            self.drop(name)
        self._model = lay(self._model, prepared, name).eval()

    def drop(self, name: str, /) -> None:
        """Forget an adapter that no row wears."""
        if len(self._model.peft_config) > 1:
            self._model.delete_adapter(name)
        else:
            self._model = self._model.unload()

    def _groups(self, seats: Sequence[Seat]) -> list[_Group]:
        fresh: dict[Reading, list[Seat]] = {}
        for seat in seats:
            if seat.group is None:
                fresh.setdefault(seat.reading, []).append(seat)
        for reading, together in fresh.items():
            group = _Group(reading.adapter, copy.deepcopy(reading.cache), together)
            group.cache.batch_repeat_interleave(len(together))
            for seat in together:
                seat.group = group
        groups = list(dict.fromkeys(seat.group for seat in seats if seat.group))
        for group in groups:
            self._drop_left(group)
        return groups

    def _drop_left(self, group: _Group) -> None:
        keep = [number for number, seat in enumerate(group.seats) if seat in self._seats]
        if len(keep) < len(group.seats):
            group.cache.batch_select_indices(torch.tensor(keep, device=self._model.device))
            group.seats = [group.seats[number] for number in keep]

    def _forward(self, ids: Tensor, cache: DynamicCache, adapter: str | None) -> Tensor:
        with _wearing(self._model, adapter):
            output = self._model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        scores: Tensor = output.logits[:, -1].float()
        return scores


@contextmanager
def _wearing(model: Any, adapter: str | None) -> Iterator[None]:  # noqa: ANN401 - peft is untyped
    """Lay ``adapter``, loaded by peft, over the model for one forward."""
    if adapter is not None:
        model.set_adapter(adapter)
        yield
    elif hasattr(model, "peft_config"):
        with model.disable_adapter():
            yield
    else:
        yield
