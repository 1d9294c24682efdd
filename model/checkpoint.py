"""What lies beside the weights: a manifest that says what they are and proves that they are whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model.tasks import FORMAT_VERSION

EMBEDDED: Final = Path(__file__).parent / "embedded"
MANIFEST: Final = "manifest.json"
PICKLES: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_SAMPLE: Final = 1 << 20  # bytes read at either end of a file
_FIELDS: Final = frozenset({"name", "format_version", "files"})


class CheckpointError(Exception):
    """A checkpoint cannot be used."""


class BrokenCheckpointError(CheckpointError):
    """``path`` is missing, truncated, altered or a pickle; ``reason`` says which in one word or two."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class FormatMismatchError(CheckpointError):
    """The checkpoint was trained on prompt format ``found``; this program writes ``wanted``."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(f"found {found}, wanted {wanted}")
        self.found, self.wanted = found, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder of weights is.

    ``files`` maps names (relative, with ``/``) to SHA-256 in hexadecimal. ``format_version`` is None for
    a folder that was not made here; ``facts`` is whatever else its maker wrote down (recipe, scores, data).
    """

    name: str
    format_version: int | None
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def licences(self) -> dict[str, str]:
        """The licence of every data set that it learnt from, its base included, as far as that is written down."""
        found: dict[str, str] = {}
        for about in (self.facts.get("base"), self.facts.get("data")):
            told = about.get("licences") if isinstance(about, dict) else None
            found |= told if isinstance(told, dict) else {}
        return found


def write(folder: Path, name: str, **facts: object) -> Manifest:
    """Write ``manifest.json`` for everything in ``folder`` but the model card, and return it.

    ``facts`` must be JSON. Call it last: any file changed afterwards is refused by :func:`verify`.
    """
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if _counts(path)}
    manifest = {"name": name, "format_version": FORMAT_VERSION, "files": files, **facts}
    unfinished = folder / f".{MANIFEST}.unfinished"
    unfinished.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(folder / MANIFEST)
    return Manifest(name=name, format_version=FORMAT_VERSION, files=files, facts=facts)


def verify(folder: Path) -> Manifest:
    """Return the folder's manifest after every file in it was compared with its hash.

    A folder without a manifest (any other Hugging Face directory) passes under its own name, if its
    weights are safetensors.

    Raises:
        BrokenCheckpointError: something is missing, truncated, altered or a pickle.
        FormatMismatchError: trained on another prompt format.
    """
    if not folder.is_dir():
        raise BrokenCheckpointError(folder, "missing")
    _refuse_pickles(folder)
    manifest = described(folder)
    if manifest.format_version is None:
        return manifest
    if manifest.format_version != FORMAT_VERSION:
        raise FormatMismatchError(manifest.format_version or 0, FORMAT_VERSION)
    for name, expected in manifest.files.items():
        _require_same(folder / name, expected)
    return manifest


def described(folder: Path) -> Manifest:
    """Return the folder's manifest as it stands there, nothing compared; its own name is all if there is none.

    Raises:
        BrokenCheckpointError: it cannot be read.
    """
    if not (folder / MANIFEST).exists():
        return Manifest(name=folder.resolve().name, format_version=None)
    return _read(folder / MANIFEST)


def fingerprint(folder: Path) -> str:
    """Return a hash of the names, sizes, and first and last mebibyte of every safetensors file in ``folder``.

    It is cheap even for many gigabytes. An adapter's manifest names it under ``base``, so that the adapter is never
    laid over other weights of the same shape.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def require_base(adapter: Manifest, base: Path) -> None:
    """Raise unless the adapter was trained on the weights in ``base``; one that does not say is believed.

    Raises:
        BrokenCheckpointError: it was trained on others.
    """
    named = adapter.facts.get("base")
    wanted = named.get("fingerprint") if isinstance(named, dict) else None
    if wanted and wanted != fingerprint(base):
        raise BrokenCheckpointError(base, f"not the weights that the adapter {adapter.name} was trained on")


def _refuse_pickles(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    pickled = next((path for path in sorted(folder.iterdir()) if path.suffix in PICKLES), None)
    raise BrokenCheckpointError(pickled or folder, "pickle" if pickled else "no safetensors")


def _read(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(
            name=str(content["name"]),
            format_version=int(content["format_version"]),
            files={str(name): str(digest) for name, digest in content["files"].items()},
            facts={key: value for key, value in content.items() if key not in _FIELDS},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenCheckpointError(path, "unreadable") from error
    if not manifest.files:
        raise BrokenCheckpointError(path, "names no files")
    return manifest


def _require_same(path: Path, expected: str) -> None:
    if not path.is_file():
        raise BrokenCheckpointError(path, "missing")
    if sha256(path) != expected:
        raise BrokenCheckpointError(path, "truncated or altered")


def _counts(path: Path) -> bool:
    return path.is_file() and path.name != MANIFEST and path.suffix != ".md" and not path.name.startswith(".")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
