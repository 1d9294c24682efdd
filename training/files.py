"""A disk that fills up, said as one error whoever writes; see :mod:`model.files` for the rest."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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
