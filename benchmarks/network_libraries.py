"""What the libraries for Bluesky and Mastodon would cost the bot: size on disk with what they need, time to import.

Run: python benchmarks/network_libraries.py (makes environments of its own in a scratch folder, then removes them).
"""

import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

LIBRARIES = {"atproto": "atproto", "Mastodon.py": "mastodon", "httpx": "httpx"}
TRIES = 5


def megabytes(folder: Path) -> float:
    """Return what is under ``folder``, in millions of bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def seconds(python: Path, module: str) -> float:
    """Return the quickest of several imports, without the start of Python itself."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = (subprocess.run([python, "-c", code], capture_output=True, text=True, check=True) for _ in range(TRIES))  # noqa: S603
    return min(float(run.stdout) for run in runs)


def measure(package: str, module: str, folder: Path) -> dict[str, object]:
    """Install ``package`` alone, import ``module``, and return what that took."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = next(folder.glob("lib/python*/site-packages"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site), package]
    subprocess.run(command, check=True)  # noqa: S603
    return {
        "package": package,
        "megabytes": round(megabytes(site), 1),
        "import_seconds": round(seconds(python, module), 2),
    }


def main() -> None:
    """Print a line a library."""
    print(json.dumps({"date": time.strftime("%Y-%m-%d"), "python": sys.version.split()[0]}))
    with tempfile.TemporaryDirectory() as scratch:
        for package, module in LIBRARIES.items():
            print(json.dumps(measure(package, module, Path(scratch) / module)))


if __name__ == "__main__":
    main()
