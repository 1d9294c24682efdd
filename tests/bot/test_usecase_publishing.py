import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import jobs
from bot.app import App
from bot.networks.base import (
    DuplicatePostError,
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUncertainError,
)
from bot.usecases import browsing, publishing, reserve
from bot.usecases.reserve import NothingToPostError
from bot.usecases.showing import Pictures
from db.pitches import Pitch
from db.posts import Post
from model.briefs import Brief, PitchBrief
from model.engine import ANYHOW, EngineUnauthorizedError, Event, NothingOriginalError, Terms
from model.fake import fake_engine
from tests.bot.conftest import OpenApp
from tests.bot.doubles import (
    NOON,
    Clock,
    FakeNetwork,
    Moody,
    draw,
)

Scripted = Callable[..., Awaitable[Pitch]]
DAY = NOON.date()
AT = NOON.time()


class NoScripts:
    """An engine that writes slates, and no scripts."""

    async def stream(self, brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        if not isinstance(brief, PitchBrief):
            raise EngineUnauthorizedError
        async for event in fake_engine().stream(brief):
            yield event


async def row(app: App) -> Post:
    (post,) = await publishing.posts_of(app, DAY)
    return post


async def settle(app: App, clock: Clock, *, times: int = 2) -> None:
    """Let the catch-up come as often as it takes a crashed day to be settled."""
    for _ in range(times):
        clock.move(minutes=11)
        await jobs.take_up(app)
        await jobs.daily(app, draw, AT)


async def test_the_best_finished_show_is_posted(app: App, scripted: Scripted, network: FakeNetwork) -> None:
    show = await scripted(app)
    (post,) = await publishing.publish(app, draw, DAY)
    assert (post.state, post.pitch_id, post.address) == ("posted", show.id, "fake://2026-11-21")
    assert network.world.posts == [(DAY, post.text)]
    assert (await browsing.show(app, show.id)).pitch.state == "posted"
    assert await browsing.recent_posts(app) == (post,)


async def test_a_day_is_posted_once_however_often_it_is_asked(
    app: App, scripted: Scripted, network: FakeNetwork
) -> None:
    await scripted(app)
    for _ in range(3):
        await publishing.publish(app, draw, DAY)
        await publishing.recover(app, draw)
    assert network.asked == ["post"]


async def test_without_a_show_the_room_makes_one_up(app: App, network: FakeNetwork) -> None:
    (post,) = await publishing.publish(app, draw, DAY)
    assert post.pitch_id is not None
    show = await browsing.show(app, post.pitch_id)
    assert (show.pitch.guild_id, show.pitch.state, show.scripts[0].state) == (reserve.ROOM, "posted", "done")
    assert len(network.world.posts) == 1


async def test_every_network_gets_the_same_show(open_app: OpenApp, scripted: Scripted) -> None:
    networks = tuple(FakeNetwork(name=name) for name in ("one", "two", "three"))
    app = open_app(networks=networks)
    await scripted(app)
    await scripted(app, seed=8)
    posts = await publishing.publish(app, draw, DAY)
    assert len({post.pitch_id for post in posts}) == 1
    assert [len(network.world.posts) for network in networks] == [1, 1, 1]
    tomorrow = await publishing.publish(app, draw, DAY + timedelta(days=1))
    assert {post.pitch_id for post in tomorrow}.isdisjoint({post.pitch_id for post in posts})


async def test_two_processes_post_once(open_app: OpenApp, scripted: Scripted, network: FakeNetwork) -> None:
    apps = [open_app() for _ in range(4)]
    await scripted(apps[0])
    await asyncio.gather(*(publishing.publish(app, draw, DAY) for app in apps))
    assert network.world.days() == [DAY]


@pytest.mark.parametrize("error", [NetworkUncertainError(), DuplicatePostError()])
async def test_an_unclear_answer_is_settled_by_a_look(
    app: App, scripted: Scripted, network: FakeNetwork, error: NetworkError
) -> None:
    await scripted(app)
    network.after = [error]
    await publishing.publish(app, draw, DAY)
    assert ((await row(app)).state, network.asked, len(network.world.posts)) == ("posted", ["post", "find"], 1)


async def test_an_unknown_post_is_looked_up_before_anything_is_sent(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.after, network.blind = [NetworkUncertainError()], 1
    await publishing.publish(app, draw, DAY)
    assert ((await row(app)).state, (await row(app)).reason) == ("unknown", "NetworkUncertainError")
    await publishing.recover(app, draw)
    assert (await row(app)).state == "unknown"
    await settle(app, clock)
    assert ((await row(app)).state, network.asked, len(network.world.posts)) == ("posted", ["post", "find", "find"], 1)


async def test_a_post_that_never_arrived_is_sent_again(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.before = [NetworkUncertainError()]
    await publishing.publish(app, draw, DAY)
    assert (await row(app)).state == "unknown"
    await settle(app, clock)
    assert ((await row(app)).state, network.world.days()) == ("posted", [DAY])


@pytest.mark.parametrize("searched", [0, 1])
async def test_a_busy_network_is_asked_later(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock, searched: int
) -> None:
    await scripted(app)
    network.before, network.upset = [NetworkBusyError()], [NetworkBusyError()] * searched
    await publishing.publish(app, draw, DAY)
    assert ((await row(app)).state, (await row(app)).reason) == ("unknown", "NetworkBusyError")
    await settle(app, clock, times=1 + 2 * searched)
    assert ((await row(app)).state, network.world.days()) == ("posted", [DAY])


async def test_what_is_refused_stays_refused(app: App, scripted: Scripted, network: FakeNetwork, clock: Clock) -> None:
    await scripted(app)
    network.before = [NetworkRefusedError("too rude")]
    await publishing.publish(app, draw, DAY)
    post = await row(app)
    assert (post.state, post.reason) == ("failed", "NetworkRefusedError: too rude")
    await settle(app, clock)
    assert (await row(app), network.world.posts) == (post, [])


async def test_a_writer_that_is_away_costs_no_day(open_app: OpenApp, network: FakeNetwork, clock: Clock) -> None:
    app = open_app(Moody(fake_engine(), [(0, NothingOriginalError())] * 4))  # as often as a slate is tried
    with pytest.raises(NothingToPostError):
        await publishing.publish(app, draw, DAY)
    assert ((await row(app)).state, network.world.posts) == ("claimed", [])
    await settle(app, clock)
    assert ((await row(app)).state, network.world.days()) == ("posted", [DAY])


async def test_a_script_that_fails_costs_no_day(open_app: OpenApp, network: FakeNetwork, clock: Clock) -> None:
    app = open_app()
    with pytest.raises(NothingToPostError):
        await publishing.publish(open_app(NoScripts()), draw, DAY)
    await settle(app, clock)
    assert ((await row(app)).state, network.world.days()) == ("posted", [DAY])


async def test_a_post_of_a_network_without_keys_waits(
    open_app: OpenApp, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    app = open_app()
    await scripted(app)
    network.before = [NetworkUncertainError()]
    await publishing.publish(app, draw, DAY)
    keyless = open_app(networks=())
    clock.move(hours=1)
    await publishing.recover(keyless, draw)
    assert (await row(app)).state == "unknown"


async def test_two_processes_recover_one_post(
    open_app: OpenApp, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    apps = [open_app() for _ in range(3)]
    await scripted(apps[0])
    network.before = [NetworkUncertainError()]
    await publishing.publish(apps[0], draw, DAY)
    clock.move(minutes=11)
    await asyncio.gather(*(publishing.recover(app, draw) for app in apps))
    assert (network.world.days(), network.asked.count("post")) == ([DAY], 2)


async def test_a_slow_process_whose_post_was_taken_over_sends_nothing(
    open_app: OpenApp, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    slow, quick = open_app(), open_app()
    await scripted(slow)

    async def draw_slowly(pitch: Pitch, excerpt: str, where: str) -> Pictures:
        clock.move(minutes=11)
        await publishing.recover(quick, draw)
        return await draw(pitch, excerpt, where)

    await publishing.publish(slow, draw_slowly, DAY)
    assert (network.asked, (await row(slow)).state) == (["post"], "posted")


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_two_days_chosen_at_once_get_two_shows(
    open_app: OpenApp, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    slow, quick = open_app(), open_app()
    shows = {(await scripted(slow, seed=seed)).id for seed in (7, 8)}

    async def draw_slowly(pitch: Pitch, excerpt: str, where: str) -> Pictures:
        await publishing.publish(quick, draw, DAY + timedelta(days=1))
        return await draw(pitch, excerpt, where)

    await publishing.publish(slow, draw_slowly, DAY)
    clock.move(minutes=11)
    await publishing.recover(slow, draw)
    assert {post.pitch_id for post in await browsing.recent_posts(slow)} == shows
    assert sorted(network.world.days()) == [DAY, DAY + timedelta(days=1)]


async def test_two_networks_chosen_for_at_once_get_the_same_show(
    open_app: OpenApp, scripted: Scripted, clock: Clock
) -> None:
    networks = tuple(FakeNetwork(name=name) for name in ("one", "two"))
    slow, quick = open_app(networks=networks[:1]), open_app(networks=networks)
    await scripted(slow)

    async def draw_slowly(pitch: Pitch, excerpt: str, where: str) -> Pictures:
        clock.move(hours=-1)
        await scripted(quick, seed=8)  # greenlit earlier: the next to be chosen
        clock.move(hours=1)
        await publishing.publish(quick, draw, DAY)
        return await draw(pitch, excerpt, where)

    await publishing.publish(slow, draw_slowly, DAY)
    clock.move(minutes=11)
    await publishing.recover(slow, draw)
    assert len({post.pitch_id for post in await publishing.posts_of(quick, DAY)}) == 1
    assert [network.world.days() for network in networks] == [[DAY], [DAY]]


async def test_a_post_that_another_process_took_up_meanwhile_is_left_to_it(
    open_app: OpenApp, scripted: Scripted, clock: Clock
) -> None:
    networks = tuple(FakeNetwork(name=name, before=[NetworkUncertainError()]) for name in ("one", "two"))
    slow, quick = open_app(networks=networks), open_app(networks=networks)
    await scripted(slow)
    await publishing.publish(slow, draw, DAY)
    clock.move(minutes=11)

    async def draw_slowly(pitch: Pitch, excerpt: str, where: str) -> Pictures:
        await publishing.recover(quick, draw)
        return await draw(pitch, excerpt, where)

    await publishing.recover(slow, draw_slowly)
    assert [network.world.days() for network in networks] == [[DAY], [DAY]]


async def test_the_same_day_has_two_names_in_two_zones(open_app: OpenApp, clock: Clock) -> None:
    app = open_app()
    clock.time = NOON.replace(hour=2)
    assert publishing.today(app) == DAY
    here = App(database=app.database, engine=app.engine, now=clock, zone=ZoneInfo("America/New_York"))
    assert publishing.today(here) == DAY - timedelta(days=1)
