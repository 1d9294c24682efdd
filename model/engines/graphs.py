"""Steps of a GPU, recorded once as CUDA graphs and played again: hundreds of small kernels are launched as one.

A graph holds for one number of rows, one state of the memory they stand in and one adapter. What changes with every
token, ids and positions, is copied into tensors that stay where they are, from pinned memory, without waiting.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final

import torch
from torch import Tensor

Compute = Callable[[Tensor, Tensor], Tensor]
"""Token ids [rows] at positions [rows] → scores [rows, vocabulary], with nothing fetched from the device."""
Play = Callable[[], Tensor]
Record = Callable[[Play], Play]
"""Run a computation once, and return what runs it again with what then stands in its tensors."""

_KEPT: Final = 64  # graphs; the one played longest ago goes first
_NEAR: Final = 0.02  # how far a played score may be from the computed one, relative and absolute
_FEW: Final = (1, 2, 4)
_STEP: Final = 8
_log = logging.getLogger(__name__)


def rounded(rows: int) -> int:
    """Return for how many rows a graph is recorded that writes ``rows``."""
    return next((few for few in _FEW if rows <= few), -(-rows // _STEP) * _STEP) if rows else 0


def recorder() -> Record:
    """Return what records on the current CUDA device; all graphs share one pool of memory."""
    pool = torch.cuda.graph_pool_handle()

    def record(compute: Play) -> Play:
        graph = torch.cuda.CUDAGraph()
        # other threads may take memory of the device meanwhile: adapters are read there
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            scores = compute()

        def play() -> Tensor:
            graph.replay()
            return scores

        return play

    return record


class Graphs:
    """The recorded steps of one runner.

    A step is computed as ever when it is met for the first time and recorded at the second; where the graph gives other
    scores, or cannot be recorded, the log says so and nothing is recorded any more.
    """

    def __init__(self, device: torch.device, rows: int, record: Record) -> None:
        """Record with ``record`` for at most ``rows`` rows."""
        self._record: Record | None = record
        self._played: OrderedDict[Hashable, Play | None] = OrderedDict()  # None: met once
        pin = device.type == "cuda"
        self._host = [torch.zeros(rounded(rows), dtype=torch.long, pin_memory=pin) for _ in range(2)]
        self._given = [torch.zeros(rounded(rows), dtype=torch.long, device=device) for _ in range(2)]

    @property
    def recorded(self) -> int:
        """How many graphs there are."""
        return sum(play is not None for play in self._played.values())

    def step(self, key: Hashable, ids: Sequence[int], positions: Sequence[int], compute: Compute) -> Tensor:
        """Return what ``compute`` gives for rows of which the last ones, up to :func:`rounded`, are filled up with 0.

        ``key`` names everything else that ``compute`` depends on. The scores stand until the next step.
        """
        size = rounded(len(ids))
        for host, given, numbers in zip(self._host, self._given, (ids, positions), strict=True):
            host[:size] = torch.tensor([*numbers, *[0] * (size - len(numbers))])
            given[:size].copy_(host[:size], non_blocking=True)

        def work() -> Tensor:
            return compute(self._given[0][:size], self._given[1][:size])

        return self._scores((size, key), work)[: len(ids)]

    def forget(self) -> None:
        """Let go of every graph: what they were recorded over is no more."""
        self._played.clear()

    def _scores(self, key: Hashable, work: Play) -> Tensor:
        if self._record is None:
            return work()
        if (play := self._played.get(key)) is not None:
            self._played.move_to_end(key)
            return play()
        scores = work()
        if key not in self._played:
            self._played[key] = None
            if len(self._played) > _KEPT:
                self._played.popitem(last=False)
            return scores
        self._played[key] = self._checked(self._record, work, scores)
        return scores

    def _checked(self, record: Record, work: Play, scores: Tensor) -> Play | None:
        try:
            play = record(work)
            if torch.allclose(play(), scores, rtol=_NEAR, atol=_NEAR, equal_nan=True):
                return play
            _log.warning("CUDA graphs give other scores than the steps they record; steps are no longer recorded")
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            _log.warning("a step cannot be recorded as a CUDA graph; steps are no longer recorded", exc_info=error)
        self._record = None
        self.forget()
        return None
