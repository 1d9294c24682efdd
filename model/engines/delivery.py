"""Between the event loops that ask and the one thread that writes: what is asked goes in, what is written comes out."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from model.decoder import Chunk
from model.engine import EngineUnavailableError
from model.engines.rows import Call

Item = list[Chunk] | Exception | None
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Outlet:
    """Where the chunks of a call go: a queue in the event loop that asked."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Item]


class News:
    """What the event loops say to the thread: calls, questions, and that it is over."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: deque[tuple[Call, Outlet]] = deque()
        self._tasks: deque[Callable[[], None]] = deque()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._ended

    @property
    def calls(self) -> int:
        """How many calls the thread has not heard of yet."""
        return len(self._calls)

    def call(self, call: Call, outlet: Outlet) -> None:
        """Ask for text.

        Raises:
            EngineUnavailableError: it is over.
        """
        self._say(lambda: self._calls.append((call, outlet)))

    def ask(self, task: Callable[[], None]) -> None:
        """Have the thread do something between two tokens.

        Raises:
            EngineUnavailableError: it is over.
        """
        self._say(lambda: self._tasks.append(task))

    def end(self) -> None:
        """Say that it is over."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self, *, wait: bool) -> tuple[list[tuple[Call, Outlet]], list[Callable[[], None]]]:
        """Return what is new; if there is nothing, ``wait`` for it."""
        with self._changed:
            while wait and not (self._calls or self._tasks or self._ended):
                self._changed.wait()
            new = list(self._calls), list(self._tasks)
            self._calls.clear()
            self._tasks.clear()
            return new

    def _say(self, change: Callable[[], None]) -> None:
        with self._changed:
            if self._ended:
                raise EngineUnavailableError("closed")
            change()
            self._changed.notify()


@dataclass(slots=True)
class Outlets:
    """Who is written for, and what they have not been given yet; used by the thread."""

    of: dict[Call, Outlet] = field(default_factory=dict)
    _items: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Queue[Any], Item]]] = field(default_factory=dict)

    def say(self, call: Call, item: Item, *, last: bool = False) -> None:
        """Keep something for whoever asked for ``call``, if they were not given the last already."""
        if (outlet := self.of.get(call)) is not None:
            self._items.setdefault(outlet.loop, []).append((outlet.queue, item))
        if last:
            self.of.pop(call, None)

    def hand_out(self) -> None:
        """Put what was kept into the queues, all of it at once for every event loop."""
        items, self._items = self._items, {}
        for loop, several in items.items():
            try:
                loop.call_soon_threadsafe(_put, several)
            except RuntimeError:  # that event loop has ended, and with it whoever waited there
                _log.debug("nobody waits for %d chunks", len(several))


def _put(items: list[tuple[asyncio.Queue[Any], Item]]) -> None:
    for queue, item in items:
        queue.put_nowait(item)
