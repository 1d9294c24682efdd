"""What is kept of a member and of a server, given out, and gone when it should be."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import ForeignKey, select

from bot.app import App
from bot.networks.base import NetworkUncertainError
from bot.stage import staging_work
from bot.usecases import (
    broadcasting,
    browsing,
    forgetting,
    listing,
    moderating,
    pitching,
    publishing,
    rewriting,
    settings,
    voting,
)
from bot.usecases.moderating import NotWelcomeError, ReportDecidedError, ReportedBeforeError, TooCoarseError
from db import guilds, keeping, posts
from db.base import Base
from db.errors import NotFoundError
from db.ids import GuildId, MemberId
from db.pitches import Pitch
from model.briefs import PitchBrief, genre, theme
from tests.bot.conftest import ANNA, PAGE, Slated
from tests.bot.doubles import Clock, FakeNetwork, draw

BOB = MemberId("page:bob")
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
Scripted = Callable[..., Awaitable[Pitch]]


async def busy(app: App, slated: Slated, scripted: Scripted) -> Pitch:
    """Let Anna do everything that leaves a trace."""
    pitch = await scripted(app)
    view = await slated(app, seed=9)
    await voting.cast_vote(app, view.pitches[0].id, by=ANNA)
    await listing.keep(app, pitch.id, by=ANNA)
    await moderating.report(app, view.pitches[1].id, "dull", by=ANNA, guild=PAGE)
    dialog = await rewriting.order_staging(app, "ANNA: Hello.\nBEN: No.", by=ANNA, guild=PAGE)
    await app.crew.finish(staging_work(dialog.id))
    script = (await browsing.show(app, pitch.id)).scripts[0]
    at = next(iter(await rewriting.spoken(app, script.id)))
    line = await rewriting.order_line(app, script.id, at, by=ANNA)
    await app.crew.finish(rewriting.rewrite_work(line.id))
    await forgetting.allow_training(app, ANNA, wanted=True)
    return pitch


def test_every_column_that_names_a_member_is_known() -> None:
    def names_a_member(key: ForeignKey) -> bool:
        return key.column.table.name == "members"

    named = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(map(names_a_member, column.foreign_keys)) or (table.name, column.name) == ("blocks", "member_id")
    }
    known = {(column.class_.__tablename__, column.key) for column in keeping.named_columns().values()}
    assert known - {("members", "id")} == named


@BOTH
async def test_a_member_gets_everything_and_takes_everything_away(app: App, slated: Slated, scripted: Scripted) -> None:
    await busy(app, slated, scripted)
    kept = await forgetting.kept_of(app, ANNA)
    assert kept.keys() >= {"choices", "slates", "votes", "favourites", "reports", "dialogs", "rewrites"}
    told = await forgetting.export(app, ANNA)
    assert told["dialogs"][0]["dialog"].startswith("ANNA: Hello.")
    assert {kind: len(rows) for kind, rows in told.items()} == kept
    assert await forgetting.forget(app, ANNA)
    assert await forgetting.kept_of(app, ANNA) == {}
    assert not await forgetting.forget(app, ANNA)
    assert len(await browsing.recent_slates(app, PAGE)) == 2  # without a name


@BOTH
async def test_a_server_that_was_left_is_gone_after_a_month_with_all_that_was_of_it(
    app: App, slated: Slated, scripted: Scripted, clock: Clock
) -> None:
    await busy(app, slated, scripted)
    other = GuildId("discord:5")
    await slated(app, guild=other, seed=77)
    await forgetting.leave(app, PAGE)
    clock.move(days=29)
    assert await forgetting.tidy(app, timedelta(days=365)) == (0, 0)
    clock.move(days=2)
    assert await forgetting.tidy(app, timedelta(days=365)) == (0, 1)
    async with app.database.reading() as session:
        with pytest.raises(NotFoundError):
            await guilds.get(session, PAGE)
        for table in Base.metadata.tables.values():
            if "guild_id" in table.columns:
                left = (await session.scalars(select(table.c.guild_id))).all()
                assert set(left) <= {other}, table.name
    assert len(await browsing.recent_slates(app, other)) == 1


async def test_a_server_that_we_came_back_to_stays(app: App, slated: Slated, clock: Clock) -> None:
    await slated(app)
    await forgetting.leave(app, PAGE)
    await forgetting.come_back(app, PAGE)
    clock.move(days=60)
    assert await forgetting.tidy(app, timedelta(days=365)) == (0, 0)


@BOTH
async def test_old_slates_lose_their_name_unless_the_author_opted_in(app: App, slated: Slated, clock: Clock) -> None:
    await slated(app)
    clock.move(days=91)
    await forgetting.allow_training(app, ANNA, wanted=True)
    assert await forgetting.tidy(app, timedelta(days=90)) == (0, 0)
    await forgetting.allow_training(app, ANNA, wanted=False)
    assert await forgetting.tidy(app, timedelta(days=90)) == (1, 0)
    assert (await browsing.recent_slates(app, PAGE))[0].asked_by is None


@BOTH
async def test_one_moderator_decides_and_the_author_is_blocked(app: App, slated: Slated) -> None:
    view = await slated(app)
    case = await moderating.report(app, view.pitches[0].id, "rude", by=BOB, guild=PAGE)
    with pytest.raises(ReportedBeforeError):
        await moderating.report(app, view.pitches[0].id, "rude", by=BOB, guild=PAGE)
    assert [one.report.id for one in await moderating.open_cases(app, PAGE)] == [case.report.id]
    removed = await moderating.block_author(app, case.report.id, by=BOB)
    assert removed.removed
    for decide in (moderating.remove, moderating.pardon, moderating.block_author):
        with pytest.raises(ReportDecidedError):
            await decide(app, case.report.id, by=BOB)
    brief = PitchBrief(genre=genre("comedy"), theme=theme("trains"))
    with pytest.raises(NotWelcomeError):
        await pitching.open_slate(app, brief, by=ANNA, guild=PAGE)
    with pytest.raises(NotWelcomeError):
        await voting.cast_vote(app, view.pitches[1].id, by=ANNA)
    with pytest.raises(NotFoundError):
        await voting.cast_vote(app, view.pitches[0].id, by=BOB)
    assert await moderating.unblock(app, PAGE, ANNA, by=BOB)
    assert not await moderating.unblock(app, PAGE, ANNA, by=BOB)
    assert await pitching.open_slate(app, brief, by=ANNA, guild=PAGE)
    assert [deed.action for deed in await moderating.deeds(app, PAGE)] == ["unblocked", "blocked", "removed"]


async def test_what_was_pardoned_stays(app: App, slated: Slated) -> None:
    view = await slated(app)
    case = await moderating.report(app, view.pitches[0].id, "dull", by=BOB, guild=PAGE)
    assert not (await moderating.pardon(app, case.report.id, by=BOB)).removed
    assert await moderating.open_cases(app, PAGE) == ()


async def test_being_forgotten_does_not_lift_a_block(app: App, slated: Slated) -> None:
    view = await slated(app)
    case = await moderating.report(app, view.pitches[0].id, "rude", by=BOB, guild=PAGE)
    await moderating.block_author(app, case.report.id, by=BOB)
    await forgetting.forget(app, ANNA)
    with pytest.raises(NotWelcomeError):
        await pitching.open_slate(
            app, PitchBrief(genre=genre("comedy"), theme=theme("trains")), by=ANNA, guild=PAGE, limited=False
        )


@pytest.mark.parametrize(("text", "coarse", "fine"), [
    ("a lighthouse", False, True), ("damn trains", False, True), ("shitty trains", False, False),
    ("shitty trains", True, True), ("retards", True, False),
])  # fmt: skip
def test_slurs_never_and_strong_words_only_where_they_may_be(text: str, coarse: bool, fine: bool) -> None:  # noqa: FBT001
    if fine:
        moderating.require_decent(text, coarse=coarse)
        return
    with pytest.raises(TooCoarseError):
        moderating.require_decent(text, coarse=coarse)


async def test_a_coarse_place_is_a_mature_server_s_restricted_channel(app: App) -> None:
    assert not await moderating.allows_coarse(app, PAGE, restricted=True)
    async with app.database.writing() as session:
        await guilds.ensure(session, PAGE)
        await guilds.change(session, PAGE, rating="mature")
    assert await moderating.allows_coarse(app, PAGE, restricted=True)
    assert not await moderating.allows_coarse(app, PAGE, restricted=False)


@BOTH
async def test_what_was_posted_on_a_server_goes_with_it_and_what_was_on_its_way_is_not_sent_once_more(
    app: App, scripted: Scripted, clock: Clock, network: FakeNetwork
) -> None:
    await scripted(app)
    network.after, network.blind = [NetworkUncertainError()], 1  # it is out, and nobody knows
    server = GuildId("discord:5")
    await settings.set_channel(app, server, "daily_channel", 77, by=ANNA)
    (due,) = await broadcasting.due(app, clock().time())
    await broadcasting.announce(app, draw, FakeNetwork(name="discord", account="5"), due)
    await publishing.publish(app, draw, clock().date())
    async with app.database.writing() as session:
        await keeping.purge(session, server)
        assert await posts.claimed_on_servers(session, clock().date()) == frozenset()
        await keeping.purge(session, PAGE)
    clock.move(minutes=11)
    await publishing.recover(app, draw)
    (post,) = await publishing.posts_of(app, clock().date())
    assert (post.state, post.reason, len(network.world.posts)) == ("failed", "its show is deleted", 1)
