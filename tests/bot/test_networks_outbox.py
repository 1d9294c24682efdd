import asyncio
import os
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
    assert Path(first).read_text(encoding="utf-8") == "first\n"


async def test_many_at_once_leave_one_whole_post(outbox: Network, tmp_path: Path) -> None:
    addresses = await asyncio.gather(*(outbox.post(ANNOUNCEMENT, f"text {number}") for number in range(12)))
    assert len(set(addresses)) == 1
    assert [folder.name for folder in (tmp_path / "outbox").iterdir()] == ["2026-11-21"]
    assert len(list(Path(addresses[0]).parent.iterdir())) == 4


async def test_a_post_is_found_only_after_it_was_made(outbox: Network) -> None:
    assert await outbox.find(ANNOUNCEMENT, "text") is None
    address = await outbox.post(ANNOUNCEMENT, "text")
    assert await outbox.find(ANNOUNCEMENT, "text") == address


async def test_a_folder_that_cannot_be_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outbox = Outbox(folder=tmp_path / "file" / "outbox")
    with pytest.raises(NetworkRefusedError) as refused:
        await outbox.post(ANNOUNCEMENT, "text")
    assert refused.value.reason == os.strerror(20)


async def test_a_full_disk_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "2026-11-21").symlink_to("/dev/full/impossible")
    outbox = Outbox(folder=tmp_path)
    with pytest.raises(NetworkRefusedError):
        await outbox.post(ANNOUNCEMENT, "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["2026-11-21"]
