"""Orders meet workers: a discrete-event simulation of lines in front of batches that a model writes step by step.

A worker writes the briefs in its seats together: one step computes a token for every row, and takes longer the more
rows there are. A brief is done after its steps; another takes its seat. An order goes to the shorter of two lines, as
Ray Serve sends it; lines have no end here.
"""

from bisect import bisect
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import Final

_EXACT: Final = 512  # rows up to which step times are kept ready


@dataclass(frozen=True, slots=True)
class Cost:
    """What a brief takes: ``steps`` one after the other, of ``rows`` tokens each on average."""

    steps: int
    rows: float


class Speed:
    """How long a step of so many rows takes, from tokens a second at some numbers of rows; between them, on a line."""

    def __init__(self, rates: dict[int, float]) -> None:
        self._rows = sorted(rates)
        self._times = [rows / rates[rows] for rows in self._rows]
        self._ready = [self._time(rows) for rows in range(_EXACT)]

    def step(self, rows: float) -> float:
        """Return the seconds of a step."""
        nearest = max(1, round(rows))
        return self._ready[nearest] if nearest < _EXACT else self._time(nearest)

    def _time(self, rows: int) -> float:
        at = bisect(self._rows, rows)
        if at == 0:
            return self._times[0]
        if at == len(self._rows):  # as fast as with the most rows that are known, and no faster
            return self._times[-1] * rows / self._rows[-1]
        low, high = self._rows[at - 1], self._rows[at]
        return self._times[at - 1] + (self._times[at] - self._times[at - 1]) * (rows - low) / (high - low)


@dataclass(slots=True)
class _Worker:
    now: float = 0.0
    done: float = 0.0  # steps since the beginning
    rows: float = 0.0
    writing: list[tuple[float, int]] = field(default_factory=list)  # the step after which it is done, which order
    waiting: deque[int] = field(default_factory=deque)
    promised: int = 0  # the last promise of a next end; older ones are void


@dataclass(frozen=True, slots=True)
class Times:
    """How long every order waited, and how long until all was written; in seconds, in the order of the orders."""

    waited: list[float]
    took: list[float]


class Crowd:
    """``workers`` of one ``speed`` with so many ``seats`` each, and a day's ``orders`` for them, by time."""

    def __init__(
        self, orders: Sequence[tuple[float, Cost]], *, workers: int, seats: int, speed: Speed, seed: int = 1
    ) -> None:
        self._orders = orders
        self._workers = [_Worker() for _ in range(workers)]
        self._seats = seats
        self._speed = speed
        self._dice = Random(seed)  # noqa: S311 - a simulation
        self._ends: list[tuple[float, int, int]] = []  # when, whose, which promise
        self._waited = [0.0] * len(orders)
        self._took = [0.0] * len(orders)

    def serve(self, *, patience: float = inf, share: float = 1.0, of: range | None = None) -> Times | None:
        """Return the times; nothing, if more than ``share`` of the orders ``of`` (all) waited beyond ``patience``."""
        of = of if of is not None else range(len(self._orders))
        late, allowed = 0, share * len(of)
        for order, (time, _) in enumerate(self._orders):
            late += sum(self._waited[one] > patience for one in self._until(time) if one in of)
            if late > allowed:
                return None
            self._arrive(order, time)
        late += sum(self._waited[one] > patience for one in self._until(inf) if one in of)
        return Times(self._waited, self._took) if late <= allowed else None

    def _arrive(self, order: int, time: float) -> None:
        number = self._shorter()
        worker = self._workers[number]
        if len(worker.writing) == self._seats:
            worker.waiting.append(order)
            return
        self._advance(worker, time)
        self._begin(worker, order)
        self._promise(number)

    def _shorter(self) -> int:
        count = len(self._workers)
        if count == 1:
            return 0
        one, other = self._dice.randrange(count), self._dice.randrange(count - 1)
        other += other >= one
        return min(one, other, key=self._length)

    def _length(self, number: int) -> int:
        worker = self._workers[number]
        return len(worker.writing) + len(worker.waiting)

    def _until(self, time: float) -> Iterator[int]:
        """Let everything happen that ends before ``time``; yield the orders that get a seat by it."""
        while self._ends and self._ends[0][0] <= time:
            when, number, promise = heappop(self._ends)
            worker = self._workers[number]
            if promise != worker.promised:
                continue
            self._advance(worker, when)
            worker.done, order = heappop(worker.writing)  # exactly so many steps
            ordered, cost = self._orders[order]
            worker.rows -= cost.rows
            self._took[order] = when - ordered
            if worker.waiting:
                begun = worker.waiting.popleft()
                self._begin(worker, begun)
                yield begun
            self._promise(number)

    def _advance(self, worker: _Worker, time: float) -> None:
        if worker.writing:
            worker.done += (time - worker.now) / self._speed.step(worker.rows)
        worker.now = time

    def _begin(self, worker: _Worker, order: int) -> None:
        ordered, cost = self._orders[order]
        worker.rows += cost.rows
        heappush(worker.writing, (worker.done + cost.steps, order))
        self._waited[order] = worker.now - ordered

    def _promise(self, number: int) -> None:
        worker = self._workers[number]
        worker.promised += 1
        if worker.writing:
            left = worker.writing[0][0] - worker.done
            heappush(self._ends, (worker.now + max(0.0, left) * self._speed.step(worker.rows), number, worker.promised))
