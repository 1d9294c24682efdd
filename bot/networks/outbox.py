"""The network that needs no account: a folder with one sub-folder a day."""

import asyncio
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.networks.base import Announcement, Measure, NetworkRefusedError, marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Posts become ``<folder>/<YYYY-MM-DD>/``: ``post.txt``, both pictures with their words, and the excerpt."""

    folder: Path
    account: str = ""
    name: str = "outbox"

    def text(self, announcement: Announcement) -> str:
        """Return title, genre, summary and the day's marker; a file has no limit."""
        return f"{announcement.title} ({announcement.genre})\n\n{announcement.summary}\n\n{marker(announcement.day)}"

    def measure(self, text: str) -> Measure:
        """Return the characters; any number is fine and costs nothing."""
        return Measure(length=len(text), limit=None)

    async def post(self, announcement: Announcement, text: str) -> str:
        """Write the day's folder, whole or not at all; a day that is there stays as it is.

        Raises:
            NetworkRefusedError: the folder cannot be written, with the system's reason.
        """
        return await asyncio.to_thread(self._write, announcement, text)

    async def find(self, announcement: Announcement, text: str) -> str | None:  # noqa: ARG002 - the day is enough here
        """Return the path of the day's ``post.txt`` if it was written.

        Raises:
            NetworkRefusedError: the folder cannot be read, with the system's reason.
        """
        return await asyncio.to_thread(self._find, announcement)

    def _post_file(self, announcement: Announcement) -> Path:
        return self.folder.absolute() / announcement.day.isoformat() / "post.txt"

    def _find(self, announcement: Announcement) -> str | None:
        path = self._post_file(announcement)
        try:
            path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NetworkRefusedError(_reason(error)) from error
        return str(path)

    def _write(self, announcement: Announcement, text: str) -> str:
        if found := self._find(announcement):
            return found
        target = self._post_file(announcement)
        draft = target.parent.with_name(f".{announcement.day.isoformat()}-{secrets.token_hex(4)}")
        try:
            draft.mkdir(parents=True)
            for name, content in _files(announcement, text).items():
                _write_through(draft / name, content)
            draft.rename(target.parent)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            if found := self._find(announcement):  # somebody else was faster
                return found
            raise NetworkRefusedError(_reason(error)) from error
        return str(target)


def _files(announcement: Announcement, text: str) -> dict[str, bytes]:
    return {
        "post.txt": f"{text}\n".encode(),
        "alt.txt": f"{announcement.alt}\n".encode(),
        "excerpt.txt": f"{announcement.excerpt}\n".encode(),
        "picture.png": announcement.picture,
    } | (
        {"page.png": announcement.page, "page-alt.txt": f"{announcement.page_alt}\n".encode()}
        if announcement.page
        else {}
    )


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
