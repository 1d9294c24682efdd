"""How sending to and fetching from the Hugging Face Hub fails: few narrow errors for the library's many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx2
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)


class HubError(Exception):
    """Weights cannot be sent or fetched; ``about`` is the repository, file or folder that it is about."""

    def __init__(self, about: str) -> None:
        super().__init__(about)
        self.about = about


class HubUnauthorizedError(HubError):
    """The Hub does not know the token, or it must not do this."""


class HubUnreachableError(HubError):
    """The Hub cannot be reached, broke off, or is out of order."""


class HubRefusedError(HubError):
    """The Hub refused for another reason; its own words are in ``__cause__``."""


class NoRepoError(HubError):
    """There is no such repository, or only for those who may see it."""


class NoRevisionError(HubError):
    """The repository has no such branch, tag or commit."""


class BadRepoNameError(HubError):
    """No repository can have this name."""


class PublicRepoError(HubError):
    """The repository exists and is public, but the weights were to be private."""


class NotPublishableError(HubError):
    """The weights were learnt from data sets (named in ``about``) that forbid publishing them."""


class NoManifestError(HubError):
    """The folder has no manifest: nobody could say what it is, so it cannot be published."""


class UnsafeFileError(HubError):
    """The file is a pickle, which can run code, a state of training, or lies outside the folder."""


class FolderExistsError(HubError):
    """Something is at this place already; nothing is ever overwritten."""


class NoTokenFileError(HubError):
    """The file named by ``HF_TOKEN_FILE`` cannot be read or is empty."""


_KINDS: Final[tuple[tuple[type[Exception], type[HubError]], ...]] = (
    (RevisionNotFoundError, NoRevisionError),
    (GatedRepoError, HubUnauthorizedError),
    (RepositoryNotFoundError, NoRepoError),
    (HFValidationError, BadRepoNameError),
    (LocalEntryNotFoundError, HubUnreachableError),
    (OfflineModeIsEnabled, HubUnreachableError),
    (httpx2.LocalProtocolError, HubUnauthorizedError),  # characters that no token has
    (UnicodeEncodeError, HubUnauthorizedError),
    (httpx2.TransportError, HubUnreachableError),
    (ValueError, HubRefusedError),  # a card or an answer that the library rejects
)


@contextmanager
def translated(repo: str) -> Iterator[None]:
    """Raise a :class:`HubError` about ``repo`` for what the library raises inside; other errors pass as they are."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        kind = _kind(error)
        if kind is None:
            raise
        raise kind(repo) from error


def _kind(error: BaseException | None) -> type[HubError] | None:
    if isinstance(error, LocalEntryNotFoundError | RuntimeError) and (inner := _kind(error.__cause__)):
        return inner  # the library wraps what happened to a single file
    for known, kind in _KINDS:
        if isinstance(error, known):
            return kind
    if isinstance(error, HfHubHTTPError):
        return _kind_of(error.response.status_code)
    broken_off = isinstance(error, OSError) and error.errno is None  # not one of the disk
    return HubUnreachableError if broken_off else None


def _kind_of(status: int) -> type[HubError]:
    if status in {401, 403}:
        return HubUnauthorizedError
    return HubUnreachableError if status == 429 or status >= 500 else HubRefusedError
