import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from db import guilds, members, pitches, scripts, slates
from db.database import Database
from db.errors import BrokenRuleError, NotFoundError
from db.ids import GuildId, MemberId, SlateId
from db.pitches import Pitch, PitchState
from db.slates import Slate, SlateState

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]
Draft = Callable[..., Awaitable[Slate]]
Vote = Callable[..., Awaitable[None]]

NOBODY = SlateId(999)


async def read(database: Database, slate_id: SlateId) -> Slate:
    async with database.reading() as session:
        return await slates.get(session, slate_id)


async def test_a_new_slate_is_being_drafted(database: Database, draft_slate: Draft, now: datetime) -> None:
    slate = await draft_slate()
    assert slate == await read(database, slate.id)
    assert (slate.state, slate.genre, slate.theme, slate.count) == (SlateState.DRAFTING, "comedy", "time travel", 3)
    assert (slate.created_at, slate.opened_at, slate.closes_at, slate.closed_at) == (now, None, None, None)
    assert (slate.dropped, slate.model, slate.failure, slate.channel_id) == (0, None, None, None)


async def test_a_large_seed_is_kept(database: Database, anna: MemberId, page: GuildId, now: datetime) -> None:
    async with database.writing() as session:
        await members.ensure(session, anna)
        await guilds.ensure(session, page)
        slate = await slates.create(
            session, guild_id=page, asked_by=anna, genre="war", theme="x", count=1, seed=2**62, now=now
        )
    assert slate.seed == 2**62


async def test_a_slate_needs_a_known_member_and_guild(
    database: Database, anna: MemberId, page: GuildId, now: datetime
) -> None:
    with pytest.raises(BrokenRuleError):
        async with database.writing() as session:
            await slates.create(session, guild_id=page, asked_by=anna, genre="war", theme="x", count=1, seed=1, now=now)


async def test_an_unknown_slate_is_not_found(database: Database) -> None:
    async with database.writing() as session:
        with pytest.raises(NotFoundError):
            await slates.get(session, NOBODY)
        with pytest.raises(NotFoundError):
            await slates.lock(session, NOBODY)
        with pytest.raises(NotFoundError) as caught:
            await slates.set_place(session, NOBODY, channel_id=1, message_id=2)
    assert (caught.value.kind, caught.value.id) == ("slate", NOBODY)


async def test_its_place_is_remembered(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        await slates.set_place(session, slate.id, channel_id=2**60, message_id=2**61)
    again = await read(database, slate.id)
    assert (again.channel_id, again.message_id) == (2**60, 2**61)


async def test_a_slate_opens_once(database: Database, draft_slate: Draft, now: datetime) -> None:
    slate, later = await draft_slate(), now + timedelta(hours=24)
    async with database.writing() as session:
        first = await slates.open_slate(session, slate.id, model="lora-1", dropped=4, now=now, closes_at=later)
        second = await slates.open_slate(session, slate.id, model="lora-2", dropped=5, now=now, closes_at=later)
        opened = await slates.get(session, slate.id)  # in the same session: nothing stale
    assert (first, second) == (True, False)
    assert (opened.state, opened.model, opened.dropped) == (SlateState.OPEN, "lora-1", 4)
    assert (opened.opened_at, opened.closes_at) == (now, later)


async def test_a_slate_that_failed_says_why(database: Database, draft_slate: Draft, now: datetime) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        assert await slates.fail(session, slate.id, "line_full", now)
        assert not await slates.fail(session, slate.id, "engine_lost", now)
    failed = await read(database, slate.id)
    assert (failed.state, failed.failure, failed.closed_at) == (SlateState.FAILED, "line_full", now)


async def test_a_slate_closes_once_and_the_rest_of_it_is_passed(
    database: Database, open_slate: Open, now: datetime
) -> None:
    one, two, three = await open_slate()
    async with database.writing() as session:
        await pitches.greenlight(session, two.id, decided_by=None, now=now)

    async def close() -> bool:
        async with database.writing() as session:
            return await slates.close(session, one.slate_id, now)

    assert sorted(await asyncio.gather(*(close() for _ in range(4)))) == [False, False, False, True]
    async with database.reading() as session:
        states = [pitch.state for pitch in await pitches.of_slate(session, three.slate_id)]
    assert states == [PitchState.PASSED, PitchState.GREENLIT, PitchState.PASSED]
    assert (await read(database, one.slate_id)).closed_at == now


async def test_without_a_winner_every_pitch_is_passed(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    (other,) = await open_slate("Other")
    async with database.writing() as session:
        await slates.close(session, one.slate_id, now)
        states = {pitch.state for pitch in await pitches.of_slate(session, one.slate_id)}
        untouched = await pitches.get(session, other.id)
    assert states == {PitchState.PASSED}
    assert untouched.state == PitchState.OPEN


async def test_slates_left_in_drafting_are_found_after_a_crash(
    database: Database, draft_slate: Draft, open_slate: Open, now: datetime
) -> None:
    first, failed, second = await draft_slate(), await draft_slate(), await draft_slate()
    await open_slate()
    async with database.writing() as session:
        await slates.fail(session, failed.id, "x", now)
        assert await slates.unfinished(session) == (first, second)


async def test_a_slate_expires_the_moment_its_time_is_over(
    database: Database, open_slate: Open, draft_slate: Draft, now: datetime
) -> None:
    one, *_ = await open_slate()
    await draft_slate()
    closes_at = now + timedelta(hours=1)
    async with database.writing() as session:
        assert await slates.expired(session, closes_at - timedelta(microseconds=1)) == ()
        assert await slates.expired(session, closes_at) == (one.slate_id,)
        await slates.close(session, one.slate_id, closes_at)
        assert await slates.expired(session, closes_at) == ()


async def test_the_newest_slates_of_a_guild_come_first(database: Database, draft_slate: Draft, page: GuildId) -> None:
    _, second, third = await draft_slate(), await draft_slate(), await draft_slate()
    await draft_slate(guild_id=GuildId("discord:55"))
    async with database.reading() as session:
        assert await slates.recent(session, page, 2) == (third, second)


async def test_everything_remembered_is_counted(
    database: Database, open_slate: Open, vote: Vote, now: datetime
) -> None:
    async with database.reading() as session:
        assert await slates.counts(session) == {"slates": 0, "pitches": 0, "votes": 0, "scripts": 0}
    one, *_ = await open_slate()
    await vote(one, 2)
    async with database.writing() as session:
        await scripts.order(session, pitch_id=one.id, part=1, seed=1, asked_by=None, now=now)
        assert await slates.counts(session) == {"slates": 1, "pitches": 3, "votes": 2, "scripts": 1}


async def test_who_is_forgotten_leaves_their_slate_without_a_name(
    database: Database, draft_slate: Draft, anna: MemberId
) -> None:
    slate = await draft_slate()
    async with database.writing() as session:
        assert await members.forget(session, anna)
        assert not await members.forget(session, anna)
    assert (await read(database, slate.id)).asked_by is None


@pytest.mark.parametrize("table", ["slates", "pitches", "scripts", "posts", "runs"])
async def test_a_state_nobody_knows_is_refused(database: Database, open_slate: Open, table: str, now: datetime) -> None:
    one, *_ = await open_slate()
    async with database.writing() as session:
        await scripts.order(session, pitch_id=one.id, part=1, seed=1, asked_by=None, now=now)
        stamp = "CURRENT_TIMESTAMP, CURRENT_TIMESTAMP"
        await session.execute(
            text(
                "INSERT INTO posts (day, network, state, created_at, changed_at) "  # noqa: S608 - our own words
                f"VALUES ('2026-11-21', 'x', 'claimed', {stamp})"
            )
        )
        await session.execute(
            text("INSERT INTO runs (guild_id, state, created_at) VALUES ('page', 'queued', CURRENT_TIMESTAMP)")
        )
    with pytest.raises(BrokenRuleError, match=f"ck_{table}_state"):
        async with database.writing() as session:
            await session.execute(text(f"UPDATE {table} SET state = 'lost'"))  # noqa: S608 - our own words
