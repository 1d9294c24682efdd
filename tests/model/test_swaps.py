"""Adapters swapped while briefs are written, in one process and over HTTP."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from model import openapi
from model.adapter_errors import AdapterRefusedError, NoStoreError, NothingBeforeError
from model.adapters import POINTER, Store
from model.briefs import Brief, ScriptBrief
from model.client import WorkerClient
from model.engine import EngineFailedError, EngineUnavailableError
from model.engines import AdapterMissingError
from model.fake import FakeDecoder
from model.schema import Adapters
from tests.model.adapted import BRIEF, Written, adapter, damage, writer, written
from tests.model.loopback import running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for name in ("a", "b"):
        made.publish(adapter(tmp_path / "trained" / name, name))
    return made


async def alone(store: Store, name: str | None, brief: Brief) -> Written:
    """Return what a writer of its own writes with the adapter ``name``."""
    decoder = FakeDecoder()
    if name is not None:
        await decoder.load_adapter(store.path(name))
    return await written(writer(decoder.wearing(name), None), brief)


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
    swaps: Iterator[Callable[[], Awaitable[None]]] = cycle(
        [
            *(partial(dresser.activate, "a"), partial(dresser.activate, "b"), dresser.rollback),
            *(partial(dresser.activate, None), dresser.rollback, dresser.rollback),
        ]
    )
    tasks: list[asyncio.Task[Written]] = []
    for brief in briefs:  # all of them are being written in the end, each begun by what was active then
        tasks.append(asyncio.create_task(written(room, brief)))
        await gate.reached()
        await next(swaps)()
    async with asyncio.timeout(60):
        while not all(task.done() for task in tasks):
            gate.open(500)
            await next(swaps)()
    texts = [task.result() for task in tasks]
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


@pytest.fixture
async def client(store: Store) -> AsyncGenerator[WorkerClient]:
    async with running(writer(FakeDecoder(), store)) as address, WorkerClient(address, None) as made:
        yield made


async def test_over_http_adapters_are_listed_activated_and_rolled_back(client: WorkerClient, store: Store) -> None:
    assert await client.adapters() == Adapters(names=["a", "b"], active=None, before=[], worn=None)
    assert await client.activate("a") == Adapters(names=["a", "b"], active="a", before=[None], worn="a")
    assert await written(client) == await alone(store, "a", BRIEF)
    await client.activate("b")
    assert store.active() == "b"
    assert await client.rollback() == Adapters(names=["a", "b"], active="a", before=[None], worn="a")
    assert (await client.activate(None)).worn is None
    assert await written(client) == await alone(store, None, BRIEF)


async def test_status_tells_what_is_worn_and_what_is_stored(client: WorkerClient) -> None:
    await client.activate("b")
    status = await client.status()
    assert (status.model, status.adapter, status.adapters) == ("fake+b", "b", ["a", "b"])


async def test_the_client_says_why_an_adapter_cannot_be_swapped(client: WorkerClient, store: Store) -> None:
    damage(store.path("b"))
    with pytest.raises(NothingBeforeError):
        await client.rollback()
    with pytest.raises(AdapterMissingError) as missing:
        await client.activate("../a")
    with pytest.raises(AdapterRefusedError) as refused:
        await client.activate("b")
    assert missing.value.name == "../a"
    assert (refused.value.name, refused.value.reason) == ("b", "truncated or altered")
    assert (await client.adapters()).before == []


async def test_a_store_that_cannot_be_read_is_a_failure_in_the_log_and_briefs_are_written(
    client: WorkerClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await client.activate("a")
    (store.folder / POINTER).write_text("{")
    with caplog.at_level(logging.ERROR), pytest.raises(EngineFailedError) as caught:
        await client.activate("b")
    assert caught.value.reference in caplog.text
    assert (await written(client))[0] == "fake+a"


async def test_without_a_store_there_is_nothing_to_swap() -> None:
    async with running(writer(FakeDecoder(), None)) as address, WorkerClient(address, None) as client:
        for swap in (client.adapters, partial(client.activate, "a"), client.rollback):
            with pytest.raises(NoStoreError):
                await swap()


async def test_swaps_have_statuses(store: Store) -> None:
    async with (
        running(writer(FakeDecoder(), store)) as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as http,
    ):
        told = [
            await http.post("/v1/adapters/rollback"),
            await http.post("/v1/adapters/activate", json={"name": "z"}),
            await http.post("/v1/adapters/activate", json={"names": "a"}),
            await http.post("/v1/adapters/activate", json={"name": "a"}),
            await http.get("/v1/adapters/activate"),
        ]
    assert [answer.status_code for answer in told] == [409, 422, 422, 200, 405]
    codes = [answer.json().get("error", {}).get("code") for answer in told]
    assert codes == ["nothing_before", "no_such_adapter", "bad_brief", None, "not_found"]
    assert set(openapi.document("1")["paths"]["/v1/adapters/activate"]["post"]["responses"]) >= {"200", "422"}


async def test_a_worker_follows_the_pointer_that_another_process_moves(client: WorkerClient, store: Store) -> None:
    store.activate("a")
    async with asyncio.timeout(20):
        while (await client.status()).adapter != "a":
            pass
    assert (await written(client))[0] == "fake+a"


async def test_a_worker_starts_with_what_is_active(store: Store) -> None:
    store.activate("b")
    async with running(writer(FakeDecoder(), store)) as address, WorkerClient(address, None) as client:
        assert (await client.status()).model == "fake+b"


async def test_nobody_answers_for_a_worker_that_is_away(unused_tcp_port: int) -> None:
    async with WorkerClient(f"http://127.0.0.1:{unused_tcp_port}", None) as client:
        with pytest.raises(EngineUnavailableError):
            await client.activate("a")
