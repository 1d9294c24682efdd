from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest

from bot import jobs
from bot.app import App
from bot.networks.base import (
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
)
from bot.usecases import delivering, publishing
from bot.usecases.delivering import next_try
from db import pitches
from db.pitches import Pitch
from db.posts import Post
from model.engine import NothingOriginalError
from tests.bot.conftest import OpenApp
from tests.bot.doubles import NOON, Clock, FakeNetwork, Told, draw
from tests.bot.test_usecase_publishing import AT, DAY, row, settle

Scripted = Callable[..., Awaitable[Pitch]]
HOUR = timedelta(hours=1)


async def pass_time(app: App, clock: Clock, hours: float) -> None:
    """Let the catch-up come every ten minutes for so long."""
    for _ in range(int(hours * 6)):
        clock.move(minutes=10)
        await publishing.recover(app, draw)


async def test_a_network_that_names_a_moment_is_left_alone_until_then(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.before = [NetworkBusyError(NOON + 5 * HOUR)]
    await publishing.publish(app, draw, DAY)
    assert (await row(app)).retry_at == NOON + 5 * HOUR
    await pass_time(app, clock, 4.5)
    assert network.asked == ["post"]
    await pass_time(app, clock, 0.5)
    assert (network.asked, network.world.days()) == (["post", "find", "post"], [DAY])


async def test_a_network_in_trouble_is_asked_ever_more_rarely_and_given_up_after_a_day(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.before = [NetworkUncertainError() for _ in range(99)]
    await publishing.publish(app, draw, DAY)
    asked = [NOON]
    while (await row(app)).state == "unknown":
        clock.move(minutes=10)
        before = network.asked.count("post")
        await publishing.recover(app, draw)
        if network.asked.count("post") > before:
            asked.append(clock())
    pauses = [late - early for early, late in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(minutes=10), timedelta(hours=3))
    post = await row(app)
    assert (post.state, post.reason) == ("failed", "GivenUpError: it could not be sent for a day")
    assert timedelta(days=1) < clock() - NOON < timedelta(hours=28)
    assert len(asked) == post.attempts < 15


async def test_a_machine_that_slept_for_days_tries_once_more(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.before = [NetworkUncertainError()]
    await publishing.publish(app, draw, DAY)
    clock.move(days=3)
    await publishing.recover(app, draw)
    assert network.world.days() == [DAY]


async def test_what_may_be_out_is_still_looked_for_when_nothing_is_sent_any_more(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.after, network.blind = [NetworkUncertainError()], 1
    network.upset = []
    await publishing.publish(app, draw, DAY)
    network.upset = [NetworkBusyError() for _ in range(20)]
    await pass_time(app, clock, 80)
    post = await row(app)
    assert (post.state, network.asked.count("post"), network.world.days()) == ("posted", 1, [DAY])


async def test_a_post_that_nobody_can_look_up_for_a_week_is_forgotten(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock
) -> None:
    await scripted(app)
    network.after = [NetworkUncertainError()]
    network.upset = [NetworkBusyError() for _ in range(999)]
    await publishing.publish(app, draw, DAY)
    while (await row(app)).state == "unknown":
        await pass_time(app, clock, 6)
    assert (await row(app)).reason == "NetworkBusyError: nobody could tell for a week"
    assert clock() - NOON > timedelta(days=7)
    assert network.asked.count("post") == 1


async def test_a_day_without_a_show_for_a_day_is_given_up(open_app: OpenApp, clock: Clock) -> None:
    app = open_app(Told([[NothingOriginalError()]]))
    await jobs.daily(app, draw, AT)
    assert (await row(app)).state == "claimed"
    clock.move(hours=25)
    await publishing.recover(app, draw)
    assert (await row(app)).reason == "GivenUpError: no show was ready for a day"


async def test_refused_keys_stop_the_network_until_the_next_start_and_tell_the_owners(
    open_app: OpenApp, scripted: Scripted, clock: Clock
) -> None:
    broken, sound = FakeNetwork(name="broken", account="me", before=[NetworkUnauthorizedError()]), FakeNetwork()
    app = open_app(networks=(broken, sound))
    told: list[str] = []

    async def tell(sentence: str) -> None:
        told.append(sentence)

    app.alarms.append(tell)
    await scripted(app)
    await publishing.publish(app, draw, DAY)
    await settle(app, clock)
    assert (broken.asked, sound.world.days()) == (["post"], [DAY])
    assert [sentence.startswith("broken (me) does not accept the keys it was given") for sentence in told] == [True]
    anew = open_app(networks=(broken, sound))
    await settle(anew, clock)
    assert (broken.world.days(), sound.world.days()) == ([DAY], [DAY])


async def test_a_network_whose_keys_are_refused_claims_no_further_day(
    open_app: OpenApp, scripted: Scripted, clock: Clock
) -> None:
    network = FakeNetwork(before=[NetworkUnauthorizedError() for _ in range(9)])
    app = open_app(networks=(network,))
    await scripted(app)
    await publishing.publish(app, draw, DAY)
    clock.move(days=1)
    assert await publishing.publish(app, draw, DAY + timedelta(days=1)) == ()
    assert network.asked == ["post"]


@dataclass
class Choosy(FakeNetwork):
    """A network whose rules must be asked for."""

    moods: list[NetworkError] = field(default_factory=list)
    learnt: int = 0

    async def learn(self) -> None:
        if self.moods:
            raise self.moods.pop(0)
        self.learnt += 1


async def test_rules_are_learnt_before_the_text_is_made(open_app: OpenApp, scripted: Scripted, clock: Clock) -> None:
    network = Choosy(moods=[NetworkBusyError()])
    app = open_app(networks=(network,))
    await scripted(app)
    await publishing.publish(app, draw, DAY)
    post: Post = await row(app)
    assert (post.state, post.pitch_id, network.asked) == ("unknown", None, [])
    await settle(app, clock)
    assert (network.learnt, network.world.days()) == (1, [DAY])


async def test_a_network_that_never_ends_is_left(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scripted(app)
    monkeypatch.setattr(delivering, "PATIENCE", 0.05)
    network.slow = 1
    await publishing.publish(app, draw, DAY)
    assert ((await row(app)).state, network.asked) == ("unknown", ["post", "find"])
    await settle(app, clock)
    assert network.world.days() == [DAY]


@pytest.mark.parametrize(("setting", "days"), [(0, [0, 5]), (1, [0, 4, 5]), (30, [0, 1, 2, 3, 4, 5])])
async def test_missed_days_are_skipped_or_caught_up(
    app: App, network: FakeNetwork, clock: Clock, setting: int, days: list[int]
) -> None:
    await jobs.daily(app, draw, AT, setting)
    clock.move(days=5)
    for _ in range(3):
        await jobs.daily(app, draw, AT, setting)
    assert network.world.days() == [DAY + timedelta(days=day) for day in days]


async def test_a_new_network_is_never_behind(open_app: OpenApp, clock: Clock) -> None:
    old, new = FakeNetwork(name="old"), FakeNetwork(name="new")
    await jobs.daily(open_app(networks=(old,)), draw, AT, 9)
    clock.move(days=3)
    await jobs.daily(open_app(networks=(old, new)), draw, AT, 9)
    assert (len(old.world.posts), len(new.world.posts)) == (4, 1)


async def test_a_refusal_says_why_in_the_row_and_never_at_length(
    app: App, scripted: Scripted, network: FakeNetwork
) -> None:
    await scripted(app)
    network.before = [NetworkRefusedError("no " * 999)]
    await publishing.publish(app, draw, DAY)
    assert len((await row(app)).reason or "") == 500


def test_a_network_that_names_a_moment_far_away_is_asked_within_a_day() -> None:
    far = NetworkBusyError(NOON + timedelta(days=4000))
    assert next_try(far, 0, NOON) == NOON + timedelta(days=1)
    assert next_try(NetworkBusyError(NOON), 0, NOON) == NOON + timedelta(minutes=10)
    assert next_try(NetworkUncertainError(), 400, NOON) == NOON + timedelta(hours=3)


@pytest.mark.parametrize(("is_out", "state"), [(False, "failed"), (True, "posted")])
async def test_what_moderators_removed_is_looked_for_and_not_sent_again(
    app: App, scripted: Scripted, network: FakeNetwork, clock: Clock, *, is_out: bool, state: str
) -> None:
    show = await scripted(app)
    trouble = network.after if is_out else network.before
    trouble.append(NetworkUncertainError())
    network.blind = 1
    await publishing.publish(app, draw, DAY)
    async with app.database.writing() as session:
        await pitches.remove(session, show.id, now=app.now())
    clock.move(minutes=11)
    await publishing.recover(app, draw)
    assert ((await row(app)).state, network.asked.count("post")) == (state, 1)
    assert (await row(app)).reason in {None, "RemovedError: moderators removed the show"}


def test_whoever_is_at_a_post_is_done_with_it_before_it_is_taken_for_dead() -> None:
    looked_up_sent_and_looked_up = 3 * timedelta(seconds=delivering.PATIENCE)
    assert looked_up_sent_and_looked_up < delivering.STUCK_AFTER
