"""Reports, decisions, privacy: as members and moderators meet them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.usecases import moderating, settings
from db.ids import MemberId
from tests.bot.discord_room import Stage, open_stage
from tests.end_to_end.discord_bridge import Answer
from tests.end_to_end.discord_world import Message

ANNA = MemberId("page:anna")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def reported(stage: Stage, card: Message) -> Answer:
    """Let the second member report the first title of a slate."""
    bob = stage.discord.members[1]
    asked = await stage.discord.click(bob, card, custom_id=card.press("report"))
    choice = await stage.shown(lambda: asked.message, lambda shown: "Which of these" in shown.text)
    slate, pitch = card.press("report").rpartition(":")[2], (card.buttons[0].custom_id or "").rpartition(":")[2]
    form = await stage.discord.select(bob, choice, [pitch], custom_id=f"gl:v1:pick:reported:{slate}")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    return await stage.discord.submit_modal(bob, form, {ids[0]: "It is rude."})


async def test_a_report_is_decided_in_the_moderators_channel_and_the_card_shows_it(stage: Stage) -> None:
    card = await stage.pitch()
    await settings.set_channel(stage.app, stage.server, "report_channel", card.channel_id, by=ANNA)
    assert "Thank you" in await stage.refused(await reported(stage, card))
    (case,) = await stage.discord.wait_until(lambda: [m for m in stage.public() if "It is rude" in m.text])
    nobody = await stage.discord.click(stage.discord.members[0], case, custom_id=case.press("remove"))
    assert "Only moderators" in await stage.refused(nobody)
    admin = stage.discord.admins[0]
    assert "is removed" in await stage.refused(await stage.discord.click(admin, case, custom_id=case.press("remove")))
    shown = await stage.shown(lambda: stage.public()[0], lambda shown: "Removed by the moderators" in shown.text)
    assert len(shown.buttons) == len(card.buttons) - 1
    decided = await stage.shown(lambda: next(m for m in stage.public() if m.id == case.id), lambda m: not m.all_buttons)
    assert f"<@{admin.id}> has removed it" in decided.text


async def test_of_two_moderators_one_decides(stage: Stage) -> None:
    card = await stage.pitch()
    await stage.refused(await reported(stage, card))
    admin = stage.discord.admins[0]
    first, second = [await (await stage.discord.slash(admin, "reports")).done() for _ in range(2)]
    removed = await stage.discord.click(admin, first, custom_id=first.press("remove"))
    assert "is removed" in await stage.refused(removed)
    late = await stage.discord.click(admin, second, custom_id=second.press("pardon"))
    assert "decided this already" in await stage.refused(late)


async def test_without_a_channel_reports_wait_in_a_list(stage: Stage) -> None:
    card = await stage.pitch()
    await stage.refused(await reported(stage, card))
    again = await reported(stage, card)
    assert "reported this pitch before" in await stage.refused(again)
    admin = stage.discord.admins[0]
    listed = await stage.discord.slash(admin, "reports")
    case = await stage.shown(lambda: listed.message, lambda shown: "It is rude" in shown.text)
    blocked = await stage.discord.click(admin, case, custom_id=case.press("block"))
    assert "is blocked" in await stage.refused(blocked)
    ada = stage.discord.members[0]
    asked = await stage.discord.slash(ada, "pitch", genre="comedy", theme="trains")
    assert "has blocked you" in await stage.refused(asked)
    audit = await stage.refused(await stage.discord.slash(admin, "audit"))
    assert "blocked" in audit
    assert await moderating.open_cases(stage.app, stage.server) == ()


async def test_what_is_too_coarse_is_not_asked_for(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="shitty trains")
    assert "other words" in await stage.refused(asked)
    assert await stage.slates() == ()


async def test_a_member_sees_takes_and_deletes_what_is_kept(stage: Stage) -> None:
    ada = stage.discord.members[0]
    await stage.pitch()
    shown = await stage.refused(await stage.discord.slash(ada, "privacy show"))
    assert "slates: 1" in shown
    asked = await stage.discord.slash(ada, "privacy export")
    given = await stage.shown(lambda: asked.message, lambda shown: bool(shown.attachments))
    told = json.loads(stage.discord.download(given.attachments[0]))
    assert told["slates"][0]["theme"] == "time travel"
    asked = await stage.discord.slash(ada, "privacy delete")
    sure = await stage.shown(lambda: asked.message, lambda shown: "Sure?" in shown.text)
    assert "Nothing is kept" in await stage.refused(
        await stage.discord.click(ada, sure, custom_id=sure.press("forget"))
    )
    assert (await stage.slates())[0].asked_by is None


async def test_training_with_ones_prompts_is_a_choice(stage: Stage) -> None:
    ada = stage.discord.members[0]
    said = await stage.refused(await stage.discord.slash(ada, "privacy training", allowed=True))
    assert "may teach" in said
    said = await stage.refused(await stage.discord.slash(ada, "privacy training", allowed=False))
    assert "stay out" in said
