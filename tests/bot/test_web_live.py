import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest
from httpx_sse import aconnect_sse
from rich.console import Console

from bot import terminal
from bot.__main__ import _server, listen
from bot.app import App
from bot.demo import Guests, RoundError, Step
from bot.networks.base import NetworkRefusedError
from bot.stage import slate_work
from bot.usecases import browsing, pitching
from bot.web import live
from bot.web.server import create_app
from model.briefs import PitchBrief, genre, theme
from model.engine import NothingOriginalError
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.writer import Writer
from tests.bot.conftest import ANNA, API_TOKEN, PAGE, OpenApp
from tests.bot.doubles import FakeNetwork, Told, draw
from tests.bot.test_usecase_publishing import NoScripts

BRIEF = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=2, seed=3)


@asynccontextmanager
async def on_a_socket(app: App) -> AsyncIterator[str]:
    with listen("127.0.0.1", 0) as door:
        server = _server(create_app(app, draw, api_token=API_TOKEN, host="127.0.0.1"))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def test_a_page_follows_a_slate_as_it_is_written(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    async with on_a_socket(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        page = await client.get(f"/slates/{slate.id}")
        assert f'data-live="/slates/{slate.id}/live"' in page.text
        seen: list[Step] = []
        async with aconnect_sse(client, "GET", f"/slates/{slate.id}/live") as source:
            async for event in source.aiter_sse():
                gate.set()
                seen.append({"event": event.event} | json.loads(event.data))
        assert seen[0] == {"event": "progress", "place": None, "absent": False, "texts": [], "pitches": []}
        assert seen[-1] == {"event": "end"}
        await app.crew.finish(slate_work(slate.id))
        titles = {pitch.title for pitch in (await browsing.slate(app, slate.id)).pitches}
        shown = {pitch["title"] for step in seen[:-1] for pitch in step["pitches"]}
        assert shown <= titles
        assert "data-live" not in (await client.get(f"/slates/{slate.id}")).text


async def test_a_reader_that_leaves_stops_neither_the_work_nor_the_others(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    async with on_a_socket(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        path = f"/slates/{slate.id}/live"
        async with aconnect_sse(client, "GET", path) as staying:
            async with aconnect_sse(client, "GET", path) as leaving, aclosing(leaving.aiter_sse()) as events:
                await anext(events)
            gate.set()
            assert [event.event async for event in staying.aiter_sse()][-1] == "end"
        assert (await browsing.slate(app, slate.id)).slate.state == "open"


async def test_a_quiet_stream_shows_signs_of_life(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_KEEP_ALIVE", 0.01)
    gate = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    async with on_a_socket(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        async with client.stream("GET", f"/slates/{slate.id}/live") as answer:
            lines = []
            async for line in answer.aiter_lines():
                lines.append(line)
                if line.startswith(":"):
                    gate.set()
    assert ": still here" in lines
    assert lines[-3:] == ["event: end", "data: {}", ""]


async def test_a_room_that_closes_ends_its_streams(open_app: OpenApp) -> None:
    never = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=never.wait), TitleIndex.of(())))
    async with on_a_socket(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
        path = f"/slates/{slate.id}/live"
        async with aconnect_sse(client, "GET", path) as source, aclosing(source.aiter_sse()) as events:
            await anext(events)
            await app.crew.drain(0)
            assert [event.event async for event in events][-1] == "end"


@asynccontextmanager
async def guests(app: App, token: str = API_TOKEN) -> AsyncIterator[Guests]:
    async with on_a_socket(app) as url:
        playing = Guests(url, token)
        try:
            yield playing
        finally:
            await playing.aclose()


async def test_a_round_is_played_to_the_post(app: App) -> None:
    async with guests(app) as playing:
        steps = [step async for step in playing.play(genre="comedy", theme="time travel", seed=5)]
    names = [step["step"] for step in steps]
    assert list(dict.fromkeys(name for name in names if not name.startswith("writing"))) == [
        "asked", "slate", "vote", "greenlit", "script", "post"
    ]  # fmt: skip
    assert (steps[0]["seed"], steps[-1]["state"]) == (5, "posted")
    assert names.count("vote") == 5
    json.dumps(steps)


async def test_the_terminal_shows_the_round(app: App) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    async with guests(app) as playing:
        await terminal.show(console, playing.play(genre="comedy", theme="time travel", seed=5))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    view = await browsing.slate(app, (await browsing.recent_slates(app, PAGE))[0].id)
    winner = next(pitch.title for pitch in view.pitches if pitch.state == "posted")
    assert all(word in shown for word in ("/pitch", "seed 5", "GREENLIT", winner, "Page one", "Daily show"))


async def test_the_terminal_says_when_the_daily_show_did_not_go_out(open_app: OpenApp) -> None:
    app = open_app(networks=(FakeNetwork(before=[NetworkRefusedError("too rude")]),))
    console = Console(file=io.StringIO(), width=100)
    async with guests(app) as playing:
        await terminal.show(console, playing.play(genre="comedy", theme="time travel", seed=5))
    assert isinstance(console.file, io.StringIO)
    assert "The daily show on fake is failed: NetworkRefusedError: too rude." in console.file.getvalue()


async def steps_of(app: App, *, kind: str = "comedy", token: str = API_TOKEN) -> list[str]:
    names: list[str] = []
    async with guests(app, token) as playing:
        async for step in playing.play(genre=kind, theme="time travel", seed=5):
            names.append(step["step"])  # noqa: PERF401 - those before the error count, too
    return names


@pytest.mark.parametrize(
    ("kind", "token", "sentence"),
    [
        ("comdy", API_TOKEN, "I don't know the genre “comdy”. Did you mean comedy?"),
        ("comedy", "wrong", "The JSON interface needs its bearer token;"),
    ],
)
async def test_a_round_that_is_refused_is_one_sentence(app: App, kind: str, token: str, sentence: str) -> None:
    with pytest.raises(RoundError, match="^" + sentence.replace("?", r"\?")):
        await steps_of(app, kind=kind, token=token)


async def test_a_round_without_a_slate_script_or_winner_is_one_sentence(open_app: OpenApp) -> None:
    with pytest.raises(RoundError, match="Nothing original came out"):
        await steps_of(open_app(Told([[NothingOriginalError()]])))
    with pytest.raises(RoundError, match="The worker refuses the bot's token"):
        await steps_of(open_app(NoScripts()))


async def test_a_console_gets_the_error_after_what_was_shown(open_app: OpenApp) -> None:
    console = Console(file=io.StringIO(), width=100)
    async with guests(open_app(NoScripts())) as playing:
        with pytest.raises(RoundError):
            await terminal.show(console, playing.play(genre="comedy", theme="time travel", seed=5))
