"""Files that are written whole or not at all, and by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Make or change ``path``, a file or folder, alone: others wait, and find it made; a kill leaves no lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system gives it back when the file is closed, by a kill, too
        yield


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path``, at once: whoever reads it, or kills this, finds the old text or the new."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, "utf-8")
    settle(unfinished)
    unfinished.replace(path)
    settle(path.parent)


def settle(path: Path) -> None:
    """Return once what is in ``path``, a file or the names of a folder, would outlast a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
