import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import doctor
from bot.__main__ import _server, listen
from bot.doctor import Finding, examine
from bot.launch import free_port
from db import migrations
from model import checkpoint
from model.checkpoint import EMBEDDED
from model.originality import TitleIndex
from tests.bot.test_worker_trouble import worker


@asynccontextmanager
async def answering(path: str, answer: Response) -> AsyncIterator[str]:
    """A server that has one answer."""

    async def say(request: Request) -> Response:
        del request
        return answer

    with listen("127.0.0.1", 0) as door:
        server = _server(Starlette(routes=[Route(path, say)]))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await serving


async def found(about: str) -> Finding:
    return next(finding for finding in await examine() if finding.about == about)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole checkpoint, as far as its manifest goes."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights" * 100)
    checkpoint.write(folder, "tiny")
    monkeypatch.setenv("GREENLIT_WORKER_MODEL", str(folder))
    return folder


@pytest.mark.usefixtures("weights")
async def test_a_whole_checkpoint_is_well() -> None:
    assert await found("model") == Finding("model", ok=True, sentence="The model tiny is whole.")


async def test_a_truncated_checkpoint_is_found(weights: Path) -> None:
    file = weights / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    finding = await found("model")
    assert not finding.ok
    words = "truncated or altered"
    assert finding.sentence == f"The model at {file} can't be used ({words}); fetch it anew or choose another."


async def test_a_missing_file_of_a_checkpoint_is_found(weights: Path) -> None:
    (weights / "extra.json").write_text("{}", encoding="utf-8")
    checkpoint.write(weights, "tiny")
    (weights / "extra.json").unlink()
    assert "extra.json can't be used (missing)" in (await found("model")).sentence


async def test_a_checkpoint_of_another_format_is_found(weights: Path) -> None:
    manifest = (weights / checkpoint.MANIFEST).read_text(encoding="utf-8")
    (weights / checkpoint.MANIFEST).write_text(manifest.replace('"format_version": 1', '"format_version": 9'), "utf-8")
    assert (await found("model")).sentence.startswith("The model speaks format 9, this version needs 1;")


async def test_a_model_of_the_hub_is_left_to_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_MODEL", "someone/some-model")
    finding = await found("model")
    assert (finding.ok, "is loaded by its name" in finding.sentence) == (True, True)


async def test_titles_are_counted_and_broken_ones_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "titles.trie"
    monkeypatch.setenv("GREENLIT_WORKER_TITLES", str(path))
    assert "can't be used (missing)" in (await found("titles")).sentence
    TitleIndex.build(["Alien", "Alien³"], path)
    assert (await found("titles")).sentence == "2 existing titles are known and never pitched."
    path.write_bytes(b"")
    assert not (await found("titles")).ok


async def test_a_database_without_tables_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'room.db'}"
    monkeypatch.setenv("GREENLIT_DATABASE_URL", url)
    assert (await found("database")).sentence == "The database is not up to date; run: greenlit db upgrade"
    migrations.upgrade(url)
    assert await found("database") == Finding("database", ok=True, sentence="The database answers and is up to date.")
    monkeypatch.setenv("GREENLIT_DATABASE_URL", "mysql://me:secret@host/room")
    finding = await found("database")
    assert (finding.ok, "secret" in finding.sentence) == (False, False)


async def test_a_worker_is_asked_how_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_URL", f"http://127.0.0.1:{free_port()}")
    absent = await found("worker")
    assert (absent.ok, absent.sentence.endswith("Start it: greenlit worker")) == (False, True)
    monkeypatch.setenv("GREENLIT_WORKER_TOKEN", "wrong")
    async with worker(token="right") as url:
        monkeypatch.setenv("GREENLIT_WORKER_URL", url)
        refused = await found("worker")
        assert (refused.ok, "refuses the bot's token" in refused.sentence) == (False, True)
        assert "Start it" not in refused.sentence
        monkeypatch.setenv("GREENLIT_WORKER_TOKEN", "right")
        async with httpx.AsyncClient(trust_env=False) as http:
            while not (await http.get(f"{url}/readyz")).is_success:
                pass  # it loads
        assert (await found("worker")).sentence == f"The worker at {url} has fake, 0 waiting."


async def test_a_worker_that_loads_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    status = {"model": None, "ready": False, "waiting": 0, "working": 0, "capacity": 1, "uptime": 0.5}
    async with answering("/v1/status", JSONResponse(status)) as url:
        monkeypatch.setenv("GREENLIT_WORKER_URL", url)
        finding = await found("worker")
    assert (finding.ok, finding.sentence) == (False, f"The worker at {url} still loads its model; wait.")


@pytest.mark.parametrize(
    ("answer", "ok", "sentence"),
    [
        (JSONResponse({"username": "GreenLIT"}), True, "Discord knows the bot as GreenLIT."),
        (JSONResponse({}, 401), False, "Discord refuses GREENLIT_DISCORD_TOKEN; copy it anew"),
        (JSONResponse({}, 503), False, "Discord answers HTTP 503; try again later."),
    ],
)
async def test_discord_is_asked_who_we_are(
    monkeypatch: pytest.MonkeyPatch, answer: Response, *, ok: bool, sentence: str
) -> None:
    assert (await found("discord")).sentence.startswith("No GREENLIT_DISCORD_TOKEN:")
    monkeypatch.setenv("GREENLIT_DISCORD_TOKEN", "token")
    async with answering("/users/@me", answer) as url:
        monkeypatch.setenv("GREENLIT_DISCORD_API", url)
        finding = await found("discord")
    assert (finding.ok, finding.sentence.startswith(sentence)) == (ok, True)
    assert (await found("discord")).sentence.startswith("Discord can't be reached (ConnectError);")


async def test_some_keys_for_x_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await found("x")).sentence == "No keys for X: the daily show goes to var/outbox."
    for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN"):
        monkeypatch.setenv(f"GREENLIT_TWITTER_{name}", "key")
    missing = await found("x")
    assert (missing.ok, "GREENLIT_TWITTER_ACCESS_TOKEN_SECRET" in missing.sentence) == (False, True)
    monkeypatch.setenv("GREENLIT_TWITTER_ACCESS_TOKEN_SECRET", "key")
    assert (await found("x")).ok


async def test_an_open_secrets_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("GREENLIT_ZONE=UTC\n", encoding="utf-8")
    path.chmod(0o644)
    assert (await found("secrets")).sentence == "Others can read .env; run: chmod 600 .env"
    path.chmod(0o600)
    assert (await found("secrets")).ok


async def test_a_bad_setting_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_ZONE", "Atlantis")
    (finding,) = await examine()
    assert (finding.about, finding.ok) == ("settings", False)
    monkeypatch.delenv("GREENLIT_ZONE")
    monkeypatch.setenv("GREENLIT_API_TOKEN_FILE", "nowhere")
    (finding,) = await examine()
    assert finding.sentence == "No such file or directory: nowhere; check the settings."


async def test_packages_and_disk_and_python_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await found("python")).ok
    assert (await found("packages")).ok
    assert (await found("disk")).about == "disk"
    monkeypatch.setenv("GREENLIT_WORKER_QUANTIZE", "8bit")
    if importlib.util.find_spec("bitsandbytes") is None:
        assert "bitsandbytes" in (await found("packages")).sentence


def test_the_embedded_checkpoint_is_where_the_doctor_looks() -> None:
    assert EMBEDDED.is_dir()
    assert doctor.sentence(KeyboardInterrupt()) is None
