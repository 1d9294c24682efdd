"""``vllm serve`` on the CPU, bf16, with a cache for 128 requests at once."""

import os
import sys
from pathlib import Path
from typing import Final

from benchmarks.worker.folders import CHECKPOINT
from benchmarks.worker.rivals.serving import place

CACHE: Final = "4"  # GiB; 128 requests of GPT-2 small take 3
AT_ONCE: Final = 128
LENGTH: Final = 384  # tokens of a request, at most


def main() -> None:
    """Become the server."""
    where = place(__doc__)
    os.environ |= {
        "VLLM_CPU_KVCACHE_SPACE": CACHE,
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # the cores are chosen by whoever starts us
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }
    program = Path(sys.executable).parent / "vllm"
    words = ["serve", str(where.folder / CHECKPOINT), "--served-model-name", "shape", "--dtype", "bfloat16"]
    words += ["--max-model-len", str(LENGTH), "--max-num-seqs", str(AT_ONCE), "--no-enable-prefix-caching"]
    words += ["--host", "127.0.0.1", "--port", str(where.port)]
    os.execv(program, [str(program), *words])  # noqa: S606 -- the package's own program


if __name__ == "__main__":
    main()
