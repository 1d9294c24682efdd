import gc
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot import jobs
from bot.app import App
from bot.networks.base import (
    NetworkUncertainError,
)
from bot.usecases import publishing
from db.database import Database
from model.fake import fake_engine
from tests.bot.conftest import OpenApp
from tests.bot.doubles import (
    NOON,
    Clock,
    CrashError,
    FakeNetwork,
    Fate,
    MortalDatabase,
    MortalNetwork,
    draw,
    stopped_at,
)
from tests.bot.test_usecase_publishing import AT, Scripted, settle


def mortal(open_app: OpenApp, url: str, world: tuple[FakeNetwork, ...], last: int) -> tuple[App, Fate]:
    fate = Fate(last)
    database = MortalDatabase.connect(url)
    database.fate = fate
    return open_app(database=database, networks=tuple(MortalNetwork(each, fate) for each in world)), fate


BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@BOTH
async def test_a_process_that_dies_at_any_step_of_making_and_posting_a_show_posts_it_once(
    open_app: OpenApp, database_url: str, clock: Clock
) -> None:
    """Each day dies one step later, until a day passes alive; so do its first catch-ups."""
    first, second = FakeNetwork(name="first"), FakeNetwork(name="second")
    whole = open_app(networks=(first, second))
    for day in range(200):
        clock.time = NOON + timedelta(days=day)
        app, fate = mortal(open_app, database_url, (first, second), day + 1)
        with capture_logs():
            with suppress(CrashError):
                await jobs.daily(app, draw, AT)
            await app.crew.drain(0)
            await app.database.close()
            await settle(whole, clock)
        assert first.world.days() == second.world.days() == [(NOON + timedelta(days=n)).date() for n in range(day + 1)]
        posts = await publishing.posts_of(whole, clock().date())
        assert [post.state for post in posts] == ["posted", "posted"]
        assert len({post.pitch_id for post in posts}) == 1
        if not fate.fulfilled:
            break
    else:
        pytest.fail("no day passed alive")
    assert day > 20


@BOTH
async def test_a_process_that_dies_while_it_recovers_posts_once(
    open_app: OpenApp, database_url: str, clock: Clock, scripted: Scripted
) -> None:
    network = FakeNetwork()
    whole = open_app(networks=(network,))
    for day in range(60):
        clock.time = NOON + timedelta(days=day)
        await scripted(whole, seed=100 + day)
        network.after, network.blind = [NetworkUncertainError()], 1
        await publishing.publish(whole, draw, publishing.today(whole))
        clock.move(minutes=11)
        app, fate = mortal(open_app, database_url, (network,), day + 1)
        with suppress(CrashError):
            await jobs.daily(app, draw, AT)
        await app.database.close()
        await settle(whole, clock)
        assert network.world.days() == [(NOON + timedelta(days=n)).date() for n in range(day + 1)]
        if not fate.fulfilled:
            break
    else:
        pytest.fail("no day passed alive")
    assert day > 8


@BOTH
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a connection goes with its process
async def test_a_process_stopped_at_any_await_of_posting_posts_once(
    open_app: OpenApp, database_url: str, clock: Clock, scripted: Scripted, network: FakeNetwork
) -> None:
    whole = open_app()
    gc.freeze()  # so that each process is forgotten quickly
    for day in range(300):
        clock.time = NOON + timedelta(days=day)
        await scripted(whole, seed=1000 + day)
        stopped = await _stopped_process(database_url, clock, network, day + 1)
        await settle(whole, clock, times=1)
        assert network.world.days() == [(NOON + timedelta(days=n)).date() for n in range(day + 1)]
        if not stopped:
            break
    else:
        pytest.fail("no day passed alive")
    gc.unfreeze()
    assert day > 50


async def _stopped_process(url: str, clock: Clock, network: FakeNetwork, suspension: int) -> bool:
    database = Database.connect(url)
    app = App(database=database, engine=fake_engine(), networks=(network,), now=clock)
    stopped = await stopped_at(jobs.daily(app, draw, AT), suspension)
    await database.close()
    del app, database
    gc.collect()
    return stopped
