"""The one loop that writes: rows of many calls side by side, joining and leaving at every token, in its own thread.

A turn of the loop reads a little of the prompts that wait, adds one token to every row, seats the rows whose prompt is
read, draws, and hands out what was written. What goes wrong with one call is told to that call; the others go on.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import torch
from torch import Tensor

from model.decoder import Chunk
from model.engine import EngineUnavailableError
from model.engines import NoRoomError, NotFiniteError
from model.engines.delivery import News, Outlet, Outlets
from model.engines.drawing import Rules, draw, finite
from model.engines.rows import Call, Language, Row, ruled
from model.engines.runner import Read, Runner

PIECES: Final = 2  # pieces of prompts read in a turn while rows are written, at least
_ROWS_A_PIECE: Final = 8  # where many are written a step takes longer, and so may reading
_NO_MEMORY: Final = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
_log = logging.getLogger(__name__)

R = TypeVar("R", bound=Read)
S = TypeVar("S")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[R]):
    """Rows of one call whose prompt is being read, or which wait for a seat."""

    call: Call
    rows: deque[Row]
    reading: R
    length: int  # of the prompt


@dataclass(slots=True, eq=False)
class _Written(Generic[S]):
    row: Row
    seat: S
    seen: int  # tokens that the model has before it, the last one included
    scores: Tensor | None  # of what follows, until it is drawn
    token: int = -1


class Loop(Generic[R, S]):
    """Writes for everybody who calls :meth:`write`; end it with :meth:`close`."""

    def __init__(self, runner: Runner[R, S], language: Language, *, threads: int | None = None) -> None:
        self._runner, self._language = runner, language
        self._news, self._outlets = News(), Outlets()
        self._waiting: deque[_Waiting[R]] = deque()
        self._rows: list[_Written[S]] = []
        self._left: list[S] = []  # seats whose rows have ended, until they are given back
        self._turns = 0
        self._closed = False
        self.computed = 0
        """Tokens written since the start."""
        self.last_step = time.monotonic()
        """When the loop last came round (``time.monotonic``)."""
        self._thread = threading.Thread(target=self._run, args=(threads,), name="decoder", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether anything is being written."""
        return bool(self._outlets.of or self._news.calls)

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
        out = Outlet(asyncio.get_running_loop(), asyncio.Queue())
        if not call.seeds or call.room < 1:
            return
        self._news.call(call, out)
        try:
            while (item := await out.queue.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                for chunk in item:
                    if chunk.row not in call.halt.rows:  # the thread may have been ahead of whoever said so
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
                    if self._closed:
                        raise EngineUnavailableError("closed")  # noqa: TRY301 - told as every other error is
                    answer.set_result(question())
                except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                    answer.set_exception(error)

        self._news.ask(task)
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """End the thread after its turn; whoever is still written for is told."""
        self._news.end()
        self._thread.join()

    def _run(self, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)  # counts for the thread that says it
        with torch.inference_mode():
            while self._listen():
                self._survive(self._turn)
                self._outlets.hand_out()
        self._closed = True
        self._take(wait=False)  # what came in the last moment
        self._fail(self._outlets.of, EngineUnavailableError("closed"))
        self._outlets.hand_out()

    def _listen(self) -> bool:
        """Take what is new; with nothing to do, wait for it. Say whether to go on."""
        self._take(wait=not (self._outlets.of or self._rows or self._waiting or self._left))
        return not self._news.ended

    def _take(self, *, wait: bool) -> None:
        calls, tasks = self._news.take(wait=wait)
        for task in tasks:
            task()
        for call, outlet in calls:
            self._outlets.of[call] = outlet
            try:
                self._begin(call)
            except Exception as error:  # noqa: BLE001 - the call is told
                self._fail([call], _told(error))

    def _survive(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whoever is written for is told, and the log
            try:
                self._recover(error)
            except Exception as worse:  # noqa: BLE001 - the same
                self._lose(worse)

    def _recover(self, error: Exception) -> None:
        """Without memory, forget prompts or give up the youngest text, and let the next turn try again."""
        if not _no_memory(error):
            self._lose(error)
        elif not self._runner.shed():
            if (youngest := next(reversed(self._outlets.of), None)) is None:
                self._lose(error)
                return
            _log.warning("no memory left for what is written; the youngest text is given up")
            self._fail([youngest], NoRoomError())

    def _lose(self, error: Exception) -> None:
        _log.error("the loop lost everything it wrote", exc_info=error)
        self._fail(self._outlets.of, _told(error))
        self._waiting.clear()
        self._rows.clear()
        self._left.clear()
        self._runner.clear()

    def _fail(self, calls: Iterable[Call], error: Exception) -> None:
        for call in list(calls):
            call.cancelled = True
            self._outlets.say(call, error, last=True)

    def _begin(self, call: Call) -> None:
        rows = deque(Row(call, number, self._language) for number in range(len(call.seeds)))
        self._waiting.append(_Waiting(call, rows, self._runner.begin(call.ids, call.adapter), len(call.ids)))

    def _turn(self) -> None:
        """Do one turn; wherever it breaks off for want of memory, the next one goes on from there."""
        self._turns += 1
        self.last_step = time.monotonic()
        self._drop_stopped()
        self._give_back()
        self._read()
        self._step()
        self._seat()
        self._draw()
        self._give_back()

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
        for piece in range(max(PIECES, len(self._rows) // _ROWS_A_PIECE) if self._rows else 1):
            unread = [waiting for waiting in self._waiting if waiting.reading.scores is None]
            if unread:
                self._read_piece(unread[-1 if (self._turns + piece) % 2 else 0])

    def _read_piece(self, waiting: _Waiting[R]) -> None:
        try:
            self._runner.read(waiting.reading)
        except Exception as error:
            if _no_memory(error):
                raise
            _log.exception("a prompt cannot be read")
            self._fail([waiting.call], error)
            self._drop_stopped()

    def _step(self) -> None:
        """Add a token to every row, unless some still wait for theirs to be drawn."""
        if not self._rows or any(one.scores is not None for one in self._rows):
            return
        scores = self._runner.step([one.seat for one in self._rows], [one.token for one in self._rows])
        for one, follows in zip(self._rows, scores.unbind(), strict=True):
            one.scores = follows

    def _seat(self) -> None:
        for waiting in self._waiting:
            while waiting.rows and waiting.reading.scores is not None:
                if (seat := self._seat_for(waiting)) is None:
                    if not (self._rows or waiting.call.cancelled):
                        self._fail([waiting.call], NoRoomError())  # nobody will make room
                    return
                row = waiting.rows.popleft()
                self._rows.append(_Written(row, seat, waiting.length, waiting.reading.scores))
        self._waiting = deque(waiting for waiting in self._waiting if waiting.rows)

    def _seat_for(self, waiting: _Waiting[R]) -> S | None:
        longest = min(waiting.length + waiting.rows[0].left, self._runner.context)
        try:
            return self._runner.seat(waiting.reading, longest)
        except Exception as error:
            if not _no_memory(error):
                raise
            return self._runner.seat(waiting.reading, longest) if self._runner.shed() else None

    def _draw(self) -> None:
        written = [one for one in self._rows if one.scores is not None]
        if not written:
            return
        rows = [one.row for one in written]
        scores = torch.stack([one.scores for one in written if one.scores is not None])
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
            one.scores = None
            if one.row.call in self._outlets.of:
                self._write(one, token, chance_of_it)

    def _write(self, one: _Written[S], token: int, likely: float) -> None:
        try:
            chunk = one.row.add(token, likely)
        except Exception as error:  # noqa: BLE001 - its grammar, say: the others go on
            self._fail([one.row.call], error)
            return
        one.token, one.seen = token, one.seen + 1
        self.computed += 1
        self._outlets.say(one.row.call, [chunk])
        if chunk.end is not None:
            self._leave(one)
        elif one.seen > self._runner.context:
            self._slide(one)

    def _slide(self, one: _Written[S]) -> None:
        """Read the last half of a row that fills the context anew, as the beginning of what the model sees."""
        call = one.row.call
        recent = self._language.recent(one.row.ids, self._runner.context)
        try:
            reading = self._runner.begin(recent, call.adapter)
        except Exception as error:  # noqa: BLE001 - the call is told
            self._fail([call], _told(error))
            return
        self._rows.remove(one)
        self._left.append(one.seat)
        self._waiting.append(_Waiting(call, deque([one.row]), reading, len(recent)))

    def _leave(self, one: _Written[S]) -> None:
        self._rows.remove(one)
        self._left.append(one.seat)
        self._end(one.row)

    def _give_back(self) -> None:
        """Give back the seats of rows that have ended: before the next step, which is of all that are seated."""
        while self._left:
            self._runner.leave(self._left[-1])
            self._left.pop()

    def _end(self, row: Row) -> None:
        call = row.call
        call.left.discard(row.number)
        if not call.left:
            self._outlets.say(call, None, last=True)


def _told(error: Exception) -> Exception:
    return NoRoomError() if _no_memory(error) else error


def _no_memory(error: Exception) -> bool:
    said = str(error)
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in said for sign in _NO_MEMORY)
