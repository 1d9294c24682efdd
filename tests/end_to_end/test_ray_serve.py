"""Two replicas behind one address: who waits sees a place, who leaves frees it, a killed one loses nobody's brief."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, aclosing
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.app import App, Patience
from bot.stage import Work
from bot.usecases import drafting
from db.database import Database
from model import wire
from model.briefs import Brief, LineBrief, PitchBrief, ScriptBrief, genre, theme
from model.client import WorkerClient
from model.drafts import Draft
from model.engine import (
    ANYHOW,
    Drafted,
    Engine,
    EngineLostError,
    EngineUnauthorizedError,
    Event,
    Finished,
    LineFullError,
    Queued,
    Terms,
    generate,
)
from model.screenplay import Direction, Heading, Script, Turn
from model.serve import load_writer
from model.settings import WorkerSettings
from tests.end_to_end.ray_fleet import CAPACITY, SLOW, TOKEN, Fleet, fleet

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(find_spec("ray") is None, reason='Ray is not installed: pip install "ray[serve]"'),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]
LONG = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")
PAGE = Script((Heading("INT. SHOP - DAY"), Turn("ANNA", "Is he gone?"), Direction("A door falls shut.")))
BRIEFS = 20
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def workers() -> Generator[Fleet]:
    with fleet() as started:
        yield started


@pytest.fixture
async def client(workers: Fleet) -> AsyncGenerator[WorkerClient]:
    async with WorkerClient(workers.address, SecretStr(TOKEN)) as client:
        yield client


class Overheard:
    """An engine that counts the streams that another one lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lost = 0

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        try:
            async with aclosing(self._engine.stream(brief, terms)) as events:
                async for event in events:
                    yield event
        except EngineLostError:
            self.lost += 1
            raise


@pytest.fixture
def engine(client: WorkerClient) -> Overheard:
    return Overheard(client)


@pytest.fixture
async def app(engine: Overheard, tmp_path: Path) -> AsyncGenerator[App]:
    database = Database.connect(f"sqlite:///{tmp_path / 'room.db'}")
    yield App(database=database, engine=engine, patience=Patience(first=0.2, longest=1.0, total=120.0))
    await database.close()


def brief(number: int) -> Brief:
    if number % 2:
        return PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=2, seed=number)
    return LineBrief(title=LONG.title, summary=LONG.summary, script=PAGE, at=1, seed=number)


async def occupied(client: WorkerClient, stack: AsyncExitStack) -> tuple[list[Event], list[LineFullError]]:
    """Ask for more than fits; return the first event of every stream that stays open, and the refusals."""
    first: list[Event] = []
    refused: list[LineFullError] = []
    for _ in range(2 * (1 + CAPACITY) + 1):
        stream = client.stream(LONG)
        stack.push_async_callback(stream.aclose)
        try:
            first.append(await anext(stream))
        except LineFullError as error:
            refused.append(error)
    return first, refused


async def events(engine: Engine) -> list[Event]:
    return [event async for event in engine.stream(LONG)]


async def test_the_token_is_required(workers: Fleet) -> None:
    for token in (None, SecretStr("wrong")):
        async with WorkerClient(workers.address, token) as stranger:
            assert await stranger.ready()
            with pytest.raises(EngineUnauthorizedError):
                await generate(stranger, LONG)


async def test_text_arrives_while_the_rest_is_being_written(workers: Fleet) -> None:
    async with (
        httpx.AsyncClient(base_url=workers.address, trust_env=False) as http,
        http.stream("POST", "/v1/drafts", content=wire.brief_to_json(LONG), headers=AUTHORISED) as answer,
    ):
        parts = [part async for part in answer.aiter_raw()]
    assert b"event: text" in parts[0]
    assert b"event: finished" not in parts[0]
    assert b"event: finished" in parts[-1]


async def test_a_full_line_shows_places_and_refuses_and_whoever_leaves_frees_both_replicas(
    client: WorkerClient,
) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        first, refused = await occupied(client, stack)
        places = [event.place for event in first if isinstance(event, Queued)]
        assert sorted(set(places)) == list(range(1, CAPACITY + 1))
        assert refused
        assert all(error.retry_after >= 1 for error in refused)
    async with asyncio.timeout(20):  # written to their end, they would take minutes
        idle = 0
        while idle < 20:  # answered by either replica
            status = await client.status()
            idle = 0 if status.working or status.waiting else idle + 1


async def test_a_replica_killed_under_load_loses_no_brief(app: App, engine: Overheard, workers: Fleet) -> None:
    alone = load_writer(WorkerSettings(model="fake"))
    expected = [await generate(alone, brief(number)) for number in range(BRIEFS)]
    before = workers.replicas()
    assert len(before) == 2
    victim = min(before)
    killed = False

    async def member(number: int) -> tuple[Draft, ...]:
        nonlocal killed
        drafts: dict[int, Draft] = {}
        async for event in drafting.events(app, Work(f"brief:{number}"), brief(number), ANYHOW):
            if isinstance(event, drafting.Restarted):
                drafts.clear()
            elif isinstance(event, Drafted):
                drafts[event.slot] = event.draft
        if not killed:  # the first is done, nineteen wait or are being written
            killed = True
            os.kill(victim, signal.SIGKILL)
        return tuple(drafts[slot] for slot in sorted(drafts))

    async with asyncio.timeout(150):
        assert await asyncio.gather(*map(member, range(BRIEFS))) == expected
    assert engine.lost
    await asyncio.to_thread(
        workers.wait_for, lambda left: len(left) == 2 and victim not in left
    )  # another one is there


async def test_where_briefs_wait_another_replica_is_started_and_one_that_is_replaced_finishes_what_it_has() -> None:
    with fleet(1, pause=SLOW) as workers:
        async with WorkerClient(workers.address, SecretStr(TOKEN)) as client, asyncio.timeout(150):
            async with AsyncExitStack() as stack:
                await occupied(client, stack)
                await asyncio.to_thread(workers.wait_for, lambda replicas: len(replicas) == 2)
            before = workers.replicas()
            written = asyncio.create_task(events(client))
            await asyncio.to_thread(workers.wait_for, lambda replicas: len(replicas) == 2)
            workers.change(GREENLIT_WORKER_CAPACITY=str(CAPACITY + 1))
            await asyncio.to_thread(workers.wait_for, lambda replicas: not replicas <= before)
            assert isinstance((await written)[-1], Finished)
            await asyncio.to_thread(workers.wait_for, lambda replicas: not replicas & before)
            assert (await client.status()).capacity == CAPACITY + 1
