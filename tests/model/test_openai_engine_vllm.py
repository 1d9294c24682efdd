"""The contract kept over the real vLLM; ``GREENLIT_TEST_VLLM`` names a Python that has it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.model.completions_contract import CompletionsContract
from tests.model.completions_model import write_llama

PYTHON = os.environ.get("GREENLIT_TEST_VLLM", "")
PATIENCE = 240  # seconds until it answers
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not shutil.which(PYTHON), reason="GREENLIT_TEST_VLLM names no Python that has vLLM"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("vllm") / "log"
    options = {
        "--served-model-name": "tiny",
        "--dtype": "float32",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--max-num-seqs": "8",
        "--max-loras": "8",  # more than are loaded: on a CPU a row without one is given the last
        "--max-lora-rank": "8",
        "--structured-outputs-config": '{"backend": "guidance"}',
    }
    environment = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    command = [PYTHON, "-m", "vllm.entrypoints.cli.main", "serve", str(folder), "--enforce-eager", "--enable-lora"]
    command += [word for option in options.items() for word in option]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=kept | environment, stdout=said, stderr=said, cwd=log.parent)
    try:
        _until_ready(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            if httpx.get(f"{address}/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
class TestVllm(CompletionsContract):
    """The contract, kept over the real one."""
