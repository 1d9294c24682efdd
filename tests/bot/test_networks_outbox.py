import asyncio
import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.networks.base import Announcement, Network, NetworkRefusedError
from bot.networks.outbox import Outbox

ANNOUNCEMENT = Announcement(
    day=date(2026, 11, 21),
    title="Late Checkout",
    summary="A hotel sells yesterday.",
    genre="comedy",
    excerpt="[INT. LOBBY - NIGHT]\nANNA: Good evening.",
    picture=b"\x89PNG picture",
    alt="Poster of “Late Checkout”",
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Have the system refuse to write more than ``size`` bytes into any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def outbox(tmp_path: Path) -> Network:
    return Outbox(folder=tmp_path / "outbox")


async def test_a_post_is_a_folder_of_its_day(outbox: Network, tmp_path: Path) -> None:
    text = outbox.text(ANNOUNCEMENT)
    address = Path(await outbox.post(ANNOUNCEMENT, text))
    assert address == tmp_path / "outbox/2026-11-21/post.txt"
    assert {file.name: file.read_bytes() for file in address.parent.iterdir()} == {
        "post.txt": f"{text}\n".encode(),
        "alt.txt": f"{ANNOUNCEMENT.alt}\n".encode(),
        "excerpt.txt": f"{ANNOUNCEMENT.excerpt}\n".encode(),
        "picture.png": ANNOUNCEMENT.picture,
    }


async def test_the_text_has_the_show_and_the_day(outbox: Network) -> None:
    text = outbox.text(ANNOUNCEMENT)
    assert text == "Late Checkout (comedy)\n\nA hotel sells yesterday.\n\nGreenLIT Daily · 21 Nov 2026"


async def test_posting_a_day_twice_finds_the_first(outbox: Network) -> None:
    first = await outbox.post(ANNOUNCEMENT, "first")
    assert await outbox.post(ANNOUNCEMENT, "second") == first
    assert read(first) == "first\n"


async def test_many_at_once_leave_one_whole_post(outbox: Network, tmp_path: Path) -> None:
    addresses = await asyncio.gather(*(outbox.post(ANNOUNCEMENT, f"text {number}") for number in range(12)))
    assert len(set(addresses)) == 1
    assert names(tmp_path / "outbox") == ["2026-11-21"]
    assert len(names(Path(addresses[0]).parent)) == 4


async def test_a_post_is_found_only_after_it_was_made(outbox: Network) -> None:
    assert await outbox.find(ANNOUNCEMENT, "text") is None
    address = await outbox.post(ANNOUNCEMENT, "text")
    assert await outbox.find(ANNOUNCEMENT, "text") == address


async def test_a_folder_that_cannot_be_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outbox = Outbox(folder=tmp_path / "file" / "outbox")
    with pytest.raises(NetworkRefusedError) as refused:
        await outbox.post(ANNOUNCEMENT, "text")
    assert refused.value.reason == os.strerror(errno.ENOTDIR)


async def test_a_disk_that_takes_no_more_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    outbox = Outbox(folder=tmp_path)
    with largest_file(1_000_000), pytest.raises(NetworkRefusedError) as refused:
        await outbox.post(replace(ANNOUNCEMENT, picture=bytes(2_000_000)), "text")
    assert refused.value.reason == os.strerror(errno.EFBIG)
    assert names(tmp_path) == []


async def test_a_script_page_lies_beside_the_poster(outbox: Network) -> None:
    paged = replace(ANNOUNCEMENT, page=b"page", page_alt="INT. LOBBY")
    address = Path(await outbox.post(paged, outbox.text(paged)))
    assert (address.parent / "page.png").read_bytes() == b"page"
    assert (address.parent / "page-alt.txt").read_text() == "INT. LOBBY\n"
