"""Named runs: a folder each below ``runs/``, made once, locked while it works, never overwritten."""

import errno
import fcntl
import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.files import replace_text
from training.checkpoints import any_sealed
from training.files import room
from training.recipe import Recipe

RUNS: Final = Path("runs")
FACTS: Final = "run.json"
RESERVED: Final = frozenset({"cache", "embedded"})  # other things that stand in the same folder
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


class NotARunError(RunError):
    """Something else has the place of the run."""


class BrokenRunError(RunError):
    """What the run was begun with, or its receipt, cannot be read."""


class RunKindError(RunError):
    """The run is no writer (an LSTM): this cannot be done with it."""


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
    def checkpoints(self) -> Path:
        """Where a writer's run keeps what it goes on from."""
        return self.folder / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether the model stands there."""
        return (self.model / "manifest.json").exists()

    @property
    def begun(self) -> bool:
        """Whether anything was learnt that is lost if the run begins anew."""
        return any_sealed(self.checkpoints) or (self.model.is_dir() and any(self.model.iterdir()))

    def facts(self) -> dict[str, Any]:
        """Return what was written down when the run began: kind, recipe, data.

        Raises:
            BrokenRunError: it cannot be read.
        """
        return self._read(self.folder / FACTS, {"kind", "recipe", "data"})

    def recipe(self) -> Recipe:
        """Return the recipe that a writer's run was begun with.

        Raises:
            RunKindError: it is an LSTM's; BrokenRunError: it cannot be read.
        """
        facts = self.facts()
        if facts["kind"] == "lstm":
            raise RunKindError(self.name)
        try:
            return Recipe.of(facts["recipe"])
        except (ValueError, TypeError, AttributeError) as error:
            raise BrokenRunError(self.name) from error

    def receipt(self) -> dict[str, Any] | None:
        """Return what is written down beside the model, or None if there is none yet.

        Raises:
            BrokenRunError: it cannot be read.
        """
        return self._read(self.model / "manifest.json", {"name", "files"}) if self.finished else None

    def _read(self, path: Path, wanted: Collection[str]) -> dict[str, Any]:
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BrokenRunError(self.name) from error
        if not isinstance(found, dict) or not set(wanted) <= set(found):
            raise BrokenRunError(self.name)
        return found


def create(name: str, facts: dict[str, Any], *, below: Path = RUNS) -> Run:
    """Make the folder of a new run, all at once, with its ``facts``.

    Raises:
        BadRunNameError, RunExistsError, NotARunError: see their docstrings.
        NoSpaceError: the disk is full.
    """
    run = Run(below / _checked(name))
    below.mkdir(parents=True, exist_ok=True)
    with room(below), tempfile.TemporaryDirectory(dir=below, prefix=f".{name}.", ignore_cleanup_errors=True) as folder:
        unfinished = Path(folder) / name
        unfinished.mkdir()
        (unfinished / FACTS).write_text(_written(facts), "utf-8")
        try:
            unfinished.rename(run.folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise
            raise (RunExistsError if (run.folder / FACTS).is_file() else NotARunError)(name) from error
    return run


def begin(name: str, facts: dict[str, Any], *, resume: bool, below: Path = RUNS) -> Run:
    """Make a new run, or with ``resume`` return the one that is there.

    One that nothing was learnt in yet, because it could not even begin, gets the new ``facts`` in either case.

    Raises:
        BadRunNameError, RunExistsError: see their docstrings.
        BrokenRunError: what is there cannot be read.
        RunChangedError: it was begun as another kind of model.
        RunBusyError: it is to get new facts, and another process works on it.
    """
    try:
        run = find(name, below=below)
    except NoRunError:
        return create(name, facts, below=below)
    if not run.begun:
        _begin_anew(run, facts)
    elif not resume:
        raise RunExistsError(name)
    elif run.facts()["kind"] != facts["kind"]:
        raise RunChangedError(name, "kind of model")
    return run


def _begin_anew(run: Run, facts: dict[str, Any]) -> None:
    if (run.folder / FACTS).read_text("utf-8") != _written(facts):
        with locked(run):
            replace_text(run.folder / FACTS, _written(facts))


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


def _written(facts: dict[str, Any]) -> str:
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadRunNameError(name)
    if name in RESERVED:
        raise NotARunError(name)
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
    """Return all that is written down about the run: what it was begun with, and its receipt if it is finished.

    Raises:
        BrokenRunError: it cannot be read.
    """
    return {"run": run.name, **run.facts(), "receipt": run.receipt()}


def described(run: Run) -> dict[str, Any]:
    """Return the run in a few words: name, kind, state, and its held-out score by name if it has one."""
    try:
        told = whole(run)
    except BrokenRunError:
        return {"run": run.name, "kind": "", "state": "damaged", "score": None}
    scores = (told["receipt"] or {}).get("scores") or {}
    score = next((f"{name}: {value}" for name, value in scores.items()), None)
    state = "finished" if run.finished else "unfinished"
    return {"run": run.name, "kind": told["kind"], "state": state, "score": score}
