"""Server-Sent Events as an ASGI response that cancels the work the moment the reader leaves."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from model import problems, schema, wire
from model.engine import EngineError, Event

KEEP_ALIVE: Final = b": keep-alive\n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """The events of one brief; a comment goes out after ``keep_alive`` seconds without any.

    The stream is begun by :meth:`open`, so that what goes wrong at once can still be a status code.
    """

    def __init__(self, events: AsyncGenerator[Event], *, keep_alive: float) -> None:
        self._events = events
        self._keep_alive = keep_alive
        self._next: asyncio.Task[Event | None] = asyncio.create_task(self._pull())

    async def open(self, patience: float) -> None:
        """Wait at most ``patience`` seconds for the first event.

        Raises:
            EngineError: there will be none; the stream is closed.
        """
        try:
            await asyncio.wait({self._next}, timeout=patience)
            if self._next.done():
                self._next.result()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Cancel the work, if any is left."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)
        await self._events.aclose()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or stop when the reader has left."""
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await self.aclose()

    async def _pull(self) -> Event | None:
        return await anext(self._events, None)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        while (body := await self._frame()) is not None:
            await send(_part(body, more=True))
        await send(_part(b"", more=False))

    async def _frame(self) -> bytes | None:
        done, _ = await asyncio.wait({self._next}, timeout=self._keep_alive)
        if not done:
            return KEEP_ALIVE
        try:
            event = self._next.result()
        except EngineError as error:
            self._next = asyncio.create_task(self._pull())  # the generator has ended: this one finds nothing
            return _frame("error", wire.dump(schema.ErrorWire(error=problems.error_to_problem(error))))
        if event is None:
            return None
        self._next = asyncio.create_task(self._pull())
        return _frame(*wire.event_to_json(event))


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _frame(name: str, line: str) -> bytes:
    return f"event: {name}\ndata: {line}\n\n".encode("ascii")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
