"""Starting and stopping the worker: settings, port, loading, signals."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from model.adapters import Store
from model.briefs import ScriptBrief
from model.checkpoint import EMBEDDED, BrokenCheckpointError
from model.client import WorkerClient
from model.engine import EngineLostError, EngineUnavailableError, generate
from model.fake import FakeDecoder, fake_engine
from model.originality import TitleIndex
from model.serve import DRAIN, PortInUseError, TokenRequiredError, load_writer, serve
from model.settings import WorkerSettings
from model.writer import Writer
from tests.model.adapted import adapter
from tests.model.loopback import until_ready

BRIEF = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")
PROGRAM = """
import asyncio, sys
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.serve import serve
from model.settings import WorkerSettings
from model.writer import Writer

async def slowly():
    await asyncio.sleep(0.02)

writer = Writer(FakeDecoder(gate=slowly), TitleIndex.of([]))
opened = lambda host, port: print(f"http://{host}:{port}", flush=True)
asyncio.run(serve(WorkerSettings(port=0), load=lambda _: writer, opened=opened))
"""


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("GREENLIT_WORKER_"):
            monkeypatch.delenv(name)
    settings = WorkerSettings()
    assert (settings.host, settings.port, settings.token) == ("127.0.0.1", 8577, None)
    assert (settings.model, settings.titles) == (str(EMBEDDED), EMBEDDED / "titles.trie")


def test_the_token_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("GREENLIT_WORKER_TOKEN_FILE", str(tmp_path / "token"))
    settings = WorkerSettings()
    assert settings.token == SecretStr("secret")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("TOKEN_FILE", "/nowhere/token"), ("PORT", "70000"), ("QUANTIZE", "2bit"), ("THREADS", "0")]
)
def test_a_wrong_setting_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GREENLIT_WORKER_{name}", value)
    with pytest.raises(ValidationError, match=f"(?i){name}"):
        WorkerSettings()


def test_an_adapter_and_a_store_of_them_are_not_laid_over_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_ADAPTER", "one")
    monkeypatch.setenv("GREENLIT_WORKER_ADAPTERS", "store")
    with pytest.raises(ValidationError, match="leave out GREENLIT_WORKER_ADAPTER,"):
        WorkerSettings()


def test_the_writer_wears_from_the_store_of_the_settings(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.publish(adapter(tmp_path / "a", "a"))
    TitleIndex.build(["Up"], tmp_path / "titles.trie")
    settings = WorkerSettings(model="fake", adapters=store.folder, titles=tmp_path / "titles.trie")
    assert load_writer(settings).dresser.names() == ("a",)


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", "sécret".encode(), b"\xff\xfe"])
def test_a_file_without_a_usable_token_stops_the_start_and_is_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ValidationError, match=r"(?i)token") as caught:
        WorkerSettings(host="0.0.0.0", token_file=tmp_path / "token")  # noqa: S104 - refused
    assert not [word for word in ("two words", "sécret") if word in str(caught.value)]


async def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            await serve(WorkerSettings(port=port), load=lambda _: fake_engine(), stop=asyncio.Event())
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "worker.example"])  # noqa: S104 - refused
async def test_other_machines_need_a_token(host: str) -> None:
    with pytest.raises(TokenRequiredError, match=host):
        await serve(WorkerSettings(host=host, port=0), load=lambda _: fake_engine(), stop=asyncio.Event())


async def test_it_lives_before_it_is_ready() -> None:
    loaded, stop = threading.Event(), asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def load(_settings: WorkerSettings) -> Writer:
        assert loaded.wait(20)
        return fake_engine()

    worker = asyncio.create_task(
        serve(
            WorkerSettings(port=0),
            load=load,
            stop=stop,
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    async with httpx.AsyncClient(base_url=await address, trust_env=False) as http:
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/v1/status")).json()["ready"] is False
    async with WorkerClient(address.result(), None) as client:
        with pytest.raises(EngineUnavailableError):
            await generate(client, BRIEF)
        loaded.set()
        await until_ready(address.result())
        assert await generate(client, BRIEF)
    stop.set()
    await worker


async def test_a_broken_checkpoint_stops_the_start(tmp_path: Path) -> None:
    settings = WorkerSettings(port=0, model=str(tmp_path), titles=tmp_path / "titles.trie")
    TitleIndex.build(["Up"], settings.titles)
    with pytest.raises(BrokenCheckpointError, match="no safetensors"):
        await serve(settings, stop=asyncio.Event())


def test_a_missing_index_of_titles_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpointError, match="missing"):
        load_writer(WorkerSettings(titles=tmp_path / "titles.trie"))


async def test_told_to_stop_it_finishes_what_runs() -> None:
    steps, stop = asyncio.Semaphore(3), asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    writer = Writer(FakeDecoder(gate=steps.acquire), TitleIndex.of([]))
    worker = asyncio.create_task(
        serve(
            WorkerSettings(port=0),
            load=lambda _: writer,
            stop=stop,
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    await until_ready(await address)
    async with WorkerClient(address.result(), None) as client:
        stream = client.stream(BRIEF)
        await anext(stream)
        stop.set()
        for _ in range(500):
            steps.release()
        assert [event async for event in stream]
    await worker


async def test_what_takes_too_long_to_finish_is_told_and_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.serve.FAREWELL", DRAIN - 0.2)
    stop = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    steps = asyncio.Semaphore(3)
    writer = Writer(FakeDecoder(gate=steps.acquire), TitleIndex.of([]))
    worker = asyncio.create_task(
        serve(
            WorkerSettings(port=0),
            load=lambda _: writer,
            stop=stop,
            opened=lambda host, port: address.set_result(f"http://{host}:{port}"),
        )
    )
    await until_ready(await address)
    async with WorkerClient(address.result(), None) as client:
        stream = client.stream(BRIEF)
        await anext(stream)
        stop.set()
        with pytest.raises(EngineUnavailableError):
            _ = [event async for event in stream]
    async with asyncio.timeout(20):
        await worker


async def test_told_to_stop_while_the_model_loads_it_does_not_wait_for_it() -> None:
    loaded, stop = threading.Event(), asyncio.Event()

    def load(_: WorkerSettings) -> Writer:
        assert loaded.wait(60)
        raise RuntimeError("nobody waits for it")

    worker = asyncio.create_task(serve(WorkerSettings(port=0), load=load, stop=stop))
    await asyncio.sleep(0.05)
    stop.set()
    async with asyncio.timeout(20):
        await worker
    assert next(thread for thread in threading.enumerate() if thread.name == "loading").daemon
    loaded.set()


@pytest.mark.end_to_end
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
async def test_a_signal_ends_the_process_and_only_a_kill_breaks_the_answer(number: signal.Signals, code: int) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    address = (await process.stdout.readline()).decode().strip()
    await until_ready(address)
    async with WorkerClient(address, None) as client:
        stream = client.stream(BRIEF)
        await anext(stream)
        process.send_signal(number)
        if number is signal.SIGKILL:
            with pytest.raises(EngineLostError):
                _ = [event async for event in stream]
        else:
            assert [event async for event in stream]
    async with asyncio.timeout(20):
        assert await process.wait() == code


def test_nothing_but_an_engine_loads_torch() -> None:
    program = "import sys, model.serve, model.client, model.fake, model.engines; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
