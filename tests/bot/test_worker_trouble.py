"""What members meet when the worker is down, slow, full, or does not know us: with the real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from bot import errors
from bot.app import Patience
from bot.launch import free_port
from bot.stage import slate_work
from bot.usecases import browsing, pitching
from db.ids import MemberId
from model.briefs import PitchBrief, genre, theme
from model.client import WorkerClient
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.serve import serve
from model.settings import WorkerSettings
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import Gate

BRIEF = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=2, seed=3)
IMPATIENT = Patience(first=0.001, longest=0.001, total=0.002)


@asynccontextmanager
async def worker(
    *, port: int = 0, token: str | None = None, capacity: int = 4, decoder: FakeDecoder | None = None
) -> AsyncIterator[str]:
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    known = SecretStr(token) if token else None
    settings = WorkerSettings(port=port, token=known, capacity=capacity, at_once=1)
    serving = asyncio.create_task(
        serve(
            settings,
            load=lambda _: Writer(decoder or FakeDecoder(), TitleIndex.of(())),
            stop=stop,
            opened=lambda host, number: address.set_result(f"http://{host}:{number}"),
        )
    )
    try:
        yield await address
    finally:
        stop.set()
        await serving


async def test_a_slate_asked_while_the_worker_is_down_is_written_when_it_is_back(open_app: OpenApp) -> None:
    port = free_port()
    async with WorkerClient(f"http://127.0.0.1:{port}", None) as client:
        app = open_app(client, patience=Patience(first=0.01, longest=0.05, total=60))
        slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        async for state in app.stage.watch(slate_work(slate.id)):
            if state.absent:
                break
        assert (await browsing.slate(app, slate.id)).slate.state == "drafting"
        async with worker(port=port):
            await app.crew.finish(slate_work(slate.id))
        view = await browsing.slate(app, slate.id)
        assert (view.slate.state, len(view.pitches)) == ("open", 2)


async def test_a_worker_that_stays_down_is_one_sentence(open_app: OpenApp, slated: Slated) -> None:
    async with WorkerClient(f"http://127.0.0.1:{free_port()}", None) as client:
        view = await slated(open_app(client, patience=IMPATIENT))
    assert errors.failure(view.slate.failure) == (
        "The writer is away just now; what you asked is kept and can be asked again."
    )


async def test_a_worker_that_says_nothing_is_away(open_app: OpenApp, slated: Slated) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, WorkerClient(f"http://127.0.0.1:{port}", None, silence=0.05) as client:
        view = await slated(open_app(client, patience=IMPATIENT))
    assert view.slate.failure == "EngineUnavailableError"


async def test_a_wrong_token_is_one_sentence_for_the_operator(open_app: OpenApp, slated: Slated) -> None:
    async with worker(token="right") as url:
        for token in (None, SecretStr("wrong")):
            async with WorkerClient(url, token) as client:
                view = await slated(open_app(client))
            assert errors.failure(view.slate.failure) == (
                "The worker refuses the bot's token; set the same GREENLIT_WORKER_TOKEN for bot and worker."
            )


async def test_a_full_worker_turns_the_second_slate_away(open_app: OpenApp, slated: Slated) -> None:
    gate = Gate()
    async with worker(capacity=0, decoder=FakeDecoder(gate=gate)) as url, WorkerClient(url, None) as client:
        app = open_app(client)
        first = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        await gate.reached.wait()
        second = await slated(open_app(client, patience=Patience(first=0, longest=0, total=0)))
        assert second.slate.failure == "LineFullError"
        gate.opened.set()
        await app.crew.finish(slate_work(first.id))
        assert (await browsing.slate(app, first.id)).slate.state == "open"


async def test_a_member_in_line_sees_the_place(open_app: OpenApp) -> None:
    gate = Gate()
    async with worker(decoder=FakeDecoder(gate=gate)) as url, WorkerClient(url, None) as client:
        app = open_app(client)
        await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        await gate.reached.wait()
        second = await pitching.open_slate(app, BRIEF, by=MemberId("page:bob"), guild=PAGE)
        async for state in app.stage.watch(slate_work(second.id)):
            if state.place == 1:
                gate.opened.set()
        assert (await browsing.slate(app, second.id)).slate.state == "open"
