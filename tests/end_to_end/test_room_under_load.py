"""The real bot under load and in trouble, from crowds to kills: nothing is lost, nothing is doubled."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from simcord import ChannelHandle
from simcord import MemberActor as Member

from tests.db.conftest import fresh_postgresql, postgresql_server
from tests.end_to_end.discord_bridge import UnansweredError
from tests.end_to_end.discord_world import Message
from tests.end_to_end.room import LONG, Room, open_room, votes_on, writing

__all__ = ["postgresql_server"]

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="module")]
CROWD = 200
NEVER = 10_000  # votes that no pitch gets
CALLBACKS, ANSWERS, EDITS, SENDS = "/interactions/*", "/webhooks/*", "*/messages/*", "/channels/*/messages"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    async with open_room(folder, members=CROWD, GREENLIT_WORKER_FAKE_PAUSE="0.05") as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module")
async def room(house: Room) -> AsyncIterator[Room]:
    """The room, to which nothing happens when a test begins; in the end nobody has met an error nobody foresaw."""
    await house.set(votes_to_greenlight=3, report_channel=None)
    said = len(house.log())
    yield house
    house.discord.forget_failures()
    house.discord.repeat_interactions(1)
    assert "Traceback" not in house.log()[said:]
    assert house.discord.violations == []
    assert house.discord.unmodelled == []


@pytest.fixture(scope="module")
def newcomers(house: Room) -> Iterator[Member]:
    """Members who have done nothing yet, one after the other."""
    return iter(house.discord.members)


_names = itertools.count()


@pytest.fixture
def channel(house: Room) -> ChannelHandle:
    """A channel in which nothing was said yet."""
    return house.discord.guild.create_text_channel(f"stage-{next(_names)}")


async def slate(room: Room, author: Member, channel: ChannelHandle, count: int = 2) -> Message:
    return await room.opened(await room.pitch(f"rain {channel.name}", count, author, channel))


def once(room: Room, channel: ChannelHandle, words: str) -> Message | None:
    """The one public message with these words, if there is one; there are never two."""
    found = [message for message in room.public(channel) if words in message.text]
    assert len(found) <= 1
    return found[0] if found else None


def page(room: Room, channel: ChannelHandle) -> Message | None:
    """The one page of a script in the channel's threads, if there is one; there are never two."""
    found = [
        message
        for thread in room.discord.threads(channel)
        for message in room.discord.messages(thread)
        if "INT." in message.text
    ]
    assert len(found) <= 1
    return found[0] if found else None


def said(room: Room, channel: ChannelHandle) -> list[Message]:
    """What the bot has said in public, but for Discord's own "has started a thread"."""
    return [message for message in room.public(channel) if not message.system]


# A crowd ---------------------------------------------------------------------------------------------


async def crowd_votes(room: Room, channel: ChannelHandle) -> None:
    """Everybody votes at once, some change their mind at once, some press twice: the last choice of each counts."""
    await room.set(votes_to_greenlight=NEVER)
    card = await slate(room, room.discord.members[0], channel, count=4)
    clicks = [(member, number * number % 7 % 4) for number, member in enumerate(room.discord.members)]
    clicks += [(member, (number + 1) % 4) for member, number in clicks[::5]]
    clicks += clicks[3::12]
    await asyncio.gather(*(room.vote(card, member, number) for member, number in clicks))
    last = {f"discord:{member.id}": number for member, number in clicks}
    wanted = [list(last.values()).count(number) for number in range(4)]
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == wanted)
    number = await room.slate_of(card)
    shown = [pitch.id for pitch in await room.pitches_of(number)]
    assert await room.tally(number) == wanted
    assert {member: shown.index(pitch) for member, pitch in (await room.choices(number)).items()} == last
    edits = [r for r in room.discord.requests if r.method == "PATCH" and r.path.endswith(f"/{card.id}")]
    assert len(edits) < len(clicks) / 4  # many clicks, one edit


async def test_two_hundred_members_vote_at_once_and_the_tally_is_exact(room: Room, channel: ChannelHandle) -> None:
    await crowd_votes(room, channel)


async def test_the_same_crowd_on_postgresql(tmp_path: Path, postgresql_server: str) -> None:
    with fresh_postgresql(postgresql_server) as url:
        async with open_room(tmp_path, members=CROWD, GREENLIT_DATABASE_URL=url) as room:
            await crowd_votes(room, room.discord.channel)


# Storms ----------------------------------------------------------------------------------------------


def storm(room: Room, path: str, method: str = "*") -> None:
    """Let the next requests of a kind fail in every way: refused for a while, broken, taken with the answer lost."""
    for status, applied in ((429, False), (500, True), (503, True)):
        room.discord.fail_next(status, 1, path=path, method=method, applied=applied)


async def test_every_acknowledgement_comes_through_a_storm(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    ada, bob, admin = next(newcomers), next(newcomers), room.discord.admins[0]
    storm(room, CALLBACKS)
    card = await slate(room, ada, channel)
    storm(room, CALLBACKS)
    await room.vote(card, bob, 1)
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == [0, 1])
    pitch = (card.buttons[0].custom_id or "").rpartition(":")[2]
    storm(room, CALLBACKS)
    asked = await room.discord.slash(admin, "greenlight", in_channel=channel, pitch=pitch)
    await room.shown(lambda: asked.message, lambda shown: "Next scene" in str(shown.all_buttons))
    storm(room, CALLBACKS)
    again = await room.discord.slash(bob, "script", in_channel=channel, pitch=pitch)
    await room.shown(lambda: again.message, lambda shown: "INT." in shown.text)
    closed = await room.shown(lambda: room.now(card), lambda shown: not shown.buttons)
    assert "**greenlit**" in closed.text
    assert len(said(room, channel)) == 3


async def test_cards_end_right_although_edits_fail(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    asked = await room.pitch("edits", 2, next(newcomers), channel)
    await room.shown(lambda: asked.message, writing)
    storm(room, EDITS, "PATCH")
    card = await room.opened(asked)
    storm(room, EDITS, "PATCH")
    for number in (0, 1, 1):
        await room.vote(card, next(newcomers), number)
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == [1, 2])
    assert len(room.public(channel)) == 1


async def test_a_new_message_is_sent_once_in_a_storm(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    await room.set(votes_to_greenlight=1)
    card = await slate(room, next(newcomers), channel)
    storm(room, SENDS, "POST")
    storm(room, "*/threads", "POST")
    await room.vote(card, next(newcomers), 0)
    await room.shown(lambda: page(room, channel), lambda shown: "is writing" not in shown.text)
    assert len(room.discord.threads(channel)) == 1
    assert len(said(room, channel)) == 1


async def test_an_author_is_told_once_in_a_storm(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    ada, admin = next(newcomers), room.discord.admins[0]
    await room.discord.slash(ada, "notify", wanted=True)
    card = await slate(room, ada, channel)
    pitch = (await room.pitches_of(await room.slate_of(card)))[0]
    storm(room, SENDS, "POST")
    await room.discord.slash(admin, "pass", in_channel=channel, pitch=str(pitch.id))

    def told() -> list[str]:
        ours = {channel.id for channel in room.discord.guild.channels.values()}
        stored = room.discord.backend.messages
        private = [message.content for number in stored.keys() - ours for message in stored[number].values()]
        return [words for words in private if pitch.title in words]

    await room.discord.wait_until(told, LONG)
    await room.discord.wait_until(lambda: not any(fault.left for fault in room.discord.rest.faults), LONG)
    assert len(told()) == 1


async def test_a_report_reaches_the_moderators_once_and_shows_the_decision(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    desk = room.discord.guild.create_text_channel(f"desk-{next(_names)}")
    await room.set(report_channel=desk.id)
    card = await slate(room, next(newcomers), channel)
    storm(room, SENDS, "POST")
    thanked = await room.report(card, next(newcomers), "It is stale.")
    assert "Thank you" in await thanked.text()
    case = await room.shown(lambda: once(room, desk, "It is stale"), lambda shown: shown.all_buttons)
    storm(room, EDITS, "PATCH")
    await room.discord.click(room.discord.admins[0], case, custom_id=case.press("remove"))
    decided = await room.shown(lambda: room.now(case), lambda shown: not shown.all_buttons)
    assert "has removed it" in decided.text
    await room.shown(lambda: room.now(card), lambda shown: "Removed by the moderators" in shown.text)
    assert once(room, desk, "It is stale")
    number = int(case.press("remove").rpartition(":")[2])
    assert (await room.reported(number)).message_id == case.id


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015)])
async def test_a_card_whose_token_is_too_old_goes_on_by_edits_of_its_message(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member], status: int, code: int
) -> None:
    asked = await room.pitch(f"old token {code}", 2, next(newcomers), channel)
    begun = await room.shown(lambda: asked.message, writing)
    room.discord.fail_next(status, 10_000, path=ANSWERS, code=code)
    assert (await room.opened(asked)).id == begun.id
    assert len(room.public(channel)) == 1


# Echoes ----------------------------------------------------------------------------------------------


async def act_once(room: Room, channel: ChannelHandle, newcomers: Iterator[Member]) -> None:
    """Ask, vote, keep and report, where every interaction comes twice; each is acted on once."""
    await room.set(votes_to_greenlight=NEVER, report_channel=None)
    before = await room.remembered()
    ada, bob = next(newcomers), next(newcomers)
    card = await slate(room, ada, channel)
    assert len(room.public(channel)) == 1
    assert (await room.remembered())["slates"] == before["slates"] + 1
    for number in (0, 1):
        await room.vote(card, bob, number)
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == [0, 1])
    pitch = (card.buttons[0].custom_id or "").rpartition(":")[2]
    show = await (await room.discord.slash(bob, "show", in_channel=channel, pitch=pitch)).done()
    kept = await room.discord.click(bob, show, custom_id=show.press("keep"))
    assert (await kept.text()).startswith("Kept")
    listed = await (await room.discord.slash(bob, "favourites", in_channel=channel)).done()
    assert "You keep no show" not in listed.text
    assert "Thank you" in await (await room.report(card, bob)).text()


async def test_interactions_that_come_twice_are_acted_on_once(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    room.discord.repeat_interactions(2)
    await act_once(room, channel, newcomers)


async def test_two_processes_that_both_hear_everything_act_once(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member], tmp_path: Path
) -> None:
    async with room.second_bot(tmp_path) as other:
        await act_once(room, channel, newcomers)
        assert "Traceback" not in other.log("bot").read_text()


# Cuts and kills --------------------------------------------------------------------------------------


@pytest.mark.parametrize("resumable", [True, False])
async def test_a_gateway_that_is_cut_while_a_slate_streams_loses_nothing(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member], *, resumable: bool
) -> None:
    asked = await room.pitch("cables", 2, next(newcomers), channel)
    await room.shown(lambda: asked.message, writing)
    logins = room.discord.gateway.identified
    await room.discord.drop_gateway(resumable=resumable)
    card = await room.opened(asked)
    wanted = logins if resumable else logins + 1
    await room.discord.wait_until(
        lambda: room.discord.gateway.connected and room.discord.gateway.identified == wanted, LONG
    )
    room.discord._awaited = wanted
    await room.vote(card, next(newcomers), 0)
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == [1, 0])
    assert len(room.public(channel)) == 1


async def test_a_bot_killed_between_its_acknowledgement_and_its_answer_answers_later(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    room.discord.fail_next(503, 10_000, path=ANSWERS)
    asked = await room.pitch("doors", 2, next(newcomers), channel)
    await room.discord.wait_until(lambda: room.discord.requests[-1].status == 503)
    await room.kill()
    room.discord.forget_failures()
    await room.restart()
    assert asked.message
    thinking = asked.message.id
    assert (await room.opened(asked)).id == thinking
    assert len(room.public(channel)) == 1


async def test_a_bot_killed_while_a_slate_streams_goes_on_with_it(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    asked = await room.pitch("streams", 3, next(newcomers), channel)
    begun = await room.shown(lambda: asked.message, writing)
    await room.kill()
    await room.restart()
    card = await room.opened(asked)
    assert (card.id, len(card.buttons)) == (begun.id, 3)
    assert len(room.public(channel)) == 1


async def test_a_bot_killed_while_votes_come_keeps_all_that_it_acknowledged(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    await room.set(votes_to_greenlight=NEVER)
    card = await slate(room, next(newcomers), channel)
    acknowledged: list[Member] = []

    async def vote(member: Member) -> None:
        with suppress(UnansweredError):
            await room.vote(card, member, 1)
            acknowledged.append(member)

    voting = [asyncio.create_task(vote(member)) for member in room.discord.members[:60]]
    await room.discord.wait_until(lambda: len(acknowledged) >= 10, LONG)
    await room.kill()
    await asyncio.gather(*voting)
    await room.restart()
    number = await room.slate_of(card)
    counted = await room.choices(number)
    assert {f"discord:{member.id}" for member in acknowledged} <= counted.keys()
    await room.shown(lambda: room.now(card), lambda shown: votes_on(shown) == [0, len(counted)])


async def test_a_bot_killed_between_the_greenlight_and_its_script_writes_it_once(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    await room.set(votes_to_greenlight=1)
    card = await slate(room, next(newcomers), channel)
    before = (await room.remembered())["scripts"]
    room.discord.fail_next(503, 10_000, path=SENDS, method="POST")
    await room.vote(card, next(newcomers), 0)
    await room.kill()
    room.discord.forget_failures()
    await room.restart()
    await room.shown(lambda: page(room, channel), lambda shown: "is writing" not in shown.text)
    closed = await room.shown(lambda: room.now(card), lambda shown: not shown.buttons)
    assert "**greenlit**" in closed.text
    assert len(said(room, channel)) == 1
    assert (await room.remembered())["scripts"] == before + 1


async def test_a_bot_killed_while_a_report_is_sent_sends_it_once(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    desk = room.discord.guild.create_text_channel(f"desk-{next(_names)}")
    await room.set(report_channel=desk.id)
    card = await slate(room, next(newcomers), channel)
    room.discord.fail_next(503, 10_000, path=f"/channels/{desk.id}/messages", method="POST", applied=True)
    await room.report(card, next(newcomers), "It is unkind.")
    await room.discord.wait_until(lambda: once(room, desk, "It is unkind"), LONG)
    await room.kill()
    room.discord.forget_failures()
    await room.restart()
    case = await room.shown(lambda: once(room, desk, "It is unkind"), lambda shown: shown.all_buttons)
    await room.discord.click(room.discord.admins[0], case, custom_id=case.press("pardon"))
    decided = await room.shown(lambda: room.now(case), lambda shown: not shown.all_buttons)
    assert "lets it stay" in decided.text
    assert once(room, desk, "It is unkind")


async def test_a_form_from_before_a_restart_says_that_it_is_old(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    card = await slate(room, next(newcomers), channel)
    bob = next(newcomers)
    form, written = await room.report_form(card, bob)
    await room.kill()
    await room.restart()
    answer = await room.discord.submit_modal(bob, form, written)
    assert "has changed; please try it again" in await answer.text()


async def test_sigterm_lets_cards_say_how_it_stands_and_the_next_bot_goes_on(
    room: Room, channel: ChannelHandle, newcomers: Iterator[Member]
) -> None:
    await room.kill("worker")
    asked = await room.pitch("endings", 2, next(newcomers), channel)
    waiting = await room.shown(lambda: asked.message, lambda card: "The writer is away" in card.text)
    await room.restart("worker")
    begun = await room.shown(lambda: asked.message, writing)
    room.house._environment["GREENLIT_DRAIN_SECONDS"] = "20"
    status = await room.terminate()
    assert status == 0
    left = room.now(begun)
    assert left.id == waiting.id
    assert re.search("The writer is away|votes close", left.text)
    await room.restart()
    assert (await room.opened(asked)).id == begun.id
    assert len(room.public(channel)) == 1
