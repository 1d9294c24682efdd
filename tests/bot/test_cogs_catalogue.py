import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot import cogs
from bot.client import Room
from bot.ui.buttons import VoteButton
from db.ids import PitchId
from tests.bot.discord_room import Stage, open_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


def commands(room: Room) -> list[app_commands.Command]:  # type: ignore[type-arg]
    return [command for command in room.tree.walk_commands() if isinstance(command, app_commands.Command)]


async def test_every_file_of_cogs_is_loaded_and_every_command_is_known_to_discord(stage: Stage) -> None:
    files = {f"{cogs.__name__}.{found.name}" for found in pkgutil.iter_modules(cogs.__path__)}
    assert set(stage.room.extensions) == files
    known = {command.name for command in await stage.room.tree.fetch_commands()}
    assert known == {command.name for command in stage.room.tree.get_commands()}
    assert known >= {"pitch", "greenlight", "leaderboard", "script", "retrain"}


async def test_every_command_and_option_is_described_and_keeps_discords_limits(stage: Stage) -> None:
    for command in commands(stage.room):
        assert 1 <= len(command.name) <= 32
        assert 10 <= len(command.description) <= 100
        assert command.description.endswith(".")
        assert len(command.parameters) <= 25
        for option in command.parameters:
            assert 1 <= len(option.display_name) <= 32
            assert option.description not in ("", "…")
            assert len(option.choices) <= 25


async def test_commands_that_decide_are_for_servers_and_for_those_in_charge(stage: Stage) -> None:
    charge = {
        "setup": discord.Permissions(manage_guild=True),
        "status": discord.Permissions(manage_guild=True),
        "audit": discord.Permissions(manage_guild=True),
        "reports": discord.Permissions(manage_messages=True),
        "unblock": discord.Permissions(manage_messages=True),
        "retrain": discord.Permissions(administrator=True),
        "sync": discord.Permissions(administrator=True),
    }
    for command in stage.room.tree.get_commands():
        assert isinstance(command, app_commands.Command | app_commands.Group)
        assert command.guild_only == (
            command.name in {*charge, "final", "greenlight", "pass", "voters"}
        )  # these look at roles
        assert command.default_permissions == charge.get(command.name)


async def test_the_bot_asks_for_no_privileged_intent_and_pings_nobody(stage: Stage) -> None:
    intents = stage.room.intents
    assert [name for name, wanted in intents if wanted] == ["guilds"]
    allowed = stage.room.allowed_mentions
    assert allowed is not None
    assert not any((allowed.everyone, allowed.users, allowed.roles, allowed.replied_user))


@pytest.mark.parametrize("number", [1, 10**17])
def test_a_vote_button_carries_its_pitch_in_an_id_discord_takes(number: int) -> None:
    button = VoteButton(PitchId(number))
    assert button.custom_id == f"gl:v1:vote:{number}"
    assert len(button.custom_id) <= 100
    assert button.is_persistent()
