from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.stage import slate_work
from db import guilds
from db.database import Database
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


async def test_a_busy_memory_takes_the_thinking_away_and_says_so_privately(stage: Stage, tmp_path: Path) -> None:
    other_process = Database.connect(f"sqlite:///{tmp_path / 'room.db'}")
    async with other_process.writing() as session:
        await session.connection()
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains")
        said = await stage.refused(asked)
    await other_process.close()
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


async def test_a_bold_slate_says_so(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="sci-fi", theme="trains", preset="bold")
    card = await stage.opened(asked)
    assert "bold" in card.text
    assert "science fiction" in card.text
    assert (await stage.slates())[0].preset == "bold"


async def test_who_asked_calls_a_slate_off_and_nobody_else_does(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        ada, bob, *_ = stage.discord.members
        asked = await stage.discord.slash(ada, "pitch", genre="crime", theme="bread")
        card = await stage.shown(lambda: asked.message, lambda card: bool(card.all_buttons))
        said = await stage.refused(await stage.discord.click(bob, card, custom_id=card.press("calloff")))
        assert "Only who asked" in said
        await stage.discord.click(ada, card, custom_id=card.press("calloff"))
        await stage.shown(lambda: asked.message, lambda card: "called off" in card.text)
        (slate,) = await stage.slates()
        assert slate.state == "failed"


async def test_a_moderator_calls_it_off_too_but_only_once(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="bread")
        card = await stage.shown(lambda: asked.message, lambda card: bool(card.all_buttons))
        await stage.discord.click(stage.discord.admins[0], card, custom_id=card.press("calloff"))
        await stage.shown(lambda: asked.message, lambda card: "called off" in card.text)
        again = await stage.room.app.crew.drain(0)
        assert again == 0


async def test_one_slate_a_member_is_written_at_a_time(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        ada, bob, *_ = stage.discord.members
        await stage.discord.slash(ada, "pitch", genre="crime", theme="bread")
        second = await stage.discord.slash(ada, "pitch", genre="crime", theme="butter")
        assert "still being written" in await stage.refused(second)
        await stage.discord.slash(bob, "pitch", genre="crime", theme="jam")
        await stage.discord.wait_until(lambda: len([card for card in stage.public() if card.all_buttons]) == 2)
        assert len(await stage.slates()) == 2


async def test_after_so_many_slates_a_day_it_is_enough(stage: Stage) -> None:
    async with stage.app.database.writing() as session:
        await guilds.ensure(session, stage.server)
        await guilds.change(session, stage.server, slates_a_day=1)
    await stage.pitch()
    second = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="butter")
    assert "asked for 1 slates within a day; ask again in 2" in await stage.refused(second)
    other = await stage.discord.slash(stage.discord.members[1], "pitch", genre="crime", theme="jam")
    assert await stage.opened(other)


@pytest.mark.parametrize(("word", "same"), [("more", True), ("fresh", False)])
async def test_buttons_bring_one_more_slate(stage: Stage, word: str, same: bool) -> None:  # noqa: FBT001
    card = await stage.pitch()
    asked = await stage.discord.click(stage.discord.members[1], card, custom_id=card.press(word))
    newest = await stage.discord.wait_until(lambda: [m for m in stage.public() if m.id != card.id and m.buttons])
    assert len(newest) == 1
    new, old = await stage.slates()
    assert new.genre == old.genre
    assert (new.theme == old.theme) is same
    assert asked


async def test_the_brief_is_edited_in_a_form(stage: Stage) -> None:
    card = await stage.pitch()
    bob = stage.discord.members[1]
    form = await stage.discord.click(bob, card, custom_id=card.press("brief"))
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    await stage.discord.submit_modal(bob, form, dict(zip(ids, ("crime", "bread", "2", "bold"), strict=True)))
    await stage.discord.wait_until(lambda: [m for m in stage.public() if m.id != card.id and len(m.buttons) == 2])
    assert (await stage.slates())[0].theme == "bread"


async def test_a_form_with_nonsense_is_answered_privately(stage: Stage) -> None:
    card = await stage.pitch()
    bob = stage.discord.members[1]
    form = await stage.discord.click(bob, card, custom_id=card.press("brief"))
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    asked = await stage.discord.submit_modal(bob, form, dict(zip(ids, ("crime", "bread", "x", "tame"), strict=True)))
    assert "from 1 to 10" in await stage.refused(asked)
    assert len(await stage.slates()) == 1
