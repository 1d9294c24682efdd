import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from db import adapters, guilds, members, runs
from db.adapters import Adapter
from db.database import Database
from db.errors import BrokenRuleError, NotFoundError
from db.ids import AdapterId, GuildId, MemberId
from db.runs import Run, RunState


async def queue(database: Database, guild_id: GuildId, member: MemberId, now: datetime) -> tuple[Run, bool]:
    async with database.writing() as session:
        await members.ensure(session, member)
        await guilds.ensure(session, guild_id)
        return await runs.queue(session, guild_id=guild_id, asked_by=member, now=now)


async def add(database: Database, name: str, now: datetime) -> Adapter:
    async with database.writing() as session:
        return await adapters.add(session, name=name, folder=f"adapters/{name}", sha256="00", format_version=1, now=now)


async def test_a_guild_has_one_unfinished_run(
    database: Database, database_url: str, page: GuildId, anna: MemberId, now: datetime
) -> None:
    other = Database.connect(database_url)
    queued = await asyncio.gather(*(queue(room, page, anna, now) for room in (database, other) * 4))
    await other.close()
    assert len({run.id for run, _ in queued}) == 1
    assert sum(new for _, new in queued) == 1
    assert queued[0][0].state == RunState.QUEUED
    elsewhere, new = await queue(database, GuildId("discord:55"), anna, now)
    assert new
    assert elsewhere.id != queued[0][0].id


async def test_after_a_finished_run_there_can_be_another(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    first, _ = await queue(database, page, anna, now)
    async with database.writing() as session:
        await session.execute(text("UPDATE runs SET state = 'finished'"))
    second, new = await queue(database, page, anna, now)
    async with database.reading() as session:
        assert await runs.latest(session, page) == second
        assert await runs.latest(session, GuildId("discord:55")) is None
    assert new
    assert second.id != first.id


async def test_the_database_itself_refuses_a_second_unfinished_run(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    await queue(database, page, anna, now)
    with pytest.raises(BrokenRuleError):
        async with database.writing() as session:
            await session.execute(
                text("INSERT INTO runs (guild_id, state, created_at) VALUES ('page', 'running', CURRENT_TIMESTAMP)")
            )


async def test_an_unknown_guild_cannot_ask_for_a_run(database: Database, anna: MemberId, now: datetime) -> None:
    with pytest.raises(NotFoundError, match="guild page"):
        async with database.writing() as session:
            await runs.queue(session, guild_id=GuildId("page"), asked_by=anna, now=now)


async def test_who_is_forgotten_leaves_the_run_without_a_name(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    await queue(database, page, anna, now)
    async with database.writing() as session:
        await members.forget(session, anna)
        run = await runs.latest(session, page)
    assert run is not None
    assert run.asked_by is None


async def test_at_most_one_adapter_is_active(database: Database, now: datetime) -> None:
    first, second = await add(database, "one", now), await add(database, "two", now)
    async with database.writing() as session:
        assert await adapters.active(session) is None
        await adapters.activate(session, first.id)
        await adapters.activate(session, second.id)
        active = await adapters.active(session)
    assert active is not None
    assert (active.id, active.active, active.run_id, first.active) == (second.id, True, None, False)


async def test_adapters_activated_at_once_leave_one_active(
    database: Database, database_url: str, now: datetime
) -> None:
    made = [await add(database, name, now) for name in ("one", "two", "three")]
    other = Database.connect(database_url)

    async def activate(room: Database, adapter: Adapter) -> None:
        async with room.writing() as session:
            await adapters.activate(session, adapter.id)

    await asyncio.gather(*(activate(room, adapter) for adapter in made for room in (database, other)))
    await other.close()
    async with database.reading() as session:
        assert await adapters.active(session) is not None


async def test_the_database_itself_refuses_two_active_adapters(database: Database, now: datetime) -> None:
    await add(database, "one", now)
    await add(database, "two", now)
    with pytest.raises(BrokenRuleError):
        async with database.writing() as session:
            await session.execute(text("UPDATE adapters SET active = true"))


async def test_an_adapter_knows_the_run_it_came_from(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    run, _ = await queue(database, page, anna, now)
    async with database.writing() as session:
        adapter = await adapters.add(
            session, name="one", folder="adapters/one", sha256="00", format_version=1, now=now, run_id=run.id
        )
    assert (adapter.run_id, adapter.folder, adapter.created_at) == (run.id, "adapters/one", now)


async def test_an_adapter_name_is_given_once(database: Database, now: datetime) -> None:
    await add(database, "one", now)
    with pytest.raises(BrokenRuleError):
        await add(database, "one", now)


async def test_an_unknown_adapter_cannot_be_activated(database: Database) -> None:
    with pytest.raises(NotFoundError, match="adapter 9"):
        async with database.writing() as session:
            await adapters.activate(session, AdapterId(9))


async def test_a_guild_starts_with_the_usual_rule(database: Database, page: GuildId) -> None:
    async with database.writing() as session:
        with pytest.raises(NotFoundError, match="guild page"):
            await guilds.get(session, page)
        guild = await guilds.ensure(session, page)
        assert (guild.votes_to_greenlight, guild.voting_hours) == (3, 24)
        assert await guilds.ensure(session, page) == await guilds.get(session, page) == guild


@pytest.mark.parametrize("rule", ["votes_to_greenlight", "voting_hours"])
async def test_a_rule_of_zero_is_refused(database: Database, page: GuildId, rule: str) -> None:
    async with database.writing() as session:
        await guilds.ensure(session, page)
    with pytest.raises(BrokenRuleError, match=f"ck_guilds_{rule}"):
        async with database.writing() as session:
            await session.execute(text(f"UPDATE guilds SET {rule} = 0"))  # noqa: S608 - our own words


LEASE = timedelta(seconds=30)


async def claimed(database: Database, by: str, now: datetime) -> Run | None:
    async with database.writing() as session:
        return await runs.claim(session, by=by, now=now, lease=LEASE)


async def beaten(database: Database, run: Run, by: str, now: datetime) -> bool:
    far = runs.Far(stage="preferences", step=2, steps=9, losses=(0.7, 0.5))
    async with database.writing() as session:
        return await runs.beat(session, run.id, by=by, now=now, far=far)


async def test_a_run_is_claimed_by_one_of_many_workers(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    queued, _ = await queue(database, page, anna, now)
    await queue(database, GuildId("discord:55"), anna, now)
    found = await asyncio.gather(*(claimed(database, f"worker {number}", now) for number in range(6)))
    assert [run.id for run in found if run] == [queued.id]


async def test_only_one_run_is_worked_on_at_a_time_and_the_first_asked_comes_first(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    first, _ = await queue(database, page, anna, now)
    second, _ = await queue(database, GuildId("discord:55"), anna, now)
    run = await claimed(database, "one", now)
    assert run is not None
    assert (run.id, run.state, run.claimed_by, run.started_at) == (first.id, "running", "one", now)
    assert await claimed(database, "two", now) is None
    async with database.writing() as session:
        assert await runs.finish(session, run.id, by="one", now=now, verdict="Published.", adapter="community-1")
    following = await claimed(database, "two", now)
    assert following is not None
    assert following.id == second.id


async def test_a_run_whose_worker_is_not_heard_of_is_given_to_another(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    await queue(database, page, anna, now)
    run = await claimed(database, "one", now)
    assert run is not None
    assert await beaten(database, run, "one", now + LEASE)
    assert await claimed(database, "two", now + 1.5 * LEASE) is None
    taken = await claimed(database, "two", now + 3 * LEASE)
    assert taken is not None
    assert (taken.claimed_by, taken.started_at, taken.step) == ("two", now, 2)
    assert not await beaten(database, run, "one", now + 3 * LEASE)
    async with database.writing() as session:
        assert not await runs.finish(session, run.id, by="one", now=now, verdict="", adapter=None)
        assert await runs.release(session, run.id, by="two")
    assert await claimed(database, "three", now + 3 * LEASE) is not None


async def test_a_run_tells_how_far_it_is_and_what_came_of_it(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    await queue(database, page, anna, now)
    run = await claimed(database, "one", now)
    assert run is not None
    await beaten(database, run, "one", now)
    async with database.writing() as session:
        assert await runs.finish(
            session, run.id, by="one", now=now, verdict="Published.", adapter="community-1", picture=b"png"
        )
        assert not await runs.fail(session, run.id, by="one", now=now, reason="NoSpaceError")
    async with database.reading() as session:
        told = await runs.latest(session, page)
        assert await runs.picture(session, run.id) == b"png"
        assert await runs.last_begun(session) == now
        assert not await runs.unfinished(session)
    assert told is not None
    assert (told.stage, told.step, told.steps, told.losses) == ("preferences", 2, 9, (0.7, 0.5))
    assert (told.state, told.verdict, told.adapter) == ("finished", "Published.", "community-1")


async def test_a_run_that_is_called_off_is_not_worked_on_any_more(
    database: Database, page: GuildId, anna: MemberId, now: datetime
) -> None:
    await queue(database, page, anna, now)
    run = await claimed(database, "one", now)
    assert run is not None
    async with database.writing() as session:
        await runs.cancel(session, page, now)
    assert not await beaten(database, run, "one", now)
    assert await claimed(database, "two", now) is None


async def test_a_run_that_failed_says_why(database: Database, page: GuildId, anna: MemberId, now: datetime) -> None:
    await queue(database, page, anna, now)
    run = await claimed(database, "one", now)
    assert run is not None
    async with database.writing() as session:
        assert await runs.fail(session, run.id, by="one", now=now, reason="NotYetError", told="Not yet.")
    async with database.reading() as session:
        told = await runs.latest(session, page)
    assert told is not None
    assert (told.state, told.failure, told.verdict) == ("failed", "NotYetError", "Not yet.")
