"""``/setup``: what it shows, what it changes, who may, and what the bot lacks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.usecases import settings
from db import audit
from db.ids import MemberId
from db.roles import Purpose
from tests.bot.discord_room import Stage, open_stage
from tests.end_to_end.discord_world import Message


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def opened(stage: Stage) -> Message:
    asked = await stage.discord.slash(stage.discord.admins[0], "setup")
    return await stage.shown(
        lambda: next((card for card in (asked.message, *asked.followups) if card and card.all_buttons), None),
        lambda card: "Settings of this server" in card.text,
    )


async def test_a_switch_is_turned_and_written_down(stage: Stage) -> None:
    card = await opened(stage)
    assert card.ephemeral
    admin = stage.discord.admins[0]
    turned = await stage.discord.click(admin, card, custom_id="gl:v1:switch:self_votes")
    await stage.shown(lambda: turned.message, lambda shown: "own slate: **off**" in shown.text)
    assert (await settings.view(stage.app, stage.server)).guild.self_votes is False
    rated = await stage.discord.click(admin, card, custom_id="gl:v1:switch:rating")
    await stage.shown(lambda: rated.message, lambda shown: "mature" in shown.text)
    assert (await settings.view(stage.app, stage.server)).guild.rating == "mature"
    async with stage.app.database.reading() as session:
        deeds = await audit.recent(session, stage.server, 5)
    assert [deed.subject for deed in deeds] == ["rating: mature", "self_votes: False"]


async def test_numbers_are_written_into_a_form_all_or_none(stage: Stage) -> None:
    card = await opened(stage)
    admin = stage.discord.admins[0]
    form = await stage.discord.click(admin, card, custom_id="gl:v1:numbers:all")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    await stage.discord.submit_modal(admin, form, dict(zip(ids, ("5", "48", "7", "70", "9"), strict=True)))
    guild = (await settings.view(stage.app, stage.server)).guild
    assert (guild.votes_to_greenlight, guild.voting_hours, guild.slates_a_day, guild.pages_a_day) == (5, 48, 7, 9)
    form = await stage.discord.click(admin, card, custom_id="gl:v1:numbers:all")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    asked = await stage.discord.submit_modal(admin, form, dict(zip(ids, ("6", "no", "7", "70", "9"), strict=True)))
    assert "voting hours must be a number from 1 to 720" in await stage.refused(asked)
    assert (await settings.view(stage.app, stage.server)).guild.votes_to_greenlight == 5


async def test_a_language_is_chosen_for_everybody(stage: Stage) -> None:
    card = await opened(stage)
    admin = stage.discord.admins[0]
    turned = await stage.discord.click(admin, card, custom_id="gl:v1:settings:roles")
    page = await stage.shown(lambda: turned.message, lambda card: "Who votes" in card.text)
    await stage.discord.select(admin, page, ["de"], custom_id="gl:v1:pick:language")
    assert (await settings.view(stage.app, stage.server)).guild.language == "de"
    assert stage.room.chosen_languages[stage.server] == "de"


async def test_who_may_not_manage_the_server_changes_nothing(stage: Stage) -> None:
    card = await opened(stage)
    asked = await stage.discord.click(stage.discord.admins[0], card, custom_id="gl:v1:settings:channels")
    assert await stage.shown(lambda: asked.message, lambda card: "Channels" in card.text)
    member = stage.discord.members[0]
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "setup"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    assert "manage the server" in await stage.refused(await stage.discord.slash(member, "setup"))


@pytest.mark.parametrize("name", settings.NUMBERS)
async def test_a_number_out_of_its_range_is_refused(stage: Stage, name: str) -> None:
    low, high = settings.NUMBERS[name]
    for number in (low - 1, high + 1):
        with pytest.raises(ValueError, match="not in"):
            await settings.set_number(stage.app, stage.server, name, number, by=MemberId("page:anna"))


async def test_roles_chosen_anew_replace_the_old(stage: Stage) -> None:
    anna = MemberId("page:anna")
    for chosen in ({1, 2}, {2, 3}, set[int]()):
        await settings.choose_roles(stage.app, stage.server, Purpose.VOTER, chosen, by=anna)
        assert (await settings.view(stage.app, stage.server)).voters == chosen


async def test_slates_are_asked_for_where_the_server_wants_it(stage: Stage) -> None:
    anna = MemberId("page:anna")
    there = stage.discord.guild.create_text_channel("writers").id
    await settings.set_channel(stage.app, stage.server, "pitch_channel", there, by=anna)
    ada = stage.discord.members[0]
    asked = await stage.discord.slash(ada, "pitch", genre="comedy", theme="trains")
    assert f"<#{there}>" in await stage.refused(asked)
    await settings.set_channel(stage.app, stage.server, "pitch_channel", None, by=anna)
    assert (await stage.pitch()).buttons


async def test_a_server_is_answered_in_the_language_that_it_chose(stage: Stage) -> None:
    await settings.set_language(stage.app, stage.server, "de", by=MemberId("page:anna"))
    asked = await stage.discord.slash(stage.discord.members[0], "shows")
    await stage.shown(lambda: asked.message, lambda card: "Hier wurde noch nichts gewählt" in card.text)
    card = await stage.pitch()
    assert "Abstimmung endet" in card.text
    asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="   ")
    assert "ist leer" in await stage.refused(asked)
