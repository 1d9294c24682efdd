"""The one loop that writes: rows of many calls side by side, joining and leaving at every token, in a thread of its own.

A turn of the loop reads a little of the prompts that wait, adds one token to every row, seats the rows whose prompt is
read, draws, and hands out what was written. What goes wrong with one call is told to that call; the others go on.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import torch
from torch import Tensor

from model.decoder import Chunk
from model.engine import EngineUnavailableError
from model.engines import NoRoomError, NotFiniteError
from model.engines.drawing import Rules, draw, finite
from model.engines.rows import Call, Language, Row, ruled
from model.engines.runner import Read, Runner

PIECES: Final = 2  # pieces of prompts read in a turn while rows are written
_log = logging.getLogger(__name__)

R = TypeVar("R", bound=Read)
S = TypeVar("S")
T = TypeVar("T")
Item = list[Chunk] | Exception | None


@dataclass(slots=True, eq=False)
class _Out:
    """Where the chunks of a call go: a queue in the event loop that asked."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Item]


@dataclass(slots=True, eq=False)
class _Waiting(Generic[R]):
    """Rows of one call whose prompt is being read, or which wait for a seat."""

    call: Call
    rows: deque[Row]
    reading: R


@dataclass(slots=True, eq=False)
class _Written(Generic[S]):
    row: Row
    seat: S
    token: int


@dataclass(slots=True)
class _News:
    """What the event loops say to the thread."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    calls: deque[tuple[Call, _Out]] = field(default_factory=deque)
    tasks: deque[Callable[[], None]] = field(default_factory=deque)
    ended: bool = False


class Loop(Generic[R, S]):
    """Writes for everybody who calls :meth:`write`; end it with :meth:`close`."""

    def __init__(self, runner: Runner[R, S], language: Language, *, threads: int | None = None) -> None:
        self._runner, self._language = runner, language
        self._news = _News()
        self._outs: dict[Call, _Out] = {}
        self._waiting: deque[_Waiting[R]] = deque()
        self._rows: list[_Written[S]] = []
        self._items: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Queue[Item], Item]]] = {}
        self._turns = 0
        self.computed = 0
        """Tokens written since the start."""
        self.last_step = time.monotonic()
        """When the loop last came round (``time.monotonic``)."""
        self._thread = threading.Thread(target=self._run, args=(threads,), name="decoder", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether anything is being written."""
        return bool(self._outs or self._news.calls)

    @property
    def rows(self) -> int:
        """How many rows are being written."""
        return len(self._rows)

    @property
    def thread(self) -> threading.Thread:
        """Where the model computes."""
        return self._thread

    async def write(self, call: Call) -> AsyncGenerator[Chunk]:
        """Yield what is written for ``call``; closing ends it before the next token.

        Raises:
            NotFiniteError: the model's scores are not numbers.
            NoRoomError: the memory does not suffice.
            EngineUnavailableError: the loop was closed.
        """
        out = _Out(asyncio.get_running_loop(), asyncio.Queue())
        if not call.seeds:
            return
        self._require_open(lambda: self._news.calls.append((call, out)))
        try:
            while (item := await out.queue.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                for chunk in item:
                    yield chunk
        finally:
            call.cancelled = True  # the loop looks before every token

    async def ask(self, question: Callable[[], T]) -> T:
        """Return what ``question`` returns when the thread asks it between two tokens.

        Raises:
            EngineUnavailableError: the loop was closed.
        """
        answer: Future[T] = Future()

        def task() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(question())
                except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                    answer.set_exception(error)

        self._require_open(lambda: self._news.tasks.append(task))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """End the thread after its turn; whoever is still written for is told."""
        with self._news.changed:
            self._news.ended = True
            self._news.changed.notify()
        self._thread.join()

    def _require_open(self, change: Callable[[], None]) -> None:
        with self._news.changed:
            if self._news.ended:
                raise EngineUnavailableError("closed")
            change()
            self._news.changed.notify()

    def _run(self, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)  # counts for the thread that says it
        with torch.inference_mode():
            while self._listen():
                self._survive(self._turn)
                self._hand_out()
        self._fail(self._outs, EngineUnavailableError("closed"))
        self._hand_out()

    def _listen(self) -> bool:
        """Take what is new; with nothing to do, wait for it. Say whether to go on."""
        news = self._news
        with news.changed:
            while not (news.calls or news.tasks or news.ended or self._outs):
                news.changed.wait()
            calls, tasks = list(news.calls), list(news.tasks)
            news.calls.clear()
            news.tasks.clear()
        for task in tasks:
            task()
        for call, out in calls:
            self._outs[call] = out
            self._survive(lambda call=call: self._begin(call, range(len(call.seeds))))  # type: ignore[misc]
        return not news.ended

    def _survive(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            if not _no_memory(error):
                _log.exception("the loop lost everything it wrote")
                self._lose(error)
            elif not self._runner.shed():
                _log.warning("no memory left for what is written; the youngest text is given up")
                self._give_up_youngest()

    def _lose(self, error: Exception) -> None:
        self._fail(self._outs, error)
        self._waiting.clear()
        self._rows.clear()
        self._runner.clear()

    def _give_up_youngest(self) -> None:
        call = next(reversed(self._outs))
        self._fail([call], NoRoomError())
        self._drop_stopped()

    def _fail(self, calls: Iterable[Call], error: Exception) -> None:
        for call in list(calls):
            call.cancelled = True
            self._say(call, error)
            self._outs.pop(call, None)

    def _begin(self, call: Call, numbers: Iterable[int]) -> None:
        rows = deque(Row(call, number, self._language) for number in numbers)
        self._waiting.append(_Waiting(call, rows, self._runner.begin(call.ids, call.adapter)))

    def _turn(self) -> None:
        self._turns += 1
        self._drop_stopped()
        self._read()
        scores = self._step()
        fresh, beginnings = self._seat()
        if rows := [*self._rows, *fresh]:
            self._draw(rows, torch.cat([*([] if scores is None else [scores]), *beginnings]))
        self.last_step = time.monotonic()

    def _drop_stopped(self) -> None:
        for written in [one for one in self._rows if one.row.call.stopped(one.row.number)]:
            self._leave(written)
        for waiting in self._waiting:
            for row in [row for row in waiting.rows if waiting.call.stopped(row.number)]:
                waiting.rows.remove(row)
                self._end(row)
        self._waiting = deque(waiting for waiting in self._waiting if waiting.rows)

    def _read(self) -> None:
        """Read some pieces: in turns of the prompt that waits longest and of the one that came last."""
        for piece in range(PIECES if self._rows else 1):
            unread = [waiting for waiting in self._waiting if waiting.reading.scores is None]
            if unread:
                self._runner.read(unread[-1 if (self._turns + piece) % 2 else 0].reading)

    def _step(self) -> Tensor | None:
        if not self._rows:
            return None
        return self._runner.step([one.seat for one in self._rows], [one.token for one in self._rows])

    def _seat(self) -> tuple[list[_Written[S]], list[Tensor]]:
        fresh: list[_Written[S]] = []
        scores: list[Tensor] = []
        for waiting in self._waiting:
            while waiting.rows and waiting.reading.scores is not None:
                longest = min(len(waiting.rows[0].ids) + waiting.rows[0].left, self._runner.context)
                if (seat := self._runner.seat(waiting.reading, longest)) is None:
                    return fresh, scores
                fresh.append(_Written(waiting.rows.popleft(), seat, -1))
                scores.append(waiting.reading.scores[None])
        self._waiting = deque(waiting for waiting in self._waiting if waiting.rows)
        return fresh, scores

    def _draw(self, written: list[_Written[S]], scores: Tensor) -> None:
        self._rows = list(written)
        rows = [one.row for one in written]
        allowed = ruled(scores, rows, self._language)
        sound = finite(allowed)
        if not bool(sound.all()):
            broken = {row.call for row, good in zip(rows, sound.tolist(), strict=True) if not good}
            self._fail(broken, NotFiniteError())
            allowed = torch.where(sound[:, None], allowed, 0.0)
        chance = torch.stack([row.chance for row in rows])
        tokens = draw(allowed, chance, Rules.of([row.sampling for row in rows], allowed.device))
        likely = scores.gather(-1, tokens[:, None]).squeeze(-1) - scores.logsumexp(-1)
        for one, token, chance_of_it in zip(written, tokens.tolist(), likely.tolist(), strict=True):
            if one.row.call in self._outs:
                self._write(one, token, chance_of_it)

    def _write(self, one: _Written[S], token: int, likely: float) -> None:
        chunk = one.row.add(token, likely)
        one.token = token
        self.computed += 1
        self._say(one.row.call, [chunk])
        if chunk.end is not None:
            self._leave(one)
        elif len(ids := one.row.ids) > self._runner.context:
            self._slide(one, ids)

    def _slide(self, one: _Written[S], ids: Sequence[int]) -> None:
        """Read the last half of a row that fills the context anew, as the beginning of what the model sees."""
        self._rows.remove(one)
        self._runner.leave(one.seat)
        call = one.row.call
        recent = self._language.recent(ids, self._runner.context)
        self._waiting.append(_Waiting(call, deque([one.row]), self._runner.begin(recent, call.adapter)))

    def _leave(self, one: _Written[S]) -> None:
        self._rows.remove(one)
        self._runner.leave(one.seat)
        self._end(one.row)

    def _end(self, row: Row) -> None:
        call = row.call
        call.left.discard(row.number)
        if not call.left and call in self._outs:
            self._say(call, None)
            del self._outs[call]

    def _say(self, call: Call, item: Item) -> None:
        if (out := self._outs.get(call)) is not None:
            self._items.setdefault(out.loop, []).append((out.queue, item))

    def _hand_out(self) -> None:
        """Put what was written into the queues, once a turn and event loop."""
        items, self._items = self._items, {}
        for loop, several in items.items():
            try:
                loop.call_soon_threadsafe(_put, several)
            except RuntimeError:  # that event loop has ended, and with it whoever waited there
                _log.debug("nobody waits for %d chunks", len(several))


def _put(items: list[tuple[asyncio.Queue[Any], Item]]) -> None:
    for queue, item in items:
        queue.put_nowait(item)


def _no_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
