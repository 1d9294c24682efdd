"""Members who try what no button offers: ids of other servers, numbers nobody has, words that mean nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ui import cards
from bot.ui.reporting import cases_card
from bot.usecases import moderating, settings
from bot.usecases.browsing import SlateView
from bot.usecases.moderating import Case
from db.ids import MemberId, PitchId, ReportId
from db.pitches import Pitch
from db.reports import ReportState
from db.roles import Purpose
from tests.bot.discord_room import SERVER_OF_OTHERS, Stage, open_stage
from tests.end_to_end.discord_bridge import Answer
from tests.end_to_end.discord_world import Message

ANNA = MemberId("page:anna")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


async def press(stage: Stage, card: Message, custom_id: str, *, admin: bool = False) -> Answer:
    """Click a button of this id, which nobody has put there."""
    stored = stage.discord.backend.get_message(card.channel_id, card.id)
    stored.components = json.loads(json.dumps(stored.components).replace(card.press("more"), custom_id))
    who = stage.discord.admins[0] if admin else stage.discord.members[1]
    return await stage.discord.click(who, card, custom_id=custom_id)


async def theirs(stage: Stage) -> tuple[Pitch, int, int]:
    """What another server has: a pitch, a script, a report."""
    pitch, other = await stage.open_slate("Theirs", "Theirs Too", server=SERVER_OF_OTHERS)
    await stage.script(other, "INT. ELSEWHERE - DAY\n\nNobody is here.")
    case = await moderating.report(stage.app, pitch.id, "dull", by=ANNA, guild=SERVER_OF_OTHERS)
    return pitch, 1, case.report.id


@pytest.mark.parametrize(
    "word", ["vote", "keep", "more", "fresh", "brief", "report", "calloff", "next", "lines", "export"]
)
async def test_ids_of_another_server_open_nothing(stage: Stage, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    card = await stage.pitch()
    pitch, script, _ = await theirs(stage)
    number = {"vote": pitch.id, "keep": pitch.id}.get(
        word, script if word in {"next", "lines", "export"} else pitch.slate_id
    )
    said = await stage.refused(await press(stage, card, f"gl:v1:{word}:{number}"))
    assert "pick one from the list" in said
    assert len(stage.public()) == 1
    assert "unforeseen" not in capsys.readouterr().out


@pytest.mark.parametrize("word", ["remove", "pardon", "block"])
async def test_a_report_of_another_server_is_not_decided_here(stage: Stage, word: str) -> None:
    card = await stage.pitch()
    _, _, report = await theirs(stage)
    said = await stage.refused(await press(stage, card, f"gl:v1:{word}:{report}", admin=True))
    assert "pick one from the list" in said
    assert (await moderating.case(stage.app, ReportId(report))).report.state == ReportState.OPEN


WORDS = ("vote", "keep", "more", "fresh", "brief", "report", "calloff", "next", "lines", "export", "remove",
         "turnshows", "turnfound", "settings", "switch", "numbers", "forget", "nobodyknows")  # fmt: skip
FACTS = ("0", "999999", "9" * 17, "-1", "x", "1:2:3", "²", "")


@pytest.mark.parametrize("word", WORDS)
async def test_facts_that_no_button_has_are_refused_and_none_is_unforeseen(
    stage: Stage, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    card = await stage.pitch()
    stored = stage.discord.backend.get_message(card.channel_id, card.id)
    before = json.dumps(stored.components, ensure_ascii=False)
    for facts in FACTS:
        if word == "vote" and not (facts.isascii() and facts.isdecimal()):
            continue  # no button at all: Discord says that the interaction failed
        custom_id = f"gl:v1:{word}:{facts}"
        stored.components = json.loads(before.replace(card.press("more"), custom_id))
        answer = await stage.discord.click(stage.discord.admins[0], card, custom_id=custom_id)
        if not answer.modal:
            await stage.discord.wait_until(lambda answer=answer: answer.message or answer.followups)  # type: ignore[misc]
    assert "unforeseen" not in capsys.readouterr().out


async def test_a_pitch_channel_that_was_deleted_is_as_good_as_none(stage: Stage) -> None:
    other = stage.discord.guild.create_text_channel("elsewhere")
    await settings.set_channel(stage.app, stage.server, "pitch_channel", other.id, by=ANNA)
    ada = stage.discord.members[0]
    refused = await stage.discord.slash(ada, "pitch", genre="comedy", theme="trains")
    assert f"<#{other.id}>" in await stage.refused(refused)
    stage.discord.backend.delete_channel(other.id)
    assert (await stage.pitch()).buttons


async def test_a_report_channel_that_was_deleted_leaves_reports_in_the_list(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    card = await stage.pitch()
    await settings.set_channel(stage.app, stage.server, "report_channel", 4711, by=ANNA)
    number = PitchId(int((card.buttons[0].custom_id or "").rpartition(":")[2]))
    await moderating.report(stage.app, number, "dull", by=ANNA, guild=stage.server)
    cog = stage.room.get_cog("Moderation")
    cog.desk.ring()  # type: ignore[union-attr]
    await stage.discord.wait_until(lambda: [r for r in stage.discord.requests if r.path == "/channels/4711/messages"])
    listed = await stage.discord.slash(stage.discord.admins[0], "reports")
    assert "dull" in (await listed.done()).text
    cog.desk.ring()  # type: ignore[union-attr]
    await stage.discord.slash(stage.discord.admins[0], "reports")
    assert len([r for r in stage.discord.requests if r.path == "/channels/4711/messages"]) == 1
    assert "Traceback" not in capsys.readouterr().out


async def test_a_long_audit_fits_into_a_message(stage: Stage) -> None:
    for number in range(20):
        roles = set(range(10**17 + number, 10**17 + number + 9))
        await settings.choose_roles(stage.app, stage.server, Purpose.VOTER, roles, by=MemberId(f"discord:{10**18}"))
    said = await stage.refused(await stage.discord.slash(stage.discord.admins[0], "audit"))
    assert "voter roles" in said
    assert len(said) <= 2000


WORST = "*_" * 50


async def test_the_longest_words_fit_onto_every_card(stage: Stage) -> None:
    found = await stage.open_slate(*(f"{number}{WORST}"[:100] for number in range(10)), summary="*" * 600)
    view = SlateView(slate=(await stage.slates())[0], pitches=tuple(found), progress=None)
    assert cards.slate_card(view).content_length() <= 4000
    case = await moderating.report(stage.app, found[0].id, "~" * 300, by=ANNA, guild=stage.server)
    five = cases_card(*[Case(report=case.report, pitch=found[0])] * 5)
    assert five.content_length() <= 4000
    assert five.total_children_count <= 40
