import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from structlog.testing import capture_logs

from bot import jobs
from bot.app import App
from bot.stage import slate_work
from bot.usecases import browsing, pitching
from db.pitches import Pitch
from model.briefs import PitchBrief, genre, theme
from model.engine import NothingOriginalError
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import NOON, Clock, FakeNetwork, Told, draw

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = datetime(2026, 3, 7, tzinfo=NEW_YORK), datetime(2026, 10, 31, tzinfo=NEW_YORK)


async def test_the_day_is_posted_when_its_hour_has_come_and_not_before(
    app: App, network: FakeNetwork, clock: Clock
) -> None:
    clock.time = NOON - timedelta(seconds=1)
    await jobs.daily(app, draw, NOON.time())
    assert network.world.days() == []
    clock.move(seconds=1)
    await jobs.daily(app, draw, NOON.time())
    assert network.world.days() == [NOON.date()]


async def test_a_bot_that_was_off_at_noon_catches_up_the_same_day(app: App, network: FakeNetwork, clock: Clock) -> None:
    clock.time = NOON.replace(hour=23, minute=50)
    await jobs.daily(app, draw, NOON.time())
    clock.move(hours=24)
    await jobs.daily(app, draw, NOON.time())
    clock.move(minutes=20)
    await jobs.daily(app, draw, NOON.time())
    assert network.world.days() == [NOON.date(), NOON.date() + timedelta(days=1)]


@pytest.mark.parametrize("start", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("post_at", [time(12), time(2, 30), time(1, 30), time(0), time(23, 50)], ids=str)
async def test_the_change_of_clocks_costs_and_doubles_no_day(
    app: App, network: FakeNetwork, clock: Clock, start: datetime, post_at: time
) -> None:
    here = replace(app, zone=NEW_YORK)
    clock.time = start.astimezone(UTC)
    end = (start + timedelta(days=3)).astimezone(UTC)
    while clock.time < end:
        before = len(network.world.posts)
        await jobs.daily(here, draw, post_at)
        local = clock.time.astimezone(NEW_YORK)
        if len(network.world.posts) > before:
            assert local.time() >= post_at
        clock.move(minutes=10)
    assert network.world.days() == [(start + timedelta(days=day)).date() for day in range(3)]


async def test_a_day_without_a_show_is_asked_again_later(open_app: OpenApp) -> None:
    app = open_app(Told([[NothingOriginalError()]]))
    with capture_logs() as logs:
        await jobs.daily(app, draw, time(0))
    assert "no show for today yet, asked again at the next catch-up" in [entry["event"] for entry in logs]


async def test_what_nobody_is_at_is_taken_up(open_app: OpenApp) -> None:
    held = asyncio.Event()
    first = open_app(Writer(FakeDecoder(gate=held.wait), TitleIndex.of(())))
    brief = PitchBrief(genre=genre("comedy"), theme=theme("rain"), count=2)
    slate = await pitching.open_slate(first, brief, by=ANNA, guild=PAGE)
    await first.crew.drain(0)
    second = open_app()
    await jobs.take_up(second)
    await jobs.take_up(second)
    await second.crew.finish(slate_work(slate.id))
    assert (await browsing.slate(second, slate.id)).slate.state == "open"


async def test_the_clock_posts_closes_and_takes_up(
    app: App, network: FakeNetwork, scripted: Callable[..., Awaitable[Pitch]], slated: Slated, clock: Clock
) -> None:
    await scripted(app)
    view = await slated(app, seed=8)
    clock.move(hours=25)
    scheduler = jobs.clock(app, draw, post_at=NOON.time())
    by_day = {"daily post", "catch up", "take up", "close votes"}
    assert {job.id for job in scheduler.get_jobs()} == {*by_day, "forget what is old", "shows in reserve", "propose"}
    ran: asyncio.Queue[str] = asyncio.Queue()
    scheduler.add_listener(lambda event: ran.put_nowait(event.job_id), EVENT_JOB_EXECUTED)
    names = {"daily post", "take up", "close votes"}
    scheduler.start()
    for name in names:
        scheduler.modify_job(name, next_run_time=datetime.now(UTC))
    async with asyncio.timeout(20):
        assert {await ran.get() for _ in names} == names
    scheduler.shutdown(wait=False)
    assert (await browsing.slate(app, view.slate.id)).slate.state == "closed"
    assert network.world.days() == [clock().date()]


async def test_a_job_that_breaks_is_in_the_log(app: App) -> None:

    async def broken() -> None:
        raise ZeroDivisionError

    reported = asyncio.Event()
    scheduler = jobs.clock(app, draw, post_at=NOON.time())
    scheduler.add_listener(lambda _: reported.set(), EVENT_JOB_ERROR)
    scheduler.start()
    with capture_logs() as logs:
        scheduler.add_job(broken, id="broken")
        async with asyncio.timeout(20):
            await reported.wait()
    scheduler.shutdown(wait=False)
    assert [entry["job"] for entry in logs] == ["broken"]
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)
