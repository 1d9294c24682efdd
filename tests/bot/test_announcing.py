"""The daily show in a channel of Discord: posted once, found again, each of Discord's answers told apart."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.networks.base import (
    Announcement,
    NetworkBusyError,
    NetworkRefusedError,
    NetworkUncertainError,
    marker,
)
from bot.ui.announcing import LIMIT, Announcer
from tests.bot.discord_room import Stage, open_stage
from tests.bot.test_cogs_threads import deny

DAY = date(2026, 12, 1)
SHOW = Announcement(
    day=DAY,
    title="The Kettle",
    summary="A kettle finds its *voice*.",
    genre="comedy",
    excerpt="INT. KITCHEN - DAY",
    picture=b"\x89PNG poster",
    alt="Poster of The Kettle",
    page=b"\x89PNG page",
    page_alt="INT. KITCHEN - DAY",
    number=7,
)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


def announcer(stage: Stage) -> Announcer:
    return Announcer(client=stage.room, guild_id=stage.discord.guild.id, channel_id=stage.discord.channel.id)


async def test_the_show_hangs_in_the_channel_with_its_pictures_and_is_found_again(stage: Stage) -> None:
    network = announcer(stage)
    text = network.text(SHOW)
    assert await network.find(SHOW, text) is None
    address = await network.post(SHOW, text)
    (message,) = stage.public()
    assert address.endswith(f"/{stage.discord.channel.id}/{message.id}")
    assert marker(DAY) in message.text
    assert [file["filename"] for file in message.attachments] == ["poster.png", "page.png"]
    assert [stage.discord.download(file) for file in message.attachments] == [SHOW.picture, SHOW.page]
    assert message.press("keep") == "gl:v1:keep:7"
    assert await network.find(SHOW, text) == address
    assert await network.find(replace(SHOW, day=date(2026, 12, 2)), text) is None


async def test_without_a_script_there_is_no_page(stage: Stage) -> None:
    bare = replace(SHOW, page=b"", page_alt="", number=0)
    await announcer(stage).post(bare, announcer(stage).text(bare))
    (message,) = stage.public()
    assert [file["filename"] for file in message.attachments] == ["poster.png"]
    assert message.all_buttons == []


async def test_posting_twice_on_a_day_is_one_message(stage: Stage) -> None:
    network = announcer(stage)
    text = network.text(SHOW)
    assert await network.post(SHOW, text) == await network.post(SHOW, text)
    assert len(stage.public()) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(503, NetworkUncertainError), (500, NetworkUncertainError), (400, NetworkRefusedError)]
)
async def test_each_answer_is_told_apart(stage: Stage, status: int, error: type[Exception]) -> None:
    stage.discord.fail_next(status, 9, path="*/messages")
    with pytest.raises(error):
        await announcer(stage).post(SHOW, announcer(stage).text(SHOW))
    stage.discord.rest.faults.clear()
    assert stage.public() == []


async def test_a_message_whose_answer_was_lost_is_found(stage: Stage) -> None:
    stage.discord.fail_next(503, 1, path="*/messages", applied=True)
    network = announcer(stage)
    text = network.text(SHOW)
    with pytest.raises(NetworkUncertainError):
        await network.post(SHOW, text)
    assert await network.find(SHOW, text)
    assert len(stage.public()) == 1


async def test_a_channel_that_cannot_be_read_now_is_looked_at_later(stage: Stage) -> None:
    stage.discord.fail_next(503, 9, path="*/messages")
    with pytest.raises(NetworkBusyError):
        await announcer(stage).find(SHOW, "")


async def test_where_the_bot_may_not_write_nothing_is_posted(stage: Stage) -> None:
    deny(stage, "send_messages")
    with pytest.raises(NetworkRefusedError):
        await announcer(stage).post(SHOW, announcer(stage).text(SHOW))


@pytest.mark.parametrize("length", [10, 4000, 40_000])
async def test_the_text_fits_on_a_card(stage: Stage, length: int) -> None:
    network = announcer(stage)
    text = network.text(replace(SHOW, title="*" * 300, summary="_word " * (length // 6)))
    assert len(text) <= LIMIT
    assert marker(DAY) in text
    measure = network.measure(text)
    assert (measure.length, measure.limit) == (len(text), LIMIT)
