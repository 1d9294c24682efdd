"""The line when time runs out, when it is full of others, and under any mix of comings and goings."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batcher import Line
from model.briefs import Brief, ScriptBrief
from model.engine import (
    ANYHOW,
    DeadlineError,
    EngineFailedError,
    EngineUnavailableError,
    Event,
    Finished,
    LineFullError,
    Queued,
    Terms,
    Text,
)

BRIEF = ScriptBrief(title="a", summary="b")
FLOOD, SMALL = Terms(server="flood", member="f"), Terms(server="small", member="s")
SOON = 0.01


@dataclass
class Stage:
    """An engine whose briefs go on when the test says so; ``working`` are those begun and not ended, by number."""

    working: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    terms: list[Terms] = field(default_factory=list)
    closed: int = 0

    async def stream(self, _brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        number = len(self.terms)
        self.terms.append(terms)
        self.working[number] = asyncio.get_running_loop().create_future()
        try:
            yield Text(0, str(number))
            computed = await self.working[number]
            yield Finished(model="stage", computed=computed, kept=computed)
        finally:
            del self.working[number]
            self.closed += 1

    def end(self, number: int, computed: int = 10) -> None:
        self.working[number].set_result(computed)

    def fail(self, number: int) -> None:
        self.working[number].set_exception(EngineFailedError("ab12"))


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_waits_beyond_the_time_given_leaves_the_line() -> None:
    line = Line(Stage(), capacity=2)
    working, late, patient = line.stream(BRIEF), line.stream(BRIEF, Terms(within=SOON)), line.stream(BRIEF)
    assert await anext(working) == Text(0, "0")
    assert [await anext(late), await anext(patient)] == [Queued(1), Queued(2)]
    with pytest.raises(DeadlineError) as caught:
        await anext(late)
    assert caught.value.within == SOON
    assert await anext(patient) == Queued(1)
    for stream in (working, patient):
        await stream.aclose()
    assert (line.depth, line.working) == (0, 0)


async def test_what_is_written_beyond_the_time_given_is_stopped_and_the_seat_is_free() -> None:
    stage = Stage()
    line = Line(stage, capacity=1)
    late = line.stream(BRIEF, Terms(within=SOON))
    assert await anext(late) == Text(0, "0")
    with pytest.raises(DeadlineError):
        await anext(late)
    await settled()
    assert (stage.closed, line.working) == (1, 0)


async def test_who_is_done_in_time_hears_nothing_of_it() -> None:
    stage = Stage()
    stream = Line(stage, capacity=0).stream(BRIEF, Terms(within=60))
    await anext(stream)
    stage.end(0)
    assert [type(event) for event in [event async for event in stream]] == [Finished]


async def test_a_deadline_passes_although_nobody_reads() -> None:
    line = Line(Stage(), capacity=2)
    streams = [line.stream(BRIEF), line.stream(BRIEF, Terms(within=SOON)), line.stream(BRIEF)]
    for stream in streams:
        await anext(stream)
    assert await anext(streams[2]) == Queued(1)
    for stream in streams:
        await stream.aclose()


async def test_the_engine_hears_the_terms() -> None:
    stage, terms = Stage(), Terms(server="s", member="m", adapter="warm")
    stream = Line(stage, capacity=0).stream(BRIEF, terms)
    await anext(stream)
    assert stage.terms == [terms]
    await stream.aclose()


async def test_places_are_told_as_the_turns_are_taken() -> None:
    stage = Stage()
    line = Line(stage, capacity=9)
    working = line.stream(BRIEF, FLOOD)
    await anext(working)
    flood = [line.stream(BRIEF, FLOOD) for _ in range(3)]
    assert [await anext(stream) for stream in flood] == [Queued(1), Queued(2), Queued(3)]
    small = line.stream(BRIEF, SMALL)
    assert await anext(small) == Queued(1)
    assert [await anext(stream) for stream in flood] == [Queued(2), Queued(3), Queued(4)]
    stage.end(0)
    assert await anext(small) == Text(0, "1")
    for stream in (working, small, *flood):
        await stream.aclose()


async def test_a_full_line_lets_another_server_in_and_tells_the_newest_of_the_flood_when_to_come_back() -> None:
    line = Line(Stage(), capacity=2)
    flood = [line.stream(BRIEF, FLOOD) for _ in range(3)]
    for stream in flood:
        await anext(stream)
    small = line.stream(BRIEF, SMALL)
    assert await anext(small) == Queued(1)
    with pytest.raises(LineFullError) as caught:
        await anext(flood[2])
    assert caught.value.retry_after >= 1
    assert await anext(flood[1]) == Queued(2)
    for terms in (SMALL, FLOOD, Terms(server="third")):  # every server in it has one
        with pytest.raises(LineFullError):
            await anext(line.stream(BRIEF, terms))
    for stream in (small, *flood):
        await stream.aclose()
    assert (line.depth, line.working) == (0, 0)


async def test_everything_can_be_broken_off_at_once_and_the_line_goes_on() -> None:
    stage = Stage()
    line = Line(stage, capacity=3, at_once=2)
    streams = [line.stream(BRIEF) for _ in range(4)]
    for stream in streams:
        await anext(stream)
    line.break_off(EngineUnavailableError("stopping"))
    for stream in streams:
        with pytest.raises(EngineUnavailableError):
            _ = [event async for event in stream]
    await line.empty()
    assert (line.depth, line.working, stage.closed) == (0, 0, 2)
    again = line.stream(BRIEF)
    assert isinstance(await anext(again), Text)
    await again.aclose()


async def test_an_engine_that_does_not_notice_keeps_its_seat_but_not_the_reader() -> None:
    free = asyncio.Event()

    class Stuck:
        async def stream(self, _brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
            try:
                yield Text(0, "a")
                await asyncio.Future()
            finally:
                await free.wait()

    line = Line(Stuck(), capacity=0)
    stream = line.stream(BRIEF)
    await anext(stream)
    line.break_off(EngineFailedError("ab12"))
    with pytest.raises(EngineFailedError):
        await anext(stream)
    assert line.working == 1
    free.set()
    await line.empty()


async def test_nine_servers_beside_a_flood_get_as_many_tokens_each() -> None:
    """Every server asks again as soon as it is answered; the flood keeps thirty in the line."""
    stage, tokens = Stage(), Counter[str]()
    line = Line(stage, capacity=64, at_once=8)

    async def asks(server: str) -> None:
        while True:
            async for event in line.stream(BRIEF, Terms(server=server)):
                if isinstance(event, Finished):
                    tokens[server] += event.computed

    askers = [asyncio.create_task(asks("flood")) for _ in range(30)]
    askers += [asyncio.create_task(asks(f"server {number}")) for number in range(9) for _ in range(2)]
    for step in range(600):
        await settled()
        stage.end(sorted(stage.working)[step * 3 % 8], 40 + step * 37 % 120)
    for asker in askers:
        asker.cancel()
    await asyncio.gather(*askers, return_exceptions=True)
    shares = list(tokens.values())
    assert len(shares) == 10
    assert sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)) >= 0.95
    assert (line.depth, line.working) == (0, 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "end", "fail", "leave"]), st.integers(0, 99)), max_size=50
)


@settings(deadline=None, max_examples=60)
@given(steps=STEPS, at_once=st.integers(1, 3), capacity=st.integers(0, 5))
def test_whatever_comes_and_goes_nobody_is_lost_and_no_seat_leaks(
    steps: list[tuple[str, int]], at_once: int, capacity: int
) -> None:
    asyncio.run(_comings_and_goings(steps, at_once, capacity))


@dataclass
class Reader:
    """Reads one stream; knows the place it was told last, and how it ended."""

    place: int | None = None
    begun: bool = False
    ended: str | None = None

    async def read(self, line: Line, terms: Terms) -> None:
        try:
            async for event in line.stream(BRIEF, terms):
                self.begun |= isinstance(event, Text)
                self.place = event.place if isinstance(event, Queued) else None
            self.ended = "finished"
        except (LineFullError, EngineFailedError) as error:
            self.ended, self.place = type(error).__name__, None


async def _comings_and_goings(steps: list[tuple[str, int]], at_once: int, capacity: int) -> None:
    stage = Stage()
    line = Line(stage, capacity=capacity, at_once=at_once)
    readers: list[tuple[Reader, asyncio.Task[None]]] = []
    for step, number in steps:
        there = [(reader, task) for reader, task in readers if not task.done()]
        next_up = [reader for reader, _ in there if reader.place == 1]
        match step:
            case "ask":
                reader, terms = Reader(), Terms(server="ab"[number % 2], member="xyz"[number % 3])
                readers.append((reader, asyncio.create_task(reader.read(line, terms))))
            case "leave" if there:
                there[number % len(there)][1].cancel()
            case "end" if stage.working:
                stage.end(sorted(stage.working)[number % len(stage.working)], number)
            case "fail" if stage.working:
                stage.fail(sorted(stage.working)[number % len(stage.working)])
        await settled()
        assert line.working == len(stage.working) <= at_once
        assert line.depth <= capacity
        assert not line.depth or line.working == at_once
        told = sorted(reader.place for reader, task in readers if reader.place and not task.done())
        assert told == list(range(1, line.depth + 1))
        assert step not in {"end", "fail"} or all(reader.begun for reader in next_up)
    for _ in range(len(readers) + 1):
        for number in list(stage.working):
            stage.end(number)
        await settled()
    assert (line.depth, line.working) == (0, 0)
    assert all(task.done() for _, task in readers)
    assert all(reader.ended for reader, task in readers if not task.cancelled())
