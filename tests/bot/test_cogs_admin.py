from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.backend.errors import SetupError

from tests.bot.discord_room import Stage, open_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def test_an_administrator_puts_one_run_in_line_and_asking_again_finds_it(stage: Stage) -> None:
    admin = stage.discord.admins[0]
    first = await (await stage.discord.slash(admin, "retrain")).done()
    again = await (await stage.discord.slash(admin, "retrain")).done()
    assert first.text.startswith("Run 1 is in line now.")
    assert again.text.startswith("Run 1 is queued already.")
    assert first.ephemeral
    assert again.ephemeral


async def test_members_do_not_even_see_the_command(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.discord.slash(stage.discord.members[0], "retrain")


async def test_who_is_no_administrator_is_refused_even_if_discord_lets_them(stage: Stage) -> None:
    member = stage.discord.members[0]
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "retrain"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    asked = await stage.discord.slash(member, "retrain")
    assert await stage.refused(asked) == "Only administrators and the bot's owners may do this."


async def test_an_owner_of_the_bot_may_retrain_without_being_an_administrator(stage: Stage) -> None:
    member = stage.discord.members[0]
    stage.room.owners = frozenset({member.id})
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "retrain"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    assert "is in line now" in await (await stage.discord.slash(member, "retrain")).text()
