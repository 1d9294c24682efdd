"""Which release of every engine was measured."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.worker.engines import RIVALS

_ASK: Final = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


def of(names: Iterable[str], environments: Path) -> dict[str, str]:
    """Return the version of each engine, as its own environment says it."""
    return {name: _version(name, environments) for name in names}


def _version(name: str, environments: Path) -> str:
    rival = RIVALS[name]
    said = environments / (rival.environment or "") / "VERSION"
    if rival.environment and said.exists():
        return said.read_text("utf-8").strip()
    words = [rival.python(environments), "-c", _ASK, rival.package]
    try:
        done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 -- our own environments
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
    return f"{rival.package} {done.stdout.strip()}"
