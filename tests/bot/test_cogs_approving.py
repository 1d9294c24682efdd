"""The owners are asked on Discord; their buttons decide, nobody else's."""

import asyncio
from pathlib import Path
from typing import Any

from bot.usecases import approving, publishing, showing
from db.ids import MemberId
from tests.bot.discord_room import Stage, open_stage
from tests.end_to_end.discord_world import Message

PAGE = "INT. KITCHEN - DAY\n\nA kettle starts to whistle.\n\nANNA\nI know."


async def asked(stage: Stage) -> Message:
    """Propose a show, let the owners be asked, and return the card."""
    (pitch,) = await stage.open_slate("The Kettle")
    await stage.script(pitch, PAGE)
    await approving.standing(stage.app, publishing.today(stage.app), showing.the_next)
    await look(stage)
    return await stage.shown(lambda: stage.public()[-1], lambda card: "The Kettle" in card.text)


async def look(stage: Stage) -> None:
    found: Any = stage.room.get_cog("Approving")  # discord.py loads the module anew: it is not the class we import
    assert found
    await found.ask.coro(found)


async def test_the_owner_approves_edits_and_skips(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        owner = stage.discord.members[0]
        stage.room.owners = frozenset({owner.id})
        stage.room.approval_channel = stage.discord.channel.id
        card = await asked(stage)
        assert "waits for your word" in card.text
        assert "A kettle starts to whistle." in card.text
        form = await stage.discord.click(owner, card, custom_id=card.press("reword"))
        assert form.modal
        (field,) = [part["component"]["custom_id"] for part in form.modal["components"]]
        await stage.discord.submit_modal(owner, form, {field: "A kettle finds its voice."})
        card = await stage.shown(lambda: stage.public()[-1], lambda shown: "finds its voice" in shown.text)
        await stage.discord.click(owner, card, custom_id=card.press("approve"))
        card = await stage.shown(lambda: stage.public()[-1], lambda shown: "goes out" in shown.text)
        await stage.discord.click(owner, card, custom_id=card.press("skip"))
        await stage.shown(lambda: stage.public()[-1], lambda shown: "skipped" in shown.text and not shown.all_buttons)


async def test_nobody_else_decides(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.room.approval_channel = stage.discord.channel.id
        card = await asked(stage)
        for word in ("approve", "skip", "reword"):
            refused = await stage.discord.click(stage.discord.admins[0], card, custom_id=card.press(word))
            assert "Only the bot's owners" in await stage.refused(refused)
        (found,) = await approving.since(stage.app, publishing.today(stage.app))
        assert found.proposal.state == "proposed"


async def test_the_card_hangs_once_and_follows_what_is_decided_elsewhere(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.room.approval_channel = stage.discord.channel.id
        await asked(stage)
        await asyncio.gather(*(look(stage) for _ in range(3)))
        assert len(stage.public()) == 1
        (found,) = await approving.since(stage.app, publishing.today(stage.app))
        await approving.approve(stage.app, found.proposal.id, by=MemberId("page:anna"))
        await look(stage)
        assert "goes out" in stage.public()[0].text


async def test_a_channel_that_is_out_of_reach_is_tried_again(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.room.approval_channel = stage.discord.channel.id
        stage.discord.fail_next(503, 5, path="*/messages")
        (pitch,) = await stage.open_slate("The Kettle")
        await stage.script(pitch, PAGE)
        await approving.standing(stage.app, publishing.today(stage.app), showing.the_next)
        await look(stage)
        assert stage.public() == []
        stage.discord.rest.faults.clear()
        await look(stage)
        assert len(stage.public()) == 1


async def test_a_card_that_somebody_deleted_hangs_again_once_there_is_news(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.room.approval_channel = stage.discord.channel.id
        card = await asked(stage)
        stage.discord.backend.delete_message(card.channel_id, card.id)
        (found,) = await approving.since(stage.app, publishing.today(stage.app))
        await approving.approve(stage.app, found.proposal.id, by=MemberId("page:anna"))
        for _ in range(2):
            await look(stage)
        assert ["goes out" in shown.text for shown in stage.public()] == [True]


async def test_a_card_that_somebody_deleted_keeps_no_other_from_the_owners(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.room.approval_channel = stage.discord.channel.id
        card = await asked(stage)
        stage.discord.backend.delete_message(card.channel_id, card.id)
        (found,) = await approving.since(stage.app, publishing.today(stage.app))
        await approving.skip(stage.app, found.proposal.id, by=MemberId("page:anna"))
        (pitch,) = await stage.open_slate("The Pot")
        await stage.script(pitch, PAGE)
        await approving.standing(stage.app, publishing.today(stage.app), showing.the_next)
        await look(stage)
        assert ["The Pot" in shown.text for shown in stage.public()] == [True]
