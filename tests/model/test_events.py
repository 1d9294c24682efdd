"""What goes over the wire, and when: signs of life in silence, fast text together, everything in its order."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest
from starlette.types import Message, Scope

from model import wire
from model.briefs import ScriptBrief
from model.drafts import PitchDraft
from model.engine import Drafted, Event, Finished, LineFullError, Queued, Text
from model.events import KEEP_ALIVE, EventStream
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.server import create_app
from model.worker import Worker
from model.writer import Writer

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/v1/drafts", "query_string": b"", "headers": []}
BODY = wire.brief_to_json(ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")).encode()


async def test_silence_is_broken_by_a_sign_of_life_until_the_writing_goes_on() -> None:
    go_on = asyncio.Event()
    worker = Worker(capacity=1)
    worker.open(Writer(FakeDecoder(gate=go_on.wait), TitleIndex.of([])))
    bodies: list[bytes] = []
    asked: list[Message] = [{"type": "http.request", "body": BODY, "more_body": False}]

    async def receive() -> Message:
        return asked.pop() if asked else await asyncio.Future()

    async def send(message: Message) -> None:
        bodies.append(message.get("body", b""))
        if bodies[-1] == KEEP_ALIVE:
            go_on.set()

    app = create_app(worker, token=None, status=worker.status, dresser=lambda: worker.dresser, keep_alive=0.001)
    await app(SCOPE, receive, send)
    assert KEEP_ALIVE in bodies
    assert b"\n\nevent: finished\n" in bodies[-2]
    assert bodies[-1] == b""


class Sent:
    """Takes what a stream sends; ``events`` of it, and in how many bodies."""

    def __init__(self, *, leave_after: int | None = None) -> None:
        self.bodies: list[bytes] = []
        self._left = asyncio.Event()
        self._leave_after = leave_after

    async def send(self, message: Message) -> None:
        if body := message.get("body", b""):
            self.bodies.append(body)
        if len(self.bodies) == self._leave_after:
            self._left.set()

    async def receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    @property
    def lines(self) -> list[str]:
        frames = b"".join(self.bodies).decode().split("\n\n")
        return [frame.split("data: ")[1] for frame in frames if frame]


async def streamed(events: Sequence[Event | Exception], *, pause: float = 0) -> Sent:
    async def generator() -> AsyncGenerator[Event]:
        for event in events:
            await asyncio.sleep(pause)
            if isinstance(event, Exception):
                raise event
            yield event

    sent = Sent()
    stream = EventStream(generator(), keep_alive=10)
    await stream.open(1)
    await stream(SCOPE, sent.receive, sent.send)
    return sent


async def test_text_that_comes_fast_goes_out_in_few_pieces_and_whole() -> None:
    words = [f"word{number} " for number in range(500)]
    sent = await streamed([Queued(1), *[Text(0, word) for word in words]])
    events = [wire.event_from_json(line) for line in sent.lines]
    assert "".join(event.text for event in events if isinstance(event, Text)) == "".join(words)
    assert len(sent.bodies) < 100


async def test_the_order_of_slots_and_drafts_is_kept() -> None:
    draft = PitchDraft(title="Salt", summary="Two sisters.")
    end = Finished(model="m", computed=4, kept=4, dropped={})
    sent = await streamed(
        [Text(0, "a"), Text(0, "b"), Text(1, "c"), Text(0, "d"), Drafted(0, draft), Text(1, "e"), end]
    )
    told = [wire.event_from_json(line) for line in sent.lines]
    texts = {
        slot: "".join(event.text for event in told if isinstance(event, Text) and event.slot == slot) for slot in (0, 1)
    }
    assert texts == {0: "abd", 1: "ce"}
    assert told[-1] == end
    assert (
        told.index(Drafted(0, draft))
        == max(at for at, event in enumerate(told) if isinstance(event, Text) and event.slot == 0) + 1
    )


async def test_slow_text_is_not_held_back() -> None:
    sent = await streamed([Text(0, "a"), Text(0, "b"), Text(0, "c")], pause=0.1)
    assert len(sent.lines) == 3


async def test_what_goes_wrong_after_text_follows_the_text() -> None:
    sent = await streamed([Text(0, "a"), Text(0, "b"), LineFullError(3)])
    assert "".join(wire.event_from_json(line).text for line in sent.lines[:-1]) == "ab"  # type: ignore[union-attr]
    with pytest.raises(LineFullError):
        wire.event_from_json(sent.lines[-1])


async def test_a_reader_who_leaves_in_the_middle_ends_the_writing() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[Event]:
        try:
            while True:
                await asyncio.sleep(0)
                yield Text(0, "a")
        finally:
            ended.set()

    sent = Sent(leave_after=2)
    stream = EventStream(endless(), keep_alive=10)
    await stream.open(1)
    await asyncio.wait_for(stream(SCOPE, sent.receive, sent.send), 10)
    assert ended.is_set()
