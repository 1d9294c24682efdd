"""The promise every engine keeps: a brief goes in, events come out, and closing the stream cancels the work.

The HTTP client, the bounded line, the writer and its double are all engines, held to one contract test.

Errors::

    EngineError
    ├── EngineUnavailableError     nobody answers (not started, restarting, network)
    ├── EngineLostError            it answered, then the connection broke before the end
    ├── EngineUnauthorizedError    the token is wrong
    ├── LineFullError              the line is full; ask again after ``retry_after`` seconds
    ├── DeadlineError              it was wanted ``within`` seconds, and was not done by then
    ├── EngineFailedError          the engine broke on this brief; ``reference`` finds it in its log
    └── NothingOriginalError       everything written was taken, repeated or unreadable
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol

from model.briefs import Brief
from model.drafts import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a brief is asked: for whom, by when, and written by which adapter.

    ``server`` and ``member`` are opaque keys among which the line is fair; who names none shares with all who do not.
    ``within`` is how many seconds after its arrival the brief is no longer wanted. ``adapter`` is a name; None leaves
    it to the worker, and the empty name is the model without any.

    Raises:
        ValueError: ``within`` leaves no time.
    """

    server: str = ""
    member: str = ""
    within: float | None = None
    adapter: str | None = None

    def __post_init__(self) -> None:
        if self.within is not None and not self.within > 0:
            raise ValueError(f"within: {self.within}")


ANYHOW: Final = Terms()


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting; ``place`` in line, 1 is next."""

    place: int


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` continues the completion of draft number ``slot`` (counted from 0)."""

    slot: int
    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """What was written for ``slot`` will not do; it is written anew."""

    slot: int


@dataclass(frozen=True, slots=True)
class Drafted:
    """Draft number ``slot`` is complete and passed every check."""

    slot: int
    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of every stream: what it took.

    ``dropped`` counts candidates by reason: ``taken``, ``repeated``, ``unreadable``, ``surplus``.
    ``computed`` and ``kept`` are tokens. ``model`` names the checkpoint, and the adapter it wore.
    """

    model: str
    computed: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)


Event = Queued | Text | Retracted | Drafted | Finished


class Engine(Protocol):
    """Anything that turns a brief into drafts."""

    def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield events; the last is :class:`Finished`. ``aclose()`` cancels the work.

        Raises:
            EngineError: see the module's list.
        """
        ...


async def generate(engine: Engine, brief: Brief, terms: Terms = ANYHOW) -> tuple[Draft, ...]:
    """Return the drafts for ``brief`` in slot order.

    Raises:
        EngineError: see the module's list.
    """
    drafts: dict[int, Draft] = {}
    async with aclosing(engine.stream(brief, terms)) as events:
        async for event in events:
            if isinstance(event, Drafted):
                drafts[event.slot] = event.draft
    return tuple(drafts[slot] for slot in sorted(drafts))


class EngineError(Exception):
    """An engine cannot answer."""


class EngineUnavailableError(EngineError):
    """Nobody answers at the worker's address."""


class EngineLostError(EngineError):
    """The worker went away in the middle of an answer."""


class EngineUnauthorizedError(EngineError):
    """The worker does not accept our token."""


class LineFullError(EngineError):
    """The line is full; ask again after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class DeadlineError(EngineError):
    """It was wanted ``within`` seconds, and was not done by then."""

    def __init__(self, within: float) -> None:
        super().__init__(f"wanted within {within:g} s")
        self.within = within


class EngineFailedError(EngineError):
    """The engine broke on this brief; ``reference`` finds the traceback in its log."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class NothingOriginalError(EngineError):
    """Everything written was taken, repeated or unreadable."""
