"""The store of adapters: a folder with a folder for each, and a pointer to the active one that knows those before it.

Everything appears at once or not at all, also when a process is killed or two work at the same time: adapters are
copied into a hidden folder that is renamed when it is whole, the pointer is one small file that is replaced. Reading
takes no lock.
"""

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from model import checkpoint
from model.adapter_errors import AdapterExistsError, BadAdapterNameError, NothingBeforeError, StoreUnusableError
from model.checkpoint import MANIFEST, PICKLES, BrokenCheckpointError, CheckpointError, Manifest
from model.engines import AdapterMissingError
from model.files import alone, replace_text, settle

WEIGHTS: Final = "adapter_model.safetensors"
CONFIG: Final = "adapter_config.json"
POINTER: Final = ".active.json"
_CARD: Final = "README.md"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # none begins with a dot: those are ours
_UNFINISHED: Final = "unfinished"
_GONE: Final = "gone"
_REMEMBERED: Final = 100  # activations that can be taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What is active, and what was before it, the last at the end; None is the base model without an adapter."""

    active: str | None = None
    before: tuple[str | None, ...] = ()


class Store:
    """The adapters in ``folder``, which need not exist before the first is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pointer = folder / POINTER

    def names(self) -> tuple[str, ...]:
        """Return what is stored, in the order of the alphabet.

        Raises:
            StoreUnusableError: the folder cannot be read.
        """
        with _usable(self.folder):
            there = sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []
            return tuple(name for name in there if self._has(name))

    def path(self, name: str) -> Path:
        """Return the folder of the adapter ``name``.

        Raises:
            AdapterMissingError: there is none.
            BrokenCheckpointError: its manifest cannot be read, or calls it otherwise.
            StoreUnusableError: the folder cannot be read.
        """
        folder = self.folder / name
        with _usable(folder):
            if not self._has(name):
                raise AdapterMissingError(name)
        if (called := checkpoint.described(folder).name) != name:
            raise BrokenCheckpointError(folder, f"calls itself {called}")
        return folder

    def active(self) -> str | None:
        """Return the name of the active adapter; None is the base.

        Raises:
            StoreUnusableError: the pointer cannot be read.
        """
        return self.pointer().active

    def pointer(self) -> Pointer:
        """Return what is active and what was before; a store without a pointer begins with the base.

        Raises:
            StoreUnusableError: it cannot be read.
        """
        try:
            told = json.loads(self._pointer.read_text("utf-8"))
            return Pointer(active=_name_or_none(told["active"]), before=tuple(map(_name_or_none, told["before"])))
        except FileNotFoundError:
            return Pointer()
        except OSError as error:
            raise StoreUnusableError(self._pointer, error.strerror or "unreadable") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnusableError(self._pointer, "unreadable") from error

    def stamp(self) -> tuple[int, int, int] | None:
        """Return what changes whenever the pointer does, None if none can be seen; it costs one look at the folder."""
        try:
            seen = self._pointer.stat()
        except OSError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def publish(self, folder: Path, *, base: Path | None = None) -> str:
        """Copy the adapter in ``folder`` into the store and return its name; what is active stays so.

        Only what the manifest names is taken, and the model card. If the store has it already, what was damaged there
        is mended. ``base`` is the model that it must have been trained on.

        Raises:
            BrokenCheckpointError: it is not whole, no adapter, has no manifest, or was trained on another base.
            FormatMismatchError: it is not for this program.
            BadAdapterNameError, AdapterExistsError: its name cannot be used.
            StoreUnusableError: the store cannot be written.
        """
        with _usable(self.folder):
            manifest = _verified(folder)
            if base is not None:
                checkpoint.require_base(manifest, base)
            with alone(self.folder / "publish"):
                self._sweep()
                unfinished = self.folder / f".{manifest.name}.{_UNFINISHED}"
                _copy(folder, unfinished, manifest)
                if checkpoint.verify(unfinished) != manifest:
                    raise BrokenCheckpointError(folder, "changed while it was copied")
                self._place(unfinished, manifest)
        return manifest.name

    def activate(self, name: str | None) -> None:
        """Make ``name`` the active adapter, or none; what is active already stays so without a trace.

        Raises:
            AdapterMissingError: there is none of that name.
            CheckpointError: it is damaged or not for this program; nothing is changed.
            StoreUnusableError: the pointer cannot be read or written.
        """
        with _usable(self.folder), alone(self._pointer):
            self._require_whole(name)
            now = self.pointer()
            if now.active != name:
                self._point(Pointer(active=name, before=(*now.before, now.active)[-_REMEMBERED:]))

    def rollback(self) -> str | None:
        """Make active what was so before, and return it; asked again it goes back further.

        Raises:
            NothingBeforeError: there is nothing to go back to.
            AdapterMissingError, CheckpointError, StoreUnusableError: see :meth:`activate`.
        """
        with _usable(self.folder), alone(self._pointer):
            now = self.pointer()
            if not now.before:
                raise NothingBeforeError
            *before, name = now.before
            self._require_whole(name)
            self._point(Pointer(active=name, before=tuple(before)))
        return name

    def prune(self, keep: int, *, also: Collection[str] = ()) -> tuple[str, ...]:
        """Remove all but the ``keep`` adapters published last, and return their names.

        The active one stays in any case, those of ``also``, and the one that a rollback would need; the pointer forgets
        the others.

        Raises:
            StoreUnusableError: the store cannot be read or written.
        """
        with _usable(self.folder), alone(self.folder / "publish"), alone(self._pointer):
            self._sweep()
            now = self.pointer()
            published = sorted(self.names(), key=lambda name: (self.folder / name / MANIFEST).stat().st_mtime_ns)
            kept = {*published[max(0, len(published) - keep) :], *also, now.active, *now.before[-1:]}
            gone = tuple(name for name in published if name not in kept)
            if set(gone) & set(now.before):
                self._point(_without(now, gone))  # first: no rollback may lead to what is gone
            for name in gone:
                (self.folder / name).rename(self.folder / f".{name}.{_GONE}")
            self._sweep()
        return gone

    def _has(self, name: str) -> bool:
        return _NAME.fullmatch(name) is not None and (self.folder / name / MANIFEST).exists()

    def _require_whole(self, name: str | None) -> None:
        if name is not None:
            checkpoint.verify(self.path(name))

    def _point(self, pointer: Pointer) -> None:
        told = {"active": pointer.active, "before": list(pointer.before)}
        replace_text(self._pointer, json.dumps(told, indent=1) + "\n")

    def _place(self, whole: Path, manifest: Manifest) -> None:
        """Give the ``whole`` folder its name, or what is in it to the adapter of the same content that has the name."""
        place = self.folder / manifest.name
        if place.exists():
            _require_same(place, manifest)
            for name in _taken(whole, manifest):  # the manifest is the last
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (whole / name).replace(place / name)
            settle(place)
            shutil.rmtree(whole)
        else:
            whole.rename(place)
        settle(self.folder)

    def _sweep(self) -> None:
        """Remove what killed processes left behind; nobody else may be publishing."""
        for path in self.folder.iterdir():
            if path.name.startswith(".") and path.suffix in {f".{_UNFINISHED}", f".{_GONE}"} and path.is_dir():
                shutil.rmtree(path)


def _verified(folder: Path) -> Manifest:
    manifest = checkpoint.verify(folder)
    if manifest.format_version is None:
        raise BrokenCheckpointError(folder / MANIFEST, "missing")
    for name in (CONFIG, WEIGHTS):
        if name not in manifest.files:
            raise BrokenCheckpointError(folder / name, "missing")
    for path in map(PurePosixPath, manifest.files):
        if path.suffix in PICKLES:
            raise BrokenCheckpointError(folder / path, "pickle")
        if path.is_absolute() or ".." in path.parts:
            raise BrokenCheckpointError(folder / path, "outside its folder")
    if not _NAME.fullmatch(manifest.name):
        raise BadAdapterNameError(manifest.name)
    return manifest


def _taken(folder: Path, manifest: Manifest) -> list[str]:
    return [*manifest.files, *([_CARD] if (folder / _CARD).is_file() else []), MANIFEST]


def _copy(folder: Path, to: Path, manifest: Manifest) -> None:
    for name in _taken(folder, manifest):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, to / name)
        settle(to / name)
        settle((to / name).parent)


def _require_same(place: Path, manifest: Manifest) -> None:
    try:
        there = checkpoint.described(place)
    except CheckpointError as error:
        raise AdapterExistsError(manifest.name) from error
    if (there.files, there.format_version) != (manifest.files, manifest.format_version):
        raise AdapterExistsError(manifest.name)


def _without(pointer: Pointer, gone: tuple[str, ...]) -> Pointer:
    before: list[str | None] = []
    for name in pointer.before:
        if name not in gone and [name] != before[-1:]:
            before.append(name)
    return Pointer(active=pointer.active, before=tuple(before))


def _name_or_none(told: object) -> str | None:
    if told is None or (isinstance(told, str) and _NAME.fullmatch(told)):
        return told
    raise ValueError(told)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnusableError(Path(error.filename or folder), error.strerror or "unusable") from error
