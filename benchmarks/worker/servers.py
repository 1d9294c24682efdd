"""Starting the server of an engine on cores of its own, waiting until it answers, ending it with all its children."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from benchmarks.worker.engines import Rival

ROOT: Final = Path(__file__).parents[2]
START: Final = 300  # seconds that an engine may take to load
END: Final = 20  # seconds that it may take to end
_SAID: Final = 300  # characters of a log that are kept


class DeadError(Exception):
    """The server ended, or never answered; the message is the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where an engine runs: its weights, its port, and the cores that are its own."""

    folder: Path
    environments: Path
    port: int
    threads: int
    cores: frozenset[int]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: int
    address: str


@contextmanager
def running(rival: Rival, seat: Seat) -> Iterator[Server]:
    """Run the server of ``rival`` and yield it when it answers.

    Raises:
        DeadError: it does not come up.
    """
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        process = _start(rival, seat, log.fileno())
        try:
            address = f"http://127.0.0.1:{seat.port}"
            _wait(process, address + rival.ready, Path(log.name))
            yield Server(process.pid, address)
        finally:
            _end(process)


def _start(rival: Rival, seat: Seat, log: int) -> subprocess.Popen[bytes]:
    words = [rival.python(seat.environments), "-m", f"benchmarks.worker.rivals.{rival.module}"]
    words += ["--folder", str(seat.folder), "--environments", str(seat.environments)]
    words += ["--port", str(seat.port), "--threads", str(seat.threads)]
    threads = str(seat.threads)
    env = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)}
    env |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, seat.cores)  # the child inherits it
    try:
        return subprocess.Popen(  # noqa: S603 -- our own
            words, env=env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    finally:
        os.sched_setaffinity(0, before)


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    patience = time.monotonic() + START
    while process.poll() is None and time.monotonic() < patience:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(ready, trust_env=False).is_success:
                return
        time.sleep(0.25)
    raise DeadError(log.read_text("utf-8", errors="replace").strip()[-_SAID:])


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)  # its session: it and all that it started
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END)
