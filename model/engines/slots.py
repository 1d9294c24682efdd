"""What is remembered of the texts being written, and of the prompts read lately: keys and values, within a budget.

Rows stand in slots 0, 1, 2, … of one block a layer that is only a little longer than the longest of them: a block with
gaps is read at half the speed (docs/experiments.md). It grows and shrinks with them.

Prompts are read in pieces of ``PIECE`` tokens, counted from their beginning: what a prompt brings then depends on
nothing but itself, be it read at once, between other people's tokens, or half remembered from another one.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model.engines import lora
from model.engines.graphs import Graphs, Record, rounded
from model.engines.kept import Block, Step, padded
from model.engines.lora import Wardrobe
from model.engines.networks import Network

PIECE: Final = 32  # tokens of a prompt read at once
_ROUND: Final = 32  # tokens by which slots grow
_ROUND_RECORDED: Final = 128  # the same where steps are recorded: whenever they grow it is done anew
_REMEMBERED: Final = 0.1  # of the budget, for prompts
_PROMPTS: Final = 256  # remembered at most: each is looked through for every new one
_SLACK: Final = 1.4  # how much larger than what stands in it a block may be


@dataclass(slots=True, eq=False)
class Reading:
    """A prompt that is being read, or has been: then ``scores`` [vocabulary] say what may follow it."""

    ids: tuple[int, ...]
    adapter: str | None
    kept: Tensor  # [layers, 2, heads, tokens, size]
    done: int = 0
    scores: Tensor | None = None


@dataclass(slots=True, eq=False)
class Seat:
    """A row's slot, how many tokens stand in it, and how many there can be at its end."""

    slot: int
    length: int
    longest: int
    adapter: str | None


@dataclass(slots=True)
class _Prompts:
    """Prompts read lately, the oldest forgotten first."""

    budget: int  # bytes
    size: int = 0
    known: OrderedDict[tuple[str | None, tuple[int, ...]], Reading] = field(default_factory=OrderedDict)

    def find(self, adapter: str | None, ids: tuple[int, ...]) -> Reading | None:
        """Return the longest prompt known that is, or in whole pieces begins, ``ids``."""
        whole = self.known.get((adapter, ids))
        if whole is not None:
            self.known.move_to_end((adapter, ids))
            return whole
        best, most = None, 0
        for (other, known), reading in self.known.items():
            if other == adapter and (same := _common(known, ids)) > most:
                best, most = reading, same
        return best

    def keep(self, reading: Reading) -> None:
        key = reading.adapter, reading.ids
        size = reading.kept.nbytes
        if key in self.known or size > self.budget:
            return
        self.known[key] = reading
        self.size += size
        while self.size > self.budget or len(self.known) > _PROMPTS:
            self.size -= self.known.popitem(last=False)[1].kept.nbytes

    def forget(self, adapter: str | None = None) -> None:
        for key in [key for key in self.known if adapter in {None, key[0]}]:
            self.size -= self.known.pop(key).kept.nbytes


def _common(known: tuple[int, ...], ids: tuple[int, ...]) -> int:
    """Return how many tokens in whole pieces both begin with; the last token of ``ids`` is always read anew."""
    pieces = range(0, min(len(known), len(ids) - 1) // PIECE * PIECE, PIECE)
    return next((at for at in pieces if known[at : at + PIECE] != ids[at : at + PIECE]), pieces.stop)


class SlotRunner:
    """A network and the memory of its texts; see :class:`model.engines.runner.Runner`."""

    def __init__(
        self, network: Network, wardrobe: Wardrobe, *, budget: int, rows: int, record: Record | None = None
    ) -> None:
        """Remember at most ``rows`` rows, in about ``budget`` bytes; ``record`` steps that can be played again."""
        self.network, self.wardrobe = network, wardrobe
        self._shape = network.shape
        self._budget, self._most = int(budget * (1 - _REMEMBERED) / _SLACK), rows
        self._block = Block(network.shape)
        self._seats: list[Seat] = []  # number i has slot i
        self._prompts = _Prompts(int(budget * _REMEMBERED))
        self._graphs = None if record is None else Graphs(network.shape.device, rows, record)
        self._round = _ROUND if record is None else _ROUND_RECORDED

    @property
    def context(self) -> int:
        """How many tokens a text may have."""
        return self._shape.context

    @property
    def kept(self) -> int:
        """Bytes that rows and prompts take."""
        return self._block.nbytes + self._prompts.size

    @torch.inference_mode()
    def begin(self, ids: Sequence[int], adapter: str | None) -> Reading:
        """Return a reading of ``ids``, as far along as is remembered."""
        ids = tuple(ids)
        known = self._prompts.find(adapter, ids)
        if known is not None and known.ids == ids:
            return known
        shape = self._shape
        kept = torch.empty((shape.layers, 2, shape.heads, len(ids), shape.size), dtype=shape.dtype, device=shape.device)
        reading = Reading(ids, adapter, kept)
        if known is not None:
            reading.done = _common(known.ids, ids)
            kept[:, :, :, : reading.done] = known.kept[:, :, :, : reading.done]
        return reading

    @torch.inference_mode()
    def read(self, reading: Reading) -> None:
        """Read one piece further; at the end there are ``scores``, and the prompt is remembered."""
        start, stop = reading.done, min(reading.done + PIECE, len(reading.ids))
        device = self._shape.device
        ids, positions = torch.tensor(reading.ids[start:stop], device=device), torch.arange(start, stop, device=device)
        adapted = self.wardrobe.adapted([reading.adapter] * len(ids))
        hidden = self.network.hidden(ids, positions, _Piece(reading, start, stop), adapted)
        reading.done = stop
        if stop == len(reading.ids):
            reading.scores = self.network.scores(hidden[-1:])[0]
            if bool(torch.isfinite(reading.scores).all()):
                self._prompts.keep(reading)

    @torch.inference_mode()
    def seat(self, reading: Reading, longest: int) -> Seat | None:
        """Give a row that continues ``reading``, up to ``longest`` tokens, a slot, or None if that cannot be kept."""
        count = len(self._seats) + 1
        most = max([longest, *(seat.longest for seat in self._seats)])
        if count > 1 and (
            count > self._most or self._block.size(self._slots(count), padded(most, self._round)) > self._budget
        ):
            return None
        seat = Seat(len(self._seats), len(reading.ids), longest, reading.adapter)
        self._seats.append(seat)
        try:
            self._make_room()
        except Exception:
            self._seats.pop()
            raise
        self._block.put(seat.slot, reading.kept)
        return seat

    @torch.inference_mode()
    def leave(self, seat: Seat) -> None:
        """Free a slot; the last row moves into it."""
        last = self._seats[-1]
        self._block.mend(seat.slot, seat.length)
        if last is not seat:
            self._block.move(last.slot, seat.slot, last.length)
            self._seats[seat.slot] = last
            last.slot = seat.slot
        self._seats.pop()
        if not self._seats:
            self._make_room()  # else the next step does

    @torch.inference_mode()
    def step(self, seats: Sequence[Seat], tokens: Sequence[int]) -> Tensor:
        """Write ``tokens`` into ``seats``, which are all that are taken, and return the scores of what follows each.

        Where it breaks off, it can be asked for again: the same tokens are then written to the same places.

        Raises:
            ValueError: those are not all seats; nothing was written.
        """
        if len(seats) != len(self._seats) or len(tokens) != len(seats):
            raise ValueError(f"{len(tokens)} tokens for {len(seats)} of {len(self._seats)} seats")
        self._make_room()
        order = [seat.slot for seat in seats]
        placed = sorted(range(len(seats)), key=order.__getitem__)
        scores = self._scores([tokens[number] for number in placed])
        if placed != list(range(len(seats))):
            scores = scores[torch.tensor(order, device=scores.device)]
        for seat in seats:
            seat.length += 1
        return scores

    def _scores(self, tokens: Sequence[int]) -> Tensor:
        """Write ``tokens`` into slots 0, 1, 2, … and return the scores of what follows each."""
        lengths, worn = [seat.length for seat in self._seats], [seat.adapter for seat in self._seats]
        if self._graphs is None or len(set(worn)) > 1:  # who wears what is another matter with every row that comes
            ids = torch.tensor(tokens, device=self._shape.device)
            return self._computed(ids, self._block.step(lengths), self.wardrobe.adapted(worn))
        adapted = self.wardrobe.adapted(worn)
        return self._graphs.step(
            (self._block.version, worn[0]),
            tokens,
            lengths,
            lambda ids, positions: self._computed(ids, self._block.seen_from(positions), adapted),
        )

    def _computed(self, ids: Tensor, attend: Step, adapted: lora.Adapted | None) -> Tensor:
        return self.network.scores(self.network.hidden(ids, attend.positions, attend, adapted))

    def shed(self) -> bool:
        """Give memory back that can be spared; say whether there was any."""
        had = bool(self._prompts.known)
        self._prompts.forget()
        if self._graphs is not None:
            had = had or self._graphs.recorded > 0
            self._graphs.forget()
        if self._shape.device.type == "cuda":
            torch.cuda.empty_cache()
        return had

    def prepare(self, folder: Path) -> lora.Adapter:
        """Return the adapter in ``folder``; any thread may ask.

        Raises:
            BrokenCheckpointError: see :func:`model.engines.lora.read`.
        """
        like = torch.empty(0, dtype=self._shape.dtype, device=self._shape.device)
        return lora.read(folder, self.network.sites, self.network.outputs, like)

    def hang(self, name: str, prepared: lora.Adapter) -> None:
        """Let rows wear an adapter."""
        self._forget(name)
        self.wardrobe.hang(name, prepared)

    def drop(self, name: str) -> None:
        """Forget an adapter that no row wears."""
        self._forget(name)
        self.wardrobe.drop(name)

    def clear(self) -> None:
        """Forget every row and prompt."""
        self._seats.clear()
        self._prompts.forget()
        self._make_room()

    def _forget(self, adapter: str) -> None:
        self._prompts.forget(adapter)
        if self._graphs is not None:
            self._graphs.forget()

    def _make_room(self) -> None:
        longest, version = max((seat.length + 1 for seat in self._seats), default=0), self._block.version
        self._block.fit(self._slots(len(self._seats)), padded(longest, self._round))
        if self._graphs is not None and self._block.version != version:
            self._graphs.forget()  # what they hold of the old block is given back

    def _slots(self, rows: int) -> int:
        return rows if self._graphs is None else rounded(rows)


class _Piece:
    """How a piece of one prompt sees: what stands before it, and itself up to each token."""

    def __init__(self, reading: Reading, start: int, stop: int) -> None:
        self._reading, self._start, self._stop = reading, start, stop
        places = torch.arange(stop, device=reading.kept.device)
        self._mask = places[None, :] <= places[start:, None]

    def __call__(self, layer: int, q: Tensor, kv: Tensor) -> Tensor:
        kept = self._reading.kept[layer]
        kept[:, :, self._start : self._stop] = kv.view(len(kv), 2, -1, kv.shape[-1]).permute(1, 2, 0, 3)
        keys, values = kept[:, None, :, : self._stop]
        seen = nn.functional.scaled_dot_product_attention(
            q.transpose(0, 1)[None], keys, values, attn_mask=self._mask, enable_gqa=q.shape[1] != keys.shape[1]
        )
        return seen[0].transpose(0, 1).reshape(len(q), -1)
