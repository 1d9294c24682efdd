"""Where a show's pages hang: in a thread on its slate, in the server's channel or forum, or where there is room."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.usecases import browsing, settings
from db import guilds, scripts
from db.ids import MemberId, PitchId
from db.pitches import Pitch
from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage
from tests.bot.test_client_restart import next_bot
from tests.end_to_end.discord_bridge import Answer, HasId
from tests.end_to_end.discord_world import Message

ANNA = MemberId("page:anna")
SCENE = "INT. KITCHEN - DAY\n\nRain.\n\nANNA\nWho is there?\n\nBEN\nNobody."


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


def deny(stage: Stage, *names: str) -> None:
    """Take permissions from everybody in the channel, the bot among them."""
    bits = sum(getattr(discord.Permissions, name).flag for name in names)
    overwrite = Overwrite(target_id=stage.discord.guild.id, type=OverwriteType.ROLE, allow=0, deny=bits)
    stage.discord.backend.channels[stage.discord.channel.id].overwrites.append(overwrite)


async def greenlit(stage: Stage, card: Message) -> Pitch:
    """Have a showrunner decide for the first pitch on a card, and return it."""
    pitch = (card.buttons[0].custom_id or "").rpartition(":")[2]
    await stage.discord.slash(stage.discord.admins[0], "greenlight", pitch=pitch)
    return (await browsing.show(stage.app, PitchId(int(pitch)))).pitch


async def hanging(stage: Stage, pitch: Pitch) -> tuple[int, int]:
    """Return where the first page hangs, once that is remembered."""
    async with asyncio.timeout(10):
        while True:
            async with stage.app.database.reading() as session:
                (script,) = await scripts.of_pitch(session, pitch.id)
            if script.channel_id and script.message_id:
                return script.channel_id, script.message_id
            await asyncio.sleep(0.02)


async def known(stage: Stage, channel: HasId) -> None:
    """Wait until the bot has heard of a channel."""
    async with asyncio.timeout(10):
        while stage.room.get_channel(channel.id) is None:  # noqa: ASYNC110 - the cache rings no bell
            await asyncio.sleep(0.02)


async def test_a_greenlit_show_gets_a_thread_on_its_slate(stage: Stage) -> None:
    card = await stage.pitch()
    pitch = await greenlit(stage, card)
    page = await stage.shown(lambda: (stage_pages(stage) or [None])[0], lambda shown: "INT." in shown.text)
    (thread,) = stage.discord.threads()
    assert thread.id == card.id
    assert thread.name == pitch.title
    assert await hanging(stage, pitch) == (thread.id, page.id)


def stage_pages(stage: Stage, number: int = -1, channel: Any = None) -> list[Any]:  # noqa: ANN401 - simcord's handle
    threads = stage.discord.threads(channel)
    return [one for one in stage.discord.messages(threads[number]) if not one.system] if threads else []


async def test_votes_that_decide_open_the_thread_too(stage: Stage) -> None:
    card = await stage.pitch()
    async with stage.app.database.writing() as session:
        await guilds.change(session, stage.server, votes_to_greenlight=2)
    for member in stage.discord.members[:2]:
        await stage.discord.click(member, card, custom_id=card.buttons[0].custom_id)
    (page,) = await stage.pages()
    await stage.shown(lambda: stage_pages(stage)[0], lambda shown: "INT." in shown.text)
    assert len(stage.public()) == 1, page


async def test_further_scenes_hang_in_the_thread_and_are_pointed_at_from_elsewhere(stage: Stage) -> None:
    pitch = await greenlit(stage, await stage.pitch())
    (page,) = await stage.pages()
    page = await stage.shown(lambda: stage_pages(stage)[0], lambda shown: bool(shown.all_buttons))
    inside = await stage.discord.click(stage.discord.members[1], page, custom_id=page.press("next"))
    await stage.pages(2)
    await stage.shown(lambda: stage_pages(stage)[1], lambda shown: "Scene 2" in shown.text and "INT." in shown.text)
    assert inside.followups == []
    asked = await stage.discord.slash(stage.discord.members[2], "script", pitch=str(pitch.id))
    answer = await stage.shown(lambda: asked.message, lambda shown: bool(shown.all_buttons))
    outside = await stage.discord.click(stage.discord.members[1], answer, custom_id=answer.press("next"))
    (said,) = await stage.discord.wait_until(lambda: outside.followups)
    assert said.ephemeral
    assert said.text == f"Scene 3 hangs in <#{stage.discord.threads()[0].id}>."
    assert len(await stage.pages(3)) == 3


async def test_however_many_ask_at_once_there_is_one_thread(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        (pitch,) = await stage.open_slate("The Kettle")
        await stage.script(pitch, SCENE)
        forum = stage.discord.guild.create_forum_channel("scripts")
        await settings.set_channel(stage.app, stage.server, "script_channel", forum.id, by=ANNA)
        await known(stage, forum)
        threads = await asyncio.gather(*(stage.room.board.threads.of(pitch.id) for _ in range(5)))
        assert len(set(threads)) == 1
        assert [thread.id for thread in stage.discord.threads(forum)] == [threads[0]]
        gate.opened.set()


async def test_a_thread_that_somebody_opened_is_taken(stage: Stage) -> None:
    card = await stage.pitch()
    stage.discord.backend.create_thread(
        stage.discord.channel.id, "chat", stage.discord.members[0].id, message_id=card.id
    )
    pitch = await greenlit(stage, card)
    await stage.pages()
    assert [thread.name for thread in stage.discord.threads()] == ["chat"]
    assert (await browsing.show(stage.app, pitch.id)).pitch.thread_id == card.id


async def forum_of(stage: Stage, *tags: str) -> HasId:
    """Make a forum with tags, and wait until the bot knows them."""
    forum = stage.discord.guild.create_forum_channel("scripts")
    stage.discord.backend.channels[forum.id].available_tags = [
        {"id": str(number), "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
        for number, name in enumerate(tags, 1)
    ]
    stage.discord.backend.announce_channel_update(forum.id)
    async with asyncio.timeout(10):
        while len(getattr(stage.room.get_channel(forum.id), "available_tags", ())) < len(tags):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return forum


async def test_in_a_forum_a_show_is_a_post_with_its_genre(stage: Stage) -> None:
    forum = await forum_of(stage, "Crime", "Comedy")
    await settings.set_channel(stage.app, stage.server, "script_channel", forum.id, by=ANNA)
    pitch = await greenlit(stage, await stage.pitch())
    await stage.discord.wait_until(lambda: len(stage_pages(stage, channel=forum)) == 2)
    (post,) = stage.discord.threads(forum)
    opening, page = stage_pages(stage, channel=forum)
    assert post.name == pitch.title
    assert [int(tag) for tag in post.applied_tags] == [2]
    assert pitch.title in opening.text
    assert await hanging(stage, pitch) == (post.id, page.id)
    assert stage.discord.threads() == []


async def test_in_a_channel_for_scripts_a_show_has_a_message_with_a_thread(stage: Stage) -> None:
    channel = stage.discord.guild.create_text_channel("scripts")
    await known(stage, channel)
    await settings.set_channel(stage.app, stage.server, "script_channel", channel.id, by=ANNA)
    pitch = await greenlit(stage, await stage.pitch())
    await stage.discord.wait_until(lambda: stage_pages(stage, channel=channel))
    (opening,) = [one for one in stage.discord.messages(channel) if not one.system]
    assert pitch.title in opening.text
    assert stage.discord.threads(channel)[0].id == opening.id


async def test_where_the_bot_may_open_no_thread_the_answer_is_the_page(stage: Stage) -> None:
    card = await stage.pitch()
    deny(stage, "create_public_threads")
    pitch = await greenlit(stage, card)
    await stage.shown(lambda: stage.public()[-1], lambda shown: "INT." in shown.text)
    assert stage.discord.threads() == []
    assert await hanging(stage, pitch) == (stage.discord.channel.id, stage.public()[-1].id)


@pytest.mark.parametrize(
    ("kind", "code"), [("text", 160006), ("forum", 160006), ("forum", 40067), ("forum", 50035), ("text", 30033)]
)
async def test_where_discord_takes_no_more_threads_the_answer_is_the_page(stage: Stage, kind: str, code: int) -> None:
    card = await stage.pitch()
    if kind == "forum":
        forum = await forum_of(stage)
        await settings.set_channel(stage.app, stage.server, "script_channel", forum.id, by=ANNA)
    stage.discord.fail_next(400, 99, path="*/threads", method="POST", code=code)
    pitch = await greenlit(stage, card)
    await stage.shown(lambda: stage.public()[-1], lambda shown: "INT." in shown.text)
    assert await hanging(stage, pitch) == (stage.discord.channel.id, stage.public()[-1].id)


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (403, 50001), (400, 160005), (400, 50083)])
async def test_a_thread_that_was_closed_to_the_bot_is_passed_over(stage: Stage, status: int, code: int) -> None:
    pitch = await greenlit(stage, await stage.pitch())
    await stage.shown(lambda: (stage_pages(stage) or [None])[0], lambda shown: bool(shown.all_buttons))
    asked = await stage.discord.slash(stage.discord.members[1], "script", pitch=str(pitch.id))
    answer = await stage.shown(lambda: asked.message, lambda shown: bool(shown.all_buttons))
    (thread,) = stage.discord.threads()
    stage.discord.fail_next(status, 99, path=f"*/channels/{thread.id}/messages", method="POST", code=code)
    await stage.discord.click(stage.discord.members[1], answer, custom_id=answer.press("next"))
    await stage.shown(lambda: stage.public()[-1], lambda shown: "Scene 2" in shown.text)
    assert len(stage_pages(stage)) == 1


async def test_a_channel_for_scripts_that_is_gone_is_no_obstacle(stage: Stage) -> None:
    await settings.set_channel(stage.app, stage.server, "script_channel", 77, by=ANNA)
    pitch = await greenlit(stage, await stage.pitch())
    await stage.shown(lambda: stage.public()[-1], lambda shown: "INT." in shown.text)
    assert await hanging(stage, pitch) == (stage.discord.channel.id, stage.public()[-1].id)


async def test_a_thread_that_was_deleted_is_opened_anew_for_the_next_page(stage: Stage) -> None:
    pitch = await greenlit(stage, await stage.pitch())
    await stage.shown(lambda: (stage_pages(stage) or [None])[0], lambda shown: bool(shown.all_buttons))
    (thread,) = stage.discord.threads()
    stage.discord.backend.delete_channel(thread.id)
    asked = await stage.discord.slash(stage.discord.members[1], "script", pitch=str(pitch.id))
    answer = await stage.shown(lambda: asked.message, lambda shown: bool(shown.all_buttons))
    await stage.discord.click(stage.discord.members[1], answer, custom_id=answer.press("next"))
    await stage.shown(lambda: (stage_pages(stage) or [None])[-1], lambda shown: "Scene 2" in shown.text)
    assert len(stage.discord.threads()) == 1


async def test_a_page_in_a_thread_that_sleeps_is_woken_to_be_changed(stage: Stage) -> None:
    await greenlit(stage, await stage.pitch())
    page = await stage.shown(lambda: (stage_pages(stage) or [None])[0], lambda shown: bool(shown.all_buttons))
    (thread,) = stage.discord.threads()
    thread.thread_metadata.archived = True
    bob = stage.discord.members[1]
    asked = await stage.discord.click(bob, page, custom_id=page.press("lines"))
    choice = await stage.shown(lambda: asked.message, lambda shown: "Which line" in shown.text)
    number = page.press("lines").rpartition(":")[2]
    (select,) = [part for row in choice.components for part in row.get("components", ()) if part.get("options")]
    value = select["options"][0]["value"]
    chosen = await stage.discord.select(bob, choice, [value], custom_id=f"gl:v1:pick:line:{number}")
    await stage.shown(lambda: chosen.message, lambda shown: "Now:" in shown.text)
    await stage.shown(lambda: stage_pages(stage)[0], lambda shown: shown.text != page.text)
    assert not thread.thread_metadata.archived


async def test_a_dialog_staged_while_the_bot_was_away_is_shown_after_it_is_back(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        form = await stage.discord.slash(stage.discord.members[0], "stage")
        assert form.modal
        ids = [part["component"]["custom_id"] for part in form.modal["components"]]
        asked = await stage.discord.submit_modal(
            stage.discord.members[0], form, {ids[0]: "ANNA: Who is there?\nBEN: Nobody."}
        )
        await stage.shown(lambda: asked.message, lambda shown: "The room is writing" in shown.text)
        await stage.app.crew.drain(0.0)
        async with next_bot(stage):
            gate.opened.set()
            await stage.shown(lambda: asked.message, lambda shown: "Who is there?" in shown.text)


async def test_pages_a_day_are_limited_and_said_privately(stage: Stage) -> None:
    pitch = await greenlit(stage, await stage.pitch())
    await stage.shown(lambda: (stage_pages(stage) or [None])[0], lambda shown: bool(shown.all_buttons))
    async with stage.app.database.writing() as session:
        await guilds.change(session, stage.server, pages_a_day=1)
    bob = stage.discord.members[1]
    page = stage_pages(stage)[0]
    await stage.discord.click(bob, page, custom_id=page.press("next"))
    await stage.shown(lambda: stage_pages(stage)[-1], lambda shown: "Cast" in shown.text and "Scene 2" in shown.text)
    refused = await stage.discord.click(bob, page, custom_id=page.press("next"))
    (said,) = await stage.discord.wait_until(lambda: refused.followups)
    assert "You have asked for 1 scenes, lines and dialogs within a day; ask again in 2" in said.text
    assert said.ephemeral
    assert len((await browsing.show(stage.app, pitch.id)).scripts) == 2


async def test_a_final_is_a_poll_among_the_shows_that_lead(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    asked = await stage.discord.slash(admin, "final", hours=2)
    assert await stage.refused(asked) == "A final needs two greenlit shows; vote for some, or greenlight them."
    for number in range(12):
        (pitch,) = await stage.open_slate(f"Show {number}")
        await stage.vote(pitch, number)
        await stage.script(pitch, SCENE)
    asked = await stage.discord.slash(admin, "final", hours=2)
    poll = (await stage.shown(lambda: asked.message, lambda shown: bool(shown.poll))).poll
    assert list(poll) == [f"Show {number}" for number in range(11, 1, -1)]


async def test_only_who_decides_holds_a_final(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "final")
    assert "Only showrunners" in await stage.refused(asked)


def answered(answer: Answer) -> Message | None:
    return answer.message


def without(custom_id: str | None, card: Message) -> bool:
    return custom_id not in [one.custom_id for one in card.all_buttons]


async def test_many_voters_are_turned_page_by_page(stage: Stage) -> None:
    first, _ = await stage.open_slate("Winner", "Loser")
    await stage.vote(first, 60)
    await settings.turn(stage.app, stage.server, "voters_shown", by=ANNA)
    admin = stage.discord.admins[0]
    asked = await stage.discord.slash(admin, "voters", pitch=str(first.id))
    card = await stage.shown(lambda: next(iter(asked.followups), asked.message), lambda shown: "Votes" in shown.text)
    assert "Votes · 60" in card.text
    assert card.text.count("Winner") == 25
    for _ in range(2):
        on = next(one for one in card.all_buttons if one.label == "Next")
        assert not on.disabled
        turned = await stage.discord.click(admin, card, custom_id=on.custom_id)
        card = await stage.shown(partial(answered, turned), partial(without, on.custom_id))
    assert card.text.count("Winner") == 10
    assert next(one for one in card.all_buttons if one.label == "Next").disabled


async def test_the_lines_of_a_long_script_are_turned_page_by_page(stage: Stage) -> None:
    (pitch,) = await stage.open_slate("Long")
    turns = "\n\n".join(f"{'ANNA' if n % 2 else 'BEN'}\nLine number {n}." for n in range(30))
    await stage.script(pitch, f"INT. KITCHEN - DAY\n\n{turns}")
    bob = stage.discord.members[1]
    asked = await stage.discord.slash(bob, "script", pitch=str(pitch.id))
    card = await stage.shown(lambda: asked.message, lambda shown: bool(shown.all_buttons))
    lines = await stage.discord.click(bob, card, custom_id=card.press("lines"))
    first = await stage.shown(lambda: lines.message, lambda shown: "Which line" in shown.text)
    assert "Line number 24." in str(first.components)
    on = next(one for one in first.all_buttons if one.label == "Next")
    turned = await stage.discord.click(bob, first, custom_id=on.custom_id)
    second = await stage.shown(lambda: turned.message, lambda shown: "Line number 29." in str(shown.components))
    assert "Line number 24." not in str(second.components)
