from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage

PAGE = "INT. KITCHEN - DAY\n\nA kettle starts to whistle.\n\nANNA\nI know, *I know*."


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def test_a_written_script_is_shown_at_once(stage: Stage) -> None:
    (pitch,) = await stage.open_slate("The Kettle")
    await stage.script(pitch, PAGE)
    offered = await stage.discord.autocomplete(stage.discord.members[0], "script", "pitch", "kett")
    assert offered == [{"name": "The Kettle (0)", "value": str(pitch.id)}]
    asked = await stage.discord.slash(stage.discord.members[0], "script", pitch=offered[0]["value"])
    text = await asked.text()
    assert "The Kettle" in text
    assert PAGE in text


async def test_only_a_greenlit_pitch_has_a_script(stage: Stage) -> None:
    (pitch,) = await stage.open_slate("Not Yet")
    assert await stage.discord.autocomplete(stage.discord.members[0], "script", "pitch", "") == []
    asked = await stage.discord.slash(stage.discord.members[0], "script", pitch=str(pitch.id))
    assert await stage.refused(asked) == "“Not Yet” is still up for votes; only greenlit shows get a script."


async def test_a_script_that_is_being_written_can_be_watched_by_two(tmp_path: Path) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        (pitch,) = await stage.open_slate("The Kettle")
        admin, member = stage.discord.admins[0], stage.discord.members[0]
        decided = await stage.discord.slash(admin, "greenlight", pitch=str(pitch.id))
        assert "writing page one" in (await decided.done()).text
        asked = await stage.discord.slash(member, "script", pitch=str(pitch.id))
        assert "writing page one" in (await asked.done()).text
        gate.opened.set()
        await stage.shown(lambda: decided.message, lambda card: "INT." in card.text)
        await stage.shown(lambda: asked.message, lambda card: "INT." in card.text)


async def test_a_made_up_show_is_refused_privately(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "script", pitch="the one with the kettle")
    assert "pick one from the list" in await stage.refused(asked)
    assert stage.public() == []
