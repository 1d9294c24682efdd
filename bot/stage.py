"""What is being written right now, for whoever watches: only the latest state counts, slow watchers skip."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final, NewType

Work = NewType("Work", str)
"""A piece of work in progress, such as ``slate:7`` or ``script:3``."""


Place = tuple[int, int]
"""The channel and the message on which a card hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work is.

    ``place`` is the place in line while waiting; ``texts`` what is written so far, a completion each;
    ``absent`` says that the worker is away and will be asked again.
    """

    place: int | None = None
    texts: tuple[str, ...] = ()
    absent: bool = False


@dataclass(slots=True)
class _Show:
    latest: Progress
    bells: set[asyncio.Event] = field(default_factory=set)
    over: bool = False

    def ring(self) -> None:
        for bell in self.bells:
            bell.set()


_START: Final = Progress()


class Stage:
    """In-process, conflated broadcast; nothing here needs to survive a restart."""

    def __init__(self) -> None:
        self._shows: dict[Work, _Show] = {}

    def publish(self, work: Work, progress: Progress) -> None:
        """Show ``progress`` to everybody who watches ``work``."""
        show = self._shows.setdefault(work, _Show(_START))
        show.latest = progress
        show.ring()

    def end(self, work: Work) -> None:
        """Tell the watchers of ``work`` that its row now says all there is."""
        show = self._shows.pop(work, None)
        if show:
            show.over = True
            show.ring()

    def latest(self, work: Work) -> Progress | None:
        """Return the state of ``work``, or None if nobody is at it."""
        show = self._shows.get(work)
        return show.latest if show else None

    async def watch(self, work: Work) -> AsyncGenerator[Progress]:
        """Yield the latest state at once and after each change, until the work ends or if nobody is at it."""
        show = self._shows.get(work)
        if show is None:
            return
        bell = asyncio.Event()
        show.bells.add(bell)
        try:
            while not show.over:
                bell.clear()
                yield show.latest
                await bell.wait()
        finally:
            show.bells.discard(bell)


def slate_work(number: int) -> Work:
    """Return the name of the writing of a slate."""
    return Work(f"slate:{number}")


def staging_work(number: int) -> Work:
    """Return the name of the staging of a dialog."""
    return Work(f"staging:{number}")


def script_work(number: int) -> Work:
    """Return the name of the writing of a script."""
    return Work(f"script:{number}")
