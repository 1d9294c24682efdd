"""Sends trained weights to the Hugging Face Hub and fetches them from there, whole and verified or not at all."""

import glob
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from huggingface_hub import CommitOperationAdd, HfApi
from pydantic import SecretStr

from model import checkpoint
from model.checkpoint import MANIFEST, BrokenCheckpointError, Manifest
from training import sources
from training.hub_errors import (
    FolderExistsError,
    NoManifestError,
    NoTokenFileError,
    NotPublishableError,
    PublicRepoError,
    UnsafeFileError,
    translated,
)

CARD: Final = "README.md"
TOKEN: Final = "HF_TOKEN"  # noqa: S105 - the name of the variable
_PICKLES: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})
_TRAINING: Final = ("checkpoint-*", "optimizer.*", "scheduler.*", "rng_state*", "trainer_state.json", "training_args.*")
_FOREIGN: Final = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "LICENSE*", CARD)  # never code


def push(
    folder: Path,
    repo: str,
    *,
    private: bool = True,
    revision: str | None = None,
    token: SecretStr | str | None = None,
    endpoint: str | None = None,
) -> str:
    """Send the files of the manifest, the manifest and the model card in one commit; return the address.

    The repository is made if it is not there, and so is the branch ``revision``. Other files of ``folder`` stay here.
    Weights learnt from data sets that may not be published are sent only where they are private.

    Raises:
        CheckpointError: the folder is not whole, nothing is sent.
        HubError: one of its kinds, see their docstrings.
    """
    manifest = checkpoint.verify(folder)
    names = _sent(folder, manifest)
    if not private:
        _require_publishable(manifest)
    additions = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names]
    api = HfApi(endpoint=endpoint, token=_token(token, os.environ))
    with translated(repo):
        made = api.create_repo(repo, private=private, exist_ok=True)
        if private and not api.model_info(made.repo_id).private:
            raise PublicRepoError(made.repo_id)
        if revision:
            api.create_branch(made.repo_id, branch=revision, exist_ok=True)
        message = f"Add {folder.resolve().name}"
        api.create_commit(made.repo_id, additions, commit_message=message, revision=revision)
    return f"{made}/tree/{revision}" if revision else str(made)


def pull(
    repo: str,
    folder: Path,
    *,
    revision: str | None = None,
    token: SecretStr | str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Fetch weights into the new ``folder`` and return it; it appears when all is there and agrees with its manifest.

    Of a repository without a manifest (a base model), only safetensors, texts and settings are fetched, never code.

    Raises:
        CheckpointError: what came is not whole, altered, or of another prompt format.
        HubError: one of its kinds, see their docstrings.
    """
    if folder.exists() or folder.is_symlink():
        raise FolderExistsError(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    api = HfApi(endpoint=endpoint, token=_token(token, os.environ))
    with TemporaryDirectory(dir=folder.parent, prefix=".pull-", ignore_cleanup_errors=True) as made:
        arriving = Path(made) / folder.name
        arriving.mkdir()
        with translated(repo):
            _fetch(api, repo, revision, arriving)
        shutil.rmtree(arriving / ".cache", ignore_errors=True)  # the library's notes on the download
        checkpoint.verify(arriving)
        _settle(arriving, folder)
    return folder


def _sent(folder: Path, manifest: Manifest) -> list[str]:
    if not manifest.files:
        raise NoManifestError(str(folder))
    _require_safe(manifest.files)
    card = [CARD] if (folder / CARD).is_file() else []
    return [*dict.fromkeys([*manifest.files, *card, MANIFEST])]


def _require_publishable(manifest: Manifest) -> None:
    known = sources.known()
    kept = [name for name in manifest.licences if name in known and not known[name].publishable]
    if kept:
        raise NotPublishableError(", ".join(kept))


def _fetch(api: HfApi, repo: str, revision: str | None, arriving: Path) -> None:
    known = api.model_info(repo, revision=revision)
    there = {sibling.rfilename for sibling in known.siblings or ()}
    wanted = list(_FOREIGN)
    if MANIFEST in there:
        api.snapshot_download(repo, revision=known.sha, local_dir=arriving, allow_patterns=[MANIFEST])
        listed = _listed(arriving / MANIFEST)
        _require_safe(listed)
        wanted = [glob.escape(name) for name in (*listed, CARD)]
    elif not any(name.endswith(".safetensors") for name in there):
        raise UnsafeFileError(next((name for name in sorted(there) if _pickle(name)), repo))
    api.snapshot_download(repo, revision=known.sha, local_dir=arriving, allow_patterns=wanted)


def _listed(manifest: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads(manifest.read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenCheckpointError(manifest, "unreadable") from error


def _require_safe(names: Iterable[str]) -> None:
    for name in names:
        path = PurePosixPath(name)
        outside = path.is_absolute() or "\\" in name or ":" in name or ".." in path.parts
        if (
            outside
            or _pickle(name)
            or any(PurePosixPath(part).match(kind) for part in path.parts for kind in _TRAINING)
        ):
            raise UnsafeFileError(name)


def _pickle(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _PICKLES


def _settle(arriving: Path, folder: Path) -> None:
    try:
        arriving.rename(folder)
    except OSError as error:
        if folder.exists():  # someone else was faster
            raise FolderExistsError(str(folder)) from error
        raise


def _token(given: SecretStr | str | None, environment: Mapping[str, str]) -> str | bool | None:
    """Return the token given, of ``HF_TOKEN`` or in ``HF_TOKEN_FILE``; None leaves it to ``hf auth login``.

    An empty one that was given is False: ask as nobody.
    """
    if given is not None:
        return (given.get_secret_value() if isinstance(given, SecretStr) else given).strip() or False
    file = environment.get(f"{TOKEN}_FILE")
    if environment.get(TOKEN) or not file:
        return environment.get(TOKEN) or None
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoTokenFileError(file) from error
    if not token:
        raise NoTokenFileError(file)
    return token
