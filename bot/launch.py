"""Start worker and bot as two processes of this machine, watch over them, stop them in order."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from bot.settings import PREFIX, BotSettings
from db import migrations
from model.serve import PortInUseError

_READY_WITHIN: Final = 120.0
_STOP_WITHIN: Final = 30.0
_LOG_LINES: Final = 5
_RESTART_PAUSE: Final = 1.0
_OURS: Final = tuple(
    PREFIX + name for name in ("DATABASE_URL", "OUTBOX", "DISCORD_", "TWITTER_", "API_TOKEN", "WORKER_TOKEN")
)


class StartError(RuntimeError):
    """A process ended or stayed silent while starting; ``tail`` is the end of its log."""

    def __init__(self, name: str, log: Path, tail: str) -> None:
        super().__init__(name)
        self.name, self.log, self.tail = name, log, tail


def free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass(kw_only=True)
class House:
    """Worker and bot on this machine; an async context manager that leaves neither behind.

    ``environment`` adds to the inherited one. Logs go to ``folder/log``. ``alone``, it keeps to ``folder``: the
    database, the accounts and the ``.env`` file of a room on this machine are not touched.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    page_port: int = 0
    alone: bool = False
    _processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _closing: bool = False

    def __post_init__(self) -> None:
        around = {name: value for name, value in os.environ.items() if not (self.alone and name.startswith(_OURS))}
        inherited = {**({} if self.alone else _written_down()), **around, **self.environment}
        self.page_port = self.page_port or free_port()
        worker_port = inherited.get("GREENLIT_WORKER_PORT") or str(free_port())
        self.api_token = inherited.get("GREENLIT_API_TOKEN") or secrets.token_urlsafe(24)
        self.worker_url = f"http://127.0.0.1:{worker_port}"
        self.page_url = f"http://127.0.0.1:{self.page_port}"
        self._environment = {
            "GREENLIT_WORKER_TOKEN": secrets.token_urlsafe(24),
            "GREENLIT_DATABASE_URL": f"sqlite:///{self.folder / 'greenlit.db'}",
            "GREENLIT_OUTBOX": str(self.folder / "outbox"),
            **inherited,
            "GREENLIT_WORKER_PORT": worker_port,
            "GREENLIT_WORKER_URL": self.worker_url,
            "GREENLIT_API_TOKEN": self.api_token,
            "GREENLIT_WEB_HOST": "127.0.0.1",
            "GREENLIT_WEB_PORT": str(self.page_port),
        }

    async def __aenter__(self) -> Self:
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(migrations.upgrade, self._environment["GREENLIT_DATABASE_URL"])
        try:
            await asyncio.gather(self.start("worker"), self.start("bot"))
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def log(self, name: str) -> Path:
        """Return where a process (``worker`` or ``bot``) writes its log."""
        return self.folder / "log" / f"{name}.log"

    async def start(self, name: str) -> None:
        """Start ``worker`` or ``bot`` and wait until it is ready.

        Raises:
            PortInUseError: somebody else has its port, perhaps another room; that one's answers are not ours.
            StartError: it ended, or was not ready in time.
        """
        url = {"worker": self.worker_url, "bot": self.page_url}[name]
        _require_free(urlsplit(url).port or 0)
        with self.log(name).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "greenlit", name, env=self._environment, stdout=log, stderr=log,
                cwd=self.folder if self.alone else None,  # where there is no .env file
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )  # fmt: skip
        self._processes[name] = process
        try:
            async with asyncio.timeout(_READY_WITHIN), httpx.AsyncClient(trust_env=False) as http:
                while not await _answers(http, f"{url}/readyz"):
                    if process.returncode is not None:
                        raise StartError(name, self.log(name), self._tail(name))
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise StartError(name, self.log(name), self._tail(name)) from error

    def kill(self, name: str) -> None:
        """Kill a process without a warning, as a crash would."""
        self._processes[name].kill()

    async def wait(self, name: str) -> int:
        """Wait until a process has ended; return its exit status."""
        return await self._processes[name].wait()

    async def watch(self) -> None:
        """Start a process again whenever it ends, until cancelled.

        Raises:
            StartError: it does not come up again.
        """

        async def keep(name: str) -> None:
            while not self._closing:
                await self.wait(name)
                if not self._closing:
                    await asyncio.sleep(_RESTART_PAUSE)
                    await self.start(name)

        try:
            async with asyncio.TaskGroup() as group:
                for name in self._processes:
                    group.create_task(keep(name))
        except ExceptionGroup as ended:
            raise ended.exceptions[0] from ended

    async def stop(self) -> None:
        """End the bot, then the worker, with SIGTERM; what is left after half a minute, or of patience, is killed."""
        self._closing = True
        running = [self._processes[name] for name in ("bot", "worker") if name in self._processes]
        try:
            for process in running:
                await _end(process)
        finally:
            for process in running:
                if process.returncode is None:
                    process.kill()

    def _tail(self, name: str) -> str:
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()


def _require_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise PortInUseError("127.0.0.1", port) from error


def _written_down() -> dict[str, str]:
    """Return what a ``.env`` file, or the file of a secret, says about that which the house would else choose."""
    settings = BotSettings()
    hidden = {name: settings.secret(name) for name in ("database_url", "worker_token", "api_token")}
    found = {f"{PREFIX}{name.upper()}": secret.get_secret_value() for name, secret in hidden.items() if secret}
    if "outbox" in settings.model_fields_set:
        found[f"{PREFIX}OUTBOX"] = str(settings.outbox)
    return found


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url, timeout=2.0)).is_success
    except httpx.TransportError:
        return False


async def stopped(house: House) -> None:
    """Watch over the house until SIGTERM or Ctrl-C.

    Raises:
        StartError: a process ended and does not come up again.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watching = asyncio.create_task(house.watch())
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({watching, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    watching.cancel()
    await asyncio.wait([watching, waiting])
    if watching in done:
        watching.result()
