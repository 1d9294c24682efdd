"""A run's checkpoints: sealed once they are whole, the latest and the best kept, what is damaged never resumed from."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.checkpoint import sha256
from model.files import settle

SEAL: Final = "complete.json"
_FOLDERS: Final = "checkpoint-*"  # as transformers calls them


class CheckpointLostError(Exception):
    """What stands at ``path`` is damaged or gone, and the run cannot go on without it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True, slots=True)
class Sealed:
    """A whole checkpoint: its folder, that of the best one by then, and whether the run had ended with it."""

    folder: Path
    best: Path
    ended: bool


def seal(folder: Path, *, best: str, ended: bool, name: str = SEAL) -> None:
    """Write down that the checkpoint is whole, with the hash of every file, when all of it is on the disk."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != name)
    for path in files:
        settle(path)
    facts = {
        "best": best,
        "ended": ended,
        "files": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
    }
    unfinished = folder.with_name(f".{folder.name}.{name}")
    unfinished.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    settle(unfinished)
    unfinished.replace(folder / name)
    settle(folder)


def rotate(latest: Path, best: str) -> None:
    """Delete every checkpoint but the latest, sealed by now, and the best; what is half deleted is not whole."""
    for old in latest.parent.glob(_FOLDERS):
        if old.name not in {latest.name, best}:
            (old / SEAL).unlink(missing_ok=True)
            shutil.rmtree(old)


def any_sealed(folder: Path) -> bool:
    """Say whether a checkpoint in ``folder`` was ever whole, without looking whether it still is."""
    return any(folder.glob(f"{_FOLDERS}/{SEAL}"))


def latest(folder: Path) -> Sealed | None:
    """Return the latest checkpoint in ``folder`` that is whole; a kill, a full disk or a hand may leave others.

    Raises:
        CheckpointLostError: the best one by then, whose weights the run may end with, is not whole; or none is, of
            those that were once.
    """
    sealed = [path.parent for path in folder.glob(f"{_FOLDERS}/{SEAL}")]
    for path in sorted(sealed, key=_step, reverse=True):
        found = read(path)
        if found is not None:
            if found.best != path and read(found.best) is None:
                raise CheckpointLostError(found.best)
            return found
    if sealed:
        raise CheckpointLostError(max(sealed, key=_step))
    return None


def read(folder: Path, name: str = SEAL) -> Sealed | None:
    """Return the checkpoint in ``folder`` if it is whole."""
    try:
        facts = json.loads((folder / name).read_text("utf-8"))
        whole = all(sha256(folder / file) == expected for file, expected in facts["files"].items())
        return Sealed(folder, folder.with_name(facts["best"]), facts["ended"] is True) if whole else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # each a kind of damage
        return None


def _step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])
