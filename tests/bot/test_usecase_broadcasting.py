"""The show of the day on servers: each its own, at its own hour, once a day, whoever else posts what."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from bot.app import App
from bot.languages import say
from bot.networks.base import NetworkUncertainError
from bot.usecases import broadcasting, browsing, publishing, reserve, settings, showing
from bot.usecases.reserve import NothingToPostError
from bot.usecases.settings import BadHourError, UnknownZoneError
from db import guilds
from db.ids import GuildId
from db.pitches import Pitch
from db.posts import SERVERS, Post
from tests.bot.conftest import ANNA, OpenApp, Slated
from tests.bot.doubles import NOON, Clock, FakeNetwork, World, draw

HERE, THERE = GuildId("discord:1"), GuildId("discord:2")
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
AT = time(12, 0)
Greenlit = Callable[..., Awaitable[Pitch]]


@pytest.fixture
def greenlit(slated: Slated) -> Greenlit:
    """Give a function that has a show of a server pitched, greenlit and scripted."""

    async def write(app: App, guild: GuildId, seed: int) -> Pitch:
        from bot.stage import script_work  # noqa: PLC0415
        from bot.usecases import voting  # noqa: PLC0415

        view = await slated(app, seed=seed, guild=guild)
        pitch = await voting.greenlight(app, view.pitches[0].id, by=ANNA)
        await app.crew.finish(script_work((await browsing.show(app, pitch.id)).scripts[0].id))
        return (await browsing.show(app, pitch.id)).pitch

    return write


async def channel(app: App, *servers: GuildId, at: str = "", zone: str = "") -> None:
    for server in servers:
        await settings.set_channel(app, server, "daily_channel", 77, by=ANNA)
        await settings.set_hour(app, server, at, zone, by=ANNA)


def network(server: GuildId, world: World | None = None) -> FakeNetwork:
    return FakeNetwork(name=SERVERS, account=server.partition(":")[2], world=world or World())


async def announced(app: App, *networks: FakeNetwork) -> list[Post | None]:
    by_server = {each.account: each for each in networks}
    found = await broadcasting.due(app, AT)
    return [await broadcasting.announce(app, draw, by_server[each.guild.id[8:]], each) for each in found]


@BOTH
async def test_each_server_has_its_own_best_show(app: App, greenlit: Greenlit) -> None:
    await channel(app, HERE, THERE)
    own = {(await greenlit(app, server, seed)).id for seed, server in ((7, HERE), (8, THERE))}
    here, there = network(HERE), network(THERE)
    posts = await announced(app, here, there)
    assert {post.pitch_id for post in posts if post} == own
    assert [len(each.world.posts) for each in (here, there)] == [1, 1]
    assert await announced(app, here, there) == []


async def test_a_server_without_a_channel_has_none(app: App, greenlit: Greenlit) -> None:
    await greenlit(app, HERE, 7)
    assert await broadcasting.due(app, AT) == ()
    await channel(app, HERE)
    await settings.set_channel(app, HERE, "daily_channel", None, by=ANNA)
    assert await broadcasting.due(app, AT) == ()


async def test_a_server_that_was_left_has_none(app: App) -> None:
    await channel(app, HERE)
    async with app.database.writing() as session:
        await guilds.change(session, HERE, left_at=app.now())
    assert await broadcasting.due(app, AT) == ()


async def test_a_server_without_a_show_gets_everybodys_and_never_the_same_twice(
    app: App, clock: Clock, network: FakeNetwork
) -> None:
    await reserve.fill(app, 2)
    await channel(app, HERE)
    (of_all,) = await publishing.publish(app, draw, NOON.date())
    here = FakeNetwork(name=SERVERS, account="1")
    (first,) = await announced(app, here)
    clock.move(days=1)
    (second,) = await announced(app, here)
    assert first
    assert second
    assert first.pitch_id == of_all.pitch_id != second.pitch_id
    clock.move(days=1)
    (third,) = await announced(app, here)
    assert third
    assert (third.state, third.pitch_id) == ("claimed", None)  # nothing is left; it is looked for again
    with pytest.raises(NothingToPostError):
        await showing.choose_for_server(app, clock().date(), server=HERE)
    assert network.world.days() == [NOON.date()]


async def test_what_a_server_was_shown_may_still_be_everybodys_show(
    app: App, greenlit: Greenlit, network: FakeNetwork
) -> None:
    show = await greenlit(app, HERE, 7)
    await channel(app, HERE)
    await announced(app, FakeNetwork(name=SERVERS, account="1"))
    (post,) = await publishing.publish(app, draw, NOON.date())
    assert post.pitch_id == show.id
    assert network.world.days() == [NOON.date()]


@pytest.mark.parametrize(
    ("at", "zone", "hour", "is_due"),
    [
        ("", "", 11.9, False),
        ("", "", 12.0, True),
        ("9:30", "", 9.4, False),
        ("09:30", "", 9.6, True),
        ("9:30", "America/New_York", 13.0, False),
        ("9:30", "America/New_York", 15.0, True),
        ("23:59", "Asia/Kolkata", 18.6, False),  # 00:06 of the next day there
    ],
)
async def test_the_hour_is_the_servers_own(
    app: App, clock: Clock, at: str, zone: str, hour: float, *, is_due: bool
) -> None:
    await channel(app, HERE, at=at, zone=zone)
    clock.time = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(hours=hour)
    assert bool(await broadcasting.due(app, AT)) == is_due


@pytest.mark.parametrize("at", ["25:00", "12:60", "noon", "12", "-1:00", "١٢:٠٠"])
async def test_what_is_no_hour_is_refused(app: App, at: str) -> None:
    with pytest.raises(BadHourError):
        await settings.set_hour(app, HERE, at, "", by=ANNA)


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe"])
async def test_what_is_no_zone_is_refused(app: App, zone: str) -> None:
    with pytest.raises(UnknownZoneError):
        await settings.set_hour(app, HERE, "", zone, by=ANNA)


@BOTH
async def test_two_processes_announce_once(open_app: OpenApp, greenlit: Greenlit) -> None:
    apps = [open_app() for _ in range(4)]
    await channel(apps[0], HERE)
    await greenlit(apps[0], HERE, 7)
    here = network(HERE)
    await asyncio.gather(*(announced(app, here) for app in apps))
    assert here.world.days() == [NOON.date()]


async def test_what_is_unclear_is_looked_up_later(app: App, greenlit: Greenlit, clock: Clock) -> None:
    await channel(app, HERE)
    await greenlit(app, HERE, 7)
    here = network(HERE)
    here.after, here.blind = [NetworkUncertainError()], 1
    (post,) = await announced(app, here)
    assert post
    assert post.state == "unknown"
    clock.move(minutes=30)
    await broadcasting.recover(app, draw, lambda _account: None)  # its channel was taken away
    await broadcasting.recover(app, draw, {"1": here}.get)
    assert here.world.days() == [NOON.date()]
    assert await publishing.posts_of(app, NOON.date()) == ()


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe"]
)
async def test_through_a_year_there_is_one_hour_a_day(app: App, clock: Clock, zone: str) -> None:
    await channel(app, HERE, at="02:30", zone=zone)
    async with app.database.reading() as session:
        (guild,) = await guilds.announcing(session)
    days: list[date] = []
    clock.time = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(365 * 48):
        clock.move(minutes=30)
        found = broadcasting._due(guild, clock(), AT, UTC)
        if found and (not days or days[-1] != found.day):
            days.append(found.day)
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert len(days) >= 365


async def test_a_zone_that_this_machine_does_not_know_stops_no_server(app: App, clock: Clock) -> None:
    await channel(app, HERE, THERE, at="9:30", zone="Europe/Berlin")
    async with app.database.writing() as session:
        await guilds.change(session, HERE, zone="Mars/Base")  # chosen on a machine that knows more
    clock.time = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert [each.guild.id for each in await broadcasting.due(app, AT)] == [THERE]
    clock.move(hours=1)
    assert {each.guild.id for each in await broadcasting.due(app, AT)} == {HERE, THERE}


async def test_what_one_server_left_behind_holds_up_no_other(app: App, greenlit: Greenlit, clock: Clock) -> None:
    await channel(app, HERE, THERE)
    for seed, server in ((7, HERE), (8, THERE)):
        await greenlit(app, server, seed)
    here, there = network(HERE), network(THERE)
    for each in (here, there):
        each.before = [NetworkUncertainError()]
    await announced(app, here, there)
    clock.move(minutes=30)

    async def broken(pitch: Pitch, excerpt: str, name: str) -> showing.Pictures:
        if pitch.guild_id == HERE:
            raise ZeroDivisionError
        return await draw(pitch, excerpt, name)

    await broadcasting.recover(app, broken, {"1": here, "2": there}.get)
    assert (here.world.days(), there.world.days()) == ([], [NOON.date()])


async def test_what_a_server_has_seen_is_found_without_a_look_at_other_servers(app: App) -> None:
    seen = text("SELECT 1 FROM posts WHERE pitch_id = 1 AND network = 'discord' AND account = '1'")
    async with app.database.reading() as session:
        plan = str((await session.execute(text(f"EXPLAIN QUERY PLAN {seen}"))).all())
    assert "(pitch_id=? AND network=? AND account=?)" in plan


async def test_what_was_left_behind_is_said_in_the_servers_language(app: App, greenlit: Greenlit, clock: Clock) -> None:
    await channel(app, HERE)
    await settings.set_language(app, HERE, "de", by=ANNA)
    await greenlit(app, HERE, 7)
    here, said = network(HERE), list[str]()
    here.before = [NetworkUncertainError()]
    await announced(app, here)
    clock.move(minutes=30)

    async def speaking(pitch: Pitch, excerpt: str, name: str) -> showing.Pictures:
        said.append(say("Keep"))
        return await draw(pitch, excerpt, name)

    await broadcasting.recover(app, speaking, {"1": here}.get)
    assert said == ["Merken"] != [say("Keep")]
