import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot import client
from bot.ui import connecting
from bot.usecases import resuming
from db import scripts, slates
from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage
from tests.end_to_end.discord_bridge import TOKEN


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


@contextlib.asynccontextmanager
async def next_bot(stage: Stage) -> AsyncIterator[client.Room]:
    """Let a second bot take over, as after a crash of the first."""
    await stage.room.close()
    left = await resuming.take_up(stage.app)
    room = client.Room(stage.app, left=left)
    room._connection.guild_ready_timeout = 0.05
    running = asyncio.create_task(connecting.run(room, TOKEN))
    try:
        await stage.discord.bot_ready()
        yield room
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_a_script_nobody_was_shown_is_shown_in_a_thread_on_its_slate(stage: Stage) -> None:
    card = await stage.pitch()
    (slate,) = await stage.slates()
    pitch = (await stage.open_slate("Elsewhere"))[0]
    await stage.script(pitch, "INT. NOWHERE - DAY")
    async with stage.app.database.writing() as session:
        await slates.set_place(session, pitch.slate_id, channel_id=card.channel_id, message_id=card.id)
    async with next_bot(stage):
        (shown,) = await stage.pages()
    assert "INT. NOWHERE" in shown.text
    async with stage.app.database.reading() as session:
        (script,) = await scripts.of_pitch(session, pitch.id)
    assert (script.channel_id, script.message_id) == (card.id, shown.id)  # a thread has its message's number
    assert slate.id != pitch.slate_id


async def test_a_card_that_missed_the_end_of_its_vote_is_put_right(stage: Stage) -> None:
    card = await stage.pitch()
    (slate,) = await stage.slates()
    await stage.room.close()
    async with stage.app.database.writing() as session:
        await slates.close(session, slate.id, stage.app.now())
    assert stage.public()[0].buttons
    async with next_bot(stage):
        shown = await stage.shown(lambda: stage.public()[0], lambda seen: not seen.buttons)
    assert shown.id == card.id
    assert "the vote is over" in shown.text


async def test_a_slate_that_hangs_nowhere_is_written_all_the_same(stage: Stage) -> None:
    (pitch,) = await stage.open_slate("No Place")
    await stage.script(pitch, "INT. NOWHERE - DAY")
    async with next_bot(stage):
        card = await stage.pitch(theme="rain")
    assert card.buttons
    assert len(stage.public()) == 1


async def test_a_bot_that_leaves_says_on_the_card_how_it_stands(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="bread")
        await asked.done()
        gate.opened.set()
        await stage.app.crew.drain(10.0)
        await stage.room.close()
        assert asked.message is not None
        assert asked.message.buttons


async def test_the_log_in_is_tried_again_while_discord_is_out_of_reach(stage: Stage) -> None:
    await stage.room.close()
    stage.discord.fail_next(503, 2, path="/users/@me")
    async with next_bot(stage):
        refused = [r.status for r in stage.discord.requests if r.path == "/users/@me"]
    assert refused == [200, 503, 503, 200]


async def test_a_wrong_token_is_not_tried_again(stage: Stage) -> None:
    room = client.Room(stage.app)
    with pytest.raises(discord.LoginFailure):
        await connecting.run(room, "wrong")


async def test_a_slate_asked_for_while_the_last_cards_are_looked_at_is_followed_once(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="crime", theme="bread")
        await asked.done()
        (slate,) = await stage.slates()
        assert stage.room.board.presenter.follows(slate.id)
        await stage.room.board._catch_up(resuming.Left(slates={slate.id: slate}), [])
        followers = [task for task in stage.room.board.presenter._tasks if "slate" in task.get_name()]
        assert len(followers) == 1
        gate.opened.set()
        await stage.opened(asked)
