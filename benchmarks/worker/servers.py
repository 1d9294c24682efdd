"""Starting a server on cores of its own, waiting until it answers, ending it with all its children."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

ROOT: Final = Path(__file__).parents[2]
START: Final = 300  # seconds that it may take to load
END: Final = 40  # seconds that it may take to end
_SAID: Final = 300  # characters of a log that are kept


class DeadError(Exception):
    """The server ended, or never answered; the message is the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a server is started; it listens at ``port`` and says at ``ready`` whether it does its work."""

    words: tuple[str, ...]
    port: int
    ready: str
    env: Mapping[str, str] = field(default_factory=dict)
    cores: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: int
    address: str


@contextmanager
def running(command: Command) -> Iterator[Server]:
    """Run the server and yield it when it is ready.

    Raises:
        DeadError: it does not come up.
    """
    with tempfile.TemporaryFile() as log:
        process = _start(command, log.fileno())
        try:
            server = Server(process.pid, f"http://127.0.0.1:{command.port}")
            if not _ready(process, server.address + command.ready):
                log.seek(0)
                raise DeadError(log.read().decode(errors="replace").strip()[-_SAID:])
            yield server
        finally:
            _end(process)


def _start(command: Command, log: int) -> subprocess.Popen[bytes]:
    env = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT), **command.env}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, command.cores or before)  # the child inherits it
    try:
        return subprocess.Popen(  # noqa: S603 -- our own
            command.words, env=env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    finally:
        os.sched_setaffinity(0, before)


def _ready(process: subprocess.Popen[bytes], address: str) -> bool:
    patience = time.monotonic() + START
    while process.poll() is None and time.monotonic() < patience:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(address, trust_env=False).is_success:
                return True
        time.sleep(0.25)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)  # its session: it and all that it started
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END)


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
