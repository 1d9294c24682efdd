"""A model that hangs ends the worker; one that is slow, idle or silent does not."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from torch import Tensor

from model.briefs import ScriptBrief
from model.client import WorkerClient
from model.decoder import Watched
from model.engine import EngineError, EngineUnavailableError, Finished, generate
from model.engines.transformers_engine import TransformersDecoder
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.serve import serve
from model.settings import WorkerSettings
from model.watchdog import StalledError, watch
from model.worker import Worker
from model.writer import Writer
from tests.model import tiny
from tests.model.loopback import until_ready

BRIEF = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")


class Steps(FakeDecoder):
    """A decoder that makes a step whenever a test says so."""

    busy = False
    last_step = 0.0
    rows = 3
    computed = 17

    def stack(self) -> str:
        return "in the middle of nowhere"


async def test_a_model_that_makes_no_step_is_said_to_hang_and_where(caplog: pytest.LogCaptureFixture) -> None:
    decoder = Steps()
    decoder.busy = True
    with pytest.raises(StalledError):
        await watch(decoder, 0.05)
    assert "in the middle of nowhere" in caplog.text


async def test_one_that_is_idle_or_makes_steps_is_left_alone() -> None:
    decoder = Steps()
    watching = asyncio.create_task(watch(decoder, 0.2))
    await asyncio.sleep(0.4)
    decoder.busy = True
    for step in range(40):
        decoder.last_step = step
        await asyncio.sleep(0.01)
    assert not watching.done()
    watching.cancel()


async def test_one_that_tells_nothing_is_left_alone() -> None:
    await watch(FakeDecoder(), 0.01)
    assert not isinstance(FakeDecoder(), Watched)


async def test_a_hanging_model_ends_the_worker_with_its_error(tmp_path: Path) -> None:
    decoder = TransformersDecoder.load(tiny.write(tmp_path, "llama"), threads=1)
    goes, step = threading.Event(), decoder.runner.step

    def held(seats: Sequence[Any], tokens: Sequence[int]) -> Tensor:
        assert goes.wait(30)
        return step(seats, tokens)

    decoder.runner.step = held  # type: ignore[method-assign]
    goes.set()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            WorkerSettings(port=0, stall=0.3),
            load=lambda _settings: Writer(decoder, TitleIndex.of([])),
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    async with WorkerClient(url := await address, None, silence=1.0) as client:
        await until_ready(url)
        assert (await client.status()).tokens == 2  # it was warmed
        goes.clear()
        with pytest.raises(EngineError):
            await generate(client, BRIEF)
    with pytest.raises(StalledError):
        await serving
    goes.set()
    decoder.close()


async def test_a_worker_that_stops_takes_nothing_new_and_finishes_what_is_there() -> None:
    gate = asyncio.Event()
    worker = Worker(capacity=4, at_once=1)
    worker.open(Writer(Steps(gate=gate.wait), TitleIndex.of([])))
    async with aclosing(worker.stream(BRIEF)) as running:
        first = asyncio.ensure_future(anext(running))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(generate(worker, BRIEF))
        await asyncio.sleep(0)
        worker.drain()
        assert not worker.status().ready
        with pytest.raises(EngineUnavailableError):
            await generate(worker, BRIEF)
        gate.set()
        events = [await first, *[event async for event in running]]
    assert isinstance(events[-1], Finished)
    assert await waiting
    assert (worker.status().rows, worker.status().tokens) == (3, 17)


async def test_on_sigterm_a_running_brief_is_finished_and_a_new_one_refused() -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.02)

    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            WorkerSettings(port=0),
            load=lambda _settings: Writer(FakeDecoder(gate=slowly), TitleIndex.of([])),
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    async with WorkerClient(url := await address, None) as client:
        await until_ready(url)
        running = asyncio.create_task(generate(client, BRIEF))
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)
        started = time.monotonic()
        while time.monotonic() - started < 10:
            try:
                await generate(client, BRIEF)
            except (EngineUnavailableError, httpx.HTTPError):
                break
        assert await running
    await serving


async def test_a_look_that_came_late_itself_tells_nothing() -> None:
    decoder = Steps()
    decoder.busy = True
    watching = asyncio.create_task(watch(decoder, 1.0))
    await asyncio.sleep(0.05)
    time.sleep(1.5)  # noqa: ASYNC251 - the whole process stands still, as when it is stopped
    await asyncio.sleep(0.2)
    assert not watching.done()
    watching.cancel()
