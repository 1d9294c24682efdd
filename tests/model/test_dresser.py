"""Adapters swapped while briefs are written: each is written by one from its start to its end, and none is dropped."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from model.adapter_errors import AdapterRefusedError, AdaptersUnsupportedError, NoStoreError, StoreUnusableError
from model.adapters import POINTER, Store
from model.decoder import Adaptable, Chunk, Halt, Sampling, Warm
from model.dresser import Dresser
from model.engines import AdapterMissingError, NoRoomError, NotFiniteError
from model.fake import FakeDecoder
from model.tasks import Prompt
from tests.model.adapted import adapter, damage, writer, written


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for name in ("a", "b"):
        made.publish(adapter(tmp_path / "trained" / name, name))
    return made


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


class Forgetful(FakeDecoder):
    """A decoder that cannot drop an adapter the first time."""

    refusals = 1

    async def drop_adapter(self, name: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("a wire came loose")
        await super().drop_adapter(name)


async def test_an_adapter_that_cannot_be_dropped_is_no_reason_to_refuse_the_next_and_goes_later(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    decoder = Forgetful()
    dresser = Dresser(decoder, store)
    await dresser.activate("a")
    await dresser.activate("b")
    assert dresser.active == "b"
    assert decoder.loaded == {"a", "b"}
    assert "cannot be dropped" in caplog.text
    await dresser.look()
    assert decoder.loaded == {"b"}


async def test_whatever_an_active_adapter_brings_the_worker_goes_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    class Choking(FakeDecoder):
        async def load_adapter(self, folder: Path) -> str:
            raise RuntimeError(f"mat1 and mat2 cannot be multiplied: {folder.name}")

    store.activate("a")
    dresser = Dresser(Choking(), store)
    await dresser.look()
    await dresser.look()
    assert dresser.active is None
    assert caplog.text.count("is refused") == 1


async def test_an_adapter_for_which_there_is_no_memory_yet_is_tried_again(store: Store) -> None:
    class Full(FakeDecoder):
        times = 0

        async def load_adapter(self, folder: Path) -> str:
            self.times += 1
            if self.times == 1:
                raise NoRoomError
            return await super().load_adapter(folder)

    store.activate("a")
    dresser = Dresser(Full(), store)
    await dresser.look()
    assert dresser.active is None
    await dresser.look()
    assert dresser.active == "a"
