"""Named runs: a folder each below ``runs/``, made once, locked while it works, never overwritten."""

import errno
import fcntl
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RUNS: Final = Path("runs")
FACTS: Final = "run.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
_LOCK: Final = "lock"


class RunError(Exception):
    """Something about the run ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BadRunNameError(RunError):
    """The name is no plain word of letters, digits, ``.``, ``_`` and ``-``."""


class RunExistsError(RunError):
    """There is a run of this name already."""


class NoRunError(RunError):
    """There is no run of this name."""


class RunUnfinishedError(RunError):
    """The run has written no model yet."""


class RunBusyError(RunError):
    """Another process works on the run."""


class RunChangedError(RunError):
    """The run was begun with another ``what`` than it is to go on with."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name)
        self.what = what


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder: checkpoints, samples, curves, and ``model/`` when it is done."""

    folder: Path

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.folder.name

    @property
    def model(self) -> Path:
        """Where the trained adapter or checkpoint stands once the run is finished."""
        return self.folder / "model"

    @property
    def finished(self) -> bool:
        """Whether the model stands there whole."""
        return (self.model / "manifest.json").exists()

    def facts(self) -> dict[str, Any]:
        """Return what was written down when the run began: kind, recipe, data."""
        found: dict[str, Any] = json.loads((self.folder / FACTS).read_text("utf-8"))
        return found


def create(name: str, facts: dict[str, Any], *, below: Path = RUNS) -> Run:
    """Make the folder of a new run, all at once, with its ``facts``.

    Raises:
        BadRunNameError, RunExistsError: see their docstrings.
    """
    run = Run(below / _checked(name))
    below.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=below, prefix=f".{name}.", ignore_cleanup_errors=True) as folder:
        unfinished = Path(folder) / name
        unfinished.mkdir()
        (unfinished / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
        try:
            unfinished.rename(run.folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise
            raise RunExistsError(name) from error
    return run


def find(name: str, *, below: Path = RUNS) -> Run:
    """Return the run called ``name``.

    Raises:
        BadRunNameError, NoRunError: see their docstrings.
    """
    run = Run(below / _checked(name))
    if not (run.folder / FACTS).is_file():
        raise NoRunError(name)
    return run


def found(*, below: Path = RUNS) -> list[Run]:
    """Return every run, by name."""
    return [Run(path.parent) for path in sorted(below.glob(f"*/{FACTS}"))]


def remove(run: Run) -> None:
    """Delete the run's folder with everything in it.

    Raises:
        RunBusyError: another process works on it.
    """
    with locked(run):
        shutil.rmtree(run.folder)


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Keep every other process from working on the run; a killed one leaves no lock behind.

    Raises:
        RunBusyError: another process works on it.
    """
    with (run.folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunBusyError(run.name) from error
        yield


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadRunNameError(name)
    return name


def finished(name: str, *, below: Path = RUNS) -> Run:
    """Return the run called ``name``, whose model stands there whole.

    Raises:
        BadRunNameError, NoRunError, RunUnfinishedError: see their docstrings.
    """
    run = find(name, below=below)
    if not run.finished:
        raise RunUnfinishedError(name)
    return run


def whole(run: Run) -> dict[str, Any]:
    """Return all that is written down about the run: what it was begun with, and its receipt if it is finished."""
    receipt = json.loads((run.model / "manifest.json").read_text("utf-8")) if run.finished else None
    return {"run": run.name, **run.facts(), "receipt": receipt}


def described(run: Run) -> dict[str, Any]:
    """Return the run in a few words: name, kind, state, and its held-out score by name if it has one."""
    told = whole(run)
    scores = (told["receipt"] or {}).get("scores") or {}
    score = next((f"{name}: {value}" for name, value in scores.items()), None)
    return {
        "run": run.name,
        "kind": told["kind"],
        "state": "finished" if run.finished else "unfinished",
        "score": score,
    }
