"""Server-Sent Events as an ASGI response that cancels the work the moment the reader leaves."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from model import problems, schema, wire
from model.engine import EngineError, Event, Text

KEEP_ALIVE: Final = b": keep-alive\n\n"
PAUSE: Final = 1 / 20  # seconds between pieces of text
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """The events of one brief; a comment goes out after ``keep_alive`` seconds without any.

    Text that comes faster than :data:`PAUSE` goes out together, each slot's for itself: a reader sees no
    difference, and a token costs less. The stream is begun by :meth:`open`, so that what goes wrong at once can still
    be a status code.
    """

    def __init__(self, events: AsyncGenerator[Event], *, keep_alive: float) -> None:
        self._events = events
        self._keep_alive = keep_alive
        self._frames: list[bytes] = []
        self._text: dict[int, str] = {}  # by slot, behind the frames
        self._goes_on = False  # the last event was text, too: there is no hurry
        self._any, self._urgent = asyncio.Event(), asyncio.Event()
        self._taking = asyncio.create_task(self._take())

    async def open(self, patience: float) -> None:
        """Wait at most ``patience`` seconds for the first event.

        Raises:
            EngineError: there will be none; the stream is closed.
        """
        try:
            await _within(patience, self._any)
            if self._taking.done() and not self._frames:
                self._taking.result()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Cancel the work, if any is left."""
        self._taking.cancel()
        await asyncio.gather(self._taking, return_exceptions=True)
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

    async def _take(self) -> None:
        try:
            async for event in self._events:
                self._put(event)
        finally:
            self._flush()
            self._any.set()
            self._urgent.set()

    def _put(self, event: Event) -> None:
        if isinstance(event, Text):
            self._text[event.slot] = self._text.get(event.slot, "") + event.text
        else:
            self._flush()
            self._frames.append(_frame(*wire.event_to_json(event)))
        goes_on, self._goes_on = self._goes_on, isinstance(event, Text)
        if not (goes_on and self._goes_on):
            self._urgent.set()
        self._any.set()

    def _flush(self) -> None:
        self._frames += [_frame(*wire.event_to_json(Text(slot, text))) for slot, text in self._text.items()]
        self._text.clear()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        while not (self._taking.done() and not self._frames):
            if not await _within(self._keep_alive, self._any):
                await send(_part(KEEP_ALIVE, more=True))
                continue
            self._flush()
            body = b"".join(self._frames)
            self._frames.clear()
            self._any.clear()
            self._urgent.clear()
            if body:
                await send(_part(body, more=True))
            if not self._taking.done():
                await _within(PAUSE, self._urgent)
        await send(_part(self._ending(), more=False))

    def _ending(self) -> bytes:
        """Return the error that ended the events, if one did."""
        try:
            self._taking.result()
        except EngineError as error:
            return _frame("error", wire.dump(schema.ErrorWire(error=problems.error_to_problem(error))))
        return b""


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _frame(name: str, line: str) -> bytes:
    return f"event: {name}\ndata: {line}\n\n".encode("ascii")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for ``event``, at most so long; say whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
