"""Two replicas of the worker in a real Ray of this machine, from the configuration file that is shipped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "secret"
CAPACITY: Final = 4  # briefs that may wait at one replica
PAUSE: Final = 0.03  # seconds before each word
SLOW: Final = 0.2  # a page takes longer than a replica takes to start
_START: Final = 120  # seconds
_END: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Where the workers answer, the process that holds everything, and the file that says what it holds."""

    address: str
    host: subprocess.Popen[bytes]
    config: Path

    def replicas(self) -> set[int]:
        """Return the ids of the replicas' processes."""
        return {pid for pid in _family(self.host.pid) if _title(pid).startswith("ray::ServeReplica")}

    def wait_for(self, condition: Callable[[set[int]], bool]) -> None:
        """Return when the replicas' processes are as ``condition`` wants them.

        Raises:
            TimeoutError: they never are.
        """
        until = time.monotonic() + _START
        while not condition(self.replicas()):
            _wait(until)

    def change(self, **settings: str) -> None:
        """Have other replicas with other settings take the place of those that there are, one by one."""
        config = yaml.safe_load(self.config.read_text())
        config["applications"][0]["runtime_env"]["env_vars"] |= settings
        self.config.write_text(yaml.safe_dump(config))
        self.host.send_signal(signal.SIGHUP)


@contextmanager
def fleet(replicas: int = 2, *, pause: float = PAUSE) -> Generator[Fleet]:
    """Start so many replicas, of two; yield when all of them can write; leave no process and no file."""
    folder = Path(tempfile.mkdtemp(prefix="greenlit-ray-"))  # the path of a socket must be short
    address = f"http://127.0.0.1:{(port := _free_port())}"
    config = folder / "serve.yaml"
    config.write_text(yaml.safe_dump(_config(port, replicas, pause)))
    log = (folder / "log").open("wb")
    try:
        with log:
            host = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/end_to_end/ray_host.py"), str(config), str(folder / "ray")],
                cwd=ROOT,
                env=_environment(folder),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is pytest's
            )
            started = Fleet(address=address, host=host, config=config)
            try:
                _wait_until_ready(started, replicas, folder / "log")
                yield started
            finally:
                left = _end(started)
        assert left == set(), "processes of Ray's stayed"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _config(port: int, replicas: int, pause: float) -> dict[str, Any]:
    """Return the shipped configuration with ``replicas`` of two, on ``port``."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "deploy/ray/serve.yaml").read_text())
    config["http_options"]["port"] = port
    (application,) = config["applications"]
    application["args"] |= {
        "min_replicas": replicas,
        "max_replicas": 2,
        "briefs_each": 1,
        "upscale_after": 1,
        "health_period": 1,
        "gpus": 0,
    }
    application["runtime_env"]["env_vars"] |= {
        "GREENLIT_WORKER_AT_ONCE": "1",  # so that a line fills
        "GREENLIT_WORKER_CAPACITY": str(CAPACITY),
        "GREENLIT_WORKER_MODEL": "fake",
        "GREENLIT_WORKER_FAKE_PAUSE": str(pause),
    }
    return config


def _environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GREENLIT_", "RAY_"))}
    return ours | {
        "GREENLIT_WORKER_TOKEN": TOKEN,
        "HOME": str(folder),  # Ray writes a token of its own there
        "PYTHONPATH": str(ROOT),
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def _wait(until: float) -> None:
    """Sleep a little.

    Raises:
        TimeoutError: ``until``, on the monotonic clock, is over.
    """
    if time.monotonic() > until:
        raise TimeoutError
    time.sleep(0.2)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _wait_until_ready(started: Fleet, replicas: int, log: Path) -> None:
    until = time.monotonic() + _START
    heard: set[str] = set()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=started.address, headers=headers, trust_env=False) as http:
        while len(heard) < replicas:
            try:
                _wait(until)
                assert started.host.poll() is None
                answer = http.get("/v1/status")
            except httpx.TransportError:
                continue
            except (AssertionError, TimeoutError):
                raise AssertionError(log.read_text(errors="replace")) from None
            if answer.is_success:
                heard.add(answer.json()["instance"])


def _end(started: Fleet) -> set[int]:
    """Press Ctrl-C, wait for the end, end by force what stays, and return it."""
    host, family = started.host, _family(started.host.pid)
    host.send_signal(signal.SIGINT)
    until = time.monotonic() + _END
    try:
        host.wait(_END)
        while left := {pid for pid in family if _title(pid)}:
            _wait(until)
    except (subprocess.TimeoutExpired, TimeoutError):
        left = {pid for pid in family if _title(pid)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        host.wait()
    return left


def _family(pid: int) -> set[int]:
    """Return ``pid`` and every process below it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _title(pid: int) -> str:
    """Return how a living process is called; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
