from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from simcord.backend.errors import SetupError

from db import runs
from tests.bot.discord_room import Stage, open_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def test_an_administrator_puts_one_run_in_line_and_asking_again_finds_it(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    first = await (await stage.discord.slash(admin, "retrain start")).done()
    again = await (await stage.discord.slash(admin, "retrain start")).done()
    assert first.text.startswith("Run 1 is in line now.")
    assert again.text.startswith("Run 1 is queued already.")
    assert first.ephemeral
    assert again.ephemeral


async def test_members_do_not_even_see_the_command(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.discord.slash(stage.discord.members[0], "retrain start")


async def test_who_is_no_administrator_is_refused_even_if_discord_lets_them(stage: Stage) -> None:
    member = stage.discord.members[0]
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "retrain"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    asked = await stage.discord.slash(member, "retrain start")
    assert await stage.refused(asked) == "Only administrators and the bot's owners may do this."


async def test_an_owner_of_the_bot_may_retrain_without_being_an_administrator(stage: Stage) -> None:
    member = stage.discord.members[0]
    stage.room.owners = frozenset({member.id})
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "retrain"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    assert "is in line now" in await (await stage.discord.slash(member, "retrain start")).text()


async def test_a_run_is_called_off_once_and_listed(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    assert "no run yet" in await stage.refused(await stage.discord.slash(admin, "retrain status"))
    await (await stage.discord.slash(admin, "retrain start")).done()
    assert "Run 1 is called off." in await stage.refused(await stage.discord.slash(admin, "retrain cancel"))
    assert "no run to call off" in await stage.refused(await stage.discord.slash(admin, "retrain cancel"))
    assert "1: cancelled" in await stage.refused(await stage.discord.slash(admin, "retrain status"))


async def test_a_writer_without_a_store_is_not_rolled_back(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.admins[0], "retrain rollback")
    assert "no store of adapters" in await stage.refused(asked)


async def test_the_status_tells_of_writer_database_and_discord(stage: Stage) -> None:
    told = await stage.refused(await stage.discord.slash(stage.discord.admins[0], "status"))
    assert "Writer: in this process" in told
    assert "0 slates" in told


async def test_only_an_owner_tells_discord_the_commands_anew(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    assert "the bot's owners" in await stage.refused(await stage.discord.slash(admin, "sync"))
    stage.room.owners = frozenset({admin.id})
    assert "Discord knows" in await stage.refused(await stage.discord.slash(admin, "sync"))


async def test_the_verdict_on_a_new_writer_is_told_as_a_sentence_and_a_picture(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    await (await stage.discord.slash(admin, "retrain start")).done()
    now = stage.app.now()
    async with stage.app.database.writing() as session:
        run = await runs.claim(session, by="watcher", now=now, lease=timedelta(seconds=9))
        assert run is not None
        far = runs.Far(stage="preferences", step=3, steps=9)
        await runs.beat(session, run.id, by="watcher", now=now, far=far)
    assert "preferences 3/9" in await stage.refused(await stage.discord.slash(admin, "retrain status"))
    async with stage.app.database.writing() as session:
        told = {"verdict": "Published: it ranks 66% of 90 pairs as the community did.", "picture": b"\x89PNG"}
        await runs.finish(session, run.id, by="watcher", now=now, adapter="community-1", **told)  # type: ignore[arg-type]
    said = await stage.refused(await stage.discord.slash(admin, "retrain status"))
    assert "Published: it ranks 66% of 90 pairs" in said
    assert "community-1" in said
