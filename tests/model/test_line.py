import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from model.batcher import Line
from model.briefs import Brief, ScriptBrief
from model.engine import ANYHOW, Event, Finished, LineFullError, Queued, Terms, Text

BRIEF = ScriptBrief(title="a", summary="b")
END = Finished(model="held", computed=2, kept=2)


class Held:
    """An engine that writes two pieces and then waits until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = 0
        self.closed = 0

    async def stream(self, _brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        self.begun += 1
        try:
            yield Text(0, "a")
            yield Text(0, "b")
            await self.go.wait()
            yield END
        finally:
            self.closed += 1


async def test_the_first_in_an_empty_line_never_waits() -> None:
    engine = Held()
    engine.go.set()
    line = Line(engine, capacity=0)
    assert [event async for event in line.stream(BRIEF)] == [Text(0, "a"), Text(0, "b"), END]
    assert (line.depth, line.working) == (0, 0)


async def test_everybody_is_told_the_place_whenever_it_changes() -> None:
    engine = Held()
    line = Line(engine, capacity=3)
    streams = [line.stream(BRIEF) for _ in range(4)]
    first = [await anext(stream) for stream in streams]
    assert first == [Text(0, "a"), Queued(1), Queued(2), Queued(3)]
    assert (line.depth, line.working) == (3, 1)
    await streams[1].aclose()
    assert [await anext(streams[2]), await anext(streams[3])] == [Queued(1), Queued(2)]
    await streams[3].aclose()  # who leaves behind us changes nothing for us
    await streams[0].aclose()
    assert await anext(streams[2]) == Text(0, "a")
    for stream in streams:
        await stream.aclose()
    assert (line.depth, line.working) == (0, 0)
    assert engine.begun == engine.closed


async def test_who_does_not_fit_is_told_when_to_come_back() -> None:
    engine = Held()
    line = Line(engine, capacity=1)
    async with aclosing(line.stream(BRIEF)) as working, aclosing(line.stream(BRIEF)) as waiting:
        await anext(working)
        await anext(waiting)
        with pytest.raises(LineFullError) as caught:
            await anext(line.stream(BRIEF))
        assert caught.value.retry_after >= 1
        await waiting.aclose()
        async with aclosing(line.stream(BRIEF)) as fits:
            assert await anext(fits) == Queued(1)


async def test_a_slow_reader_keeps_nobody_waiting() -> None:
    engine = Held()
    engine.go.set()
    line = Line(engine, capacity=1)
    async with aclosing(line.stream(BRIEF)) as slow:
        await anext(slow)
        assert [event async for event in line.stream(BRIEF)][-1] == END
        assert [event async for event in slow] == [Text(0, "b"), END]


async def test_two_may_work_at_once() -> None:
    engine = Held()
    line = Line(engine, capacity=1, at_once=2)
    streams = [line.stream(BRIEF) for _ in range(3)]
    assert [await anext(stream) for stream in streams] == [Text(0, "a"), Text(0, "a"), Queued(1)]
    engine.go.set()
    assert [event async for event in streams[2]][-1] == END
    for stream in streams:
        await stream.aclose()


async def test_a_failure_frees_the_seat_and_reaches_the_reader() -> None:
    class Broken:
        async def stream(self, _brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
            yield Text(0, "a")
            raise ZeroDivisionError

    line = Line(Broken(), capacity=0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            _ = [event async for event in line.stream(BRIEF)]
    assert line.working == 0


async def test_a_called_brief_that_leaves_before_it_starts_passes_its_seat_on() -> None:
    engine = Held()
    line = Line(engine, capacity=2)
    working, called, last = (line.stream(BRIEF) for _ in range(3))
    for stream in (working, called, last):
        await anext(stream)
    await working.aclose()  # calls the second, which has not been read since
    await called.aclose()
    assert await anext(last) == Text(0, "a")
    await last.aclose()
    assert (line.depth, line.working) == (0, 0)
