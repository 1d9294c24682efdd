import asyncio
from contextlib import aclosing

from model.briefs import DialogBrief
from model.engine import Finished, Queued
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.remote_line import RemoteLine
from model.writer import Writer


async def test_members_are_told_their_place_behind_the_worker_until_the_first_word() -> None:
    writes = asyncio.Event()

    class Told:
        places = iter([None, 6, 3, 8, 1, 0])

        async def waiting(self) -> int | None:
            place = next(self.places, 0)
            if place == 0:
                writes.set()
            return place

    writer = Writer(FakeDecoder(gate=writes.wait), TitleIndex.of([]))
    line = RemoteLine(writer, Told(), every=0.001)
    seen = [event async for event in line.stream(DialogBrief(title="a", summary="b"))]
    assert seen[:3] == [Queued(6), Queued(3), Queued(1)]
    assert not [event for event in seen[3:] if isinstance(event, Queued)]
    assert isinstance(seen[-1], Finished)


async def test_who_leaves_while_waiting_there_stops_the_work() -> None:
    class Told:
        async def waiting(self) -> int | None:
            return 4

    decoder = FakeDecoder(gate=asyncio.Event().wait)
    line = RemoteLine(Writer(decoder, TitleIndex.of([])), Told(), every=0.001)
    async with aclosing(line.stream(DialogBrief(title="a", summary="b"))) as events:
        assert await anext(events) == Queued(4)
    assert decoder.closed.is_set()


async def test_text_does_not_wait_for_a_server_that_is_slow_to_say_the_place() -> None:
    asked = asyncio.Event()

    class Slow:
        async def waiting(self) -> int | None:
            asked.set()
            await asyncio.Event().wait()
            return None

    writer = Writer(FakeDecoder(gate=asked.wait), TitleIndex.of([]))
    line = RemoteLine(writer, Slow(), every=0.001)
    async with asyncio.timeout(20):
        seen = [event async for event in line.stream(DialogBrief(title="a", summary="b"))]
    assert isinstance(seen[-1], Finished)
