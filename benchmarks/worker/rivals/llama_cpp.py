"""llama.cpp's own server on weights in Q8_0, with room for 128 requests at once, built for this processor."""

import os
from typing import Final

from benchmarks.worker.folders import GGUF
from benchmarks.worker.rivals.serving import place

AT_ONCE: Final = 128
LENGTH: Final = 384  # tokens of a request, at most


def main() -> None:
    """Become the server."""
    where = place(__doc__)
    program = where.environments / "llama" / "bin" / "llama-server"
    words = ["--model", str(where.folder / GGUF), "--host", "127.0.0.1", "--port", str(where.port)]
    words += ["--threads", str(where.threads), "--threads-batch", str(where.threads), "--threads-http", "4"]
    words += ["--parallel", str(AT_ONCE), "--ctx-size", str(AT_ONCE * LENGTH), "--no-kv-unified", "--cont-batching"]
    words += ["--cache-ram", "0", "--fit", "off", "--log-verbosity", "1"]
    os.execv(program, [str(program), *words])  # noqa: S606 -- our own build


if __name__ == "__main__":
    main()
