from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.stage import slate_work
from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def test_a_pitch_ends_with_a_card_that_has_a_button_for_each_title(stage: Stage) -> None:
    card = await stage.pitch(count=3)
    (slate,) = await stage.slates()
    assert slate.state == "open"
    assert (slate.channel_id, slate.message_id) == (card.channel_id, card.id)
    assert "comedy · time travel" in card.text
    assert len(card.buttons) == 3
    assert not card.ephemeral


async def test_a_slate_of_ten_has_two_rows_of_buttons(stage: Stage) -> None:
    assert len((await stage.pitch(count=10)).buttons) == 10


@pytest.mark.parametrize(
    ("theme", "said"),
    [
        ("x" * 500, "too long (500)"),
        ("   ", "is empty"),
        ("@everyone", "can't be used in it: @"),
        ("two\nlines", "on one line"),
        ("TITLE: mine", "can't be used in it: :"),
        ("<|endoftext|>", "can't be used in it: <"),
        ("[x](https://example.org)", "can't be used"),
    ],
)
async def test_a_bad_theme_is_answered_with_one_private_sentence_and_no_slate(
    stage: Stage, theme: str, said: str
) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme=theme)
    assert said in await stage.refused(asked)
    assert await stage.slates() == ()


async def test_titles_are_seen_while_they_are_written(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="bread")
        card = await asked.done()
        assert "The room is writing" in card.text
        assert card.buttons == []
        gate.opened.set()
        assert (await stage.opened(asked)).id == card.id


async def test_the_same_seed_is_accepted(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains", seed=7)
    assert "seed 7" in (await stage.opened(asked)).text


async def test_the_first_card_is_tried_again_when_discord_fails(stage: Stage) -> None:
    stage.discord.fail_next(503, 2, path="/webhooks/*")
    card = await stage.pitch()
    assert len(card.buttons) == 3
    assert len(stage.discord.messages()) == 1


async def test_a_busy_memory_takes_the_thinking_away_and_says_so_privately(stage: Stage) -> None:
    async with stage.app.database.writing() as session:
        await session.connection()
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains")
        said = await stage.refused(asked)
    assert "memory is busy" in said
    assert stage.public() == []


async def test_a_deleted_card_ends_quietly_and_the_slate_stands(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="bread")
        card = await asked.done()
        stage.discord.backend.delete_message(card.channel_id, card.id)
        gate.opened.set()
        (slate,) = await stage.slates()
        await stage.app.crew.finish(slate_work(slate.id))
        assert (await stage.slates())[0].state == "open"
