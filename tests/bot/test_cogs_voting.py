import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.usecases import settings
from db import members, slates, votes
from db.ids import MemberId, PitchId
from db.roles import Purpose
from tests.bot.discord_room import SERVER_OF_OTHERS, Stage, open_stage
from tests.end_to_end.discord_bridge import UnansweredError
from tests.end_to_end.discord_world import Message


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, members=12) as opened:
        yield opened


def button(card: Message, number: int) -> str:
    custom_id = card.buttons[number].custom_id
    assert custom_id is not None
    return custom_id


def pitch_of(card: Message, number: int) -> str:
    return button(card, number).rpartition(":")[2]


async def test_a_vote_shows_on_the_card_and_can_be_changed(stage: Stage) -> None:
    card = await stage.pitch()
    ada = stage.discord.members[0]
    for number in (0, 0):  # twice counts once
        await stage.discord.click(ada, card, custom_id=button(card, number))
        await stage.shown(lambda: stage.public()[0], lambda shown: voted(shown) == [True, False, False])
    await stage.discord.click(ada, card, custom_id=button(card, 1))
    await stage.shown(lambda: stage.public()[0], lambda shown: voted(shown) == [False, True, False])


def voted(card: Message) -> list[bool]:
    return [(one.label or "").endswith("· 1") for one in card.buttons]


async def test_the_third_vote_greenlights_and_the_script_follows(stage: Stage) -> None:
    card = await stage.pitch()
    for member in stage.discord.members[:3]:
        await stage.discord.click(member, card, custom_id=button(card, 1))
    script_card = await stage.shown(stage.page, lambda shown: "INT." in shown.text)
    slate_card = await stage.shown(lambda: stage.public()[0], lambda shown: not shown.buttons)
    assert "greenlit" in slate_card.text
    assert "the vote is over" in slate_card.text
    assert "```" in script_card.text


async def test_a_click_on_a_closed_slate_is_answered_privately_and_the_card_loses_its_buttons(stage: Stage) -> None:
    card = await stage.pitch()
    (slate,) = await stage.slates()
    async with stage.app.database.writing() as session:
        await slates.close(session, slate.id, stage.app.now())
    late = await stage.discord.click(stage.discord.members[0], card, custom_id=button(card, 0))
    assert await stage.refused(late) == "This vote is over; your vote on another slate is welcome."
    await stage.shown(lambda: stage.public()[0], lambda shown: shown.buttons == [])


async def test_votes_at_the_same_time_end_with_the_exact_tally_on_the_card(stage: Stage) -> None:
    card = await stage.pitch(count=5)
    voters = stage.discord.members[:10]
    answers = await asyncio.gather(
        *(stage.discord.click(m, card, custom_id=button(card, n % 5)) for n, m in enumerate(voters))
    )
    assert len(answers) == 10
    await stage.discord.wait_until(lambda: all((b.label or "").endswith("· 2") for b in stage.public()[0].buttons))


async def test_many_clicks_are_one_drawing(stage: Stage) -> None:
    card = await stage.pitch()
    before = len([request for request in stage.discord.requests if request.method == "PATCH"])
    await asyncio.gather(*(stage.discord.click(m, card, custom_id=button(card, 0)) for m in stage.discord.members[:2]))
    await stage.shown(lambda: stage.public()[0], lambda shown: "2 votes" in shown.text)
    assert len([request for request in stage.discord.requests if request.method == "PATCH"]) - before <= 2


async def test_a_refusal_nobody_can_hear_is_left_to_the_log(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.discord.fail_next(404, path="/interactions/*")
    with pytest.raises(UnansweredError):
        await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="<bad>")
    assert "nobody heard" in capsys.readouterr().out


async def test_a_vote_is_acknowledged_in_time_although_the_memory_is_busy(stage: Stage) -> None:
    card = await stage.pitch()
    async with stage.app.database.writing() as session:
        await members.ensure(session, MemberId("page:slow"))
        voted = await stage.discord.click(stage.discord.members[0], card, custom_id=button(card, 0))
    counted = await stage.shown(lambda: voted.message, lambda shown: "1 vote" in shown.text)
    assert counted.id == card.id


async def test_a_vote_for_a_pitch_that_never_was_is_refused_privately(stage: Stage) -> None:
    card = await stage.pitch()
    stored = stage.discord.backend.get_message(card.channel_id, card.id)
    stored.components = json.loads(json.dumps(stored.components).replace(button(card, 0), "gl:v1:vote:999"))
    voted = await stage.discord.click(stage.discord.members[0], card, custom_id="gl:v1:vote:999")
    assert "no pitch with the number 999" in await stage.refused(voted)


async def test_an_admin_greenlights_the_leader_and_the_slate_closes(stage: Stage) -> None:
    card = await stage.pitch()
    await stage.discord.click(stage.discord.members[0], card, custom_id=button(card, 2))
    decided = await stage.discord.slash(stage.discord.admins[0], "greenlight")
    await stage.shown(lambda: decided.message, lambda shown: "INT." in shown.text)
    shown = await stage.shown(lambda: stage.public()[0], lambda shown: shown.buttons == [])
    assert "greenlit" in shown.text


async def test_an_admin_greenlights_the_pitch_of_the_list(stage: Stage) -> None:
    card = await stage.pitch()
    offered = await stage.discord.autocomplete(stage.discord.admins[0], "greenlight", "pitch", "")
    assert {choice["value"] for choice in offered} == {pitch_of(card, number) for number in range(3)}
    decided = await stage.discord.slash(stage.discord.admins[0], "greenlight", pitch=offered[1]["value"])
    await stage.shown(lambda: decided.message, lambda shown: "INT." in shown.text)


@pytest.mark.parametrize("value", ["made up", "0", "999", "-1", "١", "9" * 30, "@everyone"])
async def test_a_made_up_pitch_is_refused_privately(stage: Stage, value: str) -> None:
    asked = await stage.discord.slash(stage.discord.admins[0], "greenlight", pitch=value)
    assert "pick one from the list" in await stage.refused(asked)
    assert stage.public() == []


@pytest.mark.parametrize("command", ["greenlight", "script"])
async def test_a_pitch_of_another_server_is_not_found(stage: Stage, command: str) -> None:
    pitch, other = await stage.open_slate("Theirs", "Theirs Too", server=SERVER_OF_OTHERS)
    await stage.script(other, "INT. ELSEWHERE - DAY")
    for theirs in (pitch, other):
        asked = await stage.discord.slash(stage.discord.admins[0], command, pitch=str(theirs.id))
        assert "pick one from the list" in await stage.refused(asked)
        assert await stage.discord.autocomplete(stage.discord.admins[0], command, "pitch", "Theirs") == []


async def test_a_decided_pitch_is_not_greenlit_again(stage: Stage) -> None:
    winner, loser = await stage.open_slate("Winner", "Loser")
    await stage.script(winner, "INT. KITCHEN - DAY")
    for pitch, said in ((winner, "has its script"), (loser, "was passed over")):
        asked = await stage.discord.slash(stage.discord.admins[0], "greenlight", pitch=str(pitch.id))
        assert said in await stage.refused(asked)


async def test_without_an_open_pitch_there_is_nothing_to_greenlight(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.admins[0], "greenlight")
    assert "There is no open pitch" in await stage.refused(asked)


async def test_who_may_not_manage_the_server_may_not_greenlight_even_if_discord_lets_them(stage: Stage) -> None:
    card = await stage.pitch()
    member = stage.discord.members[0]
    (command,) = [known for known in await stage.room.tree.fetch_commands() if known.name == "greenlight"]
    stage.discord.guild.set_command_permissions(command.id, {member: True})
    asked = await stage.discord.slash(member, "greenlight", pitch=pitch_of(card, 0))
    assert await stage.refused(asked) == "Only showrunners and members who may manage the server may do this."


async def test_a_list_has_at_most_25_entries_of_this_server_and_the_most_voted_first(stage: Stage) -> None:
    mine = await stage.open_slate(*(f"Title {number} " + "x" * 90 for number in range(30)))
    await stage.vote(mine[17], 2)
    await stage.open_slate("Title of Others", server=SERVER_OF_OTHERS)
    offered = await stage.discord.autocomplete(stage.discord.admins[0], "greenlight", "pitch", "title")
    assert len(offered) == 25
    assert offered[0]["value"] == str(mine[17].id)
    assert all(len(choice["name"]) <= 100 for choice in offered)
    assert str(PitchId(mine[-1].id + 1)) not in {choice["value"] for choice in offered}


async def test_the_leaderboard_is_empty_at_first(stage: Stage) -> None:
    asked = await stage.discord.slash(stage.discord.members[0], "leaderboard")
    assert "Nobody has voted yet" in await asked.text()


async def test_the_leaderboard_lists_ten_pitches_with_the_most_votes(stage: Stage) -> None:
    pitches = await stage.open_slate(*(f"*Show* {number}" for number in range(12)))
    for number, pitch in enumerate(pitches, 1):
        await stage.vote(pitch, number)
    text = await (await stage.discord.slash(stage.discord.members[0], "leaderboard")).text()
    rows = text.splitlines()[1:]
    assert len(rows) == 10
    assert rows[0].startswith("1\\. **\\*Show\\* 11** · 12 votes")


async def test_a_vote_is_kept_although_discord_stumbles(stage: Stage) -> None:
    card = await stage.pitch()
    stage.discord.fail_next(500, path="/interactions/*")
    await stage.discord.click(stage.discord.members[0], card, custom_id=button(card, 0))
    await stage.shown(lambda: stage.public()[0], lambda shown: "1 vote" in shown.text)
    async with stage.app.database.reading() as session:
        mine = MemberId(f"discord:{stage.discord.members[0].id}")
        assert await votes.of_member(session, (await stage.slates())[0].id, mine) == int(pitch_of(card, 0))


async def test_a_showrunner_decides_and_says_why(stage: Stage) -> None:
    card = await stage.pitch()
    bob = stage.discord.add_member("bob the showrunner", role="showrunners")
    role = stage.discord.guild.roles["showrunners"]
    await settings.choose_roles(stage.app, stage.server, Purpose.SHOWRUNNER, {role.id}, by=MemberId("page:anna"))
    passed = await stage.discord.slash(bob, "pass", pitch=pitch_of(card, 0), note="Seen  too often.")
    assert "is passed over" in await stage.refused(passed)
    await stage.shown(lambda: stage.public()[0], lambda shown: "Seen too often" in shown.text)
    decided = await stage.discord.slash(bob, "greenlight", pitch=pitch_of(card, 1), note="Fresh.")
    await stage.shown(lambda: decided.message, lambda shown: "INT." in shown.text)
    await stage.shown(lambda: stage.public()[0], lambda shown: "Fresh" in shown.text)


async def test_only_voters_vote_where_there_are_any_and_nobody_for_themselves(stage: Stage) -> None:
    ada, carl = (stage.discord.add_member(name, role="voters") for name in ("ada the voter", "carl the voter"))
    asked = await stage.discord.slash(ada, "pitch", genre="comedy", theme="trains", count=3)
    card = await stage.opened(asked)
    bob = stage.discord.members[1]
    role = stage.discord.guild.roles["voters"]
    anna = MemberId("page:anna")
    await settings.choose_roles(stage.app, stage.server, Purpose.VOTER, {role.id}, by=anna)
    await settings.turn(stage.app, stage.server, "self_votes", by=anna)
    refused = await stage.discord.click(bob, card, custom_id=button(card, 0))
    assert "certain roles" in await stage.refused(refused)
    own = await stage.discord.click(ada, card, custom_id=button(card, 0))
    assert "you asked for" in await stage.refused(own)
    await stage.discord.click(carl, card, custom_id=button(card, 0))
    await stage.shown(lambda: stage.public()[0], lambda shown: "1 vote" in shown.text)


async def test_moderators_see_who_voted_where_the_server_shows_it(stage: Stage) -> None:
    card = await stage.pitch()
    bob = stage.discord.members[1]
    await stage.discord.click(bob, card, custom_id=button(card, 0))
    admin = stage.discord.admins[0]
    hidden = await stage.discord.slash(admin, "voters", pitch=pitch_of(card, 0))
    assert "does not show" in await stage.refused(hidden)
    await settings.turn(stage.app, stage.server, "voters_shown", by=MemberId("page:anna"))
    shown = await stage.discord.slash(admin, "voters", pitch=pitch_of(card, 0))
    assert f"<@{bob.id}>" in await stage.refused(shown)
    curious = await stage.discord.slash(bob, "voters", pitch=pitch_of(card, 0))
    assert "Only showrunners" in await stage.refused(curious)


async def test_an_author_who_wants_it_hears_of_the_decision(stage: Stage) -> None:
    ada = stage.discord.members[0]
    said = await stage.refused(await stage.discord.slash(ada, "notify", wanted=True))
    assert "I'll tell you" in said
    card = await stage.pitch()
    await stage.discord.slash(stage.discord.admins[0], "pass", pitch=pitch_of(card, 0))

    def told() -> list[str]:
        sent = [request for request in stage.discord.requests if request.method == "POST"]
        said = [str((request.json or {}).get("content")) for request in sent if request.path.endswith("/messages")]
        return [text for text in said if "was passed over" in text]

    assert await stage.discord.wait_until(told)


async def test_the_owners_are_told_of_what_cannot_wait(stage: Stage) -> None:
    stage.room.owners = frozenset({stage.discord.members[0].id})
    for alarm in stage.app.alarms:
        await alarm("bluesky does not accept the keys it was given.")

    def told() -> list[str]:
        sent = [request for request in stage.discord.requests if request.method == "POST"]
        return [str((request.json or {}).get("content")) for request in sent if request.path.endswith("/messages")]

    assert await stage.discord.wait_until(told) == ["bluesky does not accept the keys it was given."]
