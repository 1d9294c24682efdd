"""The worker's state: loading, then a line in front of its writer."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from model.batcher import Line
from model.briefs import Brief
from model.decoder import Watched
from model.dresser import Dresser
from model.engine import ANYHOW, EngineUnavailableError, Event, Terms
from model.remote_line import RemoteLine
from model.schema import Status
from model.writer import Writer


class Worker:
    """An engine that is unavailable until :meth:`open` gave it a writer.

    ``at_once`` briefs may be written together, and ``capacity`` wait.
    """

    def __init__(self, *, capacity: int, at_once: int = 1) -> None:
        self._capacity = capacity
        self._at_once = at_once
        self._line: Line | None = None
        self._writer: Writer | None = None
        self._draining = False
        self._started = time.monotonic()
        self._instance = secrets.token_hex(4)

    def open(self, writer: Writer) -> None:
        """Begin to take briefs."""
        self._writer = writer
        engine = RemoteLine(writer, remote) if (remote := writer.remote) else writer
        self._line = Line(engine, capacity=self._capacity, at_once=self._at_once)

    def drain(self) -> None:
        """Take no further briefs; those that are here are written."""
        self._draining = True

    def break_off(self) -> None:
        """End what is still written, and what waits: whoever asked is told that the worker stops."""
        if self._line is not None:
            self._line.break_off(EngineUnavailableError("stopping"))

    @property
    def dresser(self) -> Dresser:
        """Who swaps the adapters.

        Raises:
            EngineUnavailableError: the model still loads.
        """
        if self._writer is None:
            raise EngineUnavailableError("loading")
        return self._writer.dresser

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield the line's events; see :class:`model.engine.Engine`.

        Raises:
            EngineUnavailableError: the model still loads, or the worker stops.
            EngineError: whatever the line raises.
        """
        if self._line is None or self._draining:
            raise EngineUnavailableError("stopping" if self._draining else "loading")
        async with aclosing(self._line.stream(brief, terms)) as events:
            async for event in events:
                yield event

    def status(self) -> Status:
        """Return what the worker says about itself."""
        line, writer = self._line, self._writer
        decoder = writer.dresser.decoder if writer else None
        watched = decoder if isinstance(decoder, Watched) else None
        return Status(
            model=writer.name if writer else None,
            adapter=writer.dresser.active if writer else None,
            adapters=list(writer.dresser.names()) if writer else [],
            ready=line is not None and not self._draining,
            waiting=line.depth if line else 0,
            working=line.working if line else 0,
            capacity=self._capacity,
            at_once=self._at_once,
            rows=watched.rows if watched else 0,
            tokens=watched.computed if watched else 0,
            uptime=time.monotonic() - self._started,
            instance=self._instance,
        )
