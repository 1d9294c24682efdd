"""Files that are written whole or not at all, and by one process at a time."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock
from safetensors import SafetensorError

from training.sources.base import FileError

_FULL: Final = (
    *("No space left on device", "PytorchStreamWriter failed", "file write failed"),
    *("unexpected pos", "iostream error"),
)


class NoSpaceError(FileError):
    """The disk of ``path`` is full; ``needed`` says how many bytes more it takes, where that is known."""

    def __init__(self, path: Path, needed: int | None = None) -> None:
        super().__init__(path)
        self.needed = needed


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Raise what Python, torch and safetensors say when the disk of ``folder`` fills up as one error.

    Raises:
        NoSpaceError: it is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NoSpaceError(folder) from error
    except (RuntimeError, SafetensorError) as error:
        if not any(words in str(error) for words in _FULL):
            raise
        raise NoSpaceError(folder) from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Make ``path``, a file or folder of a cache, alone: others wait, and find it made; a kill leaves no lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path``, at once: whoever reads it, or kills this, finds the old text or the new."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)
