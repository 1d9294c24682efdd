"""Training as real processes: killed at any moment, and two of them at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.model import tiny

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).parents[2]
SMALL = ["--context", "32", "--batch", "2", "--rank", "4", "--save-every", "3", "--dropout", "0"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    tiny.write(folder / "base", "llama")
    random = Random(5)  # noqa: S311 -- no secret
    words = "the key garden letter rain piano tuesday harbor goat captain is under has sold lost".split()  # noqa: SIM905
    lines = [" ".join(random.choice(words) for _ in range(9)).capitalize() + "." for _ in range(120)]
    (folder / "poems.txt").write_text("\n".join(lines))
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}


def start(place: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "greenlit", "train", "poems.txt", "--base", "base", *SMALL, *words]
    return subprocess.Popen(
        command, cwd=place, env={**environment(), **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out


def receipt(place: Path, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((place / "runs" / name / "model" / "manifest.json").read_text())
    return {key: value for key, value in told.items() if key != "name"}


def losses(place: Path, name: str) -> list[float]:
    told = json.loads((place / "runs" / name / "history.json").read_text())
    return [entry["loss"] for entry in told if "loss" in entry]


def wait_for_step(place: Path, name: str, step: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run's checkpoint of ``step`` begins to appear, or the process is over."""
    while process.poll() is None and not (place / "runs" / name / "checkpoints" / f"checkpoint-{step}").exists():
        time.sleep(0.005)


def test_a_run_killed_at_three_random_points_ends_with_the_same_receipt(place: Path) -> None:
    finish(start(place, "--run", "whole", "--steps", "24"))
    random = Random(os.urandom(8))  # noqa: S311 -- no secret
    for step in sorted(random.sample(range(3, 22, 3), 3)):
        process = start(place, "--run", "killed", "--steps", "24", "--resume")
        wait_for_step(place, "killed", step, process)
        time.sleep(random.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    out = finish(start(place, "--run", "killed", "--resume"))
    assert "The run stands in runs/killed" in out
    assert losses(place, "killed") == losses(place, "whole")
    assert receipt(place, "killed") == receipt(place, "whole")


def test_two_processes_learn_what_one_with_twice_the_batch_learns(place: Path) -> None:
    """As ``accelerate launch`` starts them on several GPUs: the same command with a rank each in the environment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    together = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    both = [
        start(place, "--run", "two", "--steps", "6", "--accumulate", "1", RANK=rank, LOCAL_RANK=rank, **together)
        for rank in "01"
    ]
    told = [finish(process) for process in both]
    assert [out.count("The run stands in runs/two") for out in told] == [1, 0]
    finish(start(place, "--run", "one", "--steps", "6", "--accumulate", "2"))
    assert losses(place, "two") == pytest.approx(losses(place, "one"), abs=2e-3)
    assert receipt(place, "two")["tokens"] == receipt(place, "one")["tokens"]


def test_a_second_process_does_not_work_on_the_same_run(place: Path) -> None:
    first = start(place, "--run", "busy", "--steps", "4000")
    wait_for_step(place, "busy", 3, first)
    second = start(place, "--run", "busy", "--resume")
    _, err = second.communicate(timeout=120)
    first.kill()
    first.communicate()
    assert second.returncode == 1
    assert err.strip().splitlines()[-1] == "Another process works on the run busy; wait for its end."
