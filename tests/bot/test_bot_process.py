"""One bot process: what it opens, what stops it, and what it says when it cannot start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot import __main__ as process
from bot.demo import Guests
from bot.launch import House, StartError, free_port
from bot.networks.accounts import networks
from bot.networks.outbox import Outbox
from bot.networks.twitter import Twitter
from bot.settings import BotSettings
from bot.stage import slate_work
from bot.usecases import browsing, pitching
from db.errors import DatabaseNotMigratedError, UnsupportedDatabaseError
from model.briefs import PitchBrief, genre, theme
from model.serve import PortInUseError
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated

FAKE = {"GREENLIT_WORKER_MODEL": "fake"}


def settings(database_url: str, **changes: object) -> BotSettings:
    values = {"database_url": database_url, "worker_url": f"http://127.0.0.1:{free_port()}", "web_port": free_port()}
    return BotSettings.model_validate(values | {"drain_seconds": 0, "api_token": "secret"} | changes)


async def answer(http: httpx.AsyncClient, url: str, running: asyncio.Task[None]) -> httpx.Response:
    """Return what the page says once it is open, or raise what ended the process."""
    while True:
        try:
            return await http.get(url)
        except httpx.ConnectError:
            await asyncio.wait([running], timeout=0.02)
            if running.done():
                running.result()


async def test_a_bot_opens_its_page_without_a_worker_and_stops_on_sigterm(database_url: str, open_app: OpenApp) -> None:
    here = settings(database_url)
    running = asyncio.create_task(process.run(here))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{here.web_port}", trust_env=False) as http:
        assert (await answer(http, "/readyz", running)).json() == {"ready": True}
        asked = await http.post("/slates", data={"genre": "comedy", "theme": "rain", "count": "2"})
        assert asked.status_code == 303
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    app = open_app()
    (slate,) = await pitching.resume(app)
    await app.crew.finish(slate_work(slate.id))
    assert (await browsing.slate(app, slate.id)).slate.state == "open"


async def test_a_bot_that_starts_takes_up_what_was_left(database_url: str, open_app: OpenApp) -> None:
    brief = PitchBrief(genre=genre("comedy"), theme=theme("rain"), count=2)
    slate = await pitching.open_slate(before := open_app(), brief, by=ANNA, guild=PAGE)
    await before.crew.drain(0)
    here = settings(database_url)
    running = asyncio.create_task(process.run(here))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{here.web_port}", trust_env=False) as http:
        await answer(http, "/readyz", running)
        page = await http.get(f"/slates/{slate.id}")
        async with http.stream("GET", f"/slates/{slate.id}/live") as live:
            first = await anext(live.aiter_lines())
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert "The room is writing" in page.text
    assert first == "event: progress"


async def test_a_port_in_use_stops_the_start(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            await process.run(settings(database_url, web_port=port))
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)


def test_an_address_of_another_machine_is_not_called_a_port_in_use() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        process.listen("192.0.2.1", 0)


async def test_a_database_that_will_not_do_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotMigratedError):
        await process.run(settings(f"sqlite:///{tmp_path / 'bare.db'}"))
    with pytest.raises(UnsupportedDatabaseError):
        await process.run(settings("mysql://me:secret@host/room"))


async def test_a_page_that_ends_by_itself_ends_the_process() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await process._until(asyncio.Event(), {asyncio.create_task(broken())})


def test_posts_go_to_the_folder_and_to_x_when_all_keys_are_set(tmp_path: Path) -> None:
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    keys = {f"twitter_{name}": SecretStr("7-key") for name in names}
    both = networks(BotSettings.model_validate({"outbox": tmp_path} | keys))
    assert [type(network) for network in both] == [Outbox, Twitter]
    keys.popitem()
    (outbox,) = networks(BotSettings.model_validate({"outbox": tmp_path} | keys))
    assert isinstance(outbox, Outbox)


async def test_a_show_has_a_poster_and_a_page_that_words_describe(open_app: OpenApp, slated: Slated) -> None:
    view = await slated(open_app())
    drawn = await process.draw(view.pitches[0], "ANNA: Is he gone?", "twitter")
    assert drawn.poster.startswith(b"\x89PNG")
    assert drawn.page.startswith(b"\x89PNG")
    assert view.pitches[0].title in drawn.alt
    assert "Is he gone?" in drawn.page_alt


async def test_a_show_without_a_script_has_no_page(open_app: OpenApp, slated: Slated) -> None:
    view = await slated(open_app())
    drawn = await process.draw(view.pitches[0], " \n", "outbox")
    assert (drawn.page, drawn.page_alt) == (b"", "")


def test_the_bot_starts_without_torch() -> None:
    code = "import sys, bot.__main__; print({'torch', 'transformers', 'peft', 'discord', 'tweepy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


@pytest.mark.end_to_end
async def test_a_house_plays_a_round_and_outlives_a_killed_worker_and_bot(tmp_path: Path) -> None:
    async with House(folder=tmp_path, environment=FAKE) as house:
        watching = asyncio.create_task(house.watch())
        guests = Guests(house.page_url, house.api_token)
        steps = [step async for step in guests.play(genre="comedy", theme="time travel", seed=5)]
        assert steps[-1]["state"] == "posted"
        house.kill("worker")
        slate = await guests.post("/slates", member="Ada", genre="drama", theme="rain", count=2, seed=1)
        async for _ in guests.follow(f"/slates/{slate['id']}"):
            pass
        assert (await guests.get(f"/slates/{slate['id']}"))["state"] == "open"
        await guests.aclose()
        old = house._processes["bot"]
        house.kill("bot")
        async with httpx.AsyncClient(trust_env=False) as http:
            while house._processes["bot"] is old:
                await asyncio.wait([watching], timeout=0.05)
            ready = await answer(http, f"{house.page_url}/readyz", watching)
        assert ready.json() == {"ready": True}
        watching.cancel()
        await asyncio.wait([watching])
    processes = list(house._processes.values())
    assert all(process.returncode is not None for process in processes)


async def test_a_house_does_not_take_another_room_on_its_port_for_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        house = House(folder=tmp_path, environment=FAKE, page_port=door.getsockname()[1])
        with pytest.raises(PortInUseError):
            await house.start("bot")
    assert house._processes == {}


async def test_a_house_that_may_not_wait_for_its_end_leaves_no_process_behind(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); signal.pause()"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=pipe)
    assert process.stdout
    await process.stdout.readline()
    house = House(folder=tmp_path)
    house._processes["bot"] = process
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await house.stop()
    assert await process.wait() == -signal.SIGKILL


def test_a_house_follows_the_env_file_and_one_that_is_alone_touches_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "GREENLIT_DATABASE_URL=sqlite:///kept.db\nGREENLIT_OUTBOX=kept\nGREENLIT_API_TOKEN=mine\n"
    )
    monkeypatch.setenv("GREENLIT_DISCORD_TOKEN", "live")
    monkeypatch.setenv("GREENLIT_TWITTER_ACCESS_TOKEN", "live")
    monkeypatch.setenv("GREENLIT_ZONE", "UTC")
    house, guest = House(folder=tmp_path / "var"), House(folder=tmp_path / "demo", alone=True)
    names = ("DATABASE_URL", "OUTBOX", "API_TOKEN", "DISCORD_TOKEN", "ZONE")
    assert [house._environment[f"GREENLIT_{name}"] for name in names] == [
        "sqlite:///kept.db", "kept", "mine", "live", "UTC"
    ]  # fmt: skip
    assert guest._environment["GREENLIT_DATABASE_URL"] == f"sqlite:///{tmp_path}/demo/greenlit.db"
    assert guest._environment["GREENLIT_OUTBOX"] == f"{tmp_path}/demo/outbox"
    assert guest._environment["GREENLIT_ZONE"] == "UTC"
    assert not {"live", "mine"} & set(guest._environment.values())


@pytest.mark.end_to_end
async def test_a_house_whose_bot_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    house = House(folder=tmp_path, environment=FAKE | {"GREENLIT_POST_AT": "never"})
    with pytest.raises(StartError) as caught:
        await house.__aenter__()
    assert caught.value.name == "bot"
    assert "GREENLIT_POST_AT" in caught.value.tail
    assert all(process.returncode is not None for process in house._processes.values())
