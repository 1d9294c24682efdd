"""Adapters swapped while briefs are written: each is written by one from its start to its end, and none is dropped."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from model.adapter_errors import AdapterRefusedError, AdaptersUnsupportedError, NoStoreError, StoreUnusableError
from model.adapters import POINTER, Store
from model.briefs import Brief, PitchBrief, ScriptBrief, genre, theme
from model.decoder import Adaptable, Chunk, Halt, Sampling, Warm
from model.drafts import Draft
from model.dresser import Dresser
from model.engine import Drafted, Finished
from model.engines import AdapterMissingError, NotFiniteError
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.tasks import Prompt
from model.writer import Writer
from tests.model.adapted import adapter, damage

BRIEF = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=2, seed=3)
Written = tuple[str, tuple[Draft, ...]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for name in ("a", "b"):
        made.publish(adapter(tmp_path / "trained" / name, name))
    return made


def writer(decoder: FakeDecoder, store: Store | None) -> Writer:
    return Writer(decoder, TitleIndex.of([]), store=store)


async def written(writer: Writer, brief: Brief = BRIEF) -> Written:
    """Return which model wrote, and what."""
    drafts: dict[int, Draft] = {}
    async with aclosing(writer.stream(brief)) as events:
        async for event in events:
            match event:
                case Drafted(slot, draft):
                    drafts[slot] = draft
                case Finished(model=model):
                    return model, tuple(drafts[slot] for slot in sorted(drafts))
    raise AssertionError("no end")


async def alone(store: Store, name: str | None, brief: Brief) -> Written:
    """Return what a writer of its own writes with the adapter ``name``."""
    decoder = FakeDecoder()
    if name is not None:
        await decoder.load_adapter(store.path(name))
    return await written(writer(decoder.wearing(name), None), brief)


class Broken(FakeDecoder):
    """A decoder with which every adapter makes scores that are no numbers."""

    async def warm(self) -> None:
        raise NotFiniteError


class Plain:
    """A decoder without adapters."""

    name = "plain"

    async def decode(
        self, _prompt: Prompt, _seeds: Sequence[int], _sampling: Sampling, _halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        yield Chunk(0, "", 0, "stop")


def test_the_double_is_one_of_those_that_take_adapters() -> None:
    assert isinstance(FakeDecoder(), Adaptable)
    assert isinstance(FakeDecoder(), Warm)
    assert not isinstance(Plain(), Adaptable)


async def test_every_adapter_writes_another_text_by_its_own_name(store: Store) -> None:
    texts = [await alone(store, name, BRIEF) for name in (None, "a", "b")]
    assert [model for model, _ in texts] == ["fake", "fake+a", "fake+b"]
    assert len({drafts for _, drafts in texts}) == 3


class Held:
    """A gate that says when somebody stands before it."""

    def __init__(self) -> None:
        self._steps = asyncio.Semaphore(0)
        self._there = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        self._there.release()
        await self._steps.acquire()

    async def reached(self) -> None:
        await self._there.acquire()

    def open(self, steps: int) -> None:
        for _ in range(steps):
            self._steps.release()


async def test_fifty_briefs_are_each_written_by_one_adapter_while_they_are_swapped(store: Store) -> None:
    gate = Held()
    decoder = FakeDecoder(gate=gate)
    room = writer(decoder, store)
    dresser = room.dresser
    briefs = [replace(BRIEF, count=1 + number % 4, seed=number) for number in range(50)]
    swaps = cycle([partial(dresser.activate, "a"), partial(dresser.activate, "b"), dresser.rollback,
                   partial(dresser.activate, None), dresser.rollback, dresser.rollback])  # fmt: skip
    running: list[asyncio.Task[Written]] = []
    for brief in briefs:  # all of them are being written in the end, each begun by what was active then
        running.append(asyncio.create_task(written(room, brief)))
        await gate.reached()
        await next(swaps)()
    async with asyncio.timeout(60):
        while not all(task.done() for task in running):
            gate.open(500)
            await next(swaps)()
    texts = [task.result() for task in running]
    for (model, drafts), brief in zip(texts, briefs, strict=True):
        assert (model, drafts) == await alone(store, model.partition("+")[2] or None, brief)
    assert {model for model, _ in texts} == {"fake", "fake+a", "fake+b"}
    await dresser.look()
    assert decoder.loaded == {dresser.active} - {None}


async def test_a_brief_keeps_its_adapter_over_all_its_rounds(store: Store) -> None:
    gate = Held()
    decoder = FakeDecoder(["nonsense", "CAST: ANNA, BEN\n[INT. SHOP - DAY]\nANNA: Yes.\nBEN: No."], gate=gate)
    room = writer(decoder, store)
    await room.dresser.activate("a")
    running = asyncio.create_task(written(room, ScriptBrief(title="Salt", summary="Two sisters.")))
    await gate.reached()
    await room.dresser.activate("b")
    assert decoder.loaded == {"a", "b"}
    gate.open(500)
    assert (await running)[0] == "fake+a"
    assert len(decoder.asked) == 2
    await room.dresser.look()
    assert decoder.loaded == {"b"}


async def test_an_adapter_is_not_dropped_before_its_last_brief_has_ended(store: Store) -> None:
    decoder = FakeDecoder()
    dresser = Dresser(decoder, store)
    async with dresser.wearing("a") as one:
        async with dresser.wearing("a"):
            await dresser.look()
        await dresser.look()
        assert one.name == "fake+a"
        assert decoder.loaded == {"a"}
    await dresser.look()
    assert decoder.loaded == set()


async def test_a_brief_may_ask_for_a_stored_adapter_that_is_not_active(store: Store) -> None:
    dresser = Dresser(FakeDecoder(), store)
    await dresser.activate("a")
    async with dresser.wearing("b") as decoder:
        assert decoder.name == "fake+b"
    assert dresser.name == "fake+a"
    with pytest.raises(AdapterMissingError):
        async with dresser.wearing("c"):
            pass


async def test_many_who_ask_for_one_adapter_at_once_load_it_once(store: Store) -> None:
    class Counting(FakeDecoder):
        times = 0

        async def load_adapter(self, folder: Path) -> str:
            type(self).times += 1
            return await super().load_adapter(folder)

    dresser = Dresser(Counting(), store)

    async def wear() -> str:
        async with dresser.wearing("a") as decoder:
            return decoder.name

    assert set(await asyncio.gather(*(wear() for _ in range(20)))) == {"fake+a"}
    assert Counting.times == 1


async def test_who_leaves_while_an_adapter_loads_leaves_nothing_half_done(store: Store) -> None:
    decoder = FakeDecoder()
    dresser = Dresser(decoder, store)
    await dresser.look()

    async def wear() -> None:
        async with dresser.wearing("a"):
            pass

    leaving = asyncio.create_task(wear())
    for _ in range(3):
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    async with dresser.wearing("a") as worn:
        assert worn.name == "fake+a"
    await dresser.look()
    assert decoder.loaded == set()


async def test_the_first_brief_wears_what_is_active_though_nobody_looked_before(store: Store) -> None:
    store.activate("b")
    assert (await written(writer(FakeDecoder(), store)))[0] == "fake+b"


async def test_another_process_may_move_the_pointer(store: Store) -> None:
    dresser = Dresser(FakeDecoder(), store)
    await dresser.look()
    Store(store.folder).activate("a")
    assert dresser.name == "fake"
    await dresser.look()
    assert dresser.active == "a"
    (store.folder / POINTER).unlink()  # nobody of ours does that: a mount that is gone, say
    await dresser.look()
    assert dresser.active == "a"


async def test_a_damaged_adapter_is_told_of_once_and_the_old_stays(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    room = writer(FakeDecoder(), store)
    await room.dresser.activate("a")
    store.activate("b")
    damage(store.path("b"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await room.dresser.look()
    assert [record.getMessage() for record in caplog.records] == [
        "this adapter is refused, fake+a goes on: b: truncated or altered"
    ]
    assert (await written(room))[0] == "fake+a"
    store.rollback()
    await room.dresser.look()
    assert room.dresser.active == "a"


async def test_a_pointer_that_cannot_be_read_changes_nothing(store: Store) -> None:
    dresser = Dresser(FakeDecoder(), store)
    await dresser.activate("a")
    (store.folder / POINTER).write_text("{")
    await dresser.look()
    assert dresser.active == "a"
    with pytest.raises(StoreUnusableError):
        await dresser.activate("b")


async def test_what_cannot_be_worn_does_not_become_active(store: Store) -> None:
    dresser = Dresser(FakeDecoder(), store)
    await dresser.activate("a")
    damage(store.path("b"))
    with pytest.raises(AdapterRefusedError, match="b: truncated or altered"):
        await dresser.activate("b")
    assert (store.active(), dresser.active) == ("a", "a")


async def test_an_adapter_whose_scores_are_no_numbers_is_refused_and_dropped(store: Store) -> None:
    decoder = Broken()
    dresser = Dresser(decoder, store)
    with pytest.raises(AdapterRefusedError, match="no numbers"):
        await dresser.activate("a")
    assert decoder.loaded == set()
    assert store.active() is None


async def test_without_a_store_there_is_the_base_and_nothing_to_swap() -> None:
    dresser = Dresser(FakeDecoder())
    await dresser.look()
    assert (dresser.name, dresser.names()) == ("fake", ())
    with pytest.raises(NoStoreError):
        await dresser.activate("a")
    with pytest.raises(AdapterMissingError):
        async with dresser.wearing("a"):
            pass


def test_a_store_for_a_model_without_adapters_is_refused(store: Store) -> None:
    with pytest.raises(AdaptersUnsupportedError, match="plain"):
        Dresser(Plain(), store)


async def test_whoever_follows_survives_what_nobody_foresaw(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    tried = asyncio.Semaphore(0)

    class Surprising(FakeDecoder):
        async def load_adapter(self, folder: Path) -> str:
            tried.release()
            if folder.name == "a":
                raise ZeroDivisionError
            return await super().load_adapter(folder)

    dresser = Dresser(Surprising(), store)
    store.activate("a")
    following = asyncio.create_task(dresser.follow(0))
    async with asyncio.timeout(20):
        await tried.acquire()
        store.activate("b")
        await tried.acquire()
    following.cancel()
    assert "ZeroDivisionError" in caplog.text
