import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from bot import app as equipment
from bot.crew import Crew
from bot.doctor import sentence
from bot.networks.base import Announcement, Network
from bot.networks.outbox import Outbox
from bot.settings import BotSettings
from bot.stage import Progress, Stage, Work
from model.briefs import MAX_SEED
from model.settings import WorkerSettings
from tests.bot.doubles import NOON, FakeNetwork

WORK = Work("slate:1")
ANNOUNCEMENT = Announcement(
    day=NOON.date(), title="Late Checkout", summary="A hotel.", genre="comedy", excerpt="", picture=b"png", alt="Poster"
)


async def test_a_watcher_sees_the_latest_state_and_the_end() -> None:
    stage = Stage()
    stage.publish(WORK, Progress(place=2))
    watching = stage.watch(WORK)
    assert await anext(watching) == Progress(place=2)
    stage.publish(WORK, Progress(place=1))
    stage.publish(WORK, Progress(texts=("late",)))
    assert await anext(watching) == Progress(texts=("late",))
    stage.end(WORK)
    assert [state async for state in watching] == []
    assert stage.latest(WORK) is None


async def test_nobody_at_work_is_an_empty_show() -> None:
    stage = Stage()
    assert [state async for state in stage.watch(WORK)] == []
    stage.end(WORK)


async def test_a_watcher_that_leaves_disturbs_nobody() -> None:
    stage = Stage()
    stage.publish(WORK, Progress())
    leaving, staying = stage.watch(WORK), stage.watch(WORK)
    await anext(leaving)
    await anext(staying)
    await leaving.aclose()
    stage.publish(WORK, Progress(absent=True))
    assert await anext(staying) == Progress(absent=True)
    await staying.aclose()


async def test_one_task_a_work() -> None:
    crew, done = Crew(), asyncio.Event()
    seen: list[int] = []

    async def job(number: int) -> None:
        await done.wait()
        seen.append(number)

    assert crew.start(WORK, job(1))
    assert not crew.start(WORK, job(2))
    done.set()
    await crew.finish(WORK)
    assert crew.start(WORK, job(3))
    await crew.finish(WORK)
    await crew.finish(Work("slate:2"))
    assert seen == [1, 3]
    assert await crew.drain(0) == 0


async def test_work_may_begin_anew_the_moment_it_is_done() -> None:
    crew, again = Crew(), asyncio.Event()

    async def second() -> None:
        again.set()

    async def first() -> None:
        asyncio.get_running_loop().call_soon(lambda: crew.start(WORK, second()))

    crew.start(WORK, first())
    await again.wait()
    await crew.finish(WORK)
    assert await crew.drain(0) == 0


async def test_a_crew_that_drains_stops_what_is_late() -> None:
    crew, never = Crew(), asyncio.Event()

    async def late() -> None:
        await never.wait()

    async def quick() -> None:
        await asyncio.sleep(0)

    crew.start(Work("a"), late())
    crew.start(Work("b"), quick())
    assert await crew.drain(0.2) == 1
    await asyncio.sleep(0)
    assert await crew.drain(0) == 0


async def test_work_that_breaks_is_logged_and_forgotten() -> None:
    crew = Crew()

    async def broken() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        crew.start(WORK, broken())
        await crew.finish(WORK)
        await asyncio.sleep(0)
    assert [(entry["event"], entry["work"]) for entry in logs] == [("work failed", WORK)]


def test_seeds_and_clocks_of_the_real_room_are_sound() -> None:
    assert 0 <= equipment.random_seed() <= MAX_SEED
    assert equipment.utc_now().utcoffset() is not None


@pytest.fixture(params=["fake", "outbox"])
def any_network(request: pytest.FixtureRequest, tmp_path: Path) -> Network:
    return FakeNetwork() if request.param == "fake" else Outbox(folder=tmp_path)


async def test_a_network_finds_what_was_posted_and_nothing_else(any_network: Network) -> None:
    text = any_network.text(ANNOUNCEMENT)
    assert "Late Checkout" in text
    assert "21 Nov 2026" in text
    assert await any_network.find(ANNOUNCEMENT, text) is None
    address = await any_network.post(ANNOUNCEMENT, text)
    assert await any_network.find(ANNOUNCEMENT, text) == address
    assert any_network.name
    assert any_network.account == ""


def test_the_defaults_work_on_a_laptop() -> None:
    settings = BotSettings()
    assert (settings.web_host, settings.zone, settings.owners) == ("127.0.0.1", "UTC", frozenset())
    assert settings.secret("discord_token") is None
    assert settings.secret("twitter_consumer_key") is None


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("  s3cret\n", encoding="utf-8")
    monkeypatch.setenv("GREENLIT_API_TOKEN_FILE", str(tmp_path / "token"))
    assert BotSettings().secret("api_token") == SecretStr("s3cret")
    monkeypatch.setenv("GREENLIT_API_TOKEN", "nearer")
    assert BotSettings().secret("api_token") == SecretStr("nearer")


def test_a_secret_never_shows_in_a_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_API_TOKEN", "s3cret")
    assert "s3cret" not in repr(BotSettings())


def test_an_empty_token_is_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GREENLIT_API_TOKEN", "")
    assert BotSettings().secret("api_token") is None
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("GREENLIT_API_TOKEN_FILE", str(tmp_path / "empty"))
    assert BotSettings().secret("api_token") is None


@pytest.mark.parametrize("text", ["12, 34", "12 34", "[12, 34]"])
def test_owners_are_written_as_people_write_lists(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GREENLIT_OWNERS", text)
    assert BotSettings().owners == {12, 34}


LOGGING_ON_A_TERMINAL = """
import sys
sys.stderr.isatty = lambda: True
from bot.logs import configure
configure()
import structlog
def ask(token, headers):
    raise ValueError("Bearer hidden-too")
try:
    ask("MTIzNDU2", [(b"authorization", b"Bearer hidden")])
except ValueError as error:
    structlog.get_logger().error("broke", exc_info=error)
"""


def test_a_traceback_on_a_terminal_shows_no_local_values_and_no_token() -> None:
    code = [sys.executable, "-W", "error", "-c", LOGGING_ON_A_TERMINAL]
    done = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60)
    assert "ValueError: Bearer ***" in done.stderr
    assert not re.search("hidden|MTIz|locals", done.stderr)


@pytest.mark.parametrize(
    ("name", "value", "start"),
    [
        (
            "GREENLIT_ZONE",
            "Atlantis",
            "GREENLIT_ZONE: Value error, 'Atlantis' is no time zone; write one like Europe/Berlin",
        ),
        ("GREENLIT_ZONE", "../etc/passwd", "GREENLIT_ZONE: "),
        ("GREENLIT_WEB_PORT", "99999", "GREENLIT_WEB_PORT: Input should be less than or equal to 65535"),
        ("GREENLIT_POST_AT", "noon", "GREENLIT_POST_AT: "),
        ("GREENLIT_WORKER_URL", "http://127.0.0.1:99999", "GREENLIT_WORKER_URL: Value error, "),
        (
            "GREENLIT_POST_AT",
            "12:00Z",
            "GREENLIT_POST_AT: Value error, write it as HH:MM; its time zone is GREENLIT_ZONE",
        ),
        ("GREENLIT_OWNERS", "anna", "GREENLIT_OWNERS"),
    ],
)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, start: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        BotSettings()
    assert (sentence(caught.value) or "").startswith(start)


def test_a_bad_setting_of_the_worker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_QUANTIZE", "2bit")
    with pytest.raises(ValidationError) as caught:
        WorkerSettings()
    assert (sentence(caught.value) or "").startswith("GREENLIT_WORKER_QUANTIZE: ")
    monkeypatch.delenv("GREENLIT_WORKER_QUANTIZE")
    monkeypatch.setenv("GREENLIT_WORKER_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(ValidationError) as caught:
        WorkerSettings()
    assert sentence(caught.value) == (
        "Value error, GREENLIT_WORKER_TOKEN_FILE: No such file or directory: /nowhere/token."
    )


LOGGING = """
import logging, structlog
from bot.logs import configure
configure(logging.DEBUG)
structlog.get_logger().info("hello", url="postgresql://me:pa55@host/room", number=3)
logging.getLogger("library").warning("Authorization: Bearer abc.def %s", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe." + "x" * 30)
try:
    raise ValueError("Bearer hidden-too")
except ValueError as error:
    structlog.get_logger().error("broke", exc_info=error)
logging.getLogger("httpx").info("never")
"""


def test_logs_are_json_lines_without_secrets() -> None:
    done = subprocess.run([sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True, timeout=60)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "Authorization: Bearer *** ***", "broke"]
    assert lines[0]["url"] == "postgresql://***@host/room"
    assert (lines[0]["number"], lines[1]["level"]) == (3, "warning")
    assert "ValueError" in lines[2]["exception"]
    assert not {"pa55", "abc.def", "hidden-too", "MTIz"} & set(done.stderr.replace('"', " ").split())
    assert "hidden-too" not in done.stderr
