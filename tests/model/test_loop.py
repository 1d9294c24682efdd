"""The loop over a runner of ours that computes nothing: who is written when, and what becomes of whom."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from model.decoder import Chunk, Halt, Sampling
from model.engine import EngineUnavailableError
from model.engines import NoRoomError, NotFiniteError
from model.engines.loop import Loop
from model.engines.rows import Call, Language
from tests.model import tiny

WORDS = tiny.tokenizer()
SIZE = len(WORDS)
BROKEN = 7  # after this token nothing is a number
GREEDY = Sampling(temperature=0, max_tokens=12)


@dataclass(eq=False)
class Reading:
    ids: tuple[int, ...]
    read: int = 0
    scores: Tensor | None = None


@dataclass(eq=False)
class Seat:
    ids: list[int]


class Counting:
    """A model after which token n is followed by token n + 1; every call is written down, every step can be held."""

    context = 64

    def __init__(self, seats: int = 8) -> None:
        self.seats = seats
        self.taken: list[Seat] = []
        self.steps: list[list[int]] = []
        self.pieces: list[tuple[int, ...]] = []
        self.errors: list[Exception] = []  # raised by the next steps
        self.crowd = 0  # of at least so many rows
        self.full: list[Exception] = []  # raised when the next rows look for a seat
        self.spare = 0  # how often memory can be given back
        self.go = threading.Event()
        self.go.set()

    def begin(self, ids: Sequence[int], _adapter: str | None) -> Reading:
        return Reading(tuple(ids))

    def read(self, reading: Reading) -> None:
        reading.read += 4
        self.pieces.append(reading.ids)
        if reading.read >= len(reading.ids):
            reading.scores = self._after(reading.ids[-1])

    def seat(self, reading: Reading, _longest: int) -> Seat | None:
        if self.full:
            raise self.full.pop()
        if len(self.taken) == self.seats:
            return None
        self.taken.append(Seat(list(reading.ids)))
        return self.taken[-1]

    def leave(self, seat: Seat) -> None:
        self.taken.remove(seat)

    def step(self, seats: Sequence[Seat], tokens: Sequence[int]) -> Tensor:
        assert self.go.wait(20)
        assert set(seats) == set(self.taken)
        self.steps.append(list(tokens))
        if self.errors and len(seats) >= self.crowd:
            raise self.errors.pop()
        for seat, token in zip(seats, tokens, strict=True):
            seat.ids.append(token)
        return torch.stack([self._after(token) for token in tokens])

    def shed(self) -> bool:
        self.spare -= 1
        return self.spare >= 0

    def clear(self) -> None:
        self.taken.clear()

    def _after(self, token: int) -> Tensor:
        scores = torch.zeros(SIZE)
        scores[(token + 1) % SIZE] = torch.nan if token == BROKEN else 50.0
        return scores


@pytest.fixture
def model() -> Counting:
    return Counting()


@pytest.fixture
async def loop(model: Counting) -> AsyncGenerator[Loop[Any, Any]]:
    language = Language.of(WORDS, frozenset({0}), SIZE, torch.device("cpu"))
    made: Loop[Any, Any] = Loop(model, language, threads=1)  # type: ignore[arg-type]  # hang and drop are not asked for
    yield made
    model.go.set()
    made.close()


def call(first: int, rows: int = 1, *, prompt: int = 1, sampling: Sampling = GREEDY, halt: Halt | None = None) -> Call:
    ids = [first] * prompt
    return Call(ids=ids, seeds=range(rows), sampling=sampling, room=sampling.max_tokens, halt=halt or Halt())


async def written(loop: Loop[Any, Any], asked: Call) -> list[Chunk]:
    return [chunk async for chunk in loop.write(asked)]


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - the thread says nothing when it has done what a test waits for
        await asyncio.sleep(0.001)


async def test_rows_of_several_calls_are_written_by_one_step(loop: Loop[Any, Any], model: Counting) -> None:
    model.go.clear()
    tasks = [asyncio.create_task(written(loop, call(first, 2))) for first in (20, 40, 60)]
    await until(lambda: loop._news.calls + len(loop._outlets.of) == 3)
    model.go.set()
    for task in tasks:
        ends = Counter(chunk.end for chunk in await task)
        assert ends == {None: 22, "length": 2}
    assert max(map(len, model.steps)) == 6
    assert loop.computed == 72
    assert not loop.busy


async def test_who_comes_later_joins_at_the_next_token_and_who_is_done_leaves(
    loop: Loop[Any, Any], model: Counting
) -> None:
    long, short = call(20, sampling=Sampling(temperature=0, max_tokens=40)), call(100)
    model.go.clear()
    stream = loop.write(long)
    await anext(stream)
    joining = asyncio.create_task(written(loop, short))
    await until(lambda: loop._news.calls + len(loop._outlets.of) == 2)
    model.go.set()
    assert len(await joining) == 12
    rest = [chunk async for chunk in stream]
    assert len(rest) == 39
    assert {len(step) for step in model.steps} == {1, 2}
    assert model.taken == []


async def test_closing_frees_the_seat_before_the_next_token(loop: Loop[Any, Any], model: Counting) -> None:
    model.go.clear()
    async with aclosing(loop.write(call(20))) as stream:
        await anext(stream)
    model.go.set()
    await until(lambda: not loop.busy)
    assert len(model.steps) <= 1
    assert model.taken == []


async def test_rows_beyond_the_seats_wait_for_one(loop: Loop[Any, Any], model: Counting) -> None:
    model.seats = 3
    chunks = await written(loop, call(20, 7))
    assert Counter(chunk.row for chunk in chunks) == dict.fromkeys(range(7), 12)
    assert max(map(len, model.steps)) == 3


async def test_a_row_that_nobody_wants_is_not_begun(loop: Loop[Any, Any], model: Counting) -> None:
    model.seats = 1
    halt = Halt({1, 2})
    chunks = await written(loop, call(20, 4, halt=halt))
    assert {chunk.row for chunk in chunks} == {0, 3}


async def test_a_long_prompt_stalls_nobody(loop: Loop[Any, Any], model: Counting) -> None:
    model.go.clear()
    writing = asyncio.create_task(written(loop, call(20)))
    await until(lambda: model.taken)
    reading = asyncio.create_task(written(loop, call(50, prompt=50)))
    await until(lambda: len(loop._outlets.of) + loop._news.calls == 2)
    model.go.set()
    await writing
    assert len(model.pieces) < 2 * len(model.steps) + 6  # two pieces a token, not all fifteen before the next
    await reading


async def test_of_two_prompts_the_short_one_does_not_wait_for_the_long(loop: Loop[Any, Any], model: Counting) -> None:
    begun, halted = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert halted.wait(20)

    asked = asyncio.create_task(loop.ask(hold))
    await until(begun.is_set)
    long = asyncio.create_task(written(loop, call(50, prompt=60)))
    short = asyncio.create_task(written(loop, call(20, prompt=4)))
    await until(lambda: loop._news.calls == 2)
    halted.set()
    await asyncio.gather(asked, long, short)
    assert model.pieces.index((20,) * 4) < 3


async def test_scores_that_are_no_numbers_end_their_call_and_no_other(loop: Loop[Any, Any], model: Counting) -> None:
    good, bad = await asyncio.gather(written(loop, call(20)), written(loop, call(BROKEN - 3)), return_exceptions=True)
    assert isinstance(good, list)
    assert len(good) == 12
    assert isinstance(bad, NotFiniteError)
    assert model.taken == []
    assert await written(loop, call(30))


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("no"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
async def test_without_memory_what_can_be_spared_is_given_back_and_the_step_made_again(
    loop: Loop[Any, Any], model: Counting, error: Exception
) -> None:
    model.errors, model.spare = [error], 1
    assert len(await written(loop, call(20, 2))) == 24


async def test_if_nothing_can_be_spared_the_youngest_text_is_given_up(loop: Loop[Any, Any], model: Counting) -> None:
    model.go.clear()
    old = asyncio.create_task(written(loop, call(20)))
    await until(lambda: model.taken)
    young = asyncio.create_task(written(loop, call(40)))
    await until(lambda: loop._news.calls + len(loop._outlets.of) == 2)
    model.errors, model.crowd = [MemoryError()], 2
    model.go.set()
    with pytest.raises(NoRoomError):
        await young
    assert len(await old) == 12


async def test_what_nobody_foresaw_is_told_to_all_and_the_loop_goes_on(
    loop: Loop[Any, Any], model: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    model.errors = [RuntimeError("a wire came loose")]
    with pytest.raises(RuntimeError, match="a wire"):
        await written(loop, call(20))
    assert "lost everything" in caplog.text
    assert len(await written(loop, call(20))) == 12


async def test_whoever_waits_when_the_loop_is_closed_is_told(model: Counting) -> None:
    language = Language.of(WORDS, frozenset({0}), SIZE, torch.device("cpu"))
    loop: Loop[Any, Any] = Loop(model, language, threads=1)  # type: ignore[arg-type]
    stream = loop.write(call(20, sampling=Sampling(temperature=0, max_tokens=60)))
    await anext(stream)
    await asyncio.to_thread(loop.close)
    with pytest.raises(EngineUnavailableError):
        _ = [chunk async for chunk in stream]
    with pytest.raises(EngineUnavailableError):
        await loop.ask(lambda: None)
    with pytest.raises(EngineUnavailableError):
        await written(loop, call(20))


async def test_a_question_is_asked_between_two_tokens_and_its_error_is_the_asker_s(loop: Loop[Any, Any]) -> None:
    def fail() -> None:
        raise LookupError("what?")

    assert await loop.ask(threading.current_thread) is loop.thread
    with pytest.raises(LookupError):
        await loop.ask(fail)
    assert await written(loop, call(20))


async def test_a_row_that_fills_the_context_goes_on_from_its_last_half(loop: Loop[Any, Any], model: Counting) -> None:
    chunks = await written(loop, call(20, sampling=Sampling(temperature=0, max_tokens=150, slide=True)))
    assert len(chunks) == 150
    prompts = list(dict.fromkeys(model.pieces))
    assert [len(ids) for ids in prompts] == [1, 32, 32, 32]  # read anew when 65, and then 33 more, are written
    assert [ids[-1] for ids in prompts] == [20, 20 + 64, 20 + 64 + 33, 20 + 64 + 66]


async def test_a_seat_for_which_there_is_no_memory_is_waited_for(loop: Loop[Any, Any], model: Counting) -> None:
    model.go.clear()
    old = asyncio.create_task(written(loop, call(20)))
    await until(lambda: model.taken)
    model.full = [MemoryError()]
    young = asyncio.create_task(written(loop, call(40)))
    await until(lambda: loop._news.calls + len(loop._outlets.of) == 2)
    model.go.set()
    assert [len(chunks) for chunks in await asyncio.gather(old, young)] == [12, 12]


async def test_where_nobody_can_make_room_for_a_seat_it_is_said(loop: Loop[Any, Any], model: Counting) -> None:
    model.full = [MemoryError()]
    with pytest.raises(NoRoomError):
        await written(loop, call(20))
    assert len(await written(loop, call(20))) == 12


@pytest.mark.parametrize("place", ["draw", "ruled", "finite"])
async def test_a_step_whose_tokens_could_not_be_drawn_is_drawn_later_and_not_made_again(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    alone = await written(loop, call(20))

    def broken(*_: object) -> Tensor:
        monkeypatch.undo()
        raise torch.OutOfMemoryError("while drawing")

    model.go.clear()
    asked = asyncio.create_task(written(loop, call(20)))
    await until(lambda: model.taken)
    monkeypatch.setattr(f"model.engines.loop.{place}", broken)
    model.spare = 1
    model.go.set()
    assert await asked == alone
    assert model.taken == []


async def test_a_slate_that_comes_to_an_idle_loop_without_memory_is_drawn_when_there_is_some(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Tensor:
        monkeypatch.undo()
        raise torch.OutOfMemoryError("while drawing the first tokens")

    monkeypatch.setattr("model.engines.loop.draw", broken)
    model.spare = 1
    assert len(await written(loop, call(20, 3))) == 36


async def test_seats_of_a_slate_for_which_there_is_no_memory_are_given_back(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Tensor:
        monkeypatch.undo()
        raise torch.OutOfMemoryError("while drawing the first tokens")

    monkeypatch.setattr("model.engines.loop.draw", broken)
    with pytest.raises(NoRoomError):
        await written(loop, call(20, 3))
    await until(lambda: model.taken == [])
    assert len(await written(loop, call(20, 4))) == 48


async def test_a_seat_that_cannot_be_given_back_yet_keeps_nobody_waiting(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Seat) -> None:
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(model, "leave", broken)
    model.spare = 1
    assert len(await written(loop, call(20))) == 12
    await until(lambda: model.taken == [])
    assert len(await written(loop, call(20))) == 12


async def test_a_prompt_that_cannot_be_read_is_its_own_call_s_trouble(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = model.read

    def picky(reading: Reading) -> None:
        if reading.ids[0] == 66:
            raise LookupError("no such word")
        read(reading)

    monkeypatch.setattr(model, "read", picky)
    good, bad = await asyncio.gather(written(loop, call(20)), written(loop, call(66)), return_exceptions=True)
    assert isinstance(good, list)
    assert len(good) == 12
    assert isinstance(bad, LookupError)
    assert "cannot be read" in caplog.text


async def test_a_row_whose_window_cannot_slide_ends_its_own_call(
    loop: Loop[Any, Any], model: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = model.begin

    def once(ids: Sequence[int], adapter: str | None) -> Reading:
        if len(ids) > 30:
            raise MemoryError
        return begin(ids, adapter)

    monkeypatch.setattr(model, "begin", once)
    long = call(20, sampling=Sampling(temperature=0, max_tokens=150, slide=True))
    good, bad = await asyncio.gather(written(loop, call(40)), written(loop, long), return_exceptions=True)
    assert isinstance(good, list)
    assert isinstance(bad, NoRoomError)
    await until(lambda: model.taken == [])


async def test_what_comes_while_the_loop_is_being_closed_is_told(model: Counting) -> None:
    language = Language.of(WORDS, frozenset({0}), SIZE, torch.device("cpu"))
    loop: Loop[Any, Any] = Loop(model, language, threads=1)  # type: ignore[arg-type]
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go.wait(20)

    asked = asyncio.create_task(loop.ask(hold))
    await until(begun.is_set)
    late = asyncio.create_task(written(loop, call(20)))
    question = asyncio.create_task(loop.ask(lambda: None))
    await until(lambda: loop._news.calls == 1)
    loop._news.end()
    go.set()
    ends = await asyncio.wait_for(asyncio.gather(asked, late, question, return_exceptions=True), 20)
    assert [type(end) for end in ends[1:]] == [EngineUnavailableError, EngineUnavailableError]
    loop.close()


async def test_a_grammar_that_fails_ends_its_own_call(loop: Loop[Any, Any]) -> None:
    def grammar(written: str) -> str | None:
        if written:
            raise LookupError("no rule for this")
        return 'start: /[a-z]/ "\\n" /[a-z]/'

    bad = call(20, sampling=Sampling(temperature=0, max_tokens=12, grammar=grammar))
    good, failed = await asyncio.gather(written(loop, call(40)), written(loop, bad), return_exceptions=True)
    assert isinstance(good, list)
    assert len(good) == 12
    assert isinstance(failed, LookupError)


async def test_one_that_fails_at_once_does_so_too(loop: Loop[Any, Any]) -> None:
    def grammar(_written: str) -> str | None:
        raise LookupError("no rules at all")

    bad = call(20, sampling=Sampling(temperature=0, max_tokens=12, grammar=grammar))
    good, failed = await asyncio.gather(written(loop, call(40)), written(loop, bad), return_exceptions=True)
    assert isinstance(good, list)
    assert isinstance(failed, LookupError)


async def test_no_tokens_are_no_work(loop: Loop[Any, Any]) -> None:
    assert await written(loop, call(20, sampling=Sampling(max_tokens=0))) == []
