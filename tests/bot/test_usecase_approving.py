"""The owner's word before the show of the day: proposed once, approved, edited, skipped, whoever is first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot import jobs
from bot.app import App
from bot.usecases import approving, publishing, showing
from bot.usecases.approving import NotApprovedError, Proposed, SettledError, UnfitError
from db import pitches
from db.errors import NotFoundError
from db.ids import ProposalId
from db.pitches import Pitch
from model.briefs import BadBriefError
from tests.bot.conftest import ANNA, OpenApp
from tests.bot.doubles import NOON, Clock, FakeNetwork, draw

Scripted = Callable[..., Awaitable[Pitch]]
DAY = NOON.date()
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


async def standing(app: App) -> Proposed:
    return await approving.standing(app, DAY, showing.the_next)


@pytest.fixture
def asking(open_app: OpenApp) -> App:
    return open_app(approval=True)


@BOTH
async def test_nothing_goes_out_before_somebody_approved_it(
    asking: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    show = await scripted(asking)
    with pytest.raises(NotApprovedError):
        await publishing.publish(asking, draw, DAY)
    assert network.world.posts == []
    found = await standing(asking)
    assert (found.pitch.id, found.proposal.state) == (show.id, "proposed")
    await approving.approve(asking, found.proposal.id, by=ANNA)
    clock.move(minutes=11)
    await jobs.daily(asking, draw, NOON.time())
    assert network.world.days() == [DAY]


async def test_without_approval_nobody_is_asked(app: App, scripted: Scripted, network: FakeNetwork) -> None:
    await scripted(app)
    await jobs.propose(app, NOON.time())
    await publishing.publish(app, draw, DAY)
    assert network.world.days() == [DAY]
    assert await approving.since(app, DAY) == ()


async def test_what_is_skipped_is_followed_by_another_show(asking: App, scripted: Scripted) -> None:
    shows = {(await scripted(asking, seed=seed)).id for seed in (7, 8)}
    first = await standing(asking)
    await approving.skip(asking, first.proposal.id, by=ANNA)
    second = await standing(asking)
    assert {first.pitch.id, second.pitch.id} == shows
    assert second.proposal.state == "proposed"
    await approving.approve(asking, second.proposal.id, by=ANNA)
    await approving.skip(asking, second.proposal.id, by=ANNA)  # as long as it is not out
    third = await standing(asking)
    assert third.pitch.id not in shows  # made up by the room


async def test_what_is_edited_is_said_and_nothing_else_changes(
    asking: App, scripted: Scripted, network: FakeNetwork
) -> None:
    show = await scripted(asking)
    found = await standing(asking)
    edited = await approving.edit(asking, found.proposal.id, "A kettle finds its voice.", by=ANNA)
    assert (edited.summary, edited.pitch.summary) == ("A kettle finds its voice.", show.summary)
    assert (await showing.announce(asking, draw, show, DAY, "fake")).summary == "A kettle finds its voice."
    assert (await showing.announce(asking, draw, show, DAY + timedelta(days=1), "fake")).summary == show.summary
    await approving.approve(asking, found.proposal.id, by=ANNA)
    await publishing.publish(asking, draw, DAY)
    assert network.world.days() == [DAY]


@pytest.mark.parametrize(("words", "error"), [("", BadBriefError), ("x" * 5000, BadBriefError), ("Fuck.", UnfitError)])
async def test_what_cannot_be_said_leaves_the_show_as_it_was(
    asking: App, scripted: Scripted, words: str, error: type[Exception]
) -> None:
    await scripted(asking)
    found = await standing(asking)
    with pytest.raises(error):
        await approving.edit(asking, found.proposal.id, words, by=ANNA)
    assert (await standing(asking)) == found


async def test_a_decision_is_made_once(asking: App, scripted: Scripted) -> None:
    await scripted(asking)
    found = await standing(asking)
    await approving.approve(asking, found.proposal.id, by=ANNA)
    with pytest.raises(SettledError):
        await approving.approve(asking, found.proposal.id, by=ANNA)
    await approving.skip(asking, found.proposal.id, by=ANNA)
    for late in (approving.approve, approving.skip):
        with pytest.raises(SettledError):
            await late(asking, found.proposal.id, by=ANNA)
    with pytest.raises(SettledError):
        await approving.edit(asking, found.proposal.id, "Too late.", by=ANNA)


@pytest.mark.parametrize("number", [999, 2**40])
async def test_a_proposal_that_is_none_is_not_found(asking: App, number: int) -> None:
    with pytest.raises(NotFoundError):
        await approving.approve(asking, ProposalId(number), by=ANNA)


@BOTH
async def test_two_processes_propose_one_show(open_app: OpenApp, scripted: Scripted) -> None:
    apps = [open_app(approval=True) for _ in range(4)]
    for seed in (7, 8):
        await scripted(apps[0], seed=seed)
    found = await asyncio.gather(*(standing(app) for app in apps))
    assert len({each.proposal.id for each in found}) == 1
    assert len(await approving.since(apps[0], DAY)) == 1


@pytest.mark.parametrize(("hour", "ahead"), [(-1, 0), (1, 1)])
async def test_todays_show_is_proposed_until_it_is_out_then_tomorrows(
    asking: App, scripted: Scripted, clock: Clock, hour: int, ahead: int
) -> None:
    for seed in (7, 8):
        await scripted(asking, seed=seed)
    if ahead:
        found = await standing(asking)
        await approving.approve(asking, found.proposal.id, by=ANNA)
        await publishing.publish(asking, draw, DAY)
    clock.move(hours=hour)
    await jobs.propose(asking, NOON.time())
    proposed = await approving.since(asking, DAY)
    assert proposed[-1].proposal.day == DAY + timedelta(days=ahead)
    assert proposed[-1].proposal.state == "proposed"


async def remove(app: App, pitch: Pitch) -> None:
    async with app.database.writing() as session:
        await pitches.remove(session, pitch.id, now=app.now())


@BOTH
@pytest.mark.parametrize("approved", [False, True])
async def test_a_show_that_moderators_remove_is_followed_by_another(
    asking: App, scripted: Scripted, network: FakeNetwork, *, approved: bool
) -> None:
    shows = {(await scripted(asking, seed=seed)).id for seed in (7, 8)}
    first = await standing(asking)
    if approved:
        await approving.approve(asking, first.proposal.id, by=ANNA)
    await remove(asking, first.pitch)
    with pytest.raises(NotApprovedError):
        await publishing.publish(asking, draw, DAY)
    second = await standing(asking)
    assert {first.pitch.id, second.pitch.id} == shows
    assert (second.proposal.state, network.world.posts) == ("proposed", [])


async def test_a_show_that_went_out_on_another_day_is_followed_by_another(
    asking: App, open_app: OpenApp, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    for seed in (7, 8):
        await scripted(asking, seed=seed)
    tomorrow = DAY + timedelta(days=1)
    first = await approving.standing(asking, tomorrow, showing.the_next)
    await approving.approve(asking, first.proposal.id, by=ANNA)
    await publishing.publish(open_app(), draw, DAY)  # for a day nobody is asked
    clock.move(days=1)
    second = await approving.standing(asking, tomorrow, showing.the_next)
    assert second.pitch.id != first.pitch.id
    await approving.approve(asking, second.proposal.id, by=ANNA)
    await publishing.publish(asking, draw, tomorrow)
    assert network.world.days() == [DAY, tomorrow]


@BOTH
async def test_what_is_out_is_not_skipped_any_more(asking: App, scripted: Scripted, network: FakeNetwork) -> None:
    await scripted(asking)
    found = await standing(asking)
    await approving.approve(asking, found.proposal.id, by=ANNA)
    await publishing.publish(asking, draw, DAY)
    with pytest.raises(SettledError):
        await approving.skip(asking, found.proposal.id, by=ANNA)
    assert (await standing(asking)).proposal.state == "approved"
    assert network.world.days() == [DAY]


@BOTH
async def test_what_is_skipped_while_it_is_drawn_is_not_sent(
    asking: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    for seed in (7, 8):
        await scripted(asking, seed=seed)
    found = await standing(asking)
    await approving.approve(asking, found.proposal.id, by=ANNA)

    async def slowly(pitch: Pitch, excerpt: str, name: str) -> showing.Pictures:
        await approving.skip(asking, found.proposal.id, by=ANNA)
        return await draw(pitch, excerpt, name)

    await publishing.publish(asking, slowly, DAY)
    assert network.world.posts == []
    second = await standing(asking)
    await approving.approve(asking, second.proposal.id, by=ANNA)
    clock.move(minutes=11)
    await publishing.recover(asking, draw)
    assert network.world.days() == [DAY]
    (post,) = await publishing.posts_of(asking, DAY)
    assert post.pitch_id == second.pitch.id


async def test_a_day_that_waits_for_a_word_holds_up_no_other(
    asking: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    for seed in (7, 8):
        await scripted(asking, seed=seed)
    yesterday = DAY - timedelta(days=1)
    with pytest.raises(NotApprovedError):
        await publishing.publish(asking, draw, yesterday)
    found = await standing(asking)
    await approving.approve(asking, found.proposal.id, by=ANNA)
    clock.move(minutes=11)
    await jobs.daily(asking, draw, NOON.time())
    assert network.world.days() == [DAY]
