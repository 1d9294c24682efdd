import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from bot import errors
from bot.app import App
from bot.stage import script_work
from bot.usecases import browsing, voting
from bot.usecases.voting import PitchDecidedError
from db.errors import NotFoundError, SlateClosedError
from db.ids import MemberId, PitchId
from tests.bot.conftest import ANNA, OpenApp, Slated
from tests.bot.doubles import Clock

EVERY_DATABASE = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def member(number: int) -> MemberId:
    return MemberId(f"page:{number:032x}")


async def test_voting_twice_counts_once(app: App, slated: Slated) -> None:
    view = await slated(app)
    for _ in range(2):
        ballot = await voting.cast_vote(app, view.pitches[0].id, by=ANNA)
    assert (ballot.pitch.votes, ballot.greenlit) == (1, False)


async def test_a_vote_moves_with_its_member(app: App, slated: Slated) -> None:
    view = await slated(app)
    for pitch in view.pitches:
        await voting.cast_vote(app, pitch.id, by=ANNA)
    votes = [pitch.votes for pitch in (await browsing.slate(app, view.slate.id)).pitches]
    assert votes == [0, 0, 1]


@EVERY_DATABASE
async def test_fifty_members_at_once_give_an_exact_tally_and_one_script(app: App, slated: Slated) -> None:
    view = await slated(app)
    choices = [view.pitches[number % 3] for number in range(50)]
    answers = await asyncio.gather(
        *(voting.cast_vote(app, pitch.id, by=member(number)) for number, pitch in enumerate(choices)),
        return_exceptions=True,
    )
    ballots = [answer for answer in answers if isinstance(answer, voting.Ballot)]
    late = [answer for answer in answers if not isinstance(answer, voting.Ballot)]
    after = await browsing.slate(app, view.slate.id)
    assert {type(answer) for answer in late} == {SlateClosedError}
    assert sum(pitch.votes for pitch in after.pitches) == len(ballots)
    assert [ballot.greenlit for ballot in ballots].count(True) == 1
    assert sorted(pitch.state for pitch in after.pitches) in (
        ["greenlit", "passed", "passed"],
        ["passed", "passed", "scripted"],
    )
    assert max(pitch.votes for pitch in after.pitches) == 3
    assert (await browsing.remembered(app))["scripts"] == 1


@EVERY_DATABASE
async def test_fifty_members_below_the_threshold_are_all_counted(app: App, slated: Slated) -> None:
    views = [await slated(app, seed=seed) for seed in range(9)]
    wanted = [pitch for view in views for pitch in view.pitches][:25]
    await asyncio.gather(*(voting.cast_vote(app, wanted[number // 2].id, by=member(number)) for number in range(50)))
    votes = [pitch.votes for view in views for pitch in (await browsing.slate(app, view.slate.id)).pitches]
    assert votes[:25] == [2] * 25
    assert sum(votes) == 50


async def test_the_vote_that_decides_orders_the_script(app: App, slated: Slated) -> None:
    view = await slated(app)
    ballots = [await voting.cast_vote(app, view.pitches[1].id, by=member(number)) for number in range(3)]
    assert [ballot.greenlit for ballot in ballots] == [False, False, True]
    show = await browsing.show(app, view.pitches[1].id)
    await app.crew.finish(script_work(show.scripts[0].id))
    show = await browsing.show(app, view.pitches[1].id)
    assert (show.pitch.state, show.scripts[0].state) == ("scripted", "done")
    others = [pitch.state for pitch in (await browsing.slate(app, view.slate.id)).pitches if pitch.id != show.pitch.id]
    assert others == ["passed", "passed"]


async def test_a_vote_on_a_closed_slate_says_so(app: App, slated: Slated) -> None:
    view = await slated(app)
    await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    with pytest.raises(SlateClosedError) as caught:
        await voting.cast_vote(app, view.pitches[1].id, by=ANNA)
    assert errors.explain(caught.value) == "This vote is over; your vote on another slate is welcome."
    assert (await browsing.remembered(app))["votes"] == 0


async def test_a_vote_after_the_end_does_not_count_even_before_the_clock_came(
    app: App, slated: Slated, clock: Clock
) -> None:
    view = await slated(app)
    clock.move(hours=24)
    with pytest.raises(SlateClosedError):
        await voting.cast_vote(app, view.pitches[0].id, by=ANNA)


async def test_a_vote_for_nothing_is_not_found(app: App) -> None:
    with pytest.raises(NotFoundError) as caught:
        await voting.cast_vote(app, PitchId(99), by=ANNA)
    assert errors.explain(caught.value) == "There is no pitch with the number 99; pick one from the list."
    with pytest.raises(NotFoundError):
        await voting.greenlight(app, PitchId(99), by=ANNA)


async def test_a_showrunner_decides_once(app: App, slated: Slated) -> None:
    view = await slated(app)
    pitch = await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    assert pitch.state == "greenlit"
    for other in view.pitches:
        with pytest.raises(PitchDecidedError) as caught:
            await voting.greenlight(app, other.id, by=ANNA)
        assert errors.explain(caught.value).startswith(f"“{other.title}” ")
    assert (await browsing.remembered(app))["scripts"] == 1


@EVERY_DATABASE
async def test_showrunners_and_voters_at_once_choose_one_pitch(app: App, slated: Slated) -> None:
    view = await slated(app)
    await asyncio.gather(
        *(voting.greenlight(app, pitch.id, by=ANNA) for pitch in view.pitches),
        *(voting.cast_vote(app, view.pitches[number % 3].id, by=member(number)) for number in range(12)),
        voting.close_expired(app),
        return_exceptions=True,
    )
    after = await browsing.slate(app, view.slate.id)
    assert after.slate.state == "closed"
    assert [pitch.state == "passed" for pitch in after.pitches].count(False) == 1
    assert (await browsing.remembered(app))["scripts"] == 1


async def test_a_slate_closes_when_its_time_is_over(app: App, slated: Slated, clock: Clock) -> None:
    view = await slated(app)
    assert view.slate.closes_at is not None
    assert await voting.close_expired(app) == ()
    clock.time = view.slate.closes_at - timedelta(seconds=1)
    assert await voting.close_expired(app) == ()
    clock.time = view.slate.closes_at
    assert await voting.close_expired(app) == (view.slate.id,)
    assert await voting.close_expired(app) == ()
    after = await browsing.slate(app, view.slate.id)
    assert {pitch.state for pitch in after.pitches} == {"passed"}


async def test_two_processes_close_a_slate_once(open_app: OpenApp, slated: Slated, clock: Clock) -> None:
    apps = [open_app(), open_app()]
    view = await slated(apps[0])
    clock.move(hours=25)
    closed = await asyncio.gather(*(voting.close_expired(app) for app in apps))
    assert sorted(closed) == [(), (view.slate.id,)]


async def test_a_pitch_that_is_decided_though_its_slate_is_open_is_not_greenlit(
    app: App, slated: Slated, database_url: str
) -> None:
    view = await slated(app)
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as rows:
        rows.execute("UPDATE pitches SET state = 'passed' WHERE slot = 0")
        rows.commit()
    ballots = [await voting.cast_vote(app, view.pitches[0].id, by=member(number)) for number in range(3)]
    assert (ballots[-1].pitch.votes, ballots[-1].greenlit) == (3, False)
