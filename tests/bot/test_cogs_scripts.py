from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage
from tests.end_to_end.discord_world import Message

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


async def page(stage: Stage) -> Message:
    pitch, _ = await stage.open_slate("Winner", "Loser")
    await stage.script(pitch, "INT. KITCHEN - DAY\n\nRain.\n\nANNA\nWho is there?\n\nBEN\nNobody.\n")
    asked = await stage.discord.slash(stage.discord.members[0], "script", pitch=str(pitch.id))
    return await stage.shown(lambda: asked.message, lambda card: "Who is there?" in card.text)


async def test_a_page_says_who_is_in_it(stage: Stage) -> None:
    assert "Cast: Anna, Ben" in (await page(stage)).text


async def test_the_next_scene_hangs_on_a_card_of_its_own(stage: Stage) -> None:
    card = await page(stage)
    await stage.discord.click(stage.discord.members[1], card, custom_id=card.press("next"))
    await stage.discord.wait_until(lambda: [m for m in stage.public() if "Scene 2" in m.text])
    assert "Scene 1" in (await stage.shown(lambda: stage.public()[0], lambda shown: bool(shown.text))).text


async def test_a_line_is_said_otherwise_and_the_page_shows_it(stage: Stage) -> None:
    card = await page(stage)
    bob = stage.discord.members[1]
    asked = await stage.discord.click(bob, card, custom_id=card.press("lines"))
    choice = await stage.shown(lambda: asked.message, lambda shown: "Which line" in shown.text)
    number = card.press("lines").rpartition(":")[2]
    chosen = await stage.discord.select(bob, choice, ["2"], custom_id=f"gl:v1:pick:line:{number}")
    await stage.shown(lambda: chosen.message, lambda shown: "Now:" in shown.text)
    await stage.shown(lambda: stage.public()[0], lambda shown: "Who is there?" not in shown.text)


async def test_a_show_is_a_fountain_file(stage: Stage) -> None:
    card = await page(stage)
    asked = await stage.discord.click(stage.discord.members[1], card, custom_id=card.press("export"))
    shown = await stage.shown(lambda: asked.message, lambda shown: bool(shown.attachments))
    (file,) = shown.attachments
    assert file["filename"] == "Winner.fountain"
    text = stage.discord.download(file).decode()
    assert text.startswith("Title: Winner\n")
    assert "Who is there?" in text


async def test_a_dialog_of_ones_own_is_staged(stage: Stage) -> None:
    ada = stage.discord.members[0]
    form = await stage.discord.slash(ada, "stage")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    asked = await stage.discord.submit_modal(ada, form, {ids[0]: "ANNA: Who is there?\nBEN: Nobody."})
    await stage.shown(lambda: asked.message, lambda shown: "Staged" in shown.text and "Who is there?" in shown.text)
    form = await stage.discord.slash(ada, "stage")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    asked = await stage.discord.submit_modal(ada, form, {ids[0]: "nothing like a dialog"})
    assert await stage.refused(asked)
